"""The real hub client against a hub of our own: what comes is whole and right, or it is not there."""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import os
import re
import signal
import ssl
import stat
import subprocess
import sys
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace

import pytest
from gguf_files import gguf
from hub_server import COMMIT, Fault, Hub

from planner_cli.errors import ExitCode, ModelError
from planner_cli.hub import list_models, models_dir, registry, resolve, store
from planner_cli.hub.pull import pull, wishes

pytestmark = pytest.mark.network

MODEL = gguf(data=3_000_000)
"""Three times what the client writes at once."""
SHA256 = hashlib.sha256(MODEL).hexdigest()
SPEC = "owner/repo:folder/tiny.gguf"
HEAD_AGAIN = 4


@pytest.fixture(autouse=True)
def own_process_settings(monkeypatch):
    """The client sets the library's variables and log for the process: undone after each test."""
    for name in ("TELEMETRY", "IMPLICIT_TOKEN", "UPDATE_CHECK", "XET"):
        monkeypatch.setenv(f"HF_HUB_DISABLE_{name}", "1")
    logger = logging.getLogger("huggingface_hub")
    monkeypatch.setattr(logger, "handlers", logger.handlers)
    monkeypatch.setattr(logger, "propagate", logger.propagate)


@pytest.fixture
def hub():
    with Hub({"owner/repo": {"folder/tiny.gguf": MODEL}}) as server:
        yield server


class Told:
    """What a pull says on the way."""

    def __init__(self):
        self.notes = []
        self.bytes = []
        self.pauses = []

    def progress(self, done, total):
        self.bytes.append((done, total))


def get(hub, spec=SPEC, *, revision=None, name=None, told=None):
    told = told or Told()
    (wish,) = wishes(spec, revision)
    return pull(
        wish,
        endpoint=hub.endpoint,
        name=name,
        progress=told.progress,
        note=told.notes.append,
        pause=told.pauses.append,
    )


def parts():
    return sorted(models_dir().glob(".*.part"))


def test_a_pull_is_whole_hashed_recorded_and_used(hub):
    told = Told()
    pulled = get(hub, told=told)
    assert pulled.path == models_dir() / "tiny.gguf"
    assert pulled.path.read_bytes() == MODEL
    assert stat.S_IMODE(pulled.path.stat().st_mode) == 0o644
    assert pulled.compared == ("hub",)
    assert (pulled.record.sha256, pulled.record.revision, pulled.record.repo) == (SHA256, COMMIT, "owner/repo")
    assert stat.S_IMODE(registry.registry_path().stat().st_mode) == 0o600
    assert told.bytes[-1] == (len(MODEL), len(MODEL))
    assert told.notes == []
    assert parts() == []
    model = resolve("tiny", "generator")
    assert (model.path, model.sha256) == (pulled.path, SHA256)
    assert [(e.name, e.revision, e.sha256) for e in list_models() if e.path == pulled.path] == [
        ("tiny", COMMIT, SHA256)
    ]


def test_nothing_about_the_user_is_sent(hub, monkeypatch, tmp_path):
    monkeypatch.setenv("HF_TOKEN", "hf_secret")
    monkeypatch.setenv("AI_AGENT", "somebody")
    get(hub)
    assert [method for method, _, _ in hub.requests] == ["HEAD", "GET"]
    for _, _, headers in hub.requests:
        assert "authorization" not in headers
        assert "hf_secret" not in str(headers)
        assert "agent/" not in headers["user-agent"]


def test_a_second_pull_asks_nobody(hub):
    get(hub)
    asked = len(hub.requests)
    again = get(hub)
    assert not again.fresh
    assert again.compared == ("first pull",)
    assert len(hub.requests) == asked


def test_a_file_damaged_since_is_got_again(hub):
    path = get(hub).path
    with path.open("r+b") as stream:
        stream.seek(-1, os.SEEK_END)
        stream.write(b"\x55")
    with pytest.raises(ModelError, match="has changed since it was added"):
        resolve("tiny", "generator")
    again = get(hub)
    assert again.fresh
    assert again.compared == ("first pull", "hub")
    assert path.read_bytes() == MODEL


DROP = Fault(drop=True)
PART = Fault(cut=1_000_000)
"""The first million bytes."""
REST = "bytes=1000000-"
WRONG = Fault(content_range=f"bytes 5-{len(MODEL) - 1}/{len(MODEL)}")
BROKEN = [
    ("closed in the middle", [PART], [None, REST], [1]),
    ("closed before the first byte", [Fault(cut=0)], [None, None], [1]),
    ("reset before the first byte", [Fault(cut=0, reset=True)], [None, None], [1]),
    ("no answer, three times", [DROP] * 3, [None] * 4, [1, 2, 4]),
    ("bytes between, which count", [DROP, DROP, PART, DROP], [None, None, None, REST, REST], [1, 2, 1, 1]),
    ("closed twice", [PART, Fault(cut=1_500_000)], [None, REST, "bytes=2500000-"], [1, 1]),
    ("a few bytes each time", [Fault(cut=9)] * 8, [None, *(f"bytes={n * 9}-" for n in range(1, 9))], [1] * 8),
    ("closed, then Range is ignored", [PART, Fault(ignore_range=True)], [None, REST], [1]),
    ("closed, then another range", [PART, WRONG], [None, REST, None], [1, 1]),
    ("closed, then no such range", [PART, Fault(status=416)], [None, REST, None], [1, 1]),
    ("exchanged between two parts", [Fault(cut=1_000_000, etag='"a"'), Fault(etag='"b"'), Fault(etag='"b"')], [None, REST, None], [1, 1]),
    ("ended early, its length not given", [Fault(body=MODEL[:1_000_000], chunked=True)], [None, REST], [1]),
    ("its length not given", [Fault(chunked=True)], [None], []),
    ("its address expired", [PART, Fault(status=403)], [None, REST, REST], [1, 1]),
    ("busy", [Fault(status=429, headers={"Retry-After": "0"})], [None, None], [1]),
    ("busy for seven seconds", [Fault(status=503, headers={"Retry-After": "7"})], [None, None], [7]),
    ("a gateway's fault", [Fault(status=502), Fault(status=504)], [None] * 3, [1, 2]),
    ("a wait that cannot be read", [Fault(status=503, headers={"Retry-After": "soon"})], [None, None], [1]),
    ("slow", [Fault(pause=0.01)], [None], []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("faults", "ranges", "pauses"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
def test_a_broken_connection_is_taken_up_again(hub, faults, ranges, pauses):
    hub.faults = list(faults)
    told = Told()
    assert get(hub, told=told).path.read_bytes() == MODEL
    assert hub.ranges == ranges
    assert told.pauses == pauses
    waits = [note for note in told.notes if re.search(r" in \d+ s\b", note)]
    assert len(waits) == len(pauses)
    assert all(f" in {seconds} s" in note for note, seconds in zip(waits, pauses, strict=True))
    assert not any("signature" in note or "\n" in note for note in told.notes)
    assert told.bytes[-1] == (len(MODEL), len(MODEL))


def test_a_reset_in_the_middle_loses_what_was_on_its_way(hub):
    hub.faults = [Fault(cut=2_000_000, reset=True)]
    told = Told()
    assert get(hub, told=told).path.read_bytes() == MODEL
    assert hub.ranges[0] is None
    assert len(hub.ranges) == 2  # from where depends on what the system had handed over before the reset
    assert len(told.pauses) == 1


def test_what_stalls_is_asked_for_again(hub, monkeypatch):
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_DOWNLOAD_TIMEOUT", 1)
    hub.faults = [Fault(stall=1_000_000)]
    told = Told()
    assert get(hub, told=told).path.read_bytes() == MODEL
    assert "nothing came for a while after 1000000 bytes" in told.notes[0]
    assert hub.ranges[1] == REST


def test_a_date_to_wait_for_is_read(hub):
    until = datetime.now(tz=timezone.utc) + timedelta(seconds=40)
    hub.faults = [Fault(status=503, headers={"Retry-After": format_datetime(until, usegmt=True)})]
    told = Told()
    get(hub, told=told)
    assert 1 <= told.pauses[0] <= 40
    hub.faults = [Fault(on="HEAD", status=429, headers={"Retry-After": "Fri, 01 Jan 2100 00:00:00 GMT"})]
    with pytest.raises(ModelError, match=r"\(429\)") as caught:
        get(hub, name="other")
    assert re.fullmatch(r"try again in \d+ s", caught.value.hint)


EVERY_PAUSE = [1, 2, 4, 8, 16]
SAID = f"but {len(MODEL)} were announced; what arrived was removed"
ENDED = [
    ("no answer at all", [DROP] * 9, "6 times without a new byte", "continues from there", 0, EVERY_PAUSE),
    ("no answer any more", [PART, *[DROP] * 9], "after 1000000 bytes, 6 times without", "continues from there", 1_000_000, [1, *EVERY_PAUSE]),
    ("always the same bytes", [PART, WRONG] * 9, "6 times without a new byte", "continues from there", 1_000_000, [1, *EVERY_PAUSE]),
    ("busy for ever", [Fault(status=503)] * 9, "the server is busy (503), 6 times", "continues from there", 0, EVERY_PAUSE),
    ("longer than announced", [Fault(body=MODEL + b"x")], f"has {len(MODEL) + 1} bytes, {SAID}", "another --endpoint", 0, []),
    ("longer, its length not given", [Fault(body=MODEL + b"x", chunked=True)], "more arrived than the", "another --endpoint", 0, []),
    ("shorter than announced", [Fault(body=MODEL[:-1])], f"has {len(MODEL) - 1} bytes, {SAID}", "another --endpoint", 0, []),
    ("shorter when it goes on", [PART, Fault(body=MODEL[:-1])], f"has {len(MODEL) - 1} bytes, {SAID}", "another --endpoint", 0, [1]),
    ("a page to log in", [Fault(body=b"<html>log in</html>")], f"has 19 bytes, {SAID}", "another --endpoint", 0, []),
    ("nothing", [Fault(body=b"")], f"has 0 bytes, {SAID}", "another --endpoint", 0, []),
    ("no content", [Fault(status=204)], "no whole file (status 204)", "another --endpoint", 0, []),
    ("another part from the start", [WRONG], "no whole file (status 206)", "another --endpoint", 0, []),
    ("redirects in a circle", [Fault(loop=True)] * 99, "redirects without an end", "check --endpoint", 0, []),
    ("redirects of the hub itself", [Fault(on="HEAD", loop=True)] * 99, "redirects without an end", "check --endpoint", 0, []),
    ("a hub that never answers", [Fault(on="HEAD", drop=True)] * 9, "6 times without", "check the connection", 0, EVERY_PAUSE),
    ("gone", [PART, Fault(status=404)], "(404)", None, 1_000_000, [1]),
    ("expired, and again", [PART, *[Fault(status=403)] * 2], "(403)", None, 1_000_000, [1, 1]),
    ("busy for an hour", [Fault(status=503, headers={"Retry-After": "3600"})], "is busy (503)", "in 3600 s", 0, []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("faults", "message", "hint", "kept", "pauses"), [case[1:] for case in ENDED], ids=[case[0] for case in ENDED]
)
def test_what_does_not_come_ends_in_one_line(hub, faults, message, hint, kept, pauses):
    hub.faults = list(faults)
    told = Told()
    with pytest.raises(ModelError) as caught:
        get(hub, told=told)
    assert message in caught.value.message
    assert "\n" not in caught.value.message
    assert hint is None or hint in caught.value.hint
    assert told.pauses == pauses
    assert [part.stat().st_size for part in parts()] == ([kept] if kept else [])
    assert not list(models_dir().glob("*.gguf"))
    hub.faults = []
    assert get(hub).path.read_bytes() == MODEL  # the same command continues from there
    assert hub.ranges[-1] == (f"bytes={kept}-" if kept else None)


def test_an_address_that_expired_leads_to_no_other_file(hub):
    hub.faults = [PART, Fault(status=403)]
    other = gguf(data=3_000_001)
    real = hub.next_fault

    def exchanged(method):
        if method == "HEAD" and len(hub.ranges) == 2:
            hub.repos["owner/repo"]["folder/tiny.gguf"] = other
        return real(method)

    hub.next_fault = exchanged
    with pytest.raises(ModelError, match="replaced on the hub meanwhile"):
        get(hub)
    assert get(hub).path.read_bytes() == other


def test_a_file_of_unknown_size_is_whole_when_the_server_has_no_more(hub):
    """A mirror that does not report the size: if a part is already the whole file, the answer is 416."""
    from planner_cli.hub import client, receive

    remote = client.look_up("owner/repo", "folder/tiny.gguf", revision=None, endpoint=hub.endpoint, note=print)
    remote = replace(remote, size=None)
    models_dir().mkdir(parents=True)
    whole = {"Content-Range": f"bytes */{len(MODEL)}"}
    for have, faults, ranges in (
        (len(MODEL), [Fault(status=416, headers=whole)], [f"bytes={len(MODEL)}-"]),
        (len(MODEL) + 5, [Fault(status=416, headers=whole)], [f"bytes={len(MODEL) + 5}-", None]),
    ):
        asked = len(hub.ranges)
        hub.faults = faults
        with store.part_file(models_dir() / ".x.part") as stream:
            stream.truncate(0)
            stream.write(MODEL[:have] + b"x" * (have - len(MODEL)))
            receive.fetch(remote, stream, progress=lambda *_: None, note=lambda _: None, pause=lambda _: None)
        assert (models_dir() / ".x.part").read_bytes() == MODEL
        assert hub.ranges[asked:] == ranges


def test_a_busy_hub_is_asked_again(hub):
    hub.faults = [
        Fault(on="HEAD", status=503),
        Fault(on="HEAD", status=429, headers={"Retry-After": "5"}),
        Fault(on="HEAD", drop=True),
    ]
    told = Told()
    get(hub, told=told)
    assert [method for method, _, _ in hub.requests] == ["HEAD"] * HEAD_AGAIN + ["GET"]
    assert told.pauses == [1, 5, 4]
    assert "as the server asks" in told.notes[1]


UNREACHABLE = [
    ("no such name", "[Errno -2] Name or service not known", None, "no answer from https://hub.example: [Errno -2] Name"),
    ("a certificate of somebody else", "[SSL: CERTIFICATE_VERIFY_FAILED] self-signed", ssl.SSLCertVerificationError("x"), "the certificate of https://hub.example is not trusted"),
    ("no TLS there", "[SSL: WRONG_VERSION_NUMBER] wrong version", ssl.SSLError("x"), "no answer from https://hub.example: [SSL"),
    ("lines in the message", "one\ntwo", None, "no answer from https://hub.example: one two"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "cause", "message"), [u[1:] for u in UNREACHABLE], ids=[u[0] for u in UNREACHABLE])
def test_a_hub_that_cannot_be_reached_is_said_at_once(monkeypatch, text, cause, message):
    from planner_cli.hub import client

    hub = client.Library()
    error = hub.http.ConnectError(text)
    error.__cause__ = cause

    def refuse(*_, **__):
        raise error

    monkeypatch.setattr(
        client.Library, "__init__", lambda self: vars(self).update(vars(hub), get_hf_file_metadata=refuse)
    )
    told = Told()
    with pytest.raises(ModelError) as caught:
        get(SimpleNamespace(endpoint="https://hub.example"), told=told)
    assert message in caught.value.message
    assert "\n" not in caught.value.message
    assert told.pauses == []


UNWRITABLE = [
    ("a read-only disk", "open", errno.EROFS, "Read-only file system"),
    ("a folder of somebody else", "open", errno.EACCES, "Permission denied"),
    ("a broken disk", "fsync", errno.EIO, "Input/output error"),
    ("a disk that is full at the end", "fsync", errno.ENOSPC, "the disk is full"),
    ("a quota", "fsync", errno.EDQUOT, "the disk is full"),
    ("a folder that became read-only", "chmod", errno.EROFS, "Read-only file system"),
]


@pytest.mark.parametrize(("where", "number", "message"), [u[1:] for u in UNWRITABLE], ids=[u[0] for u in UNWRITABLE])
def test_a_folder_that_cannot_be_written_is_a_line(hub, monkeypatch, where, number, message):
    """As the system would answer; the tests may run as root, who may write everywhere."""
    models_dir().mkdir(parents=True)
    real = {"open": os.open, "fsync": os.fsync, "chmod": os.chmod}[where]

    def refused(what, *rest, **more):
        if where == "fsync" or ".part" in str(what):
            raise OSError(number, os.strerror(number), str(what))
        return real(what, *rest, **more)

    with monkeypatch.context() as patched:
        patched.setattr(os, where, refused)
        with pytest.raises(ModelError) as caught:
            get(hub)
    assert message in caught.value.message
    assert str(models_dir()) in caught.value.message
    assert caught.value.hint
    assert not list(models_dir().glob("*.gguf"))
    assert get(hub).path.read_bytes() == MODEL


REFUSED = [
    ("no such repository", {}, "owner/other:x.gguf", None, "not there (401)", "planner models import"),
    ("no such file", {}, "owner/repo:x.gguf", None, "no such file in the repository", None),
    ("no such revision", {}, SPEC, "v9", "no such revision", "--revision"),
    ("gated", {"status": 403, "headers": {"X-Error-Code": "GatedRepo"}}, SPEC, None, "consent form", "browser"),
    ("not found", {"status": 404}, SPEC, None, "(404)", None),
    ("limited for long", {"status": 429, "headers": {"Retry-After": "3600"}}, SPEC, None, "(429)", "in 3600 s"),
    ("forbidden", {"status": 410}, SPEC, None, "answered 410", "try again later"),
    ("name of no repository", {}, "owner/re--po:x.gguf", None, "owner/re--po", "owner/repository"),
    ("part of a split model", {}, "owner/repo:m-00001-of-00002.gguf", None, "one part of a split model", "--merge"),
]


@pytest.mark.parametrize(
    ("fault", "spec", "revision", "message", "hint"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED]
)
def test_what_cannot_be_pulled_ends_in_one_line(hub, fault, spec, revision, message, hint):
    if fault:
        hub.faults = [Fault(on="HEAD", **fault)]
    with pytest.raises(ModelError) as caught:
        get(hub, spec, revision=revision)
    assert message in caught.value.message
    assert "\n" not in caught.value.message
    assert hint is None or hint in caught.value.hint
    assert caught.value.exit_code == ExitCode.MODEL
    assert not list(models_dir().glob("*.gguf"))


def test_no_hub_at_all_is_said_at_once(hub):
    gone = type("Gone", (), {"endpoint": "http://127.0.0.1:9"})
    with pytest.raises(ModelError, match=r"no answer from http://127\.0\.0\.1:9") as caught:
        get(gone)
    assert "continues from there" in caught.value.hint
    with pytest.raises(ModelError, match="is not the address of a hub"):
        get(type("Ftp", (), {"endpoint": "ftp://127.0.0.1"}))


def test_a_flipped_byte_is_caught_and_the_file_removed(hub):
    hub.faults = [Fault(flip=2_500_000)]
    with pytest.raises(ModelError, match=r"its sha256 is .*, not .*; it was removed") as caught:
        get(hub)
    assert caught.value.exit_code == ExitCode.MODEL
    assert parts() == list(models_dir().glob("*.gguf")) == []
    assert registry.installed() == {}
    assert get(hub).compared == ("hub",)


def test_what_is_no_model_is_removed():
    page = b"<html>log in first</html>" * 100
    with Hub({"owner/repo": {"folder/tiny.gguf": page}}) as hub, pytest.raises(ModelError, match="is not a GGUF file"):
        get(hub)
    assert parts() == list(models_dir().glob("*.gguf")) == []


def test_a_mirror_without_digests_is_trusted_once():
    with Hub({"owner/repo": {"folder/tiny.gguf": MODEL}}, etags=False, commit=None, redirect=False) as hub:
        first = get(hub)
        assert (first.compared, first.record.sha256, first.record.revision) == ((), SHA256, "main")
        first.path.unlink()
        hub.repos["owner/repo"]["folder/tiny.gguf"] = MODEL[:-1] + b"\x55"
        with pytest.raises(ModelError, match=r"not the file.*it was removed"):
            get(hub)


def test_a_file_exchanged_on_the_hub_is_refused_before_it_is_got(hub):
    get(hub).path.unlink()
    hub.repos["owner/repo"]["folder/tiny.gguf"] = MODEL[:-1] + b"\x55"
    asked = len(hub.ranges)
    with pytest.raises(ModelError, match=r"not the trusted one \(first pull: .*hub: ") as caught:
        get(hub)
    assert "planner models rm tiny.gguf" in caught.value.hint
    assert len(hub.ranges) == asked


def test_two_files_of_one_name_do_not_replace_each_other(hub):
    hub.repos["other/repo"] = {"tiny.gguf": MODEL}
    get(hub)
    with pytest.raises(ModelError, match=r"there already, from owner/repo:folder/tiny\.gguf"):
        get(hub, "other/repo:tiny.gguf")
    assert get(hub, "other/repo:tiny.gguf", name="second").path.name == "second.gguf"
    with pytest.raises(ModelError, match="at revision"):
        get(hub, revision="main")


def test_a_name_cannot_leave_the_folder(hub):
    hub.repos["owner/repo"]["../../../evil.gguf"] = MODEL
    pulled = get(hub, SPEC, name="../../outside")
    assert pulled.path == models_dir() / "outside.gguf"


def test_space_is_asked_for_before_anything_comes(hub, monkeypatch):
    usage = SimpleNamespace(total=10**12, used=10**12, free=1_000_000)
    monkeypatch.setattr(store.shutil, "disk_usage", lambda _folder: usage)
    with pytest.raises(ModelError, match=r"no room for .*: 3 MB are needed, 1 MB are free"):
        get(hub)
    assert hub.ranges == []


def test_a_disk_that_fills_up_keeps_what_came(hub):
    """A limit on the file's size stands for the disk: the write fails in the same place, with its own errno."""
    done = run_limited(hub, limit=2_000_000)
    assert done.returncode == ExitCode.MODEL
    assert "the disk is full" in done.stderr
    assert "continues from there" in done.stderr
    (part,) = parts()
    assert 1_000_000 < part.stat().st_size <= 2_000_000
    there = part.stat().st_size
    assert get(hub).path.read_bytes() == MODEL
    assert hub.ranges[-1] == f"bytes={there}-"


def run_limited(hub, limit):
    code = (
        "import resource, sys; from planner_cli.cli import main;"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}));"
        "sys.exit(main(sys.argv[1:]))"
    )
    arguments = ["models", "pull", SPEC, "--endpoint", hub.endpoint]
    return subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)


def test_two_pulls_of_one_file_do_not_mix(hub):
    hub.faults = [Fault(stall=1_500_000)]
    first = start(hub)
    assert hub.stalled.wait(30)
    with pytest.raises(ModelError, match="another planner is downloading"):
        get(hub)
    hub.go_on.set()
    assert first.wait(30) == 0
    assert (models_dir() / "tiny.gguf").read_bytes() == MODEL


def start(hub, spec=SPEC):
    arguments = ["models", "pull", spec, "--endpoint", hub.endpoint]
    return subprocess.Popen([sys.executable, "-m", "planner_cli", *arguments], stderr=subprocess.DEVNULL)


def test_killed_at_60_percent_it_goes_on_there(hub):
    hub.faults = [Fault(stall=len(MODEL) * 6 // 10)]
    first = start(hub)
    assert hub.stalled.wait(30)
    (part,) = parts()
    wait_for_size(part, 2**20)
    first.send_signal(signal.SIGKILL)
    assert first.wait(10) == -signal.SIGKILL
    there = part.stat().st_size
    told = Told()
    assert get(hub, told=told).path.read_bytes() == MODEL
    assert hub.ranges == [None, f"bytes={there}-"]
    assert told.notes == [f"{SPEC}: continuing after {there} bytes of an earlier pull"]
    assert parts() == []


def wait_for_size(path: Path, size: int):
    for _ in range(500):
        if path.stat().st_size >= size:
            return
        subprocess.run(["sleep", "0.01"], check=True)
    pytest.fail(f"{path} stayed at {path.stat().st_size} bytes")


def test_a_part_of_another_revision_is_not_continued(hub):
    run_limited(hub, limit=2_000_000)
    (old,) = parts()
    hub.repos["owner/repo"]["folder/tiny.gguf"] = other = gguf(data=3_000_001)
    assert get(hub).path.read_bytes() == other
    assert hub.ranges[-1] is None
    assert not old.exists()


NAMES = [
    ("catalogue", "qwen3-0.6b", ["Qwen/Qwen3-0.6B-GGUF"]),
    ("preset on this machine", "builtin", []),
]


@pytest.mark.parametrize(("spec", "repos"), [case[1:] for case in NAMES], ids=[case[0] for case in NAMES])
def test_names_of_the_catalogue(spec, repos):
    assert [wish.repo for wish in wishes(spec, None)] == repos


def test_an_unknown_name_says_what_a_name_is():
    with pytest.raises(ModelError, match="unknown model 'nothing'") as caught:
        wishes("nothing", None)
    assert "owner/repository:file.gguf" in caught.value.hint


def test_the_catalogues_digest_is_compared(monkeypatch, tmp_path):
    own = tmp_path / "catalog.toml"
    entry = f"""schema_version = 1
[[file]]
name = "mine"
kind = "model"
roles = ["generator"]
repo = "owner/repo"
file = "folder/tiny.gguf"
licence = "MIT"
size = {len(MODEL)}
sha256 = "{SHA256}"
verified = true
"""
    own.write_text(entry, encoding="utf-8")
    monkeypatch.setenv("PLANNER_CATALOG", str(own))
    with Hub({"owner/repo": {"folder/tiny.gguf": MODEL}}) as hub:
        assert get(hub, "mine").compared == ("catalogue", "hub")
        assert resolve("mine", "generator").sha256 == SHA256
    own.write_text(entry.replace(SHA256, "0" * 64), encoding="utf-8")
    with Hub({"owner/repo": {"folder/tiny.gguf": MODEL}}) as hub, pytest.raises(ModelError, match="not the trusted"):
        get(hub, "mine", name="other")


def test_a_damaged_record_is_not_ignored():
    models_dir().mkdir(parents=True)
    for text in ("[", '{"schema_version": 9}', '{"schema_version": 1, "models": [{"file": 1}]}', "[]"):
        registry.registry_path().write_text(text, encoding="utf-8")
        with pytest.raises(ModelError, match=r"installed\.json"):
            registry.installed()


def test_the_command_prints_paths_and_json(hub, capsys):
    from planner_cli.cli import main

    assert main(["models", "pull", SPEC, "--endpoint", hub.endpoint]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"{models_dir() / 'tiny.gguf'}\n"
    assert SHA256 in printed.err
    assert main(["models", "pull", SPEC, "--json", "-q"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    (made,) = json.loads(printed.out)
    assert (made["sha256"], made["fresh"], made["compared_with"]) == (SHA256, False, ["first pull"])
