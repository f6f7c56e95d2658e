"""What tests share: the real built-in model, loaded once, and a small database."""

from __future__ import annotations

import os
import signal
import sqlite3
from pathlib import Path

import hypothesis
import pytest

from planner_cli.cli.offline import OFFLINE
from planner_cli.hub import ResolvedModel, resolve
from tests.sockets import SOCKETS

REPOSITORY = Path(__file__).parents[1]

# The same examples every time, and no deadline a busy machine could miss.
hypothesis.settings.register_profile("planner", deadline=None, derandomize=True)
hypothesis.settings.load_profile("planner")


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
def fast_forms(tmp_path_factory) -> Path:
    """Where the built-in base lies in the form it runs in, once it was needed: 145 MB, written once a session."""
    return tmp_path_factory.mktemp("fast_forms")


@pytest.fixture(autouse=True)
def private_home(tmp_path_factory, monkeypatch, fast_forms):
    """No test reads or writes the user's own history, models or caches; only the base's fast form is shared."""
    home = tmp_path_factory.mktemp("home")
    cache = home / "cache" / "planner_cli"
    cache.mkdir(parents=True, mode=0o700)
    (cache / "models").symlink_to(fast_forms, target_is_directory=True)
    for name in ("STATE", "CONFIG", "DATA", "CACHE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(home / name.lower()))
    for name in [n for n in os.environ if n.startswith("PLANNER_")] + ["NO_COLOR", "CLICOLOR_FORCE"]:
        monkeypatch.delenv(name, raising=False)
    for name in OFFLINE:  # set by every main() that runs in this process: not for the tests after it
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return home


@pytest.fixture(scope="session")
def builtin_generator() -> ResolvedModel:
    return resolve("builtin", "generator")


@pytest.fixture(scope="session")
def writing_engine(builtin_generator):
    """The built-in generator: the base and its adapter."""
    from planner_cli.engine import LlamaEngine  # loads llama.cpp, which most tests do without

    return LlamaEngine(builtin_generator.path, adapter=builtin_generator.adapter)


@pytest.fixture(scope="session")
def base_engine(builtin_generator):
    """The bare base model."""
    from planner_cli.engine import LlamaEngine

    return LlamaEngine(builtin_generator.path)


@pytest.fixture(scope="session")
def tiny_random_model(builtin_generator, tmp_path_factory) -> Path:
    """Two layers of random weights behind the built-in model's tokenizer: a hundredth of its cost."""
    from planner_cli.hub.synth import Shape, synthesise

    shape = Shape(
        name="tiny", architecture="llama", layers=2, width=256, heads=4, kv_heads=2, inner=512, vocabulary=49152,
        tied=True, context=2048, rope_base=10_000, file_type="Q4_0",
    )  # fmt: skip
    path = tmp_path_factory.mktemp("tiny") / "tiny.gguf"
    synthesise(shape, path, vocabulary=builtin_generator.path)
    return path


@pytest.fixture
def shop(tmp_path) -> Path:
    """Three customers, four orders, one of them open."""
    path = tmp_path / "shop.sqlite"
    with sqlite3.connect(path) as connection:
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
    connection.close()
    return path
