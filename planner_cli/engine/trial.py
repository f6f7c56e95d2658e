"""The throw-away process in which an unknown model file is loaded first; started by :mod:`planner_cli.hub.trial`.

llama.cpp answers some damaged or hostile files with an assertion, which ends the process, or worse. Here the file
is loaded, its chat template applied and two tokens are decoded, where only this process can die of it.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path

from planner_cli.control import Control
from planner_cli.errors import ContextOverflow, ModelError, PlannerError


def main() -> None:
    """``argv``: the model and, perhaps, an adapter. One JSON line on standard output, and nothing besides."""
    out = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # whatever llama.cpp prints is nobody's business
        os.dup2(null, descriptor)
    _no_core_dump()
    paths = [Path(os.fsdecode(argument)) for argument in sys.argv[1:]]
    reply: dict[str, str | None] = {"error": None, "hint": None}
    try:
        _try(paths[0], paths[1] if len(paths) > 1 else None)
    except PlannerError as error:
        reply = {"error": error.message, "hint": error.hint}
    except Exception as error:  # noqa: BLE001 - a damaged file may make any of our own assumptions wrong
        reply = {"error": f"{paths[0].name}: cannot be used ({type(error).__name__}: {error})", "hint": None}
    os.write(out, json.dumps(reply).encode())
    os._exit(0)  # what llama.cpp's own end does with such a file is of no interest any more


def _no_core_dump() -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _every_byte() -> str:
    """A text with every byte that UTF-8 has: a vocabulary that lacks one of them ends some tokenizers."""
    leads = (0x800, *range(0x1000, 0x10000, 0x1000), 0x10000, *range(0x40000, 0x110000, 0x40000))
    return "".join(map(chr, (*range(1, 0x800), *leads)))


def _try(path: Path, adapter: Path | None) -> None:
    from planner_cli.engine.inprocess import LlamaEngine
    from planner_cli.engine.protocol import Message, Span
    from planner_cli.settings import EngineOptions, Sampling

    engine = LlamaEngine(path, adapter=adapter, options=EngineOptions(threads=1, gpu_layers=0))
    for parse_special in (False, True):
        engine.vocabulary.encode(_every_byte(), parse_special=parse_special)
    for token in range(engine.vocabulary.size):
        engine.vocabulary.piece(token)
    with suppress(ModelError):  # a prompt family without a template may be used with it
        engine.chat((Message("system", (Span("s"),)), Message("user", (Span("u"),))))
    with suppress(ContextOverflow):
        session = engine.open((Span("SELECT count(*)"),), branches=1, room=8, control=Control())
        session.branch((Span(" FROM"),), Sampling(), max_tokens=2)
        while session.step():
            pass
        session.close()
