"""llama.cpp in this process: the engine most users have."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import TypeVar

from planner_cli.control import Control
from planner_cli.engine import library
from planner_cli.engine.chat import ChatTemplate
from planner_cli.engine.contention import Contention
from planner_cli.engine.context import BATCH, KV_SHARE, PLAIN_BATCH, Context
from planner_cli.engine.learned_speeds import LearnedSpeeds
from planner_cli.engine.parts import with_its_parts
from planner_cli.engine.prefill import Prefill, first_batch
from planner_cli.engine.prefix_cache import PrefixCache, state_key
from planner_cli.engine.protocol import STABLE, Message, Prompt, drained, mapped, split_at
from planner_cli.engine.session import LlamaSession, Places
from planner_cli.engine.vocabulary import Vocabulary
from planner_cli.engine.weights import device_text, load_weights
from planner_cli.errors import ContextOverflow, EngineError
from planner_cli.settings import SCORES_BYTES, EngineOptions
from planner_cli.types import PromptProgress

T = TypeVar("T")

KV_MEMORY_SHARE = 4
"""The KV cache may take one part in this many of the machine's memory, where no limit is set."""


class LlamaEngine:
    """One model (a GGUF, perhaps with a LoRA adapter) ready to write and to be probed.

    The state of a prompt's stable part (the schema) is kept in a :class:`~.prefix_cache.PrefixCache`: the next
    question about the same database is prefilled from there.
    """

    takes_grammar = True
    reads_likelihood = True

    def __init__(
        self,
        path: Path,
        *,
        adapter: Path | None = None,
        reasoning: str | None = None,
        options: EngineOptions | None = None,
        cache: PrefixCache | None = None,
        identity: str | None = None,
        base_identity: str | None = None,
        speeds: LearnedSpeeds | None = None,
    ) -> None:
        """Load the model.

        ``reasoning`` names a format of :data:`~planner_cli.engine.chat.REASONING_FORMATS` and overrides the
        detected one. ``cache`` keeps the states of prompts, by default in memory only; ``identity`` distinguishes this
        model and adapter from all others in it (their sha256), by default path, size and time of the files;
        ``base_identity`` the model alone, whose states are shared by all adapters that act only behind them.
        ``speeds`` decide on threads and widths where ``options`` leave them open.

        Raises:
            ModelError: the model or adapter cannot be loaded.

        """
        options = options or EngineOptions()
        self.options = options
        self._contention = Contention() if options.threads is None else None  # an explicit count is respected
        self.name = path.name
        self.weights = load_weights(path, options.gpu_layers)
        try:
            self._prepare(adapter, reasoning)
        except BaseException:
            self.weights.release()
            raise
        self.speeds = speeds if options.threads is None else None  # measured with its own choice of threads
        known = self.speeds
        self.threads = options.threads or (known.threads if known else library.physical_cores())
        self.batch_threads = known.batch_threads if known else self.threads
        self.cache = cache or PrefixCache()
        if self.adapter is not None and self.adapter.acts_behind:
            self._identity = base_identity or stat_identity(path)
        else:
            self._identity = identity or stat_identity(path, adapter)
        self._context: Context | None = None
        self._session: LlamaSession | None = None
        self._freed = False

    def _prepare(self, adapter: Path | None, reasoning: str | None) -> None:
        """The adapter, the chat template and the vocabulary of the loaded weights."""
        self.adapter = self.weights.adapter(adapter) if adapter is not None else None
        vocabulary = Vocabulary(self.weights.handle, self.weights.special_tokens, adds_space=self.weights.adds_space)
        self.template = ChatTemplate(
            self.weights.metadata("tokenizer.chat_template"),
            bos=vocabulary.special_text("bos"),
            eos=vocabulary.special_text("eos"),
        )
        self.reasoning = self.template.reasoning(reasoning)
        marks = (self.reasoning.open, self.reasoning.close)
        self.vocabulary = Vocabulary(
            self.weights.handle,
            self.weights.special_tokens,
            adds_space=self.weights.adds_space,
            reasoning_marks=marks,
        )

    @property
    def device(self) -> str:
        text = device_text(self.weights.gpu_layers, self.threads)
        return text if self.options.kv == "f16" else f"{text}, {self.options.kv} KV cache"

    @property
    def description(self) -> str:
        """Architecture, size and quantisation."""
        return self.weights.description

    @property
    def parameters(self) -> int:
        return self.weights.parameters

    @property
    def longest(self) -> int:
        """The most tokens of a prompt and what follows it."""
        return min(self.weights.trained_context, self._cell_bound())

    def chat(self, messages: Sequence[Message]) -> Prompt:
        return self.template.render(messages)

    def count(self, prompt: Prompt) -> int:
        return len(self.vocabulary.encode_prompt(prompt))

    # ------------------------------------------------------------------------------------------ sessions

    def open(self, prefix: Prompt, *, branches: int, room: int, control: Control) -> LlamaSession:
        """See :meth:`Engine.open`."""
        return drained(self.opening(prefix, branches=branches, room=room, control=control, seen=lambda read: read))

    def opening(
        self, prefix: Prompt, *, branches: int, room: int, control: Control, seen: Callable[[PromptProgress], T]
    ) -> Generator[T, None, LlamaSession]:
        """See :meth:`Engine.opening`."""
        if self._session is not None and not self._session.closed:
            raise EngineError("the engine's last session is still open")
        tokens, stable = self._encode(prefix)
        places = self._places(len(tokens), branches, room)
        context = self._context_for(places)
        started = time.perf_counter()
        # All but the last token, which is decoded with each branch: its logits are then the branch's own in every wave.
        wanted = tokens[:-1]
        stable = min(stable, len(wanted))
        context.adapt(on=self.adapter is not None and not self.adapter.acts_behind)
        reading = self._prefill(context, stable).read(wanted, stable, control)
        cached = yield from mapped(seen, reading)
        context.adapt(on=True)
        self._session = LlamaSession(context, self.vocabulary, tokens, places, control)
        self._session.stats.prompt_tokens = len(tokens)
        self._session.stats.cached_tokens = cached
        self._session.stats.prefill_seconds = time.perf_counter() - started
        return self._session

    def _encode(self, prefix: Prompt) -> tuple[list[int], int]:
        """Token ids of a prefix, and how many of them are stable.

        Both parts are tokenised separately: a token across the mark would change with the question.
        """
        stable, rest = split_at(STABLE, prefix) if STABLE in prefix else ((), prefix)
        tokens = self.vocabulary.encode_prompt(stable, first=True) if stable else []
        return [*tokens, *self.vocabulary.encode_prompt(rest, first=not tokens)], len(tokens)

    def _places(self, prefix: int, branches: int, room: int) -> Places:
        """How many branches fit in the context at once.

        Raises:
            ContextOverflow: not even one does.

        """
        longest = self.weights.trained_context
        if prefix + room > longest:
            raise _overflow(
                prefix, room, f"the {longest} tokens {self.name} was trained for", "use a model with a longer context"
            )
        bound = self._cell_bound()
        count = min(branches, self.options.max_branches, (bound - prefix) // room)
        if count < 1:
            raise _overflow(prefix, room, f"a context of {bound} tokens", "give more with --context")
        if self.speeds is not None:
            count = self.speeds.wave(branches, count)
        return Places(prefix=prefix, count=count, room=room)

    def _cell_bound(self) -> int:
        """Tokens the KV cache may hold at most."""
        if self.options.context is not None:
            return self.options.context
        memory = library.total_memory()
        if memory is None:
            return 65_536
        token = self.weights.kv_bytes_per_token * KV_SHARE[self.options.kv]
        return max(2048, int(memory / KV_MEMORY_SHARE / max(1.0, token)))

    def _context_for(self, places: Places) -> Context:
        """The current context if it is large enough, otherwise a new one."""
        sequences = 1 + 2 * places.count  # the prefix, the branches, and a fork of each for its probe
        old = self._context
        if old is not None and old.cells >= places.cells and old.sequences >= sequences:
            return old
        if old is not None:
            old.close()
        self._context = None  # even if the next line fails
        self._context = Context(
            self.weights,
            cells=places.cells,
            sequences=sequences,
            threads=self.threads,
            batch_threads=self.batch_threads,
            adapter=self.adapter,
            kv=self.options.kv,
            flash_attention=self.flash_attention(places.cells),
            contention=self._contention,
        )
        return self._context

    def flash_attention(self, cells: int) -> bool | None:
        """For a context of so many cells; see :attr:`EngineOptions.flash_attention`. ``None``: llama.cpp decides."""
        asked = self.options.flash_attention
        if asked is not None or self.weights.gpu_layers or self.options.kv != "f16":
            return asked
        return None if 4 * self.weights.heads * PLAIN_BATCH * cells > SCORES_BYTES else False

    def _prefill(self, context: Context, stable: int) -> Prefill:
        """What brings a prompt with so many stable tokens into the context."""
        first = first_batch(stable)
        return Prefill(
            context,
            self.cache,
            key=lambda tokens: self._state_key(tokens, context, first),
            model=self.name,
            keeps=not self.weights.recurrent,
            growth=self.weights.growth_per_token,
            rate=self.speeds.prefill if self.speeds is not None else None,
        )

    def _state_key(self, tokens: Sequence[int], context: Context, first: int) -> str:
        """The key under which a state of these tokens is kept: everything it depends on."""
        batches = BATCH if first == BATCH else (first, BATCH)
        machine = (library.version(), library.features(), self.weights.gpu_layers, self.batch_threads, batches)
        return state_key((self._identity, *machine, self.options.kv, context.flash_attention), tokens)

    def close(self) -> None:
        """Free the KV cache, and a session that is still open; the weights stay for other engines."""
        if self._session is not None:
            self._session.close()
        if self._context is not None:
            self._context.close()
        self._context = None

    def free(self) -> None:
        """Close it for good, and give up the weights: with the last engine that uses them their memory is freed."""
        self.close()
        if not self._freed:
            self._freed = True
            self.weights.release()


def stat_identity(*files: Path | None) -> str:
    """What distinguishes files without reading them: a model has gigabytes."""
    parts = [part for path in files if path is not None for part in with_its_parts(path)]
    facts = [(path.resolve(), path.stat()) for path in parts]
    return repr([(str(path), stat.st_size, stat.st_mtime_ns) for path, stat in facts])


def _overflow(prefix: int, room: int, bound: str, remedy: str) -> ContextOverflow:
    """What does not fit, and what to do about the larger part of it."""
    if prefix >= room:
        what = f"the prompt of {prefix} tokens (schema and question) and {room} more do not fit {bound}"
        return ContextOverflow(what, hint=f"name the tables that matter with --tables, or {remedy}")
    what = f"{room} tokens to write after a prompt of {prefix} do not fit {bound}"
    return ContextOverflow(what, hint=f"use a smaller --budget or --max-tokens, or {remedy}")
