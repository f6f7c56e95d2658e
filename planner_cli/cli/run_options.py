"""What the options of the commands that run models come to: settings of engine, plan and screen."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from planner_cli.cli.method_settings import Chosen, with_method_settings
from planner_cli.errors import PlannerError
from planner_cli.settings import (
    DiscriminatorSettings,
    EngineOptions,
    GeneratorSettings,
    KvType,
    Limits,
    PlanSettings,
    Sampling,
    Select,
    ServerOptions,
)
from planner_cli.types import Role

_LIMITS = Limits()
BY_SCORE: tuple[Select, ...] = ("rerank", "posterior", "vote-judge", "pairwise", "race", "correct", "tree")
"""Planning methods that go by the discriminator's scores."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """The options of :func:`planner_cli.cli.options.run_options`, as click gives them."""

    generator: str
    generator_adapter: str | None
    discriminator: str
    discriminator_adapter: str | None
    reasoning: str | None
    no_judge: bool
    threads: int | None
    gpu_layers: int | None
    context: int | None
    kv: KvType
    flash_attention: Literal["auto", "on", "off"]
    engine_kind: Literal["llama", "server"]
    url: str | None
    discriminator_url: str | None
    allow_network: bool
    server_model: str | None
    server_timeout: float
    concurrency: int
    chat_template: Path | None
    candidates: int
    budget: int | None
    max_seconds: float | None
    select: Select | None
    method_settings: Chosen
    min_confidence: float | None
    seed: int
    temperature: float
    top_k: int
    top_p: float
    min_p: float
    repeat_penalty: float
    max_tokens: int
    mend: bool
    constrain: int
    query_seconds: float
    think: Literal["show", "fold", "hide"] | None
    color: Literal["auto", "always", "never"]
    quiet: bool
    verbose: bool
    cache_mib: int = 0

    def check(self) -> None:
        """Refuse what contradicts itself.

        Raises:
            PlannerError: a score is wanted from a judge that is switched off, or a server without its address.

        """
        self.engine()  # before anything is loaded
        if self.engine_kind == "server" and self.url is None:
            raise PlannerError("--engine server needs --url", hint="for example --url http://127.0.0.1:8080")
        if self.engine_kind == "llama" and (self.url or self.discriminator_url):
            raise PlannerError("--url is for --engine server", hint="add --engine server")
        if not self.no_judge:
            return
        if self.min_confidence is not None:
            raise PlannerError("--no-judge and --min-confidence exclude each other: without a judge there is no score")
        if self.select in BY_SCORE:
            raise PlannerError(
                f"--no-judge and --select {self.select} exclude each other: without a judge there is no score",
                hint="--select vote, greedy or first need none",
            )

    @property
    def relies_on_scores(self) -> str | None:
        """The option by which the user made the scores decide; ``None`` where they are only shown."""
        if self.min_confidence is not None:
            return "--min-confidence"
        return f"--select {self.select}" if self.select in BY_SCORE else None

    def address(self, role: Role) -> str:
        """Of the server for a role."""
        return (self.discriminator_url if role == "discriminator" else None) or self.url or ""

    def server(self, role: Role) -> ServerOptions:
        return ServerOptions(
            self.address(role),
            model=self.server_model,
            allow_network=self.allow_network,
            timeout=self.server_timeout,
            concurrency=self.concurrency,
        )

    def engine(self) -> EngineOptions:
        flash = {"auto": None, "on": True, "off": False}[self.flash_attention]
        return EngineOptions(
            threads=self.threads, gpu_layers=self.gpu_layers, context=self.context, kv=self.kv, flash_attention=flash
        )

    def limits(self, rows: int = _LIMITS.rows) -> Limits:
        return Limits(seconds=self.query_seconds, rows=max(rows, _LIMITS.rows))

    def plan(self, *, budget: int | None, select: Select | None, limits: Limits) -> PlanSettings:
        """The settings, with what the models' catalogue entries recommend where the user said nothing."""
        sampling = Sampling(
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            min_p=self.min_p,
            repeat_penalty=self.repeat_penalty,
        )
        chosen = next((b for b in (self.budget, budget) if b is not None), DiscriminatorSettings().budget)
        fallback: Select = "vote" if self.no_judge else "rerank"
        plan = PlanSettings(
            generator=GeneratorSettings(
                candidates=self.candidates,
                max_tokens=self.max_tokens,
                sampling=sampling,
                mend=self.mend,
                constrained=self.constrain,
            ),
            discriminator=DiscriminatorSettings(budget=chosen),
            limits=limits,
            select=self.select or select or fallback,
            seed=self.seed,
            max_seconds=self.max_seconds,
        )
        return with_method_settings(plan, self.method_settings)
