"""Everything a user can set, from one root; which knobs there are is read from it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from planner_cli.errors import PlannerError
from planner_cli.knobs import Checked, Knob, Range, knob, knobs_of
from planner_cli.lexer import ListedName, NameListError, listed_names
from planner_cli.settings import REASONING_CHOICES, EngineOptions, PlanSettings, Select, ServerOptions
from planner_cli.types import Role

BY_SCORE: tuple[Select, ...] = ("rerank", "posterior", "vote-judge", "pairwise", "race", "correct", "tree")
"""Planning methods that use the discriminator's scores."""

CACHE_MIB = 1024
"""Room for some 70 schemas of 600 tokens under the built-in pair, 35 under a 1.5B model."""


def _names(text: str) -> tuple[ListedName, ...]:
    try:
        return listed_names(text)
    except NameListError as error:
        raise ValueError(f'{error}; a name with a dot or comma is quoted as in SQL: "a,b"') from error


def _tables(text: str) -> tuple[str, ...]:
    if not text.strip():
        raise ValueError("names no table")
    return tuple(name.text if name.name is None else name.name for name in _names(text))


def _columns(text: str) -> tuple[str, ...]:
    """Each of the columns separately, as it was written."""
    return tuple(name.text for name in _names(text))


@dataclass(frozen=True, slots=True)
class ModelSettings(Checked):
    """Which models write and judge."""

    generator: str = knob("builtin", "Catalogue name or .gguf file.", "generator", metavar="MODEL", main=True)
    generator_adapter: str | None = knob(None, "LoRA adapter over the generator.", "generator", metavar="ADAPTER")
    discriminator: str = knob("builtin", "Catalogue name or .gguf file.", "judge", metavar="MODEL", main=True)
    discriminator_adapter: str | None = knob(None, "LoRA adapter over the discriminator.", "judge", metavar="ADAPTER")
    reasoning: str | None = knob(
        None, "How the discriminator marks its thoughts (think, none, ...), where its chat template does not say.",
        "judge", metavar="FORMAT", choices=REASONING_CHOICES,
    )  # fmt: skip
    no_judge: bool = knob(
        False, "Load no judge, or even one never trained for it.", "judge", opposite="--judge", main=True
    )  # fmt: skip

    def named(self, role: Role) -> str:
        return self.generator if role == "generator" else self.discriminator

    def adapter(self, role: Role) -> str | None:
        return self.generator_adapter if role == "generator" else self.discriminator_adapter


@dataclass(frozen=True, slots=True)
class DatabaseSettings(Checked):
    """What of the database is read, and shown to the models."""

    tables: tuple[str, ...] = knob(
        (), "Show the models only these tables; queries may still read others.  Quote names with a comma as in "
        "SQL.", "database", metavar="A,B", split=_tables, main=True,
    )  # fmt: skip
    schema_tokens: int = knob(
        4096, "Of a schema that takes more of the prompt, show the models the tables and columns that the question "
        "is about; at most half the context.", "database", metavar="N", within=Range(1),
    )  # fmt: skip
    no_values: bool = knob(False, "Show the models no sample values, only the schema.", "database")
    redact: tuple[str, ...] = knob(
        (), "Make this column read as NULL everywhere; may be repeated.  Quote names with a dot or comma as in "
        "SQL.", "redact", metavar="TABLE.COLUMN", split=_columns, again=True, main=True,
    )  # fmt: skip
    private_copy: bool = knob(
        False, "Where DATABASE cannot be read without writing (a write was cut off), read a temporary copy only "
        "you can see.", "database",
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class ServerSettings(Checked):
    """Where the models run: in this process, or behind an address."""

    engine: Literal["llama", "server"] = knob(
        "llama", "llama.cpp in this process, or a server you name.", "server", choices=("llama", "server")
    )
    url: str | None = knob(
        None, "Of the server: llama-server, vLLM, or another with the completions API.", "server", metavar="URL"
    )
    discriminator_url: str | None = knob(
        None, "Of the discriminator's server, if it is another.", "server", metavar="URL"
    )
    options: ServerOptions = field(default_factory=lambda: ServerOptions(""))
    chat_template: Path | None = knob(
        None, "Jinja file or .gguf with the chat template, if the server does not reveal its own.", "server",
        metavar="FILE",
    )  # fmt: skip

    def of(self, role: Role) -> ServerOptions:
        """The server of a role."""
        return replace(
            self.options, url=(self.discriminator_url if role == "discriminator" else None) or self.url or ""
        )


@dataclass(frozen=True, slots=True)
class Settings(Checked):
    """The root."""

    database: DatabaseSettings = field(default_factory=DatabaseSettings)
    models: ModelSettings = field(default_factory=ModelSettings)
    plan: PlanSettings = field(default_factory=PlanSettings)
    min_confidence: float | None = knob(
        None, "Abstain below this confidence (exit code 4).", "sure", metavar="P", within=Range(0, 1), main=True
    )
    engine: EngineOptions = field(default_factory=EngineOptions)
    server: ServerSettings = field(default_factory=ServerSettings)
    cache_mib: int = knob(
        CACHE_MIB, "Disk space for prompt states (planner cache), so that the next question about a database starts at "
        "once; 0 keeps none.", "cache", metavar="MIB", within=Range(0),
    )  # fmt: skip
    """Not for benchmarks: a state read from disk would be timed as if it had been computed."""

    def check(self) -> None:
        """Refuse contradictions.

        Raises:
            PlannerError: a score is wanted from a judge that is switched off, or a server without its address.

        """
        server, select = self.server, self.plan.select
        if server.engine == "server" and server.url is None:
            raise PlannerError("--engine server needs --url", hint="for example --url http://127.0.0.1:8080")
        if server.engine == "llama" and (server.url or server.discriminator_url):
            raise PlannerError("--url is for --engine server", hint="add --engine server")
        if not self.models.no_judge:
            return
        if select in BY_SCORE:
            raise PlannerError(
                f"--no-judge and --select {select} exclude each other: without a judge there is no score",
                hint="--select vote, greedy or first need none",
            )


KNOBS: tuple[Knob, ...] = knobs_of(Settings)
"""All of them, in the order that suits a reader."""
BY_KEYWORD = {each.keyword: each for each in KNOBS}
