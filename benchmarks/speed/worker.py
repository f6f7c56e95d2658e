"""One side in its own process: its memory is separate, and what it loads disturbs no other side.

Reads one JSON line per part from standard input, answers each with one on standard output.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from dataclasses import asdict
from pathlib import Path

from benchmarks.speed.job import Job
from benchmarks.speed.machine import peak_memory
from benchmarks.speed.sides import SIDES, Setting, Texts, Unavailable


def main() -> None:
    out = os.dup(1)
    os.dup2(2, 1)  # whatever a library prints must not come between the answers

    def answer(**content) -> None:
        os.write(out, json.dumps(content).encode() + b"\n")

    name, told = sys.argv[1], json.loads(sys.argv[2])
    job = Job(**{**told.pop("job"), "widths": tuple(told["widths"])})
    del told["widths"]
    fast = Path(told["fast"]) if told["fast"] else None
    setting = Setting(**{**told, "model": Path(told["model"]), "job": job, "fast": fast})
    try:
        side = SIDES[name](setting)
    except Unavailable as error:
        answer(unavailable=str(error))
        return
    except Exception as error:  # noqa: BLE001 - one side that fails must not end the others
        traceback.print_exc()
        answer(unavailable=f"{type(error).__name__}: {error}")
        return
    child = getattr(side, "process", None)
    processes = [os.getpid(), *([child.pid] if child else [])]
    answer(processes=processes)
    try:
        for line in sys.stdin:
            seconds = side.run(Texts(**json.loads(line)))
            own = {what: getattr(side, what, None) for what in ("own_share", "rows")}
            answer(seconds=seconds, memory=peak_memory(processes[-1]), **own)
    except Exception as error:  # noqa: BLE001 - as above
        traceback.print_exc()
        answer(failed=f"{type(error).__name__}: {error}")
    finally:
        side.close()


def arguments(name: str, setting: Setting) -> list[str]:
    """The command that starts a side."""
    told = asdict(setting)
    told |= {
        "model": str(setting.model),
        "fast": setting.fast and str(setting.fast),
        "job": setting.job.record(),
        "widths": list(setting.job.widths),
    }
    return [sys.executable, "-m", "benchmarks.speed.worker", name, json.dumps(told)]


if __name__ == "__main__":
    main()
