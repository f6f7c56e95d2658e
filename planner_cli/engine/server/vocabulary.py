"""The tokenizer of a model behind ``llama-server``."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable

from planner_cli.engine.server.http import Http
from planner_cli.engine.vocabulary import Vocabulary

_MARKS = r"<[|\uff5c/]?[^\W\d][^<>\n]{0,60}>|\[/?[A-Z][A-Z_]{2,30}\]"
"""What looks like a special token in any format in use; a server does not list those it knows."""


def mark_pattern(reasoning_marks: Iterable[str]) -> re.Pattern[str]:
    """Matches what no untrusted text may introduce, including the reasoning marks."""
    texts = [re.escape(mark) for mark in reasoning_marks if len(mark) > 1]
    return re.compile("|".join([*texts, _MARKS]))


class ServerVocabulary(Vocabulary):
    """Spans to token ids as in-process, each piece tokenised by the server's ``/tokenize``."""

    def __init__(self, http: Http, *, reasoning_marks: Iterable[str] = ()) -> None:
        self._http = http
        self.special = {}
        self._marks = mark_pattern(reasoning_marks)
        self._ask = functools.lru_cache(maxsize=4096)(self._request)
        first = self._ids("", add_special=True)
        self._bos = first[0] if first else None
        # SentencePiece models put a space before every text: "a" and "\na" then differ by more than the newline.
        self._adds_space = self._ids("\na")[-1:] != self._ids("a")[-1:]

    def _tokenize(self, text: str, *, parse_special: bool) -> list[int]:
        return list(self._ask(text, parse_special))

    def _request(self, text: str, parse_special: bool) -> tuple[int, ...]:
        return tuple(self._ids(text, parse_special=parse_special))

    def _ids(self, text: str, *, parse_special: bool = False, add_special: bool = False) -> list[int]:
        body = {"content": text, "parse_special": parse_special, "add_special": add_special}
        return [int(token) for token in self._http.post("/tokenize", body)["tokens"]]
