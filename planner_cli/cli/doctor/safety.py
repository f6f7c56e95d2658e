"""What ``planner doctor --safety`` prints: the attacks of the self-test, and whether each failed as it should."""

from __future__ import annotations

from dataclasses import asdict

import click

from planner_cli.clean import clean
from planner_cli.cli.output import say_json
from planner_cli.errors import ExitCode


def check_safety(*, as_json: bool = False) -> ExitCode:
    """Attack the sandbox, print one line per check to standard output; 1 when an attack succeeded.

    A layer that this system lacks is reported but is not a failure: the ones above it hold.
    """
    from planner_cli.database import selftest  # noqa: PLC0415 - apsw may be broken, which doctor says

    checks = selftest.run()
    if as_json:
        say_json([asdict(check) for check in checks])
    else:
        for check in checks:
            absent = "absent" if check.kind == "layer" else "FAIL"
            click.echo(clean(f"{'pass' if check.passed else absent:8}{check.name}: {check.detail}"))
    held = all(check.passed for check in checks if check.kind != "layer")
    return ExitCode.OK if held else ExitCode.NO_ANSWER
