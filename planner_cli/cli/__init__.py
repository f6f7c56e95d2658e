"""The command line: parse, call, show. Errors are caught once, here.

Nothing heavy is imported at the top of any module of this package: ``planner --help`` answers at once.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from planner_cli import __version__
from planner_cli.cli.ask import ask
from planner_cli.cli.demo import demo
from planner_cli.cli.history import history
from planner_cli.cli.models import models
from planner_cli.cli.options import debugging
from planner_cli.errors import ExitCode, PlannerError

EPILOG = """\b
Exit codes:
  0    an answer was found           4    below --min-confidence
  1    no candidate could be run     5    every candidate was refused
  2    bad arguments or database     124  time limit
  3    model missing or unloadable   130  interrupted

Errors are one line; PLANNER_DEBUG=1 shows the traceback and llama.cpp's log.
"""


@click.group(epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="planner", message="%(prog)s %(version)s")
def cli() -> None:
    """Ask a local SQLite database a question, offline.

    A generator writes several queries, each runs read-only in a sandbox, a reasoning discriminator judges the results
    within a budget you set, and the best executable query wins. Nothing leaves this machine.
    """


for command in (ask, demo, models, history):
    cli.add_command(command)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; every error ends here, as one line on stderr."""
    try:
        code = cli.main(args=list(arguments) if arguments is not None else None, standalone_mode=False)
        sys.stdout.flush()
    except PlannerError as error:
        return _report(error)
    except click.ClickException as error:
        error.show()
        return ExitCode.USAGE
    except (click.Abort, KeyboardInterrupt):
        return _report(PlannerError("interrupted"), ExitCode.INTERRUPTED)
    except BrokenPipeError:
        # The reader of our output has gone (`planner ... | head`): nobody is left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    return code if isinstance(code, int) else ExitCode.OK


def _report(error: PlannerError, code: ExitCode | None = None) -> int:
    from planner_cli.ui.errors import format_error

    if debugging():
        import traceback

        traceback.print_exc()
    sys.stderr.write(f"{format_error(error)}\n")
    return code or error.exit_code
