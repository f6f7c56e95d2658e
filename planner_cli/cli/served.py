"""``--engine server``: the models behind an address, as the rest of the command line knows models."""

from __future__ import annotations

import sys
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from planner_cli.cli.run_options import RunOptions
from planner_cli.errors import ModelError, PlannerError
from planner_cli.types import Role

if TYPE_CHECKING:
    from planner_cli.engine import ServerEngine
    from planner_cli.hub import ResolvedModel
    from planner_cli.hub.catalog import Catalog, CatalogFile, Preset

_LONGEST_TEMPLATE = 2**20


def resolve_served(role: Role, options: RunOptions) -> ResolvedModel:
    """What the server runs, with the settings of its catalogue entry where it is a known file.

    A model named for the role must be the one the server has; the built-in default means whatever it has.
    Raises :class:`PlannerError` when the address is refused, :class:`ModelError` when it is another model.
    """
    from planner_cli.hub import ResolvedModel, known_catalog

    wanted = options.generator if role == "generator" else options.discriminator
    adapter = options.generator_adapter if role == "generator" else options.discriminator_adapter
    about = served_engine(role, options).about
    catalog = known_catalog()
    preset = catalog.preset(wanted, role)
    entry = _entry(catalog, about.model)
    named = catalog.file(preset.model if preset else wanted)
    if named is not entry or (named is None and wanted != about.model):
        if preset is None:
            raise ModelError(
                f"{options.address(role)} runs {about.model}, not {wanted}",
                hint=f"--{role} builtin takes whatever it runs",
            )
        preset = None  # the default: whatever the server has
    over = adapter or (preset.adapter if preset else None)
    adapter_entry = catalog.file(over) if over else None
    sources: list[Preset | CatalogFile] = [source for source in (preset, adapter_entry, entry) if source is not None]
    return ResolvedModel(
        role=role,
        name=wanted if preset else entry.name if entry else about.model,
        path=Path(about.model),
        sha256=None,  # nobody here has seen the file
        adapter=Path(_file_name(adapter_entry, over)) if over else None,
        adapter_sha256=None,
        prompt=next((source.prompt for source in sources if source.prompt), None),
        reasoning=options.reasoning or next((source.reasoning for source in sources if source.reasoning), None),
        budget=next((source.budget for source in sources if source.budget is not None), None),
        select=next((source.select for source in sources if source.select), None),
        note=None,
        untrained=over is None and any(source.untrained for source in sources),
    )


def _entry(catalog: Catalog, file: str) -> CatalogFile | None:
    """The catalogue's entry for a file of that name."""
    return next((entry for entry in catalog.files if entry.file and Path(entry.file).name == file), None)


def _file_name(entry: CatalogFile | None, spec: str) -> str:
    return Path(entry.file).name if entry is not None and entry.file else Path(spec).name


def load_served(model: ResolvedModel, options: RunOptions) -> ServerEngine:
    """The engine of a role, its adapter and reasoning format chosen."""
    adapter = model.adapter.name if model.adapter else None
    return served_engine(model.role, options, adapter=adapter, reasoning=model.reasoning)


@lru_cache(maxsize=8)
def served_engine(
    role: Role, options: RunOptions, *, adapter: str | None = None, reasoning: str | None = None
) -> ServerEngine:
    """Connect; a word about it where the address is not this machine."""
    from planner_cli.engine import ServerEngine
    from planner_cli.engine.server.http import is_loopback
    from planner_cli.ui.errors import format_note

    server = options.server(role)
    engine = ServerEngine(server, adapter=adapter, reasoning=reasoning, template=_template(options.chat_template))
    host = engine.host
    if adapter is None and reasoning is None and not is_loopback(host) and not options.quiet:
        note = f"the {role}'s prompts (schema, values, question) go to {host}"
        sys.stderr.write(f"{format_note(note)}\n")
    return engine


def _template(path: Path | None) -> str | None:
    """A chat template from a file: Jinja text, or a GGUF that has one in its header."""
    if path is None:
        return None
    if path.suffix.lower() == ".gguf":
        from planner_cli.hub import read_header

        found = read_header(path).chat_template
        if found is None:
            raise PlannerError(f"{path} has no chat template")
        return found
    try:
        with path.open(encoding="utf-8") as stream:
            return stream.read(_LONGEST_TEMPLATE)
    except (OSError, UnicodeDecodeError) as error:
        raise PlannerError(f"cannot read the chat template {path}: {error}") from error
