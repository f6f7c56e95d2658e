"""What a file that is not an SQLite database is, judging by its first bytes, and the command to run next."""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Sequence
from typing import NamedTuple


class Kind(NamedTuple):
    what: str
    """Follows "FILE: is", such as ``gzip-compressed``."""
    hint: str
    """What to do, as a command where there is one."""


def kind_of(head: bytes) -> Kind:
    """What begins with ``head``, a few hundred bytes (none: the file is empty)."""
    if not head:
        return Kind("empty (0 bytes), so there is nothing to ask about", "check the path")
    return next((kind for is_it, kind in _BINARY if is_it(head)), None) or _text(head) or _unknown(head)


_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x19\x1c-\x1f\x7f]")
"""What no text contains in any encoding whose ASCII letters are one byte."""

_CSV = "sqlite-utils insert NEW.db TABLE FILE --csv"
_AS_CSV = f"save its tables as CSV, and turn each into a table with: {_CSV}"
_AGAIN = "copy or download it again"
_CHECK = "check it with: file FILE"


def _other(what: str, hint: str) -> Kind:
    return Kind(f"{what}, not an SQLite database", hint)


def _at(offset: int, *magics: bytes) -> Callable[[bytes], bool]:
    return lambda head: head[offset:].startswith(magics)


def _binary(*magics: bytes) -> Callable[[bytes], bool]:
    """For magic bytes that a text can begin with as well."""
    return lambda head: head.startswith(magics) and _CONTROL.search(head) is not None


def _zip_with(*names: bytes) -> Callable[[bytes], bool]:
    return lambda head: head.startswith(b"PK\3\4") and any(name in head for name in names)


def _unpacked(by: str) -> str:
    return f"unpack it first: {by}"


_BINARY: Sequence[tuple[Callable[[bytes], bool], Kind]] = (
    # SQLite's own
    (_at(0, b"SQLite format 3\0"), Kind(
        "not a readable SQLite database: it begins like one, but its header is damaged or the rest is encrypted",
        "try: sqlite3 FILE .recover | sqlite3 NEW.db; an encrypted one must be decrypted to a file first",
    )),
    (_at(0, b"SQLite format 3", b"\xef\xbb\xbfSQLite format 3"), Kind(
        "an SQLite database that was changed on its way here, as text files are", f"{_AGAIN}, in binary mode"
    )),
    (_at(0, b"** This file contains an SQLite 2"), Kind(
        "an SQLite 2 database", "convert it with the old program: sqlite FILE .dump | sqlite3 NEW.db"
    )),
    (_at(0, b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83"), Kind(
        "the -wal file of a database, not the database", "name the file beside it without -wal"
    )),
    (_at(0, b"\x18\xe2\x2d\0", b"\0\x2d\xe2\x18"), Kind(
        "the -shm file of a database, not the database", "name the file beside it without -shm"
    )),
    (_at(0, b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7"), Kind(
        "the -journal file of a database, not the database", "name the file beside it without -journal"
    )),
    # compressed; the contents of a ZIP identify spreadsheets
    (_zip_with(b"[Content_Types].xml", b"xl/", b"opendocument.spreadsheet"), _other(
        "an office file such as a spreadsheet", _AS_CSV
    )),
    (_at(0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), _other("an old Microsoft Office file", _AS_CSV)),
    (_at(0, b"PK\3\4", b"PK\5\6", b"PK\7\x08"), Kind("a ZIP archive", _unpacked("unzip FILE"))),
    (_at(0, b"\x1f\x8b"), Kind("gzip-compressed", _unpacked("gunzip -c FILE > NEW.db"))),
    (_at(0, b"\x1f\x9d"), Kind("compressed with compress", _unpacked("gunzip -c FILE > NEW.db"))),
    (_binary(b"BZh"), Kind("bzip2-compressed", _unpacked("bunzip2 -c FILE > NEW.db"))),
    (_at(0, b"\xfd7zXZ\0"), Kind("xz-compressed", _unpacked("xz -dc FILE > NEW.db"))),
    (_at(0, b"\x5d\0\0"), Kind("lzma-compressed", _unpacked("xz -dc FILE > NEW.db"))),
    (_at(0, b"\x28\xb5\x2f\xfd"), Kind("zstd-compressed", _unpacked("zstd -dc FILE > NEW.db"))),
    (_at(0, b"\x04\x22\x4d\x18"), Kind("lz4-compressed", _unpacked("lz4 -dc FILE > NEW.db"))),
    (_at(0, b"7z\xbc\xaf\x27\x1c"), Kind("a 7z archive", _unpacked("7z x FILE"))),
    (_at(0, b"Rar!\x1a\x07"), Kind("a RAR archive", _unpacked("unrar x FILE"))),
    (_at(257, b"ustar"), Kind("a tar archive", _unpacked("tar xf FILE"))),
    # other databases and tables
    (_at(8, b"DUCK"), Kind(
        "a DuckDB database", f"write its tables with: duckdb FILE \"EXPORT DATABASE 'DIR'\", and load each with: {_CSV}"
    )),
    (_binary(b"PAR1", b"PARE"), Kind("a Parquet file", (
        "turn it into a database with: duckdb -csv -c \"FROM 'FILE'\" | sqlite-utils insert NEW.db TABLE - --csv"
    ))),
    (_binary(b"ARROW1", b"FEA1", b"ORC", b"Obj\1", b"\x89HDF"), _other("a file of tables", _AS_CSV)),
    (_at(4, b"Standard Jet DB", b"Standard ACE DB"), Kind(
        "a Microsoft Access database", f"write each table with: mdb-export FILE TABLE > TABLE.csv, then: {_CSV}"
    )),
    (_at(0, b"MANIFEST-"), _other("a part of a LevelDB or RocksDB database", _AS_CSV)),
    (lambda head: b"leveldb." in head[:64] or b"rocksdb." in head[:64], _other(
        "a part of a LevelDB or RocksDB database", _AS_CSV
    )),
    (_at(16, b"\xde\xc0\xef\xbe", b"\xbe\xef\xc0\xde"), _other("an LMDB database", _AS_CSV)),
    (_at(12, b"\x62\x31\x05\0", b"\0\x05\x31\x62", b"\x61\x15\x06\0", b"\0\x06\x15\x61"), _other(
        "a Berkeley DB database", _AS_CSV
    )),
    (_at(16, b"T-DB"), _other("a Realm database", _AS_CSV)),
    (_binary(b"PGDMP"), Kind("a PostgreSQL dump", f"restore it with pg_restore, {_AS_CSV}")),
    (_at(0, b"H:2,block:"), _other("an H2 database", _AS_CSV)),
    # encrypted
    (_at(0, b"Salted__"), Kind("encrypted with OpenSSL", "decrypt it first: openssl enc -d -in FILE -out NEW.db")),
    (_at(0, b"-----BEGIN PGP MESSAGE"), Kind("encrypted with PGP", "decrypt it first: gpg -o NEW.db -d FILE")),
    (_at(0, b"age-encryption.org/"), Kind("encrypted with age", "decrypt it first: age -d -o NEW.db FILE")),
    # other files mistaken for a database
    (_binary(b"GGUF"), Kind("a model, not a database", "give the database, and the model as --generator FILE")),
    (_at(0, b"version https://git-lfs"), Kind("a Git LFS pointer, not the file itself", "fetch it: git lfs pull")),
    (_at(0, b"/annex/objects/"), Kind("a git-annex pointer, not the file itself", "fetch it: git annex get FILE")),
    (_at(0, b"U1FMaXRlIGZvcm1hdCAz"), Kind(
        "an SQLite database in base64", "decode it first: base64 -d FILE > NEW.db"
    )),
    (_at(0, b"%PDF"), _other("a PDF document", "check the path")),
    (_at(0, b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"RIFF", b"II*\0", b"MM\0*", b"OggS\0"), _other(
        "a picture or recording", "check the path"
    )),
    (_binary(b"ID3", b"fLaC", b"8BPS"), _other("a picture or recording", "check the path")),
    (_at(4, b"ftyp"), _other("a picture or recording", "check the path")),
    (_at(0, b"bplist0"), _other(
        "an Apple property list", "check the path; a file in the cloud must be downloaded first"
    )),
    (_at(0, b"ANDROID BACKUP\n"), _other(
        "an Android backup", _unpacked("java -jar abe.jar unpack FILE NEW.tar")
    )),
    (_binary(b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe"), _other(
        "a program", "check the path"
    )),
    (lambda head: not head.strip(b"\0"), Kind(
        "not an SQLite database: it begins with zeros, like a copy or download that did not finish", _AGAIN
    )),
    (lambda head: len(head) > 1 and not head.strip(b"\xff"), Kind(
        "no SQLite database: it begins with one byte over and over, as what was read from an empty chip does", _AGAIN
    )),
)  # fmt: skip
"""The first that fits counts."""

_MARKS = ((codecs.BOM_UTF32_LE, "UTF-32"), (codecs.BOM_UTF32_BE, "UTF-32"), (codecs.BOM_UTF16_LE, "UTF-16"),
          (codecs.BOM_UTF16_BE, "UTF-16"))  # fmt: skip
_LEAST_OF_TWO = 0.7
"""Share of the bytes at even, or at odd, positions that are zero in UTF-16 text that is mostly ASCII."""


def _text(head: bytes) -> Kind | None:
    wide = next((name for mark, name in _MARKS if head.startswith(mark)), None) or _unmarked(head)
    text = None if wide is None else _decoded(head, wide)
    if text is not None:
        to = f"iconv -f {wide} -t UTF-8 FILE"
        if _prose(text.lstrip("\ufeff \t\r\n"), "") == _SCRIPT:  # as PowerShell writes what goes to a file
            return Kind(f"an SQL script in {wide}, not a database", f"run it into a new one: {to} | sqlite3 NEW.db")
        return _other(f"a text file in {wide}", f"turn it into UTF-8 first: {to} > NEW.csv")
    if _CONTROL.search(head):
        return None
    text = _decoded(head.removeprefix(codecs.BOM_UTF8), "UTF-8")
    if text is not None:
        return _prose(text.lstrip(), "")
    return _prose(head.decode("latin-1").lstrip(), " --encoding CHARSET")


def _decoded(head: bytes, encoding: str) -> str | None:
    """As text, except for a character cut off at its end; ``None`` where it is not text."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return None
    return None if _CONTROL.search(text.encode("utf-8", "replace")) else text


def _unmarked(head: bytes) -> str | None:
    """UTF-16 without its mark: every other byte of text in ASCII is zero."""
    pairs = len(head) // 2
    zeros = (head[: 2 * pairs : 2].count(0), head[1 : 2 * pairs : 2].count(0))
    if pairs < 4 or min(zeros) > 0 or max(zeros) < _LEAST_OF_TWO * pairs:
        return None
    return "UTF-16LE" if zeros[1] else "UTF-16BE"


def _prose(text: str, encoding: str) -> Kind:
    """``encoding`` is sqlite-utils' option for it; empty for UTF-8."""
    for pattern, kind in _TEXTS:
        if re.match(pattern, text, re.IGNORECASE | re.VERBOSE | re.DOTALL):
            return kind
    first = text.partition("\n")[0]
    kinds = (("\t", "tab-separated values", "--tsv"), (";", "CSV with semicolons", "--csv --delimiter ';'"),
             ("|", "CSV with bars", "--csv --delimiter '|'"), (",", "CSV", "--csv"))  # fmt: skip
    for separator, what, option in kinds:
        if first.count(separator) == max(first.count(one) for one, _, _ in kinds) > 0:
            insert = f"sqlite-utils insert NEW.db TABLE FILE {option}{encoding}"
            return _other(f"a text file that looks like {what}", f"turn it into one with: {insert}")
    return _other("a text file", f"turn CSV or JSON into one with: {_CSV}{encoding}")


_SCRIPT = Kind("an SQL script, not a database", "run it into a new one: sqlite3 NEW.db < FILE")

_TEXTS = (
    (r"(<!-- .*? --> \s*)? <!doctype \s+ html | (<!-- .*? --> \s*)? <html | <head | <body", _other(
        "a web page", "download the file itself, not the page about it: curl -L -o NEW.db URL"
    )),
    (r"<[?!a-z]", _other("an XML file", f"turn it into CSV, and load it with: {_CSV}")),
    (r"\{ [^\n]* \} \s* \n \s* \{", _other(
        "a file of JSON lines", "turn it into one with: sqlite-utils insert NEW.db TABLE FILE --nl"
    )),
    (r'\{ \s* (["}]|\Z) | \[ \s* ([\[{"\]\d-] | true\b | false\b | null\b | \Z)', _other(
        "a JSON file", "turn it into one with: sqlite-utils insert NEW.db TABLE FILE"
    )),
    (r"""-- \s+ (mysql|mariadb|phpmyadmin|adminer|heidisql) \b | /\*[!M]!?\d | set \s+ (sql_mode|names) \b
       | .{0,400} \b engine \s* = \s* (innodb|myisam|aria) \b | (create|drop) \b .{0,400} \b auto_increment \b""", Kind(
        "an SQL script of MySQL, not a database", "turn it into one with: mysql2sqlite FILE | sqlite3 NEW.db"
    )),
    (r"""--\s* (\n--\s*)? postgresql \s+ database \s+ (cluster \s+)? dump | copy \s .{0,200} \bfrom \s+ stdin\b
       | set \s+ (statement_timeout|client_encoding|search_path)\b""", Kind(
        "an SQL script of PostgreSQL, not a database", f"load it there, {_AS_CSV}"
    )),
    (r"""use \s+ \[ | set \s+ (ansi_nulls|quoted_identifier|nocount) \s | /\*+ \s+ object: | rem \s+ inserting
       | set \s+ define \s""", Kind(
        "an SQL script of another system, not a database", f"load it there, {_AS_CSV}"
    )),
    (r"""--- [-\s] [^\n]* \n \s* \w+ : | ---\r?\n | -----begin \s""", _other("a text file", _CHECK)),
    (r"""-- | /\* | begin \s* (transaction|immediate|deferred|exclusive)? \s* ; | pragma \s+ \w
       | select \s | with \s+ \w+ \s+ as\b
       | create \s+ (table|temp|temporary|unique|index|view|trigger|virtual|database|schema|or)\b
       | insert \s+ (or|into)\b | replace \s+ into\b | (drop|alter) \s+ (table|view|index|database|schema|trigger)\b
       | delete \s+ from\b | update \s+ \S+ \s+ set\b | set \s+ \S+ \s* = | start \s+ transaction\b
       | use \s+ \S+ \s* ; | (vacuum|commit|end|analyze|reindex|savepoint) (\s+ \w+)? \s* ; \s* (\n|\Z) | values \s* \(
       | (attach|detach) \s+ (database \s+)? \S+ .* ;""", _SCRIPT),
)  # fmt: skip
"""Patterns for the beginning of a text; the first that fits counts."""

_RANDOM = 0.6
"""Share of the 256 byte values found in a head of at least 256 random bytes; 512 random bytes have 0.86."""


def _unknown(head: bytes) -> Kind:
    if len(head) >= 256 and len(set(head)) >= _RANDOM * 256:
        return Kind(
            "not an SQLite database, or an encrypted one: its first bytes look random, as with SQLCipher",
            "decrypt it to a file first: sqlcipher FILE, PRAGMA key, ATTACH and sqlcipher_export",
        )
    return Kind("not an SQLite database", _CHECK)
