"""``planner cache``, and what asking leaves in it."""

import json
import stat

import pytest

from planner_cli.app.models import prefix_folder
from planner_cli.app.planner import Planner
from planner_cli.cli import main
from planner_cli.demo import build
from planner_cli.engine.prefill import LEAST_CACHED
from planner_cli.engine.prefix_cache import PrefixCache
from planner_cli.events import Prefilled, Prefilling

QUICK = ("-n", "1", "-q", "--history", "off", "--tables", "customers,orders,products")


@pytest.mark.model
def test_asking_fills_it_and_clear_empties_it(tmp_path, capsys):
    database = tmp_path / "demo.sqlite"
    build(database)
    assert main(["ask", "How many customers are there?", str(database), *QUICK, "--no-judge", "--cache-mib", "0"]) == 0
    assert not prefix_folder().exists()
    assert main(["ask", "How many customers are there?", str(database), *QUICK, "--budget", "0"]) == 0
    capsys.readouterr()
    assert main(["cache", "list", "--json"]) == 0
    listed = json.loads(capsys.readouterr().out)
    assert len(listed) == 2  # the generator's and the discriminator's
    assert all(entry["tokens"] >= LEAST_CACHED and entry["size"] > 20_000 * entry["tokens"] for entry in listed)
    assert stat.S_IMODE(prefix_folder().stat().st_mode) == 0o700
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in prefix_folder().iterdir())
    assert main(["cache", "clear"]) == 0
    assert "2 states deleted" in capsys.readouterr().out
    assert not list(prefix_folder().iterdir())


def test_what_is_read_ahead_is_there_for_the_first_question(demo_database, tiny_random_model, capsys):
    options = ("--generator", str(tiny_random_model), "--no-judge", "--tables", "customers,orders,products", "-n", "1")
    assert main(["warm", str(demo_database), *options, "--cache-mib", "0"]) == 2
    assert main(["warm", str(demo_database), *options]) == 0
    assert "read in" in capsys.readouterr().err
    assert main(["warm", str(demo_database), *options, "-q"]) == 0
    assert capsys.readouterr() == ("", "")
    assert main(["warm", str(demo_database), *options]) == 0
    assert "were there" in capsys.readouterr().err
    assert main(["cache", "list"]) == 0
    assert demo_database.name in capsys.readouterr().out
    with Planner.open(
        demo_database, generator=str(tiny_random_model), no_judge=True, tables="customers,orders,products", candidates=1
    ) as planner:
        prefilled = next(event for event in planner.events("How many?") if isinstance(event, Prefilled))
        assert prefilled.cached >= LEAST_CACHED
        progress = [event for event in planner.warm() if isinstance(event, Prefilling)]
        assert progress[0].progress.cached == prefilled.cached


def test_what_each_question_sees_another_part_of_is_not_read_ahead(demo_database, tiny_random_model, capsys):
    options = ("--generator", str(tiny_random_model), "--no-judge", "--schema-tokens", "40")
    assert main(["warm", str(demo_database), *options]) == 2
    assert "each question is shown others" in capsys.readouterr().err


def test_an_empty_cache(capsys):
    assert main(["cache", "list"]) == 0
    assert main(["cache", "clear"]) == 0
    assert main(["cache", "path"]) == 0
    printed = capsys.readouterr()
    assert printed.out == f"0 states deleted\n{prefix_folder()}\n"
    assert "0 states" in printed.err


def test_a_model_name_drives_no_terminal(capsys):
    cache = PrefixCache(prefix_folder(), limit=2**20)
    cache.about = "\x1b[2J.sqlite"
    cache.put("a", b"x", model="\x1b[2J.gguf", tokens=1)
    assert main(["cache", "list"]) == 0
    assert "\x1b" not in capsys.readouterr().out
