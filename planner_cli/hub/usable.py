"""Whether a sound GGUF file is one that planner can use, judging by its header: a generative model, or an adapter."""

from __future__ import annotations

from planner_cli.engine.parts import PART_NAME
from planner_cli.engine.purpose import why_it_cannot_write
from planner_cli.errors import ModelError
from planner_cli.hub.catalog import Kind
from planner_cli.hub.gguf import TOKENS, GgufHeader, read_header

_JOIN = "join the parts first: llama-gguf-split --merge FIRST OUT"
_PADDING = 64
"""Most bytes between one part and the next where parts were concatenated."""


def check_usable(header: GgufHeader, kind: Kind | None = None) -> None:
    """Refuse what is not of this kind; ``None`` means either.

    Raises :class:`ModelError` that says what the file is instead.
    """
    path = header.path
    if header.is_adapter:
        if kind == "model":
            raise ModelError(
                f"{path} is a LoRA adapter, not a model", hint="give it as the adapter, over the model it was made for"
            )
        return
    other = why_it_cannot_write(header.metadata.get)
    if kind == "adapter":
        raise ModelError(
            f"{path} is not a LoRA adapter, but {other or 'a model'}", hint="adapters: planner models list"
        )
    if other is not None:
        raise ModelError(f"{path} is {other}", hint="planner models recommend names models that do")
    if not header.architecture:
        raise ModelError(f"{path} does not say its architecture: llama.cpp cannot load it")
    if not header.tensors:
        raise ModelError(f"{path} holds no weights, only a {'vocabulary' if TOKENS in header.metadata else 'header'}")


def check_name(name: str) -> None:
    """Refuse one part of a split model by its name, before it is downloaded."""
    match = PART_NAME.fullmatch(name.lower())
    if match is not None and int(match[3]) > 1:
        raise ModelError(f"{name} is one part of a split model", hint=_JOIN)


def check_whole(header: GgufHeader) -> None:
    """Refuse one part of a model that was split into several files."""
    number, count = _split(header)
    if count > 1:
        _check_not_joined(header, count)
        raise ModelError(f"{header.path} is part {number} of the {count} of a split model", hint=_JOIN)


def check_parts(header: GgufHeader) -> None:
    """Check that a split model is named by its first part, and that the others are where llama.cpp looks for them."""
    path = header.path
    number, count = _split(header)
    if count <= 1:
        return
    _check_not_joined(header, count)
    match = PART_NAME.fullmatch(path.name)
    if match is None or (int(match[2]), int(match[3])) != (number, count):
        raise ModelError(
            f"{path} is part {number} of the {count} of a split model, but is not named like one "
            f"(-{number:05d}-of-{count:05d}.gguf): llama.cpp cannot find the others",
            hint=f"give the parts their names back, or {_JOIN}",
        )
    names = [path.with_name(f"{match[1]}-{each:05d}-of-{count:05d}.gguf") for each in range(1, count + 1)]
    if number != 1:
        raise ModelError(f"{path} is part {number} of the {count} of a split model", hint=f"give the first: {names[0]}")
    for each, part in enumerate(names[1:], 2):
        if not part.exists():
            raise ModelError(f"{part} is missing: it is part {each} of the {count} of {path}", hint="get it too")
        if _split(read_header(part)) != (each, count):
            raise ModelError(f"{part} is not part {each} of the {count} of {path}", hint="get it again")


def _split(header: GgufHeader) -> tuple[int, int]:
    """Which part of how many it is, from 1."""
    number, count = (header.metadata.get(f"split.{key}") for key in ("no", "count"))
    return (number if isinstance(number, int) else 0) + 1, count if isinstance(count, int) else 0


def _check_not_joined(header: GgufHeader, count: int) -> None:
    with header.path.open("rb") as stream:
        stream.seek(header.end)
        if b"GGUF" in stream.read(_PADDING):
            raise ModelError(
                f"{header.path} holds parts of a split model ({count} in all) one after another, as cat joins them",
                hint="get the parts again, and llama-gguf-split --merge FIRST OUT",
            )
