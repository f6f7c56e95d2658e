"""What tests share: the real built-in model, loaded once, small databases, and a home that is not the user's."""

from __future__ import annotations

import gc
import itertools
import json
import os
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import hypothesis
import pytest

from planner_cli.cli.offline import OFFLINE
from planner_cli.control import Control
from planner_cli.demo import build
from planner_cli.hub import ResolvedModel, fast_form, resolve, try_first
from planner_cli.hub.catalog import load_catalog
from planner_cli.settings import EngineOptions
from tests.sockets import SOCKETS

REPOSITORY = Path(__file__).parents[1]
DIGESTS, TRIALS = "sha256.json", "trials.json"

# One thread a worker: pytest-xdist has one for each core. Before numpy reads it, and for processes that tests start.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[_name] = "1"

# Files of tests are in memory where there is plenty, unless TMPDIR or --basetemp names a place: every commit of SQLite,
# thousands of them, would wait for a disk.
_MEMORY, _PLENTY = Path("/dev/shm"), 4 * 2**30
if _MEMORY.is_dir() and "TMPDIR" not in os.environ:
    _room = os.statvfs(_MEMORY)
    if _room.f_bavail * _room.f_frsize > _PLENTY and not _room.f_flag & os.ST_NOEXEC:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))

# The same examples every time, and no deadline a busy machine could miss.
hypothesis.settings.register_profile("planner", deadline=None, derandomize=True)
hypothesis.settings.load_profile("planner")


# What collecting makes, 270,000 objects, stays until the end: none of it is looked through for garbage.
gc.disable()


def pytest_collection_finish():
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session", autouse=True)
def usual_signals():
    """As a terminal's shell starts a program: nohup, or a script's ``&``, would have some signals ignored."""
    before = {
        signal.SIGINT: signal.signal(signal.SIGINT, signal.default_int_handler),
        signal.SIGHUP: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    }
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    """Before any fixture: one of a whole module may start the server that its tests talk to."""
    SOCKETS.allowed = item.get_closest_marker("network") is not None


@pytest.fixture(autouse=True)
def no_sockets(request):
    """Fails a test that opens a socket, even where the refusal was swallowed, unless it is marked ``network``."""
    SOCKETS.refused.clear()
    yield
    SOCKETS.allowed = False
    refused, SOCKETS.refused = SOCKETS.refused, []
    assert refused == [], "mark the test network, and stay on loopback"


@pytest.fixture(scope="session")
def warm(tmp_path_factory) -> Path:
    """Of the built-in files, once they were needed: digests, and the form the base runs in (145 MB, written once).

    Of the tiny random model: that it was tried.

    One folder for all workers of pytest-xdist; what is written there is whole or not there.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "warm"
    for name in ("models", "prefixes"):
        (folder / name).mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _move_to(home: Path, warm: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let everything that planner keeps be under ``home``, and no setting of the user's count."""
    cache = home / "cache" / "planner_cli"
    cache.mkdir(parents=True, mode=0o700)
    (cache / "models").symlink_to(warm / "models", target_is_directory=True)
    for name in (DIGESTS, TRIALS):
        if (warm / name).exists():
            shutil.copy(warm / name, cache)
    for name in ("STATE", "CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    for name in [n for n in os.environ if n.startswith("PLANNER_")] + ["NO_COLOR", "CLICOLOR_FORCE"]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PLANNER_THREADS", "1")
    for name in OFFLINE:  # set by every main() that runs in this process: not for the tests after it
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@pytest.fixture(scope="session", autouse=True)
def session_home(tmp_path_factory, warm) -> Iterator[Path]:
    """The home of what fixtures of a module or the session run, before a test has one of its own."""
    home = tmp_path_factory.mktemp("session_home")
    with pytest.MonkeyPatch.context() as monkeypatch:
        _move_to(home, warm, monkeypatch)
        (home / "cache" / "planner_cli" / "prefixes").symlink_to(warm / "prefixes", target_is_directory=True)
        yield home


@pytest.fixture
def shared_cache(session_home, monkeypatch) -> None:
    """As for a user, who has one home: a schema that another test has asked about is not read again."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(session_home / "cache"))


@pytest.fixture(scope="session")
def homes(tmp_path_factory) -> Iterator[Path]:
    """Places for homes. ``mktemp`` would look through all those before for each one's number: milliseconds by then."""
    folder = tmp_path_factory.mktemp("homes")
    return (folder / str(number) for number in itertools.count())


@pytest.fixture(autouse=True)
def private_home(homes, monkeypatch, warm) -> Iterator[Path]:
    """No test reads or writes the user's own history, models or caches, or another test's."""
    home = next(homes)
    home.mkdir(mode=0o700)
    _move_to(home, warm, monkeypatch)
    yield home
    _keep_digests(home / "cache" / "planner_cli" / DIGESTS, warm)


def _keep_digests(found: Path, warm: Path) -> None:
    """Save later tests the reading of 100 MB: the digests of built-in files, once a test has computed them."""
    if (warm / DIGESTS).exists() or not found.exists():
        return
    try:
        known = json.loads(found.read_text())
        pinned = {entry.sha256 for entry in load_catalog().files}
        known = {path: entry for path, entry in known.items() if entry["sha256"] in pinned}
    except (ValueError, TypeError, KeyError, AttributeError):  # a test of a damaged one
        return
    if known:
        part = warm / f"{DIGESTS}.{os.getpid()}"
        part.touch(mode=0o600)
        part.write_text(json.dumps(known))
        part.replace(warm / DIGESTS)


@pytest.fixture(scope="session")
def builtin_generator() -> ResolvedModel:
    return resolve("builtin", "generator")


@pytest.fixture(scope="session")
def fast_generator(builtin_generator) -> ResolvedModel:
    """The built-in generator in the form it is run in: twice as fast at reading a prompt."""
    return fast_form(builtin_generator, lambda _text: None)


@pytest.fixture(autouse=True)
def no_first_use(request):
    """The note of the first use of a model is printed before any test, not by the one that happens to be first."""
    if request.node.get_closest_marker("model") is not None:
        request.getfixturevalue("fast_generator")


@pytest.fixture(scope="session")
def writing_engine(fast_generator):
    """The built-in generator: the base and its adapter."""
    from planner_cli.engine import LlamaEngine  # loads llama.cpp, which most tests do without

    return LlamaEngine(fast_generator.loaded, adapter=fast_generator.adapter, options=EngineOptions(threads=1))


@pytest.fixture(scope="session")
def base_engine(fast_generator):
    """The bare base model."""
    from planner_cli.engine import LlamaEngine

    return LlamaEngine(fast_generator.loaded, options=EngineOptions(threads=1))


@pytest.fixture(scope="session")
def tiny_random_model(builtin_generator, tmp_path_factory, warm, session_home) -> Path:
    """Two layers of random weights behind the built-in model's tokenizer: a hundredth of its cost.

    Tried once, not in a process of its own for each test's home.
    """
    from benchmarks.synth import Shape, synthesise

    shape = Shape(
        name="tiny", architecture="llama", layers=2, width=256, heads=4, kv_heads=2, inner=512, vocabulary=49152,
        tied=True, context=2048, rope_base=10_000, file_type="Q4_0",
    )  # fmt: skip
    path = tmp_path_factory.mktemp("tiny") / "tiny.gguf"
    synthesise(shape, path, vocabulary=builtin_generator.path)
    if not (warm / TRIALS).exists():
        tried = tmp_path_factory.mktemp("tried")
        try_first(resolve(str(path), "generator"), Control(), cache_dir=tried)
        (tried / TRIALS).replace(warm / TRIALS)
    shutil.copy(warm / TRIALS, session_home / "cache" / "planner_cli")
    return path


@pytest.fixture(scope="session")
def demo_database(tmp_path_factory) -> Path:
    """The demo, built once, alone in its folder: to read, not to change."""
    path = tmp_path_factory.mktemp("demo") / "demo.sqlite"
    build(path)
    return path


def make_shop(path: Path) -> Path:
    """Three customers, four orders, one of them open: its prompts are a fifth of the demo's."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(
            """
            create table customers (id integer primary key, name text, city text);
            create table orders (id integer primary key, customer_id integer references customers(id), total real,
                                 status text);
            insert into customers values (1, 'Anna', 'Paris'), (2, 'Ben', 'Rome'), (3, 'Eva', 'Paris');
            insert into orders values (1, 1, 10.5, 'shipped'), (2, 1, 20, 'shipped'), (3, 2, 5, 'open'),
                                      (4, 3, 7, 'shipped');
            """
        )
    return path


@pytest.fixture
def shop(tmp_path) -> Path:
    """One of its own."""
    return make_shop(tmp_path / "shop.sqlite")
