"""``planner models info``: what a file is, and how much memory it takes."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from planner_cli.clean import clean
from planner_cli.cli.arguments import ModelName
from planner_cli.engine.purpose import why_it_cannot_write
from planner_cli.errors import ModelError
from planner_cli.hub import GgufHeader, known_catalog, list_models, models_dir, read_header
from planner_cli.hub.locate import find, how_to_get
from planner_cli.hub.memory import MemoryEstimate, estimate, kv_bytes_per_token, vocabulary_size
from planner_cli.hub.resolve import is_path
from planner_cli.ui.jsontext import to_json


def _mebibytes(count: float) -> str:
    return f"{count / 2**20:.0f} MiB"


@click.command()
@click.argument("name", type=ModelName())
@click.option("--adapter", metavar="ADAPTER", help="LoRA adapter over it, for the memory.")
@click.option(
    "--context",
    type=click.IntRange(min=64),
    default=4096,
    show_default=True,
    help="Tokens in the KV cache, over all branches.",
)
@click.option(
    "--branches", type=click.IntRange(1, 120), default=8, show_default=True, help="Texts written in one batch."
)
@click.option("--json", "as_json", is_flag=True, help="As a JSON object.")
def info(name: str, adapter: str | None, context: int, branches: int, as_json: bool) -> None:
    """Read the header of NAME (a name or a .gguf file) and estimate its memory, before anything is loaded.

    \b
    planner models info builtin
    planner models info ~/Downloads/model.gguf --context 16384 --branches 16
    """  # noqa: D301 - click's own mark for lines that are not to be rewrapped
    from planner_cli.engine.chat import ChatTemplate  # noqa: PLC0415 - jinja2, not for --help
    from planner_cli.engine.library import repacks_weights  # noqa: PLC0415 - llama.cpp, not for --help

    path, over = find_files(name, adapter)
    header = read_header(path)
    on_top = read_header(over) if over is not None else None
    useless = None if header.is_adapter else why_it_cannot_write(header.metadata.get)
    kind = "adapter" if header.is_adapter else useless or ("model" if header.tensors else "vocabulary only")
    memory = None
    if kind == "model":
        memory = estimate(header, context=context, branches=branches, adapter=on_top, repacks=repacks_weights())
    pinned = next((entry for entry in list_models() if entry.path == path and entry.sha256), None)
    document: dict[str, Any] = {
        "path": str(path),
        "sha256": pinned.sha256 if pinned else None,
        "pin": pinned.pin if pinned else None,
        "adapter": str(over) if over else None,
        "kind": kind,
        "name": header.name,
        "architecture": header.architecture or None,
        "gguf_version": header.version,
        "size": header.size,
        "quantisation": header.quantisation,
        "parameters": header.parameters,
        "vocabulary": vocabulary_size(header),
        "context": header.context_length,
        "chat_template": header.chat_template is not None,
        "reasoning": ChatTemplate(header.chat_template).reasoning().name if kind != "adapter" else None,
        "kv_bytes_per_token": kv_bytes_per_token(header) if kind == "model" else None,
        "memory": {**asdict(memory), "total": memory.total, "context": context, "branches": branches}
        if memory
        else None,
    }
    if as_json:
        click.echo(to_json(document, indent=2))
    else:
        _show_info(document, header, memory)


def find_files(name: str, adapter: str | None) -> tuple[Path, Path | None]:
    """The model's file and the adapter's, of whatever kind; names are those of the catalogue or the models folder."""
    catalog = known_catalog()

    def locate(spec: str) -> Path:
        if is_path(spec):
            return Path(spec).expanduser()
        own = models_dir() / f"{spec}.gguf"
        entry = catalog.file(spec)
        found = find(entry, catalog.folder) if entry else own if own.exists() else None
        if found is None:
            if entry is None:
                raise catalog.unknown(spec)
            raise ModelError(f"the model {spec!r} is not on this machine", hint=how_to_get(entry))
        return found

    preset = None if is_path(name) else catalog.preset(name, "generator") or catalog.preset(name, "discriminator")
    if preset is not None:
        name, adapter = preset.model, adapter or preset.adapter
    return locate(name), locate(adapter) if adapter else None


def _show_info(document: dict[str, Any], header: GgufHeader, memory: MemoryEstimate | None) -> None:

    def say(label: str, value: object) -> None:
        if value is not None:
            click.echo(clean(f"{label:16}{value}"))

    for key in ("path", "adapter", "kind", "name", "architecture", "quantisation"):
        say(key, document[key])
    say("sha256", f"{document['sha256']} ({document['pin']})" if document["sha256"] else "not pinned")
    say("parameters", f"{header.parameters / 1e6:.1f} M" if header.parameters else None)
    say("vocabulary", f"{document['vocabulary']} tokens" if document["vocabulary"] else None)
    say("context", f"{header.context_length} tokens" if header.context_length else None)
    say("chat template", "yes" if document["chat_template"] else "no")
    say("reasoning", document["reasoning"])
    if memory is None:
        say("memory", "none of its own: it is applied over a model" if header.is_adapter else "it cannot be run")
        return
    asked = document["memory"]
    bounds = f"{asked['context']} tokens of context, {asked['branches']} branches"
    say("memory", f"about {_mebibytes(memory.total)} at {bounds}")
    parts = {"weights": memory.weights, "KV cache": memory.kv_cache, "scratch": memory.compute,
             "vocabulary": memory.vocabulary, "process": memory.process}  # fmt: skip
    say("", ", ".join(f"{name} {_mebibytes(size)}" for name, size in parts.items()))
    if memory.repacked:
        say("", f"repacked for this CPU {_mebibytes(memory.repacked)}: the system can drop as much of the mapped file")
