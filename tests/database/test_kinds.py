"""What a file is that is no database: real files where a library writes them, first bytes where none does."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import sqlite3
import tarfile
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from database_files import build

from planner_cli.cli import main
from planner_cli.database import Database
from planner_cli.database.kinds import kind_of
from planner_cli.database.paths import not_a_database
from planner_cli.errors import DatabaseError, ExitCode

CSV = "Name,Straße,Ort\nAnna,Königsallee 3,Köln\n"
DUMP = "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\nCREATE TABLE t (a);\nINSERT INTO t VALUES(1);\nCOMMIT;\n"
JSON = '[\n  {"id": 1, "name": "Anna"},\n  {"id": 2, "name": "Ben"}\n]\n'


def zipped(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, "content of " + name)
    return stream.getvalue()


def tar() -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        archive.addfile(tarfile.TarInfo("a.db"))
    return stream.getvalue()


def random_bytes(size: int) -> bytes:
    return random.Random(3).randbytes(size)


KINDS = [
    # name, what is in the file, a part of what is said, a part of the next step
    ("CSV", CSV.encode("ascii", "ignore"), "is a text file that looks like CSV, not an SQLite database", "insert NEW.db TABLE FILE --csv"),
    ("CSV with an umlaut", CSV.encode(), "a text file that looks like CSV", "TABLE FILE --csv"),
    ("CSV with a BOM", CSV.encode("utf-8-sig"), "a text file that looks like CSV", "TABLE FILE --csv"),
    ("CSV in Latin-1", CSV.encode("latin-1"), "a text file that looks like CSV", "--csv --encoding CHARSET"),
    ("CSV in a Cyrillic code page", "имя,город\nАнна,Москва\n".encode("cp1251"), "looks like CSV", "--encoding CHARSET"),
    ("CSV in Shift-JIS", "名前,住所\n".encode("shift-jis"), "looks like CSV", "--encoding CHARSET"),
    ("an umlaut cut at the end of what is read", b"a,b\n" + b"x" * 507 + "ö".encode(), "looks like CSV", "FILE --csv"),
    ("semicolons", b"a;b;c\n1,5;2;3\n", "looks like CSV with semicolons", "--csv --delimiter ';'"),
    ("tabs", b"a\tb, c\td\n", "looks like tab-separated values", "--tsv"),
    ("UTF-16 as Excel writes it", CSV.encode("utf-16"), "a text file in UTF-16", "iconv -f UTF-16 -t UTF-8 FILE"),
    ("UTF-16 without its mark", CSV.encode("utf-16-le"), "a text file in UTF-16LE", "iconv -f UTF-16LE"),
    ("UTF-16, the other way round", CSV.encode("utf-16-be"), "a text file in UTF-16BE", "iconv -f UTF-16BE"),
    ("UTF-32", CSV.encode("utf-32"), "a text file in UTF-32", "iconv -f UTF-32"),
    ("a sentence", b"Nothing to see here.\n", "is a text file, not an SQLite database", "sqlite-utils insert"),
    ("one letter", b"x", "is a text file", "sqlite-utils insert"),
    ("a dump", DUMP.encode(), "an SQL script, not a database", "sqlite3 NEW.db < FILE"),
    ("a dump with a BOM and a comment", b"\xef\xbb\xbf-- made by hand\ninsert into t values (1);", "an SQL script", "sqlite3 NEW.db < FILE"),
    ("a schema in lower case", b"\n\ncreate table if not exists t (a);", "an SQL script", "sqlite3 NEW.db < FILE"),
    ("CSV that begins like SQL", b"create,drop,select\n1,2,3\n", "looks like CSV", "--csv"),
    ("a dump of MySQL", b"-- MySQL dump 10.13  Distrib 8.0\n--\n-- Host: x\n", "an SQL script of MySQL", "mysql2sqlite"),
    ("of MySQL without its comment", b"CREATE TABLE `t` (`a` int) ENGINE=InnoDB;", "an SQL script of MySQL", "mysql2sqlite"),
    ("a dump of PostgreSQL", b"--\n-- PostgreSQL database dump\n--\n", "an SQL script of PostgreSQL", "CSV"),
    ("PostgreSQL's own format", b"PGDMP\x01\x0e\x00\x04\x08", "a PostgreSQL dump", "pg_restore"),
    ("JSON", JSON.encode(), "a JSON file", "sqlite-utils insert NEW.db TABLE FILE"),
    ("a JSON object", b'{"a": [1, 2]}', "a JSON file", "sqlite-utils insert"),
    ("JSON lines", b'{"a": 1}\n{"a": 2}\n', "a file of JSON lines", "--nl"),
    ("no JSON", b"[section]\nkey = 1\n", "is a text file, not", "sqlite-utils insert"),
    ("a web page", b"\n<!DOCTYPE html>\n<html lang=en>", "a web page", "curl -L -o NEW.db URL"),
    ("XML", b"<?xml version='1.0'?><a/>", "an XML file", "CSV"),
    ("gzip", gzip.compress(CSV.encode()), "gzip-compressed", "gunzip -c FILE > NEW.db"),
    ("bzip2", bz2.compress(CSV.encode()), "bzip2-compressed", "bunzip2 -c FILE"),
    ("xz", lzma.compress(CSV.encode()), "xz-compressed", "xz -dc FILE"),
    ("lzma", lzma.compress(CSV.encode(), lzma.FORMAT_ALONE), "lzma-compressed", "xz -dc FILE"),
    ("zstd", b"\x28\xb5\x2f\xfd\x24\x05\x29\0\0hello", "zstd-compressed", "zstd -dc FILE"),
    ("zip", zipped("shop.sqlite"), "a ZIP archive", "unzip FILE"),
    ("a spreadsheet", zipped("[Content_Types].xml", "xl/workbook.xml"), "an office file such as a spreadsheet", "as CSV"),
    ("an old spreadsheet", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "an old Microsoft Office file", "as CSV"),
    ("7z", b"7z\xbc\xaf\x27\x1c\0\x04", "a 7z archive", "7z x FILE"),
    ("tar", tar(), "a tar archive", "tar xf FILE"),
    ("bars", b"id|name|city\n1|Anna|Rome\n", "looks like CSV with bars", "--csv --delimiter '|'"),
    ("YAML", b"---\nname: shop\ntables:\n  - a\n", "is a text file, not", "file FILE"),
    ("a certificate", b"-----BEGIN CERTIFICATE-----\nMIIB\n", "is a text file, not", "file FILE"),
    ("a dump in UTF-16, as PowerShell writes it", DUMP.encode("utf-16"), "an SQL script in UTF-16, not a database", "iconv -f UTF-16 -t UTF-8 FILE | sqlite3 NEW.db"),
    ("a dump in UTF-16 without its mark", DUMP.encode("utf-16-le"), "an SQL script in UTF-16LE", "| sqlite3 NEW.db"),
    ("VACUUM and more", b"VACUUM;\nCREATE TABLE t (a);\n", "an SQL script, not", "sqlite3 NEW.db < FILE"),
    ("ATTACH", b"attach database 'x.db' as x;\n", "an SQL script, not", "sqlite3 NEW.db < FILE"),
    ("a line of dashes", b"-------- shop --------\ncreate table t (a);\n", "an SQL script, not", "sqlite3 NEW.db < FILE"),
    ("prose that begins like SQL", b"Commit early; vacuum and explain later.\n", "is a text file", "sqlite-utils"),
    ("a dump of MariaDB", b"/*M!999999\\- enable the sandbox mode */ \n-- MariaDB dump 10.19\n", "an SQL script of MySQL", "mysql2sqlite"),
    ("a dump of phpMyAdmin", b"-- phpMyAdmin SQL Dump\n-- version 5.2.1\n", "an SQL script of MySQL", "mysql2sqlite"),
    ("of MySQL behind a comment", b"-- shop\nCREATE TABLE t (a int) ENGINE=InnoDB;", "an SQL script of MySQL", "mysql2sqlite"),
    ("MySQL's keys", b"CREATE TABLE `t` (\n `id` int(11) NOT NULL AUTO_INCREMENT\n);", "an SQL script of MySQL", "mysql2sqlite"),
    ("SQLite's keys", b"CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT);", "an SQL script, not", "sqlite3 NEW.db < FILE"),
    ("a dump of a PostgreSQL cluster", b"--\n-- PostgreSQL database cluster dump\n--\n", "an SQL script of PostgreSQL", "CSV"),
    ("PostgreSQL's COPY", b"COPY public.t (a, b) FROM stdin;\n1\t2\n", "an SQL script of PostgreSQL", "CSV"),
    ("SQL Server", b"USE [shop]\r\nGO\r\nSET ANSI_NULLS ON\r\nGO\r\n", "an SQL script of another system", "CSV"),
    ("a page behind a comment", b"<!-- saved from url=(0014)about:internet -->\n<html>", "a web page", "curl -L"),
    ("an Android backup", b"ANDROID BACKUP\n5\n1\nnone\n\x78\xda\1\2", "an Android backup", "abe.jar unpack"),
    ("an Apple property list", b"bplist00\xd1\1\2QaQb\x08", "an Apple property list", "check the path"),
    ("a film", b"\0\0\0\x18ftypmp42\0\0", "a picture or recording", "check the path"),
    ("an empty chip", b"\xff" * 4096, "one byte over and over", "copy or download it again"),
    ("SQLCipher with a plain header", b"SQLite format 3\0\x10\0\1\1\0\x40\x20\x20" + random_bytes(8168), "the rest is encrypted", "decrypted to a file first"),
    ("Parquet", b"PAR1\x15\x04\x15\x0e", "a Parquet file", "duckdb -csv"),
    ("a text that begins like Parquet", b"PAR1 is a golf term, ORC none", "a text file", "sqlite-utils"),
    ("DuckDB", bytes(8) + b"DUCK" + b"\x40\0\0\0", "a DuckDB database", "EXPORT DATABASE"),
    ("Access", b"\0\1\0\0Standard ACE DB\0", "a Microsoft Access database", "mdb-export"),
    ("LevelDB's CURRENT", b"MANIFEST-000004\n", "a part of a LevelDB", "CSV"),
    ("LevelDB's manifest", b"\x56\xf9\xb8\xf8\x1c\0\1\1\x1aleveldb.BytewiseComparator", "a part of a LevelDB", "CSV"),
    ("LMDB", bytes(16) + b"\xde\xc0\xef\xbe\1\0\0\0", "an LMDB database", "CSV"),
    ("Berkeley DB", bytes(12) + b"\x62\x31\x05\0\x09\0\0\0", "a Berkeley DB database", "CSV"),
    ("SQLite 2", b"** This file contains an SQLite 2.1 database **\0" + bytes(50), "an SQLite 2 database", "sqlite FILE .dump | sqlite3"),
    ("SQLite as text", b"SQLite format 3\r\n\x10\0\1\1", "changed on its way", "binary mode"),
    ("SQLite in base64", b"U1FMaXRlIGZvcm1hdCAzABAAAQEA", "in base64", "base64 -d FILE"),
    ("SQLite with a broken header", b"SQLite format 3\0" + b"\xff" * 600, "its header is damaged or the rest is encrypted", ".recover"),
    ("SQLCipher", random_bytes(4096), "or an encrypted one", "sqlcipher"),
    ("OpenSSL", b"Salted__" + random_bytes(100), "encrypted with OpenSSL", "openssl enc -d"),
    ("PGP", b"-----BEGIN PGP MESSAGE-----\n\n", "encrypted with PGP", "gpg"),
    ("PNG", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a picture", "check the path"),
    ("PDF", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "a PDF document", "check the path"),
    ("a model", b"GGUF\3\0\0\0", "a model, not a database", "--generator FILE"),
    ("a Git LFS pointer", b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "a Git LFS pointer", "git lfs pull"),
    ("zeros", bytes(8192), "it begins with zeros", "copy or download it again"),
    ("unknown", b"\1\2\3\4" * 30, "is not an SQLite database", "check it with: file FILE"),
    ("empty", b"", "is empty (0 bytes)", "check the path"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "what", "hint"), [k[1:] for k in KINDS], ids=[k[0] for k in KINDS])
def test_what_a_head_is_of(content: bytes, what: str, hint: str) -> None:
    """What the worker has read, which is no more than this."""
    refusal = not_a_database(Path("data.db"), content[:512])
    assert what in refusal.message
    assert hint in (refusal.hint or "")
    assert refusal.message.startswith("data.db: is ")


OPENED = [
    pytest.param(*case, id=name, marks=() if at % 9 == 0 else pytest.mark.slow)
    for at, (name, *case) in enumerate(KINDS)
]
"""A worker is started for each: one in nine, the others slow."""


@pytest.mark.parametrize(("content", "what", "hint"), OPENED)
def test_what_it_is_and_what_to_do(tmp_path: Path, content: bytes, what: str, hint: str) -> None:
    path = tmp_path / "data.db"
    path.write_bytes(content)
    with pytest.raises(DatabaseError) as caught:
        Database.open(path)
    assert what in caught.value.message
    assert hint in (caught.value.hint or "")
    assert caught.value.message.startswith(f"{path}: is ")
    assert path.read_bytes() == content


@pytest.mark.parametrize("content", [k[1] for k in KINDS], ids=[k[0] for k in KINDS])
def test_any_part_of_a_head_is_read(content: bytes) -> None:
    for size in (1, 2, 15, 16, 17, 100, 511):
        what, hint = kind_of(content[:size])
        assert what
        assert hint
        assert "(" not in hint


@pytest.mark.parametrize("suffix", ["-wal", "-shm", "-journal"])
def test_what_sqlite_keeps_beside_a_database_is_named(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / "a.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode=" + ("DELETE" if suffix == "-journal" else "WAL"))
        connection.execute("CREATE TABLE t (a)")
        connection.execute("PRAGMA cache_size=1")
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 5000,)] * 20)
        with pytest.raises(DatabaseError, match=f"is the {suffix} file of a database") as caught:
            Database.open(f"{path}{suffix}")
        assert f"without {suffix}" in (caught.value.hint or "")


def test_one_line_on_the_screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "orders.dat"
    path.write_text(CSV, encoding="utf-8-sig")
    assert main(["ask", "How many?", str(path)]) == ExitCode.USAGE
    assert capsys.readouterr().err == (
        f"planner: {path}: is a text file that looks like CSV, not an SQLite database "
        "(turn it into one with: sqlite-utils insert NEW.db TABLE FILE --csv)\n"
    )


FILLED = """
CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT);
WITH n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 400) INSERT INTO t SELECT i, printf('%050d', i) FROM n
"""


def filled(path: Path, page: int = 4096, *, wal: bool = False) -> Path:
    return build(path, FILLED, before=f"PRAGMA page_size={page}; PRAGMA journal_mode={'WAL' if wal else 'DELETE'}")


CUTS = [
    # name, page size, WAL mode, bytes that stay (negative: that go)
    ("one byte", 4096, False, -1),
    ("within the last page", 4096, False, -2000),
    ("the whole last page", 4096, False, -4096),
    ("a page and a half", 4096, False, -6000),
    ("small pages", 512, False, -100),
    ("large pages", 65536, False, -100),
    ("in WAL mode", 4096, True, -1000),
    ("in WAL mode, whole pages", 4096, True, -8192),
    ("all but the first page", 4096, False, 4096),
    ("within the first page", 4096, False, 3000),
    ("all but the header", 4096, False, 100),
    ("within the header", 4096, False, 50),
    ("all but the magic", 4096, False, 16),
]  # fmt: skip


@pytest.mark.parametrize(("page", "wal", "stays"), [c[1:] for c in CUTS], ids=[c[0] for c in CUTS])
def test_a_file_that_is_cut_off(tmp_path: Path, page: int, wal: bool, stays: int) -> None:
    path = filled(tmp_path / "a.db", page, wal=wal)
    path.write_bytes(path.read_bytes()[:stays])
    with pytest.raises(DatabaseError, match=r"is cut off: it has [\d,]+ bytes of [\d,]+;") as caught:
        Database.open(path)
    assert ".recover" in (caught.value.hint or "")


def test_sqlite_itself_says_nothing_of_a_page_that_is_cut(tmp_path: Path) -> None:
    """The reason: without a look at its size, rows would be lost in silence."""
    path = filled(tmp_path / "a.db")
    path.write_bytes(path.read_bytes()[:-2000])
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        assert connection.execute("SELECT count(*), count(nullif(a, '')) FROM t").fetchall() != [(400, 400)]


def test_a_file_that_is_cut_while_it_is_open(tmp_path: Path) -> None:
    path = filled(tmp_path / "a.db")
    with Database.open(path) as database:
        assert database.execute("SELECT count(*) FROM t").rows == ((400,),)
        path.write_bytes(path.read_bytes()[:-1000])
        assert "is cut off" in (database.execute("SELECT count(*) FROM t").error or "")


WHOLE = [
    ("rollback journal", False, b""),
    ("WAL mode", True, b""),
    ("something behind its last page", False, b"a signature"),
    ("a whole page behind it", False, bytes(4096)),
]


@pytest.mark.parametrize(("wal", "behind"), [w[1:] for w in WHOLE], ids=[w[0] for w in WHOLE])
def test_a_whole_file_is_read(tmp_path: Path, wal: bool, behind: bytes) -> None:
    path = filled(tmp_path / "a.db", wal=wal)
    path.write_bytes(path.read_bytes() + behind)
    with Database.open(path) as database:
        assert database.execute("SELECT count(*) FROM t").rows == ((400,),)


def test_pages_that_are_in_the_wal_only_are_not_missing(tmp_path: Path) -> None:
    path = build(tmp_path / "a.db", "CREATE TABLE t (a)", before="PRAGMA journal_mode=WAL")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.executemany("INSERT INTO t VALUES (?)", [("x" * 5000,)] * 20)
        with Database.open(path) as database:
            assert database.execute("SELECT count(*) FROM t").rows == ((20,),)


def test_an_older_writer_leaves_no_count(tmp_path: Path) -> None:
    """SQLite then relies on the file's size, and so do we."""
    path = filled(tmp_path / "a.db")
    content = bytearray(path.read_bytes())
    content[92:96] = b"\0\0\0\0"
    path.write_bytes(content)
    with Database.open(path) as database:
        assert database.execute("SELECT count(*) FROM t").rows == ((400,),)
    path.write_bytes(content[:-1000])
    with pytest.raises(DatabaseError, match="is cut off"):
        Database.open(path)
