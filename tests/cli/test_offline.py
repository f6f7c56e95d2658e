"""Nothing leaves this machine: no socket in any test, none that strace sees, the same answer without a network."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from planner_cli.cli.offline import OFFLINE
from tests.running import PATIENCE, command, planner
from tests.sockets import SOCKETS

QUICK = ("-n", "1", "--budget", "2", "--max-tokens", "12", "--tables", "customers", "--format", "csv", "--threads", "1")
UNSHARE, STRACE = shutil.which("unshare"), shutil.which("strace")


# ----------------------------------------------------------------------------------------- inside this process


def with_socket(kind: int, action: str, *arguments: object) -> None:
    with socket.socket(socket.AF_INET, kind) as opened:
        getattr(opened, action)(*arguments)


ATTEMPTS = [
    ("connect", lambda: with_socket(socket.SOCK_STREAM, "connect", ("192.0.2.1", 80))),
    ("connect to this machine", lambda: with_socket(socket.SOCK_STREAM, "connect", ("127.0.0.1", 9))),
    ("look up a name", lambda: socket.getaddrinfo("example.invalid", 80)),
    ("listen", lambda: with_socket(socket.SOCK_STREAM, "bind", ("127.0.0.1", 0))),
    ("datagram", lambda: with_socket(socket.SOCK_DGRAM, "sendto", b"x", ("192.0.2.1", 9))),
]


@pytest.mark.parametrize("attempt", [a[1] for a in ATTEMPTS], ids=[a[0] for a in ATTEMPTS])
def test_a_test_that_opens_a_socket_fails(attempt):
    """The negative control of the hook in tests/sockets.py."""
    with pytest.raises(RuntimeError, match="marked network"):
        attempt()
    assert SOCKETS.refused
    SOCKETS.refused.clear()


@pytest.mark.network
def test_one_that_is_marked_reaches_this_machine_and_no_other():
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()
    with pytest.raises(RuntimeError, match="loopback only"):
        with_socket(socket.SOCK_STREAM, "connect", ("192.0.2.1", 80))
    SOCKETS.refused.clear()


COMMANDS = [
    (["history", "list"], True),
    (["history", "path"], True),
    (["ask", "x", "/nowhere.sqlite"], True),
    (["bench", "diff", "nothing", "nowhere"], True),
    (["models", "list"], False),  # its `pull` may ask the hub; this one does not, see the strace test
]


@pytest.mark.parametrize(("arguments", "offline"), COMMANDS, ids=[" ".join(c[0][:2]) for c in COMMANDS])
def test_the_hub_is_switched_off_before_anything_could_import_it(arguments, offline):
    code = (
        "import json, os, sys; from planner_cli.cli import main; main(sys.argv[1:]);"
        "early = 'huggingface_hub' in sys.modules; import huggingface_hub.constants as c;"
        "print(); print(json.dumps([early, c.HF_HUB_OFFLINE, c.HF_HUB_DISABLE_TELEMETRY]))"
    )
    environment = dict.fromkeys(OFFLINE, "0")  # a user's own setting is overruled
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True, text=True, check=True, env={**os.environ, **environment},
    )  # fmt: skip
    assert json.loads(done.stdout.splitlines()[-1]) == [False, offline, offline]


# -------------------------------------------------------------------------------------------- a whole process


@pytest.fixture
def demo(demo_database) -> Path:
    return demo_database


def run(*line: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(line, capture_output=True, text=True, check=False, timeout=PATIENCE)


@pytest.fixture
def without_network() -> list[str]:
    """What runs a command in a network namespace with nothing in it, not even loopback that is up."""
    if UNSHARE is None:
        pytest.skip("no unshare(1)")
    prefix = [UNSHARE, "-rn"]
    if run(*prefix, "true").returncode:
        pytest.skip("this system lets nobody make a network namespace")
    return prefix


CONNECT = "import socket; socket.create_connection(('192.0.2.1', 80), timeout=3)"


@pytest.mark.model
def test_the_answer_is_the_same_without_a_network(demo, without_network):
    asked = ("ask", "How many customers are there?", str(demo), *QUICK, "--history", "off", "--no-judge")
    usual, alone = planner(*asked), run(*without_network, *command(*asked))
    assert usual.returncode == 0
    assert (alone.returncode, alone.stdout) == (0, usual.stdout)
    assert "150" in alone.stdout


def test_there_really_is_no_network(without_network):
    """The control: in that namespace a connection fails at once, for want of a network."""
    done = run(*without_network, sys.executable, "-c", CONNECT)
    assert done.returncode == 1
    assert "Network is unreachable" in done.stderr


@pytest.fixture
def inet_calls(tmp_path):
    """Runs a command under strace and gives the calls that name an internet address family."""
    if STRACE is None:
        pytest.skip("no strace(1)")
    if run(STRACE, "-o", "/dev/null", "true").returncode:
        pytest.skip("this system lets nobody trace")
    log = tmp_path / "calls"

    def calls(*line: str) -> list[str]:
        done = run(STRACE, "-f", "-qq", "-e", "trace=%network", "-o", str(log), *line)
        assert (done.returncode == 0) != (CONNECT in line), done.stderr
        return [line for line in log.read_text().splitlines() if "AF_INET" in line]

    return calls


TRACED = [
    ("ask", ["ask", "How many customers are there?", "{demo}", *QUICK]),
    ("history", ["history", "list"]),
    (
        "bench",
        ["bench", "e2e", "{demo_jsonl}", "--limit", "1", "--no-judge", "--max-tokens", "12", "-o", "{out}", "-n", "1"],
    ),
    ("models list", ["models", "list"]),
    ("models path", ["models", "path", "builtin"]),
]


@pytest.mark.model
@pytest.mark.parametrize("arguments", [t[1] for t in TRACED], ids=[t[0] for t in TRACED])
def test_strace_sees_no_internet_socket(demo, shop, inet_calls, tmp_path, arguments):
    questions = tmp_path / "mine.jsonl"
    record = {"question": "How many customers?", "sql": "SELECT count(*) FROM customers", "database": str(shop)}
    questions.write_text(json.dumps(record) + "\n")
    places = {"{demo}": str(demo), "{demo_jsonl}": str(questions), "{out}": str(tmp_path / "run")}
    assert inet_calls(*command(*[places.get(a, a) for a in arguments])) == []


def test_strace_would_see_one(inet_calls):
    """The control."""
    assert inet_calls(sys.executable, "-c", CONNECT)
