"""The public API on the built-in models, and on a tiny one where the answer does not matter."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from planner_cli import Answer, Control, Planner, PlannerError
from planner_cli.errors import DatabaseError, ModelError, TimeLimit
from planner_cli.events import Answered, CandidateExecuted, CandidateWritten, Ranked, StageStarted
from planner_cli.settings import Limits
from planner_cli.types import Example

pytestmark = pytest.mark.model
QUESTION = "How many customers are there?"


@pytest.fixture(scope="module")
def planner(tmp_path_factory):
    from planner_cli.demo import build

    path = tmp_path_factory.mktemp("demo") / "demo.sqlite"
    build(path)
    with Planner.open(
        path, pair="builtin", budget=0, candidates=2, tables=["customers", "orders"], threads=1
    ) as opened:
        yield opened


def quick(path, model, **more):
    """A planner that loads in no time, and whose answers mean nothing."""
    return Planner.open(
        path, generator=str(model), no_judge=True, candidates=1, max_tokens=4, threads=1, cache_mib=0, **more
    )


def mapped(path: Path) -> bool:
    """Whether this process has the file in its memory."""
    return str(path.resolve()) in Path("/proc/self/maps").read_text()


# ------------------------------------------------------------------------------------------------- asking


def test_an_answer_has_the_query_its_rows_and_why(planner):
    answer = planner.ask(QUESTION)
    assert isinstance(answer, Answer)
    assert answer.sql == "select count(*) from customers"
    assert (answer.columns, answer.rows, answer.truncated) == (("count(*)",), ((150,),), False)
    assert 0 <= answer.confidence <= 1
    assert answer.reason
    assert [candidate.sql for candidate in answer.candidates][answer.best] == answer.sql
    assert answer.sql in repr(answer)
    assert "<td>150</td>" in answer._repr_html_()


def test_a_question_that_is_not_english_says_so_once(planner):
    before = planner.notes
    planner.question("How many customers are in Köln?")
    assert planner.notes == before
    for _ in range(2):
        planner.question("Wie viele Kunden gibt es?")
    (note,) = planner.notes[len(before) :]
    assert note.startswith("the generator builtin")
    assert "knows English only" in note


def test_the_built_in_pair_is_shown_no_notes(planner):
    planner.learn([Example(QUESTION, "select 1")])
    question = planner.question(QUESTION)
    assert not planner.takes_notes
    assert (question.notes, question.examples) == ((), ())


def test_a_general_model_is_shown_notes_examples_and_the_day(shop, tiny_random_model):
    shop.with_name(f"{shop.name}.planner.toml").write_text(
        "[terms]\nregular = 'twice or more'\n[tables.nothing]\nnote = 'x'"
    )
    with quick(shop, tiny_random_model, today="2025-06-18") as opened:
        assert opened.takes_notes
        opened.learn([Example("regular customers last month?", "select 1")])
        question = opened.question("Which customers were regular last month?")
        assert any("the notes name what is not there: no table nothing" in note for note in opened.notes)
    assert question.notes == ("regular: twice or more",)
    assert question.examples == (Example("regular customers last month?", "select 1"),)
    assert (question.today, question.now) == ("2025-06-18", "2025-06-18")


def test_a_query_of_ones_own_runs_in_the_sandbox(planner):
    assert planner.sql("select count(*) from customers").rows == ((150,),)
    assert planner.sql("delete from customers").error_kind == "refused"


def test_a_change_loads_only_what_it_asks_for(planner):
    before = planner.engines
    planner.change(candidates=1, seed=3)
    assert planner.engines == before
    assert sum(c.samples for c in planner.ask(QUESTION).candidates) == 1
    planner.change(budget=2)  # another adapter: that of judges who think
    try:
        assert planner.engines[1] != before[1]
        assert planner.choices["budget"].origin == "argument"
        (verdict,) = planner.ask(QUESTION).verdicts
        assert 0 < verdict.thought.tokens <= 2
    finally:
        planner.change(budget=0, candidates=2, seed=0)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"redact": ["customers.name"]}, PlannerError, "redact cannot change while the database is open"),
        ({"budgte": 1}, PlannerError, "there is no setting 'budgte'"),
        ({"no_judge": True, "select": "rerank"}, PlannerError, "exclude each other"),
        ({"generator": "nowhere.gguf"}, ModelError, "nowhere.gguf"),
    ],
    ids=["fixed", "unknown", "a contradiction", "no such model"],
)
def test_a_change_that_fails_changes_nothing(planner, settings, error, message):
    before = planner.settings, planner.engines
    with pytest.raises(error, match=message):
        planner.change(**settings)
    assert (planner.settings, planner.engines) == before


def test_events_are_those_the_screen_reads(planner):
    events = list(planner.events(QUESTION))
    kinds = [type(event) for event in events]
    assert kinds[0] is StageStarted
    assert kinds.index(CandidateWritten) < kinds.index(CandidateExecuted) < kinds.index(Ranked)
    assert isinstance(events[-1], Answered)
    assert events[-1].answer.sql == planner.ask(QUESTION).sql


def test_a_later_question_finds_models_and_prompts_ready(planner):
    planner.ask(QUESTION)
    timings = planner.ask("List the names of customers").timings
    assert timings.load == 0
    assert timings.generate.cached_tokens > 0


def test_a_question_that_is_left_is_ended_by_the_next(planner):
    left = planner.events(QUESTION)
    next(left)
    assert planner.ask(QUESTION).rows == ((150,),)
    assert list(left) == []


def test_a_control_ends_a_question(planner):
    control = Control(1e-9)
    with pytest.raises(TimeLimit):
        planner.ask(QUESTION, control=control)
    assert planner.ask(QUESTION).rows == ((150,),)


def test_facts_of_a_planner(planner):
    assert [info.role for info in planner.models] == ["generator", "discriminator"]
    assert [table.name for table in planner.schema.tables] == ["customers", "orders"]
    assert (planner.plan.discriminator.budget, planner.choices["budget"].origin) == (0, "argument")
    assert planner.choices["select"].origin == "model"
    assert repr(planner).endswith("demo.sqlite', generator='builtin', discriminator='builtin'>")


def test_an_empty_question_is_refused(planner):
    with pytest.raises(PlannerError, match="the question is empty"):
        planner.ask(" ")


# ------------------------------------------------------------------------------------------------ closing


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="no /proc")
def test_closing_frees_the_model_and_the_sandbox(shop, tiny_random_model, tmp_path):
    own = Path(shutil.copy(tiny_random_model, tmp_path))  # other tests keep the shared file loaded
    with quick(shop, own) as opened, quick(shop, own):
        assert mapped(own)
        opened.close()
        assert mapped(own)  # the other one still has it
        with pytest.raises(DatabaseError, match="is closed"):
            opened.database.execute("SELECT 1")
    assert not mapped(own)


def test_a_closed_planner_says_so(shop, tiny_random_model):
    opened = quick(shop, tiny_random_model)
    opened.close()
    opened.close()
    for use in (opened.ask, opened.events, opened.question):
        with pytest.raises(PlannerError, match="this planner is closed"):
            use(QUESTION)
    assert repr(opened).endswith(", closed>")


BAD = [
    ("no database", {"database": "none.sqlite"}, DatabaseError, "none.sqlite"),
    ("no such table", {"tables": ["customer"]}, DatabaseError, "no table 'customer'"),
    ("no such column", {"redact": ["customers.nme"]}, DatabaseError, "no column 'customers.nme'"),
    ("no such model", {"generator": "builtn"}, ModelError, "builtn"),
    (
        "no such format of thoughts",
        {"no_judge": False, "discriminator": "TINY", "reasoning": "deep"},
        PlannerError,
        "deep",
    ),
    ("no such setting", {"buget": 3}, PlannerError, "there is no setting 'buget'"),
    ("not its type", {"budget": "64"}, PlannerError, "budget: '64' is not a whole number"),
    ("out of range", {"candidates": 65}, PlannerError, "between 1 and 64"),
    ("a contradiction", {"select": "race"}, PlannerError, "exclude each other"),
    ("no address", {"engine": "server"}, PlannerError, "needs --url"),
]


@pytest.mark.parametrize(("change", "kind", "named"), [b[1:] for b in BAD], ids=[b[0] for b in BAD])
def test_what_cannot_be_opened_leaves_nothing(shop, tiny_random_model, tmp_path, change, kind, named):
    own = shutil.copy(tiny_random_model, tmp_path)  # other tests keep the shared file loaded
    settings = {"database": shop, "generator": own, "no_judge": True, "threads": 1, **change}
    settings = {name: own if value == "TINY" else value for name, value in settings.items()}
    with pytest.raises(kind, match=named):
        Planner.open(**settings)
    assert not mapped(Path(own))


def test_a_stop_while_it_opens(shop, tiny_random_model):
    control = Control()
    control.cancel()
    with pytest.raises(PlannerError, match="interrupted"):
        quick(shop, tiny_random_model, control=control)


# -------------------------------------------------------------------------------------------- the sources


def test_environment_and_configuration_count_too(shop, tiny_random_model, monkeypatch, tmp_path):
    config = tmp_path / "config.toml"
    config.write_text('[defaults]\nseed = 3\n[ask]\ntop-k = 5\nseed = 4\nformat = "csv"\n')
    monkeypatch.setenv("PLANNER_CONFIG", str(config))
    monkeypatch.setenv("PLANNER_TOP_P", "0.5")
    monkeypatch.setenv("PLANNER_TOP_K", "6")
    with quick(shop, tiny_random_model, top_p=0.25) as opened:
        sampling = opened.plan.generator.sampling
        assert (opened.plan.seed, sampling.top_k, sampling.top_p) == (4, 6, 0.25)
        assert [opened.choices[name].origin for name in ("seed", "top_k", "top_p", "kv")] == [
            "configuration", "environment", "argument", "default"]  # fmt: skip


MANY = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 3000) select i from n"


@pytest.mark.parametrize(
    ("rows", "count", "more"), [(None, 1000, True), (10, 1000, True), (2000, 2000, True), (5000, 3000, False)]
)
def test_rows_are_fetched_for_the_answer_and_not_for_the_models(shop, tiny_random_model, rows, count, more):
    with quick(shop, tiny_random_model, rows=rows) as opened:
        executed = [event for event in opened.events("How many?", given=MANY) if isinstance(event, CandidateExecuted)]
        answer = opened.check("How many?", MANY).answer
        assert (len(answer.rows), answer.truncated) == (count, more)
        assert answer.rows == tuple((i,) for i in range(1, count + 1))
        assert len(executed[0].execution.rows) == opened.plan.limits.rows == Limits().rows


def test_notes_are_kept_and_handed_on(shop):
    told = []
    base = "smollm2-135m-instruct"
    with Planner.open(shop, discriminator=base, select="rerank", threads=1, note=told.append) as opened:
        assert opened.untrained
        assert list(opened.notes) == told
    assert told[-1].startswith(f"the discriminator {base} was never trained to judge")


JUDGES = [
    ("nobody asked for it", {}, (True, "weighted-vote", 512, "model")),
    ("somebody did", {"no_judge": False}, (False, "posterior", 0, "model")),
    ("with thoughts", {"budget": 3}, (False, "posterior", 3, "argument")),
    ("votes are enough", {"select": "vote"}, (True, "vote", 512, "argument")),
]


@pytest.mark.parametrize(("said", "expected"), [j[1:] for j in JUDGES], ids=[j[0] for j in JUDGES])
def test_a_judge_that_was_never_trained_is_asked_only_on_request(shop, tiny_random_model, said, expected):
    model = str(tiny_random_model)
    with Planner.open(shop, pair=model, candidates=1, max_tokens=4, threads=1, cache_mib=0, **said) as opened:
        left_out, select, budget, origin = expected
        assert len(opened.models) == (1 if left_out else 2)
        assert opened.unasked == (tiny_random_model.name if left_out else None)
        assert (opened.plan.select, opened.plan.discriminator.budget) == (select, budget)
        assert origin in {opened.choices[name].origin for name in ("select", "budget")}
        assert bool(opened.notes) is not left_out


QUIET = """
import sys
from planner_cli import Planner
with Planner.open(sys.argv[1], no_judge=True, candidates=1, tables=["customers"], threads=1) as planner:
    planner.ask("How many customers are there?")
loud = [name for name in ("click", "rich") if name in sys.modules]
assert not loud, loud
"""


def test_it_prints_nothing_and_imports_no_front_end(planner, shared_cache):
    path = str(planner.database.path)
    done = subprocess.run([sys.executable, "-c", QUIET, path], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_package_itself_imports_next_to_nothing():
    code = "import sys; import planner_cli; print([m for m in sys.modules if m.startswith('planner_cli.')])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


CTRL_C = """
import os, signal, sys, threading, time
from planner_cli import Planner
with Planner.open(sys.argv[1], budget=8000, candidates=1, select="rerank", threads=1, tables=["customers"]) as planner:
    for event in planner.events("Which customers are in Berlin?"):
        if type(event).__name__ == "ThoughtToken":
            break
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    try:
        planner.ask("Which customers are in Berlin?")
    except KeyboardInterrupt:
        print("ended")
"""


def test_ctrl_c_ends_a_question(planner, shared_cache):
    """Wherever it comes: in Python's own code, or in llama.cpp's, which loses exceptions."""
    path = str(planner.database.path)
    done = subprocess.run([sys.executable, "-c", CTRL_C, path], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("ended\n", "", 0)


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["a.csv", "b.db"], "b.db is no .csv, .tsv or .jsonl file"),
        (["a.db", "b.db"], "a.db is no"),
        ([], "no database"),
    ],
)
def test_one_database_or_several_files(names, why):
    with pytest.raises(PlannerError, match=why):
        Planner.open(names)


@pytest.mark.model
def test_files_of_tables_are_asked_as_one_database(tmp_path):
    (tmp_path / "customers.csv").write_text("id;name;city\n1;Anna;Berlin\n2;Bob;Paris\n")
    (tmp_path / "orders.jsonl").write_text('{"id": 1, "customer_id": 2, "total": 5.5}\n')
    with Planner.open([tmp_path / "customers.csv", tmp_path / "orders.jsonl"], no_judge=True, candidates=1) as planner:
        assert [table.name for table in planner.schema.tables] == ["customers", "orders"]
        assert planner.notes[0].startswith("customers.csv: 2 rows, 3 columns; separated by semicolons")
        assert planner.ask("How many customers are in Berlin?").rows == ((1,),)
        folder = planner.database.private_copy.path.parent
        assert folder.exists()
    assert not folder.exists()
