"""What a statement may do: an allow-list that SQLite consults while it prepares each statement."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

import apsw

from planner_cli.text import nocase

FUNCTIONS = frozenset(
    """
    -> ->> abs acos acosh asin asinh atan atan2 atanh avg bm25 ceil ceiling char coalesce concat concat_ws cos
    cosh count cume_dist current_date current_time current_timestamp date datetime degrees dense_rank exp
    first_value floor format geopoly_area geopoly_bbox geopoly_blob geopoly_ccw geopoly_contains_point
    geopoly_group_bbox geopoly_json geopoly_overlap geopoly_regular geopoly_svg geopoly_within geopoly_xform
    glob group_concat hex highlight if ifnull iif instr json json_array json_array_insert json_array_length
    json_each json_error_position json_extract json_group_array json_group_object json_insert json_object
    json_patch json_pretty json_quote json_remove json_replace json_set json_type json_valid jsonb jsonb_array
    jsonb_array_insert jsonb_extract jsonb_group_array jsonb_group_object jsonb_insert jsonb_object jsonb_patch
    jsonb_remove jsonb_replace jsonb_set julianday lag last_value lead length like likelihood likely ln log
    log10 log2 lower ltrim match matchinfo max median min mod nth_value ntile nullif octet_length offsets
    percent_rank percentile percentile_cont percentile_disc pi pow power printf quote radians random randomblob
    rank replace round row_number rtrim sign sin sinh snippet sqlite_version sqrt strftime string_agg substr
    substring subtype sum tan tanh time timediff total trim trunc typeof unhex unicode unistr unistr_quote
    unixepoch unlikely upper zeroblob
    """.split()  # noqa: SIM905 - one name a line would be a page
)
"""Left out on purpose: load_extension, fts3_tokenizer and fts5 (pointers), sqlite_log, rtreecheck, optimize, and
whatever a later SQLite adds, until someone has reviewed it."""

IN_SCHEMA = frozenset(
    (
        "changes",
        "last_insert_rowid",
        "sqlite_compileoption_get",
        "sqlite_compileoption_used",
        "sqlite_source_id",
        "total_changes",
    )
)
"""Harmless but useless to a query: allowed where the schema calls them (as a DEFAULT may) and the query does not."""

MODULES = ("fts3", "fts4", "fts5", "fts4aux", "fts5vocab", "rtree", "rtree_i32", "geopoly")
"""Virtual table modules that are kept; json_each and json_tree always exist. dbstat and others are dropped."""

_INTERNAL_TABLES = re.compile(
    r"(pragma_.*|dbstat|sqlite_stmt|sqlite_dbpage|bytecode|tables_used|carray)", re.ASCII | re.IGNORECASE
)
_INTERNAL_FUNCTIONS = re.compile(r"sqlite_.*|affinity|expr_compare|expr_implies_expr|implies_nonnull_row")
"""SQLite reserves them for itself and lists them nowhere."""

_STATISTICS = re.compile(r"sqlite_stat\d", re.ASCII | re.IGNORECASE)
"""Made by ANALYZE; the fourth holds samples of indexed values."""

_FREE = (apsw.SQLITE_SELECT, apsw.SQLITE_RECURSIVE)


class Policy:
    """The authorizer of one connection. ``denied`` says in words what was refused last.

    ``redacted`` are (table, column) pairs that read as NULL, ``sealed`` the tables of which nothing may be read, and
    ``existing`` the functions SQLite has; all folded by :func:`planner_cli.text.nocase`.
    """

    def __init__(
        self,
        table_names: Iterable[str],
        *,
        existing: Collection[str],
        redacted: Collection[tuple[str, str]] = (),
        sealed: Collection[str] = (),
    ) -> None:
        self.denied: str | None = None
        self.query = ""
        """The text of the query that is run, folded; empty for our own statements."""
        self._tables = {nocase(name) for name in table_names}
        self.redacted = frozenset(redacted)
        self._sealed = frozenset(sealed)
        self.uncomputed: Collection[tuple[str, str]] = ()
        """Generated columns, folded, that read as NULL while a query that does not name them runs."""
        self.unread: dict[str, None] = {}
        """Those that did read as NULL, as ``table.column``."""
        self._existing = existing

    def __call__(
        self, action: int, first: str | None, second: str | None, _database: str | None, _inside: str | None
    ) -> int:
        if action in _FREE or self._may(action, first or "", second or ""):
            if action == apsw.SQLITE_READ:
                if self.redacted and self._is_redacted(first or "", second or ""):
                    return apsw.SQLITE_IGNORE
                if self.uncomputed and (nocase(first or ""), nocase(second or "")) in self.uncomputed:
                    self.unread[f"{first}.{second}"] = None
                    return apsw.SQLITE_IGNORE
            return apsw.SQLITE_OK
        return apsw.SQLITE_DENY

    def _may(self, action: int, first: str, second: str) -> bool:
        if action == apsw.SQLITE_READ:
            if nocase(first) in self._sealed:
                self.denied = f"reading {first}, which has a redacted column,"
                return False
            if nocase(first) in self._tables or not _INTERNAL_TABLES.fullmatch(first):
                return True
            self.denied = f"reading {first}"
        elif action == apsw.SQLITE_FUNCTION:
            # SQLite also asks about the functions of DEFAULT, STORED and index texts, which a plain read never runs;
            # they may be the owner's program's own. One that does not exist here cannot run, whoever calls it.
            called = nocase(second)
            if called in FUNCTIONS or not (called in self._existing or _INTERNAL_FUNCTIONS.fullmatch(called)):
                return True
            if called in IN_SCHEMA and called not in self.query:
                return True
            self.denied = f"the function {second}()"
        elif action == apsw.SQLITE_PRAGMA:
            # FTS5 reads data_version on its own, to see whether its cache is stale.
            if first == "data_version":
                return True
            self.denied = f"PRAGMA {first}"
        else:
            name = apsw.mapping_authorizer_function.get(action, "this")
            self.denied = str(name).removeprefix("SQLITE_").replace("_", " ")
        return False

    def _is_redacted(self, table: str, column: str) -> bool:
        return (nocase(table), nocase(column)) in self.redacted or bool(_STATISTICS.fullmatch(table))
