"""Sampling in C: one llama.cpp sampler chain a branch."""

from __future__ import annotations

from typing import Any

from planner_cli.engine.library import L
from planner_cli.settings import Sampling

PENALTY_WINDOW = 64
"""Tokens back over which a repetition is penalised."""


class Sampler:
    """A sampler chain; :meth:`sample` picks the next token of one branch.

    ``top_k`` comes first: the others then look at 40 tokens and not at the whole vocabulary
    (12 ms against 0.25 ms a token on 152k tokens, ``llama-cpp.md`` section 3).
    """

    def __init__(self, sampling: Sampling, vocabulary_size: int) -> None:
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

    def sample(self, context: Any, row: int) -> int:
        """The next token from the logits of batch row ``row``; the chain remembers it."""
        return int(L.llama_sampler_sample(self._chain, context, row))

    def close(self) -> None:
        if self._chain is not None:
            L.llama_sampler_free(self._chain)
            self._chain = None
