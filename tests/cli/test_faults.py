"""What befalls a program: killed at any moment, a full disk, a read-only home, a file that changes, a terminal that goes.

Always: no row that was said to be kept is lost, no process stays behind, the next run finds no lock, nothing is changed
beside the database, no traceback, the right exit code.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pty
import random
import select
import shutil
import signal
import sqlite3
import struct
import subprocess
import sys
import termios
import threading
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

import pytest

from planner_cli.history import History, history_path
from tests.running import PATIENCE, command, wait_for

pytestmark = [
    pytest.mark.model,
    pytest.mark.usefixtures("shared_cache"),
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="children are found through /proc"),
]
QUICK = ("How many customers are there?", "-n", "1", "--max-tokens", "12", "--tables", "customers", "--threads", "1")
"""A question the built-in generator gets right, in about a second."""


@pytest.fixture
def demo(tmp_path, demo_database):
    """A copy of its own, alone in its folder: some tests damage it."""
    path = tmp_path / "database" / demo_database.name
    path.parent.mkdir()
    return Path(shutil.copy(demo_database, path))


def picture(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def start(demo: Path, *options: str, **how) -> subprocess.Popen[str]:
    question, *rest = QUICK
    line = command("ask", question, demo, *rest, *options)
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **how)


def ask(demo: Path, *options: str, **how) -> tuple[int, str, str]:
    process = start(demo, *options, **how)
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


def descendants(pid: int) -> set[int]:
    """Processes below this one, as far as they are there now."""
    found: set[int] = set()
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in map(int, (task / "children").read_text().split()):
                found |= {child} | descendants(child)
    return found


def started_below(process: subprocess.Popen[str]) -> set[int]:
    """Wait for its first child, the worker; none where it ended before."""
    wait_for(lambda: descendants(process.pid) or process.poll() is not None, "the start of the worker")
    return descendants(process.pid)


def gone(pids: set[int], seconds: float = 60.0) -> bool:
    """Whether all of them end within the time (a zombie nobody has waited for is dead all the same)."""

    def alive(pid: int) -> bool:
        try:
            return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
        except OSError:
            return False

    deadline = time.monotonic() + seconds
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not any(map(alive, pids))


def sound(path: Path) -> bool:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]


# ---------------------------------------------------------------------------------------------------- kill -9


def run_kills(demo: Path, count: int) -> Counter[str]:
    """Kills ``planner ask`` at random moments; the history has at least every run that ended on its own."""
    before = picture(demo.parent)
    moments = random.Random(11)
    outcomes: Counter[str] = Counter()
    started = time.monotonic()
    assert ask(demo, "--no-judge", "--history", "off")[0] == 0
    longest = 1.2 * (time.monotonic() - started)  # as fast as this machine is now
    for number in range(count):
        started = time.monotonic()
        process = start(demo, "--no-judge")
        wait = moments.uniform(0.05, longest) if number else 0.05  # one at least before any machine could be done
        children: set[int] = set()
        while time.monotonic() - started < wait and process.poll() is None:
            children |= descendants(process.pid)
            time.sleep(0.01)
        children |= descendants(process.pid)
        process.kill()
        out, err = process.communicate(timeout=PATIENCE)
        assert "Traceback" not in err, err
        assert gone(children), "a process was left behind"
        outcomes["ended on its own" if process.returncode == 0 else "killed"] += 1
        outcomes["had printed the answer"] += bool(out)
    assert picture(demo.parent) == before
    kept = 0
    if history_path().exists() and history_path().stat().st_size:
        with History.open() as history:
            kept = len(history.list(100_000))
        assert sound(history_path())
    assert outcomes["ended on its own"] <= kept <= outcomes["had printed the answer"]
    assert ask(demo, "--no-judge")[0] == 0, "the next run finds a lock or a damaged history"
    with History.open() as history:
        assert len(history.list(100_000)) == kept + 1
    sys.stdout.write(f"{count} runs with kill -9: {dict(outcomes)}, {kept} kept, 0 acknowledged rows lost\n")
    return outcomes


def test_kill_9_at_random_moments(demo):
    assert run_kills(demo, 2)["killed"]


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_200_kills(demo):
    outcomes = run_kills(demo, 200)
    assert outcomes["killed"] > 100
    assert outcomes["had printed the answer"]


@pytest.mark.parametrize("moment", [0.3, *(pytest.param(later, marks=pytest.mark.slow) for later in (0.6, 0.9))])
def test_the_worker_is_killed_from_outside(demo, moment):
    """As the system's out-of-memory killer does it."""
    process = start(demo, "--no-judge")
    workers = started_below(process)
    time.sleep(moment)
    for worker in workers:
        with suppress(ProcessLookupError):
            os.kill(worker, signal.SIGKILL)
    out, err = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in err, err
    assert (process.returncode, "150" in out) in ((0, True), (1, False), (2, False)), err
    assert gone(workers)


# ------------------------------------------------------------------------------------- disks, homes, databases

UNSHARE = shutil.which("unshare")


def small_disk(folder: Path, size: str, command: list[str], **how) -> subprocess.CompletedProcess[str]:
    """Runs the command with a file system of its own at ``folder``; skips where this is not allowed."""
    folder.mkdir(exist_ok=True)
    script = f'mount -t tmpfs -o {size} planner-test {folder} || exit 99; shift 0; exec "$@"'
    if UNSHARE is None:
        pytest.skip("no unshare(1)")
    done = subprocess.run(
        [UNSHARE, "-rm", "sh", "-c", script, "sh", *command],
        capture_output=True, text=True, check=False, timeout=PATIENCE, **how,
    )  # fmt: skip
    if done.returncode == 99 or "unshare:" in done.stderr:
        pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")
    return done


def in_shell(demo: Path, *options: str, first: str = "true") -> list[str]:
    """``planner ask`` after a line of shell."""
    question, *rest = QUICK
    planner = [sys.executable, "-m", "planner_cli", "ask", question, str(demo), *rest, "--no-judge", *options]
    return ["sh", "-c", f'{first}; exec "$@"', "sh", *planner]


def test_a_full_disk_costs_the_history_and_not_the_answer(demo, tmp_path, monkeypatch):
    disk = tmp_path / "disk"
    monkeypatch.setenv("XDG_STATE_HOME", str(disk))
    fill = f"dd if=/dev/zero of={disk}/full bs=1k count=500 2>/dev/null"
    done = small_disk(disk, "size=96k", in_shell(demo, first=fill))
    assert done.returncode == 0, done.stderr
    assert "150" in done.stdout
    assert "this question is not in the history" in done.stderr
    assert "Traceback" not in done.stderr


FILL = """
import sys
from pathlib import Path
from history_values import MODELS, answer
from planner_cli.errors import HistoryError
from planner_cli.history import History
from planner_cli.settings import PlanSettings
path, kept = Path(sys.argv[1]) / "history.sqlite", []
ballast = path.with_name("ballast")
ballast.write_bytes(bytes(100_000))

def record():
    with History.open(path) as history:
        kept.append(history.record(question="q", database=Path("x"), answer=answer(thought="t" * 20000), models=MODELS,
                                   settings=PlanSettings(), level="full"))

try:
    while len(kept) < 1000:
        record()
except HistoryError as error:
    print(error.message.partition(": ")[2])
full = len(kept)
ballast.unlink()
record()
with History.open(path) as history:
    print(full, len(kept), sorted(kept) == sorted(entry.id for entry in history.list(10_000)))
"""


def test_rows_that_were_kept_survive_a_disk_that_fills(tmp_path, monkeypatch):
    folders = [str(Path(__file__).parents[1] / "history"), *sys.path]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folders))
    done = small_disk(tmp_path / "disk", "size=600k", [sys.executable, "-c", FILL, str(tmp_path / "disk")])
    assert done.returncode == 0, done.stderr
    said, counts = done.stdout.splitlines()
    full, all_, same = counts.split()
    assert "disk is full" in said
    assert int(full) > 2
    assert (int(all_), same) == (int(full) + 1, "True")


def test_an_answer_for_a_full_disk_is_whole_or_not_there(demo, tmp_path):
    disk = tmp_path / "disk"
    fill = f"dd if=/dev/zero of={disk}/full bs=1k count=500 2>/dev/null"
    listing = f"; ls -A {disk}"
    command = in_shell(demo, "-o", str(disk / "answer.csv"), "--history", "off", first=fill)
    command[2] = command[2].replace("exec ", "") + "; code=$?" + listing + "; exit $code"
    done = small_disk(disk, "size=64k", command)
    assert done.returncode == 74, done.stderr
    assert done.stdout.split() == ["full"]
    assert done.stderr.splitlines()[-1].startswith("planner: cannot write")


@pytest.mark.parametrize(("size", "kept"), [("600k", False), ("64m", True)], ids=["full", "control"])
def test_a_full_disk_costs_the_caches_and_not_the_answer(demo, tmp_path, monkeypatch, size, kept):
    """The states of prompts take megabytes: they are whole there or not at all."""
    disk = tmp_path / "disk"
    monkeypatch.setenv("XDG_CACHE_HOME", str(disk))
    command = in_shell(demo, "--history", "off", "--tables", "customers,orders")  # enough of a prompt to be kept
    command[2] = command[2].replace("exec ", "") + f"; code=$?; find {disk} -type f -size +20k; exit $code"
    done = small_disk(disk, f"size={size}", command)
    assert done.returncode == 0, done.stderr
    assert "150" in done.stdout
    assert (str(disk) in done.stdout) == kept, "a piece of a state was left on the full disk"
    assert done.stderr.count("\n") <= 4
    assert "Traceback" not in done.stderr


def test_a_home_that_cannot_be_written(demo, tmp_path, monkeypatch):
    for name in ("STATE", "CACHE", "CONFIG", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", f"/sys/planner/{name}")  # not even root makes a folder there
    code, out, err = ask(demo, "--no-judge")
    assert code == 0, err
    assert "150" in out
    assert "not in the history" in err
    assert "Traceback" not in err


def test_a_home_on_a_read_only_disk_still_lists_its_history(demo, tmp_path, monkeypatch):
    disk = tmp_path / "disk"
    monkeypatch.setenv("XDG_STATE_HOME", str(disk))
    planner = f"{sys.executable} -m planner_cli"
    question, *rest = QUICK
    script = (
        f"{planner} ask '{question}' {demo} {' '.join(rest)} --no-judge -q >/dev/null 2>&1;"
        f"mount -o remount,ro {disk} || exit 99; {planner} history list"
    )
    done = small_disk(disk, "size=1m", ["sh", "-c", script])
    assert (done.returncode, done.stdout.count("demo.sqlite")) == (0, 1), done


def test_a_database_locked_by_its_writer(demo):
    with closing(sqlite3.connect(demo, isolation_level=None)) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        code, out, err = ask(demo, "--no-judge")
        writer.execute("ROLLBACK")
    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "locked by a program that writes to it" in err


CHANGES = [
    ("truncated", lambda path: os.truncate(path, 5000)),
    ("removed", lambda path: path.unlink()),
    ("replaced", lambda path: shutil.copy(path, path.with_name("new")) and path.with_name("new").replace(path)),
]


@pytest.mark.parametrize(
    "change",
    [c[1] for c in CHANGES] + [pytest.param(lambda path: path.write_bytes(b""), marks=pytest.mark.slow)],
    ids=[*(c[0] for c in CHANGES), "emptied"],
)
def test_the_database_changes_while_models_load(demo, change):
    process = start(demo, "--no-judge", "--history", "off")
    started_below(process)
    time.sleep(0.15)  # whatever it is doing by then, each outcome below is right
    change(demo)
    out, err = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in err
    assert process.returncode in (0, 1, 2), err
    assert (process.returncode == 0) == ("150" in out)


# ------------------------------------------------------------------------------------------ signals, terminals


STAGES = [
    "reading",
    "the worker",
    "writing candidates",
    pytest.param("candidate 1:", marks=pytest.mark.slow),
    pytest.param("different results", marks=pytest.mark.slow),
    "judging results",
]
MUCH = ("-n", "8", "--temperature", "2", "--top-p", "1", "--budget", "2000", "--select", "rerank", "-v")
"""Seconds of work on any machine, each stage said on standard error."""


def reached(process: subprocess.Popen[str], stage: str) -> set[int]:
    """Wait until it says so, or has its worker; returns the processes below it."""
    if stage == "the worker":
        return started_below(process)
    assert any(line.startswith(stage) for line in process.stderr), f"it never came to {stage!r}"
    return descendants(process.pid)


@pytest.mark.parametrize("stage", STAGES)
def test_ctrl_c_at_every_stage(demo, stage):
    """As a terminal sends it, to the whole process group: while loading, writing, running and thinking."""
    process = start(demo, *MUCH, start_new_session=True)
    children = reached(process, stage)
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err.splitlines()[-1]) == (130, "", "planner: interrupted")
    assert "Traceback" not in err
    assert gone(children)


def test_three_times_ctrl_c_ends_it_at_once(demo):
    process = start(demo, *MUCH)
    children = reached(process, "writing candidates")
    for _ in range(3):
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    _, err = process.communicate(timeout=PATIENCE)
    assert process.returncode in (130, -signal.SIGINT)
    assert "Traceback" not in err
    assert gone(children)


@pytest.mark.parametrize("reader", [pytest.param("true", marks=pytest.mark.slow), "head -c 1"])
def test_a_reader_that_goes_away(demo, reader):
    question, *rest = QUICK
    planner = f"{sys.executable} -m planner_cli ask '{question}' {demo} {' '.join(rest)} --no-judge --format csv"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {planner} | {reader}"],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    assert "Broken pipe" not in done.stderr


def on_a_terminal(demo: Path, *options: str) -> tuple[subprocess.Popen[bytes], int]:
    """``planner ask`` whose terminal is the returned descriptor's."""
    ours, its = pty.openpty()
    question, *rest = QUICK
    command = [sys.executable, "-m", "planner_cli", "ask", question, str(demo), *rest, *options]

    def own_terminal() -> None:
        os.setsid()
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)

    process = subprocess.Popen(
        command,
        stdin=its,
        stdout=its,
        stderr=its,
        preexec_fn=own_terminal,  # noqa: PLW1509 - the terminal must be the child's before the program starts
        env={**os.environ, "TERM": "xterm-256color"},
    )
    os.close(its)
    return process, ours


def drain(descriptor: int, kept: list[bytes]) -> None:
    with suppress(OSError):
        while data := os.read(descriptor, 4096):
            kept.append(data)


def read_for(descriptor: int, seconds: float) -> bytes:
    """What comes within the time, read by nobody else: the descriptor can be closed then."""
    read, until = b"", time.monotonic() + seconds
    with suppress(OSError):
        while (left := until - time.monotonic()) > 0:
            if select.select([descriptor], [], [], left)[0]:
                read += os.read(descriptor, 4096)
    return read


def test_the_terminal_is_resized(demo):
    process, terminal = on_a_terminal(demo, "--budget", "96", "--history", "off")
    shown: list[bytes] = []
    reader = threading.Thread(target=drain, args=(terminal, shown), daemon=True)
    reader.start()
    for size in [(1, 1), (200, 500), (3, 10), (24, 80), (1, 500), (200, 1)]:
        time.sleep(0.4)
        with suppress(OSError):
            fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", *size, 0, 0))
    assert process.wait(timeout=PATIENCE) == 0
    reader.join(timeout=5)
    os.close(terminal)
    assert b"Traceback" not in b"".join(shown)


@pytest.mark.parametrize(
    ("options", "thinking"),
    [((), b"stop thinking"), pytest.param(("-v",), b"judging", marks=pytest.mark.slow)],
    ids=["live", "-v"],
)
def test_the_terminal_is_closed(demo, options, thinking):
    """As by closing its window, in the middle of a thought: SIGHUP comes, and whatever is done to it fails."""
    process, terminal = on_a_terminal(demo, "-n", "8", "--budget", "4000", "--select", "rerank", *options)
    shown = b""
    while thinking not in shown and process.poll() is None:
        shown += read_for(terminal, 0.3)
    children = descendants(process.pid)
    assert children
    os.close(terminal)
    assert process.wait(timeout=PATIENCE) == 128 + signal.SIGHUP, shown
    assert gone(children)
    assert b"Traceback" not in shown
