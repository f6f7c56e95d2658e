"""How servers differ: how a prompt is written, how tokens arrive, how a choice's probability is read.

``llama-server`` takes and gives token ids: prompts are tokenised span by span as in-process, and any token's
probability is available. Other OpenAI-compatible servers take text, and give only the likeliest few next tokens.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Protocol, TypeAlias

from planner_cli.engine.protocol import Choice, Prompt
from planner_cli.engine.server.http import Http
from planner_cli.engine.server.vocabulary import ServerVocabulary, mark_pattern
from planner_cli.engine.vocabulary import ZERO_WIDTH_SPACE
from planner_cli.errors import EngineError
from planner_cli.settings import Sampling

State: TypeAlias = "tuple[int, ...] | str"
"""A prompt as the server takes it: token ids or text; both are put together with ``+``."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One token of a streamed completion."""

    text: str
    state: State
    logprob: float | None = None
    end: bool = False
    """Whether the model ended its turn here; its mark is not kept, only its logprob."""


@dataclass(frozen=True, slots=True)
class About:
    """What a server says about itself."""

    software: str
    """For example ``llama-server b1-0c1e570``."""
    model: str
    """The model file's name, or the name it is served under."""
    template: str | None
    bos: str
    eos: str
    context: int | None
    """Longest sequence, in tokens, where the server reports it."""
    slots: int | None
    """Requests it handles at once, where the server reports it."""
    adapters: Mapping[str, int]
    """LoRA adapters by file name, and the server's number of each."""
    parameters: int | None
    format: str | None
    """Quantisation."""


class Dialect(Protocol):
    about: About

    def set_marks(self, marks: Sequence[str]) -> None:
        """Texts that open and close a thought: untrusted text must not introduce them."""

    def encode(self, prompt: Prompt, *, first: bool) -> State:
        """The prompt in the server's form; ``first``: nothing comes before it."""

    def count(self, state: State) -> int:
        """Length in tokens (of text: estimated)."""

    def stream(
        self, state: State, sampling: Sampling, tokens: int, *, logprobs: bool, stopped: Callable[[], bool]
    ) -> Iterator[Piece]:
        """At most ``tokens`` tokens after ``state``; fewer when the model ends its turn or it is ``stopped``."""

    def choose(self, state: State, forced: Prompt, choices: Mapping[str, Sequence[str]]) -> Choice:
        """Read the next token's probabilities after ``state`` and ``forced``."""


def connect(http: Http, model: str | None) -> Dialect:
    """Find out what answers at the address.

    Raises:
        EngineError: nothing answers, or nothing that completes text.

    """
    props = http.find("/props")
    if isinstance(props, dict) and "default_generation_settings" in props:
        return LlamaServer(http, props)
    return CompletionsServer(http, model)


# -------------------------------------------------------------------------------------------- llama-server

_FIRST_LOOK = 64
"""Likeliest tokens requested at first; sixteen times as many where a choice is not among them."""


class LlamaServer:
    """llama.cpp's own server, through its ``/completion``."""

    def __init__(self, http: Http, props: Mapping[str, Any], adapter: int | None = None) -> None:
        self._http = http
        self._adapter = adapter
        adapters = http.find("/lora-adapters") or []
        served = (http.find("/v1/models") or {}).get("data") or [{}]
        meta = served[0].get("meta") or {}
        self._vocabulary_size = int(meta.get("n_vocab") or 0)
        self.about = About(
            software=f"llama-server {props.get('build_info', '')}".strip(),
            model=PurePosixPath(str(props.get("model_path") or "")).name or "unknown",
            template=props.get("chat_template"),
            bos=str(props.get("bos_token") or ""),
            eos=str(props.get("eos_token") or ""),
            context=int(props["default_generation_settings"].get("n_ctx") or 0) or None,
            slots=int(props.get("total_slots") or 1),
            adapters={PurePosixPath(str(entry["path"])).name: int(entry["id"]) for entry in adapters},
            parameters=meta.get("n_params"),
            format=meta.get("ftype"),
        )
        self._vocabulary = ServerVocabulary(http)

    def use_adapter(self, name: str) -> None:
        """Put one of the server's adapters over the model in every request.

        Raises:
            EngineError: it was not started with that one.

        """
        if name not in self.about.adapters:
            there = ", ".join(self.about.adapters) or "none"
            raise EngineError(
                f"the server has no adapter {name}; it has {there}", hint=f"llama-server --lora {name} ..."
            )
        self._adapter = self.about.adapters[name]

    def set_marks(self, marks: Sequence[str]) -> None:
        self._vocabulary = ServerVocabulary(self._http, reasoning_marks=marks)

    def encode(self, prompt: Prompt, *, first: bool) -> State:
        return tuple(self._vocabulary.encode_prompt(prompt, first=first))

    def count(self, state: State) -> int:
        return len(state)

    def stream(
        self, state: State, sampling: Sampling, tokens: int, *, logprobs: bool, stopped: Callable[[], bool]
    ) -> Iterator[Piece]:
        body = {
            **self._request(state),
            **_llama_sampling(sampling),
            "n_predict": tokens,
            "stream": True,
            "n_probs": 1 if logprobs else 0,
        }
        held: list[Piece] = []  # without text: half a character, or the end mark, which only the last event reveals
        for event in self._http.events("/completion", body, stopped):
            if "error" in event:
                raise EngineError(f"{self._http.url}: {event['error'].get('message', event['error'])}")
            if event.get("stop") and event.get("stop_type") == "eos":
                held[-1:] = [Piece("", (), piece.logprob, end=True) for piece in held[-1:]]
            held += _pieces(event)
            if event.get("stop") or event["content"]:
                yield from held
                held = []

    def choose(self, state: State, forced: Prompt, choices: Mapping[str, Sequence[str]]) -> Choice:
        tail = forced[-1].text if forced and forced[-1].kind == "text" else ""
        wanted = self._vocabulary.choice_tokens(tail, choices)
        state = _joined(state, self.encode(forced, first=False))
        asked = _FIRST_LOOK
        while True:
            body = {**self._request(state), "n_predict": 1, "temperature": 0.0, "n_probs": asked, "stream": False}
            answer = self._http.post("/completion", body)
            try:
                top = answer["completion_probabilities"][0]["top_logprobs"]
                found = {int(entry["id"]): math.exp(entry["logprob"]) for entry in top}
            except (KeyError, IndexError, TypeError) as error:
                raise EngineError(f"{self._http.url} sent no probabilities") from error
            everything = len(top) < asked or 0 < self._vocabulary_size <= asked
            if everything or all(token in found for tokens in wanted.values() for token in tokens):
                return _choice({name: sum(found.get(t, 0.0) for t in tokens) for name, tokens in wanted.items()})
            asked *= 16

    def _request(self, state: State) -> dict[str, Any]:
        body: dict[str, Any] = {"prompt": list(state), "cache_prompt": True, "return_tokens": True}
        if self.about.adapters:  # each is listed: an empty list would keep the server's own scales
            numbers = self.about.adapters.values()
            body["lora"] = [{"id": number, "scale": float(number == self._adapter)} for number in numbers]
        return body


def _pieces(event: Mapping[str, Any]) -> list[Piece]:
    """The tokens of one event, its text with the last of them."""
    ids = event.get("tokens") or []
    read = event.get("completion_probabilities") or []
    logprobs = [float(entry["logprob"]) for entry in read] + [None] * len(ids)
    texts = [""] * (len(ids) - 1) + [event["content"]]
    return [Piece(text, (int(token),), logprob) for text, token, logprob in zip(texts, ids, logprobs, strict=False)]


def _llama_sampling(sampling: Sampling) -> dict[str, Any]:
    """The chain of :mod:`planner_cli.engine.sampler`, in the same order."""
    return {
        "samplers": ["penalties", "top_k", "top_p", "min_p", "temperature"],
        "temperature": sampling.temperature,
        "top_k": sampling.top_k,
        "top_p": sampling.top_p,
        "min_p": sampling.min_p,
        "repeat_penalty": sampling.repeat_penalty,
        "seed": sampling.seed & 0x7FFFFFFF,
    }


# ------------------------------------------------------------------------------------- /v1/completions

_TOP = 20
"""Likeliest tokens requested: vLLM's default limit."""
_UNSEEN = 0.01
"""The largest share of all choices' probability that a choice missing from them may have; it then counts as 0."""
_CHARACTERS_PER_TOKEN = 3
"""For the estimate of a text's length, on the long side for SQL and English."""


class CompletionsServer:
    """Any server with the OpenAI completions API and its ``logprobs``: vLLM, llama-cpp-python's, and others."""

    def __init__(self, http: Http, model: str | None) -> None:
        self._http = http
        served = http.find("/v1/models")
        models = served.get("data") if isinstance(served, dict) else None
        if not models:
            raise EngineError(f"{http.url} has neither /props nor /v1/models: no server that completes text")
        names = [str(entry.get("id")) for entry in models]
        if model is not None and model not in names:
            raise EngineError(f"{http.url} does not serve {model!r}", hint=f"it serves {', '.join(names[:5])}")
        chosen = models[names.index(model) if model is not None else 0]
        self.about = About(
            software="OpenAI-compatible server" if chosen.get("owned_by") != "vllm" else "vLLM",
            model=str(chosen.get("id")),
            template=None,
            bos="",
            eos="",
            context=chosen.get("max_model_len"),
            slots=None,
            adapters={},
            parameters=None,
            format=None,
        )
        self._marks = mark_pattern(())

    def set_marks(self, marks: Sequence[str]) -> None:
        self._marks = mark_pattern(marks)

    def encode(self, prompt: Prompt, *, first: bool) -> State:
        del first  # the server puts its BOS before every prompt
        return "".join(self._neutral(span.text) if span.kind == "data" else span.text for span in prompt)

    def _neutral(self, text: str) -> str:
        return self._marks.sub(lambda m: m.group()[0] + ZERO_WIDTH_SPACE + m.group()[1:], text)

    def count(self, state: State) -> int:
        return -(-len(state) // _CHARACTERS_PER_TOKEN)

    def stream(
        self, state: State, sampling: Sampling, tokens: int, *, logprobs: bool, stopped: Callable[[], bool]
    ) -> Iterator[Piece]:
        del logprobs  # requested in any case: the tokens of an event are counted by them
        body = {
            **self._request(state),
            **_openai_sampling(sampling),
            "max_tokens": tokens,
            "stream": True,
            "logprobs": 1,
        }
        for event in self._http.events("/v1/completions", body, stopped):
            if "error" in event:
                raise EngineError(f"{self._http.url}: {event['error']}")
            for choice in event.get("choices") or ():
                text = choice.get("text") or ""
                read = choice.get("logprobs") or {}
                values = read.get("token_logprobs") or ([None] if text else [])
                for at, value in enumerate(values):
                    last = at == len(values) - 1
                    yield Piece(text if last else "", text if last else "", value)

    def choose(self, state: State, forced: Prompt, choices: Mapping[str, Sequence[str]]) -> Choice:
        state = _joined(state, self.encode(forced, first=False))
        body = {**self._request(state), "max_tokens": 1, "temperature": 0.0, "logprobs": _TOP}
        top = self._logprobs(body)["top_logprobs"][0]
        found = {str(text): math.exp(value) for text, value in top.items()}
        shares = {name: sum(p for text, p in found.items() if _begins(text, name, choices)) for name in choices}
        # What is not among them has at most the probability of the least likely one.
        unseen = min(found.values()) * sum(len(choices[name]) for name, share in shares.items() if not share)
        if unseen > _UNSEEN * sum(shares.values()):
            raise EngineError(
                f"{self.about.model}: the answer is not among the {_TOP} likeliest tokens, and it gives no others",
                hint="llama-server gives all of them; or try a model that follows the prompt",
            )
        return _choice(shares)

    def _logprobs(self, body: dict[str, Any]) -> dict[str, Any]:
        """The ``logprobs`` of a completion of one token.

        Raises:
            EngineError: the server sends none.

        """
        answer = self._http.post("/v1/completions", body)
        try:
            read = answer["choices"][0]["logprobs"]
            complete = bool(read["top_logprobs"]) and len(read["tokens"]) == len(read["token_logprobs"])
        except (KeyError, IndexError, TypeError):
            complete = False
        if not complete:
            raise EngineError(f"{self._http.url} sent no logprobs", hint="start it so that it does")
        return dict(read)

    def _request(self, state: State) -> dict[str, Any]:
        return {"model": self.about.model, "prompt": state}


def _openai_sampling(sampling: Sampling) -> dict[str, Any]:
    """What the API knows, and the extensions of vLLM and llama.cpp; all of it, because defaults differ."""
    return {
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k or -1,
        "min_p": sampling.min_p,
        "repetition_penalty": sampling.repeat_penalty,  # vLLM's name
        "repeat_penalty": sampling.repeat_penalty,  # llama.cpp's
        "seed": sampling.seed & 0x7FFFFFFF,
    }


def _begins(token: str, name: str, choices: Mapping[str, Sequence[str]]) -> bool:
    """Whether a token begins a spelling of this choice and of no other (a blank alone begins them all)."""

    def of(choice: str) -> bool:
        return any(spelling.startswith(token) for spelling in choices[choice])

    return bool(token.strip()) and of(name) and not any(of(other) for other in choices if other != name)


def _joined(state: State, more: State) -> State:
    if isinstance(state, str):
        return state + str(more)
    assert not isinstance(more, str)
    return (*state, *more)


def _choice(shares: Mapping[str, float]) -> Choice:
    mass = sum(shares.values())
    if not 0 < mass < 2:
        raise EngineError("the server's probabilities are not numbers")
    return Choice({name: share / mass for name, share in shares.items()}, min(1.0, mass))
