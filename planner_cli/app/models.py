"""From settings to loaded models: find, check, load, and close them again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from planner_cli.app.calibrated import weights_of
from planner_cli.app.choices import Choices
from planner_cli.app.loading import Pair
from planner_cli.app.served import Served
from planner_cli.app.settings import Settings
from planner_cli.app.speeds import base_identity, known_speeds, model_identity
from planner_cli.control import Control
from planner_cli.knobs import with_value
from planner_cli.types import ModelInfo, Role

if TYPE_CHECKING:  # each of these costs start-up time
    from planner_cli.discriminator import Discriminator
    from planner_cli.engine import LlamaEngine, ServerEngine
    from planner_cli.engine.prefix_cache import PrefixCache
    from planner_cli.generator import Generator
    from planner_cli.hub import ResolvedModel

Note = Callable[[str], None]


def no_note(_text: str) -> None:
    """For callers that want no notes."""


def prefix_folder() -> Path:
    """Where the states of prompts are kept."""
    from planner_cli.hub import cache_folder

    return cache_folder() / "prefixes"


@dataclass(frozen=True, slots=True)
class Loaded:
    """Models that are ready, and the settings with what they recommend."""

    models: Models
    pair: Pair | None
    """What was found for generator and discriminator; ``None`` where only the judge was requested."""
    generator: Generator | None
    """``None`` where only the judge was requested."""
    discriminator: Discriminator | None
    infos: tuple[ModelInfo, ...]
    choices: Choices
    settings: Settings

    def close(self) -> None:
        """Free the models' memory and connections."""
        for role in (self.generator, self.discriminator):
            if role is not None:
                role.engine.free()
        self.models.close()


class Models:
    """Finds and loads the models that choices name."""

    def __init__(
        self,
        choices: Choices,
        control: Control | None = None,
        note: Note = no_note,
        *,
        states: Path | None = None,
        progress: Note | None = None,
    ) -> None:
        """``states`` is the folder for prompts' states, by default the user's; ``progress`` hears what takes long."""
        self._progress = progress
        self._states = states
        self.choices = choices
        self.settings = choices.settings()
        self._control = control or Control()
        self._note = note
        self._served = Served(self.settings.server, note) if self.settings.server.engine == "server" else None
        self._cache: PrefixCache | None = None

    @property
    def local(self) -> bool:
        """Whether they run in this process."""
        return self._served is None

    def pair(self) -> Pair:
        """Both models, found and checked; a judge that was never trained to judge only where the user wants it."""
        generator = self.find("generator")
        if self.settings.models.no_judge:
            return generator, None
        judge = self.find("discriminator")
        return generator, None if judge.untrained and not self.choices.wants_judge else judge

    def find(self, role: Role) -> ResolvedModel:
        """The model of a role: a checked file, or what a server runs."""
        models = self.settings.models
        if self._served is not None:
            found = self._served.resolve(role, models)
        else:
            from planner_cli import hub

            budget = self.choices["budget"]
            found = hub.resolve(
                models.named(role),
                role,
                adapter=models.adapter(role),
                budget=budget.value if role == "discriminator" and budget.by_user else None,
                progress=self._progress,
            )
        if role == "discriminator" and models.reasoning is not None:
            return replace(found, reasoning=models.reasoning)
        return found

    def load(self, found: Pair | None = None, *, judge: bool = True) -> Loaded:
        """Both models (``found``, otherwise as chosen); every file is checked before any is loaded.

        Without ``judge`` only the generator: something else judges.
        """
        from planner_cli.generator import Generator

        writer, judging = found or ((self.find("generator"), None) if not judge else self.pair())
        choices = advised(self.choices, judging) if judge else self.choices
        self._go_on()
        writing = self._engine(writer)
        try:
            generator = Generator(writing, writer.prompt or "chat")
            if judging is None:
                alone = (info(writer, writing),)
                return Loaded(self, (writer, None), generator, None, alone, choices, settings_of(choices, alone))
            self._go_on()
            discriminator, about = self._judge(judging)
        except BaseException:
            writing.free()
            raise
        both = (info(writer, writing), about)
        return Loaded(self, (writer, judging), generator, discriminator, both, choices, settings_of(choices, both))

    def load_judge(self) -> Loaded:
        """Only the discriminator."""
        judge = self.find("discriminator")
        choices = recommended(self.choices, judge)
        discriminator, about = self._judge(judge)
        return Loaded(self, None, None, discriminator, (about,), choices, choices.settings())

    def reading(self, database: str) -> None:
        """Name what prompts are about from now on, for those who look at what is kept of them."""
        if self._cache is not None:
            self._cache.about = database

    def close(self) -> None:
        """End the connections to servers, and give up the states of prompts that are in memory."""
        if self._cache is not None:
            self._cache.forget()
        if self._served is not None:
            self._served.close()

    def _judge(self, judge: ResolvedModel) -> tuple[Discriminator, ModelInfo]:
        from planner_cli.discriminator import Discriminator

        engine = self._engine(judge)
        try:
            return Discriminator(engine, judge.prompt or "chat"), info(judge, engine)
        except BaseException:
            engine.free()
            raise

    def _engine(self, model: ResolvedModel) -> LlamaEngine | ServerEngine:
        """A model's engine: a server if the user names one, else the file; a file in no catalogue is tried first."""
        if self._served is not None:
            return self._served.engine(model)
        return self._engine_here(model)

    def _engine_here(self, model: ResolvedModel) -> LlamaEngine:
        """An engine in this process."""
        from planner_cli import hub

        hub.try_first(model, self._control)
        model = hub.fast_form(model, self._note)
        from planner_cli.engine import LlamaEngine  # after the trial: its process needs the memory and time
        from planner_cli.engine.prefix_cache import PrefixCache

        if self._cache is None:  # shared by both roles: with one model and adapter, one can use what the other has read
            self._cache = PrefixCache(self._states or prefix_folder(), limit=self.settings.cache_mib * 2**20)
        return LlamaEngine(
            model.loaded,
            adapter=model.adapter,
            reasoning=model.reasoning,
            options=self.settings.engine,
            cache=self._cache,
            identity=model_identity(model),
            base_identity=base_identity(model),
            speeds=known_speeds(model, self.settings.engine.gpu_layers),
        )

    def _go_on(self) -> None:
        """Raise the reason if the control has been stopped."""
        if self._control.should_abort():
            raise self._control.stopped()


# ------------------------------------------------------------------------------------------ for measurements


def ready(
    name: str,
    role: Role,
    *,
    adapter: str | None = None,
    budget: int | None = None,
    control: Control | None = None,
    note: Note = no_note,
) -> ResolvedModel:
    """One model found and tried, in the form that runs fastest: what a planner would load.

    Raises:
        ModelError: it is missing, damaged, or llama.cpp cannot load it.

    """
    from planner_cli import hub

    model = hub.resolve(name, role, adapter=adapter, budget=budget)
    hub.try_first(model, control or Control())
    return hub.fast_form(model, note)


# ------------------------------------------------------------------------------------------------- values

UNJUDGED = {"no_judge": True, "select": "weighted-vote"}
"""What a judge recommends that was never trained to judge: not to be asked."""
AT_ONCE = {"budget": 0, "select": "posterior"}
"""What it recommends to those who ask it all the same: its thoughts make it worse (``docs/models.md``)."""


def settings_of(choices: Choices, models: Sequence[ModelInfo]) -> Settings:
    """The values in effect, with what the confidence in answers of these models is computed with."""
    return with_value(choices.settings(), ("plan", "confidence"), weights_of([asdict(each) for each in models]))


def advised(choices: Choices, judge: ResolvedModel | None) -> Choices:
    """With what suits the judge; ``None``: it is not asked, by wish or for want of training."""
    if judge is None:
        return choices if choices["no_judge"].value else choices.saying("model", UNJUDGED)
    return choices.saying("model", AT_ONCE) if judge.untrained else recommended(choices, judge)


def recommended(choices: Choices, judge: ResolvedModel) -> Choices:
    """With what the judge's catalogue entry recommends."""
    said = {"budget": judge.budget, "select": judge.select}
    return choices.saying("model", {name: value for name, value in said.items() if value is not None})


def info(model: ResolvedModel, engine: LlamaEngine | ServerEngine) -> ModelInfo:
    """What a loaded model is."""
    role: Role = model.role
    return ModelInfo(
        role=role,
        name=model.name,
        file=model.path.name,
        sha256=model.sha256,
        adapter=model.adapter.name if model.adapter else None,
        adapter_sha256=model.adapter_sha256,
        architecture=engine.description,
        parameters=engine.parameters,
        device=engine.device,
        prompt=model.prompt or "chat",
        untrained=model.untrained,
    )
