"""``planner completion``."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from planner_cli.cli.output import say

SHELLS = ("bash", "zsh", "fish")
VARIABLE = "_PLANNER_COMPLETE"
"""Of the environment, in which a completing shell says what it wants; click's own name for it."""


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print the script with which SHELL completes commands, options, models and tables.

    Tables are those of the database on the line, else of the one that planner use has set.

    \b
    eval "$(planner completion bash)"                                        # in ~/.bashrc
    eval "$(planner completion zsh)"                                         # in ~/.zshrc
    planner completion fish > ~/.config/fish/completions/planner.fish
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    kind = get_completion_class(shell)
    assert kind is not None, "click has one for each of them"
    say(kind(context.find_root().command, {}, "planner", VARIABLE).source().rstrip("\n"))
