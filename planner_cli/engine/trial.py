"""The throw-away process in which an unknown model file is loaded first; started by :mod:`planner_cli.hub.trial`.

llama.cpp answers some damaged or hostile files with an assertion, which ends the process, or worse. Here the file
is loaded, its chat template applied and a small question's work done, where it can only kill this process.
"""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from planner_cli.control import Control
from planner_cli.errors import ContextOverflow, EngineError, ModelError, PlannerError

if TYPE_CHECKING:
    from planner_cli.engine.inprocess import LlamaEngine

_BRANCHES, _TOKENS = 3, 6


def main() -> None:
    """``argv``: the model and, perhaps, an adapter. One JSON line on standard output, and nothing else."""
    out = os.dup(1)
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):  # nobody needs whatever llama.cpp prints
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
    os._exit(0)  # what llama.cpp's own cleanup does with such a file no longer matters


def _no_core_dump() -> None:
    with suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _every_byte() -> str:
    """A text with every byte that UTF-8 has: a vocabulary that lacks one of them ends some tokenizers."""
    leads = (0x800, *range(0x1000, 0x10000, 0x1000), 0x10000, *range(0x40000, 0x110000, 0x40000))
    return "".join(map(chr, (*range(1, 0x800), *leads)))


def _try(path: Path, adapter: Path | None) -> None:
    from planner_cli.engine import library
    from planner_cli.engine.context import PLAIN_BATCH
    from planner_cli.engine.inprocess import LlamaEngine
    from planner_cli.engine.protocol import Message, Span
    from planner_cli.settings import EngineOptions

    options = EngineOptions(threads=library.physical_cores(), gpu_layers=0)
    engine = LlamaEngine(path, adapter=adapter, options=options)
    for parse_special in (False, True):
        engine.vocabulary.encode(_every_byte(), parse_special=parse_special)
    for token in range(engine.vocabulary.size):
        engine.vocabulary.piece(token)
    with suppress(ModelError):  # a prompt family without a template may be used with it
        engine.chat((Message("system", (Span("s"),)), Message("user", (Span("u"),))))
    for tokens in (PLAIN_BATCH + 16, 1):  # more than llama.cpp computes at once, as a real schema is
        with suppress(ContextOverflow):  # a model of a very short context is tried with a very short prompt
            for _ in range(2):  # the second time the prompt's state comes from the cache
                _ask(engine, tokens)
            return


def _ask(engine: LlamaEngine, tokens: int) -> None:
    """What a question demands of a model: a prompt of at least so many tokens, several branches, a verdict."""
    from planner_cli.engine.protocol import STABLE, Span
    from planner_cli.settings import Sampling

    line = "t: a, b\nSELECT count(*)\n"
    schema = Span(line * -(-tokens // max(1, engine.count((Span(line),)))))
    session = engine.open((schema, STABLE, Span("Q: a\nSQL:")), branches=_BRANCHES, room=64, control=Control())
    branches = [
        session.branch((Span(f" {number}"),), Sampling(seed=number), max_tokens=_TOKENS) for number in range(_BRANCHES)
    ]
    while session.step():
        pass
    forced, choices = '{"correct":', {"true": (" true", "true"), "false": (" false", "false")}
    try:
        engine.vocabulary.choice_tokens(forced, choices)
    except EngineError:  # a tokenizer that cannot tell them apart: its model may still write
        return session.close()
    session.probe(branches, [(Span(forced),)] * _BRANCHES, choices)
    return session.close()
