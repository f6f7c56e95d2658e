"""Text to token ids and back, with untrusted text kept from becoming special tokens.

What is covered: a span of kind ``data`` (or ``text``) never yields a CONTROL token, nor a USER_DEFINED one
that carries meaning, for any model; this is asserted for every prompt. What is not covered: instructions in
plain words. See ``sqlite-safety.md`` section 4 for the measurements.
"""

from __future__ import annotations

import codecs
import ctypes
import functools
import re
from collections.abc import Iterable, Mapping
from typing import Any

from planner_cli.engine.library import L
from planner_cli.engine.protocol import Prompt
from planner_cli.errors import EngineError

ZERO_WIDTH_SPACE = "\u200b"


def special_tokens(model: Any) -> dict[int, str]:
    """Ids and texts of the tokens no untrusted text may become.

    All CONTROL tokens, and USER_DEFINED ones with a letter and a bracket or bar: the others are runs
    of blanks and the like, harmless and needed.
    """
    vocab = L.llama_model_get_vocab(model)
    watched = L.LLAMA_TOKEN_ATTR_CONTROL | L.LLAMA_TOKEN_ATTR_USER_DEFINED
    found = {}
    for token in range(L.llama_vocab_n_tokens(vocab)):
        attributes = L.llama_vocab_get_attr(vocab, token)
        if not attributes & watched:
            continue
        text = (L.llama_vocab_get_text(vocab, token) or b"").decode("utf-8", "replace")
        user_defined = bool(attributes & L.LLAMA_TOKEN_ATTR_USER_DEFINED)
        if not user_defined or (re.search(r"[<\[|]", text) and re.search(r"[^\W\d_]", text)):
            found[token] = text
    return found


class Vocabulary:
    """The tokenizer of one loaded model."""

    def __init__(
        self, model: Any, special: Mapping[int, str], *, adds_space: bool = False, reasoning_marks: Iterable[str] = ()
    ) -> None:
        """``special`` is :func:`special_tokens` of the model; ``reasoning_marks`` are neutralised as well.

        ``adds_space``: the tokenizer puts a space before every text it is given.
        """
        self.handle = L.llama_model_get_vocab(model)
        """llama.cpp's own."""
        self.size = int(L.llama_vocab_n_tokens(self.handle))
        self._adds_space = adds_space
        self._piece_buffer = ctypes.create_string_buffer(512)
        self.special = special
        self._marks = self._pattern([*special.values(), *reasoning_marks])
        bos = L.llama_vocab_bos(self.handle)
        self._bos = bos if L.llama_vocab_get_add_bos(self.handle) and bos >= 0 else None

    def special_text(self, name: str) -> str:
        """Text of the ``bos`` or ``eos`` token, empty where the model has none."""
        token = L.llama_vocab_bos(self.handle) if name == "bos" else L.llama_vocab_eos(self.handle)
        return self.piece(token).decode("utf-8", "replace") if token >= 0 else ""

    @staticmethod
    def _pattern(marks: list[str]) -> re.Pattern[str] | None:
        """Matches any mark of two characters or more, longest first."""
        texts = sorted({m for m in marks if len(m) > 1}, key=lambda m: (-len(m), m))
        return re.compile("|".join(map(re.escape, texts))) if texts else None

    def neutralise(self, text: str) -> str:
        """``text`` with a zero-width space inside every special token's text and reasoning mark."""
        if self._marks is None:
            return text
        return self._marks.sub(lambda m: m.group()[0] + ZERO_WIDTH_SPACE + m.group()[1:], text)

    def encode(self, text: str, *, parse_special: bool = False, at_start: bool = False) -> list[int]:
        """Token ids of one text; no BOS or EOS is added."""
        if not text:
            return []
        if self._adds_space and not at_start:
            # A space would be put before the text: let a newline absorb it, then drop both.
            guard = self._tokenize("\n", parse_special=False)
            guarded = self._tokenize("\n" + text, parse_special=parse_special)
            if guarded[: len(guard)] == guard:
                return guarded[len(guard) :]
        return self._tokenize(text, parse_special=parse_special)

    def _tokenize(self, text: str, *, parse_special: bool) -> list[int]:
        raw = text.encode("utf-8", "replace")
        room = len(raw) + 16
        while True:
            buffer = (L.llama_token * room)()
            count = L.llama_tokenize(self.handle, raw, len(raw), buffer, room, False, parse_special)
            if count >= 0:
                return list(buffer[:count])
            room = -count

    def encode_prompt(self, prompt: Prompt, *, first: bool = False) -> list[int]:
        """Token ids of a prompt; neighbouring untrusted spans are tokenised together, as they read.

        A blank that ends a control span belongs to the word after it, since it is part of that word's token.

        ``first``: nothing comes before it, so the model's BOS is put there if it wants one.

        Raises:
            EngineError: an untrusted span would still yield a special token (a bug, never expected).

        """
        ids: list[int] = []
        plain, untrusted = "", False
        for span in (*prompt, None):
            if span is not None and span.kind in ("text", "data"):
                plain += span.text
                untrusted = untrusted or span.kind == "data"
                continue
            if plain:
                if untrusted:  # taken as a whole: a mark may begin in one span and end in the next
                    plain = self.neutralise(plain)
                chunk = self.encode(plain, at_start=first and not ids)
                leaked = [self.special[t] for t in chunk if t in self.special]
                if leaked:
                    raise EngineError(f"untrusted text would become the special token {leaked[0]!r}")
                ids += chunk
                plain, untrusted = "", False
            if span is not None and span.kind == "control":
                text = span.text.rstrip(" ")
                plain = span.text[len(text) :]
                ids += self.encode(text, parse_special=True, at_start=first and not ids)
        if first and self._bos is not None and ids[:1] != [self._bos]:
            ids.insert(0, self._bos)
        return ids

    def piece(self, token: int) -> bytes:
        """The bytes of one token, special tokens as their text."""
        size = L.llama_token_to_piece(self.handle, token, self._piece_buffer, len(self._piece_buffer), 0, True)
        if size < 0:  # a token longer than the buffer
            self._piece_buffer = ctypes.create_string_buffer(-size)
            return self.piece(token)
        return self._piece_buffer.raw[:size]

    @functools.cached_property
    def endings(self) -> list[int]:
        """All tokens that end the model's turn."""
        return [token for token in self.special if self.ends(token)]

    def ends(self, token: int) -> bool:
        """Whether the token ends the model's turn."""
        return bool(L.llama_vocab_is_eog(self.handle, token))

    def first_tokens(self, forced: str, spellings: Iterable[str]) -> list[int]:
        """The distinct tokens with which each spelling would go on after ``forced``.

        The text is tokenised as a whole, since a blank before a word is part of the word's token
        (``llama-cpp.md`` section 6).
        """
        before = self.encode(forced)
        found: dict[int, None] = {}
        for spelling in spellings:
            whole = self.encode(forced + spelling)
            if whole[: len(before)] == before and len(whole) > len(before):
                found[whole[len(before)]] = None
        return list(found)

    def choice_tokens(self, forced: str, choices: Mapping[str, Iterable[str]]) -> dict[str, list[int]]:
        """The tokens that distinguish each choice from the others, by the choice's name.

        Raises:
            EngineError: some choice has none of its own.

        """
        found = {name: self.first_tokens(forced, spellings) for name, spellings in choices.items()}
        # A first token that several choices share (a lone blank, say) distinguishes nothing.
        everything = [token for tokens in found.values() for token in tokens]
        found = {name: [t for t in tokens if everything.count(t) == 1] for name, tokens in found.items()}
        if not all(found.values()):
            raise EngineError("this model's tokenizer cannot tell the choices apart by their first token")
        return found


class Decoder:
    """Tokens of one branch to text, keeping multi-byte characters whole."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._vocabulary = vocabulary
        self._utf8 = codecs.getincrementaldecoder("utf-8")("replace")

    def feed(self, token: int) -> str:
        return self._utf8.decode(self._vocabulary.piece(token))
