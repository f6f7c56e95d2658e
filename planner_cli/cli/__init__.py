"""The command line: parse, call, show. Errors are caught once, here.

Nothing heavy is imported at the top of any module of this package: ``planner --help`` answers at once.
"""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence

import click
from click.core import ParameterSource

from planner_cli import __version__
from planner_cli.cli.debugging import debugging
from planner_cli.cli.lazy import LazyGroup
from planner_cli.cli.offline import go_offline
from planner_cli.cli.signals import Ended
from planner_cli.cli.streams import ReaderGone, checked_streams
from planner_cli.errors import ExitCode, PlannerError
from planner_cli.ui.errors import format_error

EPILOG = """\b
Exit codes:
  0    an answer was found           5    every candidate was refused
  1    no candidate could be run     74   the answer could not be written
  2    bad arguments or database     124  time limit
  3    model missing or unloadable   130  interrupted; 129, 143 by SIGHUP, SIGTERM
  4    below --min-confidence, not in this database, or a wish to change it

Errors are one line; PLANNER_DEBUG=1 shows the traceback and llama.cpp's log.
"""


COMMANDS = {
    "ask": "Answer QUESTION from the SQLite file DATABASE, or from tables in text files.",
    "chat": "Ask the SQLite file DATABASE one question after another; the models stay loaded.",
    "warm": "Read the schema of DATABASE ahead, so that the first question starts at once.",
    "check": "Judge a query that you have: how likely it is that SQL answers QUESTION.",
    "why": "Show why the last answer won: the other results whole, and the rows on which the first two differ.",
    "sql": "Run a QUERY of your own on the SQLite file DATABASE, in the sandbox; no model is loaded.",
    "schema": "List the tables of the SQLite file DATABASE, or the columns of each TABLE; no model is loaded.",
    "notes": "Show or edit what is written down about the SQLite file DATABASE: units, codes, terms, right queries.",
    "demo": "Build a small business database and ask it a few questions.",
    "bench": "Measure: judges, planning methods, thinking length against accuracy and latency.",
    "models": "Models: list, get, check and choose them.",
    "doctor": "Report versions, CPU, memory, GPU, models, configuration, sandbox and speed; opens no connection.",
    "history": "What was asked on this machine; none of it leaves it.",
    "config": "Show and change the defaults that are saved in the configuration file.",
    "use": "Set the database that is asked where none is named.",
    "completion": "Print the script with which SHELL completes commands, options, models and tables.",
    "man": "Print the manual page of planner, or of COMMAND, from its help.",
    "calibrate": "Learn how sure to be: fit the confidence of a pair of models to answers known to be right or wrong.",
    "cache": "Cached prompt states: why the second question about a database starts at once.",
    "privacy": "List every file that planner keeps on this machine, with its size and what it holds.",
}


@click.group(
    cls=LazyGroup,
    package=__name__,
    lazy=COMMANDS,
    epilog=EPILOG,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="planner", message="%(prog)s %(version)s")
@click.pass_context
def cli(context: click.Context) -> None:
    """Ask a local SQLite database a question, offline.

    A generator writes several queries, each runs read-only in a sandbox, a reasoning discriminator judges the results
    within a budget you set, and the best executable query wins. Nothing leaves this machine.
    """
    from planner_cli.cli import config_file  # noqa: PLC0415 - the settings behind it are half of the start, and not for --help

    config_file.check_environment(cli)
    # `planner config` reads the file itself, since it helps to mend one that is refused
    if context.invoked_subcommand != "config" and (
        tables := config_file.load_defaults()
    ):  # checking them imports every command
        context.default_map = config_file.spread(tables, cli)
    if context.invoked_subcommand != "models":  # the only one that may download something, on request
        go_offline()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code; every error ends here, as one line on stderr."""
    with checked_streams():
        try:
            code = cli.main(
                args=list(arguments) if arguments is not None else None,
                prog_name="planner",
                standalone_mode=False,
            )
            sys.stdout.flush()
        except PlannerError as error:
            return _report(error)
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            return ExitCode.USAGE
        except click.ClickException as error:
            return _report(_usage_error(error))
        except (click.Abort, KeyboardInterrupt):
            return _report(PlannerError("interrupted"), ExitCode.INTERRUPTED)
        except ReaderGone:
            return ExitCode.OK
        return code if isinstance(code, int) else ExitCode.OK


def _usage_error(error: click.ClickException) -> PlannerError:
    """What click found wrong, as one line that says where the value came from."""
    message = error.format_message()
    message = (message[:1].lower() + message[1:]).rstrip(".")
    context = getattr(error, "ctx", None)
    hint = f"{context.command_path} --help" if context is not None else None
    if isinstance(error, click.BadParameter) and context is not None and error.param is not None:
        name = error.param.name or ""
        if context.get_parameter_source(name) is ParameterSource.ENVIRONMENT:
            message = f"{error.param.envvar}: {error.message}"
        if isinstance(error, click.MissingParameter) and name == "database":
            hint = f"{hint}; planner use FILE sets one for every command"
    if isinstance(error, (click.NoSuchOption, click.NoSuchCommand)):
        option = isinstance(error, click.NoSuchOption)
        name = error.option_name if isinstance(error, click.NoSuchOption) else error.command_name
        message = f"no such option: {name}" if option else f"no such command: {name!r}"
        if error.possibilities:
            hint = "did you mean " + " or ".join(error.possibilities)
        elif not option and " " in name:
            message, hint = "a question needs a command before it", 'planner ask "..." FILE'
    return PlannerError(message, hint=hint)


def _report(error: PlannerError, code: ExitCode | None = None) -> int:
    if debugging():
        traceback.print_exc()
    sys.stderr.write(f"{format_error(error)}\n")
    if isinstance(error, Ended):
        return error.status
    return code or error.exit_code
