"""Models behind an address, presented like local ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from planner_cli.errors import ModelError, PlannerError

if TYPE_CHECKING:
    from planner_cli.app.settings import ModelSettings, ServerSettings
    from planner_cli.engine import ServerEngine
    from planner_cli.hub import ResolvedModel
    from planner_cli.hub.catalog import Catalog, CatalogFile, Preset
    from planner_cli.types import Role

_LONGEST_TEMPLATE = 2**20


class Served:
    """The servers of one planner; each is asked once what it is."""

    def __init__(self, settings: ServerSettings, note: Callable[[str], None]) -> None:
        self._settings = settings
        self._note = note
        self._engines: dict[tuple[Role, str | None, str | None], ServerEngine] = {}

    def resolve(self, role: Role, models: ModelSettings) -> ResolvedModel:
        """What the server runs, with the settings of its catalogue entry if it is a known file.

        A model named for the role must be the one the server runs; the built-in default accepts any.
        Raises :class:`PlannerError` when the address is refused, :class:`ModelError` when it is another model.
        """
        from planner_cli.hub import ResolvedModel, is_untrained, known_catalog, locate
        from planner_cli.hub.catalog import catalog_folder

        wanted = models.named(role)
        about = self._engine(role).about
        catalog = known_catalog()
        preset = catalog.preset(wanted, role)
        entry = _entry(catalog, about.model)
        named = catalog.file(preset.model if preset else wanted)
        if named is not entry or (named is None and wanted != about.model):
            if preset is None:
                raise ModelError(
                    f"{self._settings.of(role).url} runs {about.model}, not {wanted}",
                    hint=f"--{role} builtin takes whatever it runs",
                )
            preset = None  # the default: whatever the server has
        over = models.adapter(role) or (preset.adapter if preset else None)
        adapter_entry = catalog.file(over) if over else None
        if over:
            _check_adapter(Path(over) if adapter_entry is None else locate.find(adapter_entry, catalog_folder()))
        sources: list[Preset | CatalogFile] = [s for s in (preset, adapter_entry, entry) if s is not None]
        return ResolvedModel(
            role=role,
            name=wanted if preset else entry.name if entry else about.model,
            path=Path(about.model),
            sha256=None,  # nobody here has seen the file
            adapter=Path(_file_name(adapter_entry, over)) if over else None,
            adapter_sha256=None,
            prompt=next((source.prompt for source in sources if source.prompt), None),
            reasoning=models.reasoning or next((source.reasoning for source in sources if source.reasoning), None),
            budget=next((source.budget for source in sources if source.budget is not None), None),
            select=next((source.select for source in sources if source.select), None),
            note=None,
            untrained=over is None and is_untrained(role, sources),
        )

    def engine(self, model: ResolvedModel) -> ServerEngine:
        """The engine of a role, its adapter and reasoning format chosen."""
        return self._engine(model.role, model.adapter.name if model.adapter else None, model.reasoning)

    def _engine(self, role: Role, adapter: str | None = None, reasoning: str | None = None) -> ServerEngine:
        """Connect; with a note where the address is not this machine."""
        from planner_cli.engine import ServerEngine
        from planner_cli.engine.server.http import is_loopback

        key = (role, adapter, reasoning)
        if key not in self._engines:
            template = _template(self._settings.chat_template)
            engine = ServerEngine(self._settings.of(role), adapter=adapter, reasoning=reasoning, template=template)
            self._engines[key] = engine
            if adapter is None and reasoning is None and not is_loopback(engine.host):
                self._note(f"the {role}'s prompts (schema, values, question) go to {engine.host}")
        return self._engines[key]

    def close(self) -> None:
        """End the connections."""
        for engine in self._engines.values():
            engine.free()
        self._engines.clear()


def _entry(catalog: Catalog, file: str) -> CatalogFile | None:
    """The catalogue's entry for a file of that name."""
    return next((entry for entry in catalog.files if entry.file and Path(entry.file).name == file), None)


def _file_name(entry: CatalogFile | None, spec: str) -> str:
    return Path(entry.file).name if entry is not None and entry.file else Path(spec).name


def _check_adapter(path: Path | None) -> None:
    """Refuse one that a server would let act where it was not trained to; a file that is not here cannot be asked."""
    from planner_cli.hub import read_header

    if path is not None and path.is_file() and read_header(path).acts_behind:
        raise ModelError(
            f"{path.name} was trained to act only behind the prompt; a server lets it act on all of it",
            hint="leave out --engine server: planner's own engine runs it",
        )


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
