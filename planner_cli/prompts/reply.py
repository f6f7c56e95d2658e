"""The SQL in a model's text: what general models write around a query, taken away.

Used for what the generator writes and for predictions in other people's data sets, so that both are read alike.
What is covered: thoughts, code blocks (also doubled, nested, unclosed), labels such as ``SQL:``, language tags, prose
before and after, JSON with a ``sql`` key, end-of-turn tokens. What is not: mending the query. A text that already is
one, with several statements or in another dialect, is left as it is: SQLite has the last word.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from planner_cli.engine.chat import REASONING_FORMATS
from planner_cli.lexer import Token, tokens

_BEGINS_AS_SQL = re.compile(
    r"--|/\*|\((?=[\s(]*(?:select|with|values)\b)|(select|with|values|explain|insert|update|delete|replace|create|drop|alter|pragma|attach|detach|vacuum"
    r"|analyze|reindex|begin|commit|rollback|savepoint|release|end)\b",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"[\s\u200b\u2060\ufeff]+")
"""White space, and what is as invisible."""
_QUOTED = {"`": "`", "'": "'", '"': '"', "\u201c": "\u201d", "\u2018": "\u2019", "\u00ab": "\u00bb", "\u300c": "\u300d"}
"""What may quote a whole query, and its other end."""
_QUERY = re.compile(r"(select|with|values)\b", re.IGNORECASE)
_LINE = re.compile("^", re.MULTILINE)
_INLINE = re.compile(r"`((?:select|with|values)\b[^`]*)`", re.IGNORECASE)
_FENCE = re.compile(r"(?:`{3,}|~{3,})[ \t]*(?P<tag>[\w+-]*)")
_LABEL = re.compile(
    r"""[\s>#*_]* (?:\d+[.)]\s+ | [-+]\s+)?           # a list's or a heading's mark
        (?: [*_]* [^\W\d_][\w'\u2019,\ -]{0,100} [*_]* [:\uff1a] [*_]*  # "SQL:", "**Final answer**:", "Here is it:"
          | [a-z_]\w{0,30} \s* =(?!\#)                                   # "query ="
          | (?:sqlite|sql|mysql|\w{0,30}=[>\#])>? (?<=[>\#])            # the prompts of shells
          | <[|\uff5c][^<>|\uff5c]{1,40}[|\uff5c]> | <s>
          | (?:sql|sqlite3?|mysql|postgres(?:ql)?) (?=\s)
          | \[/?(?:SQL|ANSWER)\]
          | (?:</?[a-z][\w-]*(?:\s[^<>]*)?/?>\s*){1,4}
        )? \s*""",
    re.IGNORECASE | re.VERBOSE,
)
_TURN_ENDS = re.compile(
    r"""(?: [\s\u200b\u2060\ufeff]
          | <[|\uff5c][^<>|\uff5c]{1,40}[|\uff5c]> | <end_of_turn> | <eos> | \[/?(?:SQL|ANSWER)\]
          | </[a-z][\w-]*> | <br\ ?/?>
          | (?<=\n)> | \*\* | (?<=['")\w])(?<!\d)\.   # the marks of a quotation, of bold letters, of a sentence
        )+\Z""",
    re.IGNORECASE | re.VERBOSE,
)
_TRIPLE_QUOTES = re.compile(r"""^[ \t]*(?:\"{3}|'{3})[ \t]*[),;]*[ \t]*$.*""", re.MULTILINE | re.DOTALL)
"""A line of three quotes, as a program's text ends, and what comes behind it."""
_SAID = re.compile(
    r"""(?: [!.?:\u3002\uff1a]\s* | \b(?:[Ii]s|[Uu]se|[Rr]un|[Tt]ry|query|sql|SQL)\s+ | [{$] )
        ([`'"\u201c\u300c]?(?:SELECT|WITH)\b)""",
    re.VERBOSE,
)
"""A query at the end of a sentence."""
_JSON_NAMES = (
    "sql",
    "query",
    "sqlquery",
    "finalsql",
    "finalquery",
    "sqlstatement",
    "statement",
    "finalanswer",
    "answer",
)
"""Keys of a reply's query, the first that it has; in small letters, without what stands between words."""
_PROSE_LABEL = re.compile(r"[*_#\s]*[^\W\d_][\w'\u2019, -]*[*_]*:[*_]*(?=\s|\Z)")
_SENTENCE_ENDS = re.compile(r"[^\W\d_][.\u3002!?\uff01\uff1f]\s*\Z")
_HEADING = re.compile(r"#{1,6}\s|\*\*\w")
_PROSE_MARK = re.compile(r"[*>|]\s|-\s+[^\W\d]|-\s+[`*]|\d+[.)]\s")
"""What begins a paragraph of Markdown, but not a line of a query."""
_THREE_WORDS = re.compile(r"[\W_]*([^\W\d][\w'\u2019]*)[ \t]+([^\W\d][\w'\u2019]*)[ \t]+([^\W\d][\w'\u2019]*)")
_FIRST_WORD = re.compile(r"([^\W\d][\w'\u2019]*)(?P<more>[ \t]+[^\W\d])?")
_STARTERS = frozenset("the this that these it its here note explanation i i'll we you there please so".split())  # noqa: SIM905
_WORDS = frozenset(
    """select from where group order by having limit offset join on using as and or not in like glob regexp match
    between is null distinct union intersect except all exists asc desc left right full outer inner cross natural case
    when then else end cast with recursive materialized values escape collate over partition window range rows groups
    preceding following unbounded current filter first last nulls insert into update set delete replace create table
    view index trigger temp temporary if drop alter add column rename to pragma attach detach database explain query
    plan begin transaction commit rollback returning default primary key indexed isnull notnull vacuum analyze
    """.split()  # noqa: SIM905 - a hundred quoted words in a list would be harder to read
)
"""SQL words: three words in a row that are not among them are prose, since a name has one alias at most."""


def extract_sql(text: str) -> str:
    """The query in a model's text, white space around it removed.

    The first block that begins as SQL counts, else the first line that begins as a query, else one that is quoted as
    code in a sentence. Where there is none, the text itself is returned, for SQLite to refuse.
    """
    return _found(text)[0]


def is_closed(text: str) -> bool:
    """Whether the query in the text is followed by the end of its block: nothing more is needed."""
    return _found(text)[1]


def opened(text: str) -> str:
    """The text from where its query can begin: blanks, fences, language tags and labels before it removed."""
    return _opened(_without_thought(text))


def _opened(rest: str) -> str:
    while True:
        before = rest
        rest = _trimmed(rest)
        fence = _FENCE.match(rest)
        if fence is not None:
            rest = rest[_block_start(fence) :]
        label = _LABEL.match(rest)
        after = rest[label.end() :] if label else rest
        if not after or _begins(after) or _FENCE.match(after) or _is_quoted(after):
            rest = after
        if rest == before:
            return rest


def _found(text: str) -> tuple[str, bool]:
    """The query, and whether a fence stands behind it."""
    bare = _without_thought(text)
    blocks = _blocks(bare)
    for at, block in enumerate(blocks):
        query = _whole(block)
        if query is not None:
            return query, at < len(blocks) - 1
    for at, block in enumerate(blocks):
        for line in _LINE.finditer(block):
            query = _whole(block[line.start() :])
            if query is not None and _QUERY.match(query):
                return query, at < len(blocks) - 1
    inline = _INLINE.search(bare)
    if inline is not None:
        return inline[1].strip(), False
    for block in blocks:
        said = _SAID.search(block)
        query = _whole(block[said.start(1) :]) if said else None
        if query is not None:
            return query, False
    return next((block.strip() for block in blocks if block.strip()), ""), False


def _without_thought(text: str) -> str:
    """The text outside thoughts; nothing after one that was never closed."""
    for marks in REASONING_FORMATS:
        if not marks.close or (marks.close not in text and marks.open not in text):
            continue
        if _begins(text.lstrip()):  # the marks are part of a query's literal
            return text
        before, closed, after = text.rpartition(marks.close)
        text = after if closed else before + after
        text = text.partition(marks.open)[0]
    return text


def _in_json(text: str) -> str | None:
    """The query of ``{"sql": "..."}``, or of a list of such."""
    if not text.startswith(("{", "[")):
        return None
    try:
        reply = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(reply, list):
        reply = reply[0] if reply else None
    if isinstance(reply, str):
        return reply if _begins(_trimmed(reply)) else None
    if not isinstance(reply, dict):
        return None
    texts = {re.sub(r"[\W_]", "", key).lower(): value for key, value in reply.items() if isinstance(value, str)}
    named = next((texts[name] for name in _JSON_NAMES if name in texts), None)
    return named if named is not None else next((value for value in texts.values() if _begins(_trimmed(value))), None)


def _trimmed(text: str) -> str:
    blanks = _BLANKS.match(text)
    return text[blanks.end() :] if blanks else text


def _blocks(text: str) -> list[str]:
    """The text cut at its fences, each without its language tag."""
    cuts = list(_fences(text))
    starts = [0, *(_block_start(fence) for fence in cuts)]
    return [text[start:end] for start, end in zip(starts, [*(fence.start() for fence in cuts), len(text)], strict=True)]


def _fences(text: str) -> Iterator[re.Match[str]]:
    for fence in _FENCE.finditer(text):
        before = text[text.rfind("\n", 0, fence.start()) + 1 : fence.start()]
        after = text[fence.end() :].partition("\n")[0]
        if not before.strip() or not any(before.count(mark) % 2 and after.count(mark) % 2 for mark in "'\""):
            yield fence  # one between two quotes of its line is part of a literal


def _block_start(fence: re.Match[str]) -> int:
    """Where what a fence opens begins: behind its language, which may be missing."""
    return fence.start("tag") if _begins(fence["tag"]) else fence.end()


def _whole(block: str) -> str | None:
    """The query that a block is, without what stands around it; ``None`` when it does not begin as one."""
    text = _opened(block)
    wrapped = _in_json(text)
    if wrapped is not None:
        return wrapped.strip()
    if _is_quoted(text):
        text = _without_end(text[1:]).removesuffix(_QUOTED[text[0]])
    if not _begins(text):
        return None
    return _without_end(_without_prose(_TRIPLE_QUOTES.sub("", text)))


def _is_quoted(text: str) -> bool:
    """Whether the whole query is quoted, as one writes code in prose."""
    return text[:1] in _QUOTED and _begins(text[1:])


def _without_end(text: str) -> str:
    """Without the end-of-turn tokens that some programs leave in."""
    return _TURN_ENDS.sub("", text).strip()


def _begins(text: str) -> bool:
    """Whether a text begins as SQL, and not as a sentence or a label whose first word is one of SQL's."""
    found = _BEGINS_AS_SQL.match(text)
    if found is None or found[1] is None:
        return found is not None
    return not _PROSE_LABEL.match(text) and not _three_words(text[found.end() :])


def _without_prose(sql: str) -> str:
    """The query up to where a sentence about it begins: behind its semicolon, at a label, on a line of its own."""
    depth = 0
    before: Token | None = None
    for token in tokens(sql):
        if token.text == ":" and before is not None and before.kind == "word" and sql[token.end :][:1].isspace():
            return sql[: before.start].rstrip()
        before = token
        depth += (token.text == "(") - (token.text == ")")
        if token.text == ";" and _is_prose_after(sql, token):
            return sql[: token.end]
        if token.kind == "space" and "\n" in token.text and depth <= 0 and _is_prose(sql[token.end :], token):
            return sql[: token.start]
    return sql


def _is_prose_after(sql: str, semicolon: Token) -> bool:
    rest = sql[semicolon.end :].lstrip()
    return bool(rest) and not _begins(_opened(rest))


def _is_prose(rest: str, gap: Token) -> bool:
    """Whether a line is prose; after an empty line less evidence is needed."""
    line = rest.partition("\n")[0]
    if line.startswith(("--", "/*")):
        return False
    if _PROSE_LABEL.match(line) or _HEADING.match(line) or _three_words(line):
        return True
    first = _FIRST_WORD.match(line)
    word = first[1].lower() if first is not None else "select"
    if (first is not None and first["more"] and word in _STARTERS) or (
        word not in _WORDS and _SENTENCE_ENDS.search(line)
    ):
        return True
    return gap.text.count("\n") > 1 and (
        _PROSE_MARK.match(line) is not None
        or (first is not None and first["more"] is not None and first[1].istitle() and word not in _WORDS)
    )


def _three_words(text: str) -> bool:
    """Whether a text begins with three words in a row that are not SQL's."""
    found = _THREE_WORDS.match(text)
    return found is not None and not any(word.lower() in _WORDS for word in found.groups())
