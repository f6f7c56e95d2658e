"""Sampling in C: one llama.cpp sampler chain per branch."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from planner_cli.engine.library import L
from planner_cli.errors import EngineError
from planner_cli.settings import Sampling

if TYPE_CHECKING:
    from planner_cli.engine.context import Context
    from planner_cli.engine.vocabulary import Vocabulary

PENALTY_WINDOW = 64
"""How many tokens back a repetition is penalised."""

_LIKELIEST = 200
"""Tokens checked against a grammar at first; all others only where it allows none of these."""

_TOKEN_DATA = np.dtype([("id", np.int32), ("logit", np.float32), ("p", np.float32)])
"""llama_token_data."""


class Sampler:
    """A sampler chain; :meth:`sample` picks the next token of one branch.

    ``top_k`` is first: the others then look at 40 tokens and not at the whole vocabulary
    (12 ms against 0.25 ms a token on 152k tokens, ``llama-cpp.md`` section 3).
    """

    def __init__(self, sampling: Sampling, vocabulary_size: int, grammar: Grammar | None = None) -> None:
        chain = L.llama_sampler_chain_init(L.llama_sampler_chain_default_params())
        add = L.llama_sampler_chain_add
        if sampling.repeat_penalty != 1.0:
            add(
                chain,
                L.llama_sampler_init_penalties(vocabulary_size, PENALTY_WINDOW, sampling.repeat_penalty, 0.0, 0.0),
            )
        if sampling.temperature == 0:
            add(chain, L.llama_sampler_init_greedy())
        else:
            if sampling.top_k:
                add(chain, L.llama_sampler_init_top_k(sampling.top_k))
            if sampling.top_p < 1:
                add(chain, L.llama_sampler_init_top_p(sampling.top_p, 1))
            if sampling.min_p > 0:
                add(chain, L.llama_sampler_init_min_p(sampling.min_p, 1))
            add(chain, L.llama_sampler_init_temp(sampling.temperature))
            # 31 bits: 0xFFFFFFFF would mean "draw a seed" to llama.cpp
            add(chain, L.llama_sampler_init_dist(sampling.seed & 0x7FFFFFFF))
        self._chain: Any = chain
        self._grammar = grammar

    def sample(self, context: Context, row: int) -> int:
        """The next token from the logits of batch row ``row``; the chain remembers it."""
        if self._grammar is not None:
            return self._grammar.sample(context.logits(row), self._chain)
        return int(L.llama_sampler_sample(self._chain, context.handle, row))

    def close(self) -> None:
        if self._chain is not None:
            L.llama_sampler_free(self._chain)
            self._chain = None
        if self._grammar is not None:
            self._grammar.close()


class Grammar:
    """What a branch may write. A token that it does not allow must never be given to it: that ends the process."""

    def __init__(self, vocabulary: Vocabulary, text: str) -> None:
        """``text`` is GBNF with the rule ``root``.

        Raises:
            EngineError: llama.cpp does not understand it.

        """
        if not vocabulary.endings:
            raise EngineError("the model has no token that ends a text, so none can be held to a grammar")
        self._end = vocabulary.endings[0]
        self._handle: Any = L.llama_sampler_init_grammar(vocabulary.handle, text.encode(), b"root")
        if not self._handle:
            raise EngineError("llama.cpp does not understand the grammar of what may be written")

    def sample(self, logits: npt.NDArray[np.float32], chain: Any) -> int:
        """The chain's choice among what is allowed; an end mark if nothing is."""
        count = min(_LIKELIEST, len(logits))
        likeliest = np.argpartition(logits, len(logits) - count)[len(logits) - count :].astype(np.int32)
        for ids in (np.sort(likeliest), np.arange(len(logits), dtype=np.int32)):
            data = np.zeros(len(ids), _TOKEN_DATA)
            data["id"], data["logit"] = ids, logits[ids]
            pointer = data.ctypes.data_as(ctypes.POINTER(L.llama_token_data))
            tokens = L.llama_token_data_array(pointer, len(data), -1, False)
            L.llama_sampler_apply(self._handle, ctypes.byref(tokens))
            if np.isfinite(data["logit"]).any():
                L.llama_sampler_apply(chain, ctypes.byref(tokens))
                token = int(tokens.data[tokens.selected].id)
                L.llama_sampler_accept(self._handle, token)
                L.llama_sampler_accept(chain, token)
                return token
        return self._end

    def close(self) -> None:
        if self._handle is not None:
            L.llama_sampler_free(self._handle)
            self._handle = None
