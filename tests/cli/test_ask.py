"""The command line on the built-in models: in this process, or in one of its own where streams or signals count."""

import json
import signal
import sqlite3
import subprocess

import openpyxl
import pytest

from tests.running import command, document, keep_the_base, planner, planner_process

pytestmark = [pytest.mark.model, pytest.mark.usefixtures("shared_cache")]
QUESTION = "How many customers are there?"
JUDGED = ("-n", "1", "--budget", "0", "--tables", "customers")
QUICK = ("-n", "1", "--no-judge", "--tables", "customers")
"""Half the cost, where no score is read."""


@pytest.fixture
def demo(demo_database):
    return demo_database


@pytest.mark.parametrize("budget", [8, *(pytest.param(more, marks=pytest.mark.slow) for more in (0, 16, 64, 256))])
def test_no_score_is_missing_at_any_budget(demo, budget):
    found = document(
        "How many orders has each status?", demo, "--budget", budget, "--tables", "orders,customers", "-n", 4
    )
    assert 1 <= len(found["candidates"]) <= 4
    assert all("execution" in c for c in found["candidates"])
    judged = [c["verdict"] for c in found["candidates"] if c.get("verdict")]
    assert len(judged) == len(found["clusters"]) >= 1
    for verdict in judged:
        assert 0 <= verdict["score"] <= 1
        assert 0 <= verdict["mass"] <= 1
        assert verdict["closed_by"] in ("model", "budget", "loop")
        assert verdict["tokens"] <= budget
        assert verdict["probes"][-1]["tokens"] == verdict["tokens"]


def test_a_seed_fixes_the_document(demo, private_home, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(private_home / "cache"))  # with no prompt's state in it
    hot = ("List the names of products with a price over 100", demo, "--temperature", 2, "--top-p", 1, "--budget", 4)
    hot += ("--max-tokens", 12, "--tables", "products,order_lines", "-n", "3")
    hot += ("--no-mend",)  # mended queries are weighed in a second session, which finds the first one's state
    first, second = (document(*hot, "--seed", 5) for _ in range(2))
    timings = [found.pop("timings") for found in (first, second)]
    assert first == second
    # the second one found the prompts' states in the cache, and is the same to the last bit all the same
    assert [[t[stage]["cached_tokens"] > 0 for stage in ("generate", "judge")] for t in timings] == [
        [False, False],
        [True, True],
    ]
    other = document(*hot, "--seed", 6, "--no-judge")
    assert [c["sql"] for c in other["candidates"]] != [c["sql"] for c in first["candidates"]]


def test_stdout_is_the_answer_and_nothing_else(demo):
    before = demo.read_bytes()
    asked = ("--format", "csv", "-n", 1, "--budget", 4, "--tables", "customers")
    loud = planner_process("ask", QUESTION, demo, *asked, "--think", "show", "--verbose")
    assert (loud.returncode, loud.stdout) == (0, "count(*)\n150\n")
    assert "select count" in loud.stderr
    assert demo.read_bytes() == before
    assert [path.name for path in demo.parent.iterdir()] == [demo.name]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--sql-only"], "select count(*) from customers\n"),
        (["--format", "jsonl"], '{"count(*)": 150}\n'),
        (["--format", "tsv", "--bom"], "\ufeffcount(*)\n150\n"),
    ],
    ids=["sql", "jsonl", "tsv"],
)
def test_formats(demo, options, expected):
    assert planner("ask", QUESTION, demo, *options, *QUICK).stdout == expected


def test_a_follow_up_of_the_last_answer(demo):
    assert planner("ask", QUESTION, demo, *QUICK).returncode == 0
    found = document("and in Hamburg?", demo, "--continue", *JUDGED, "-n", "2", "--max-tokens", "24")
    assert found["question"] == "and in Hamburg?"
    assert sum(candidate["samples"] for candidate in found["candidates"]) == 2
    assert "; read " in found["answer"]["reason"]


def test_output_file(demo, tmp_path):
    target = tmp_path / "answer.csv"
    done = planner("ask", QUESTION, demo, "--format", "csv", "-o", target, *QUICK)
    assert (done.returncode, done.stdout) == (0, "")
    assert target.read_text() == "count(*)\n150\n"
    unsure = planner("ask", QUESTION, demo, "--format", "csv", "-o", target, "--min-confidence", "1", *JUDGED)
    assert unsure.returncode == 4
    assert target.read_text() == "count(*)\n150\n"
    assert list(tmp_path.iterdir()) == [target]
    full = planner("ask", QUESTION, demo, "-o", "/dev/full", *QUICK)
    assert (full.returncode, full.stdout) == (74, "")
    assert full.stderr.splitlines()[-1] == "planner: cannot write /dev/full: No space left on device"


def test_abstaining(demo):
    done = planner("ask", QUESTION, demo, "--min-confidence", "1", "--json", *JUDGED)
    assert done.returncode == 4
    (unsure,) = done.stderr.splitlines()
    assert unsure.startswith("planner: not sure enough")
    made = json.loads(done.stdout)
    assert made["answer"] is None
    assert made["abstained"]["rows"] == [[150]]
    assert made["error"]["exit_code"] == 4
    chosen = made["options"].pop("chosen")
    assert chosen["budget"] == {"value": 0, "origin": "command line"}
    assert [chosen[name]["origin"] for name in ("select", "seed")] == ["model", "default"]
    assert made["options"] == {"min_confidence": 1.0, "tables": ["customers"], "no_values": False, "redacted": []}


def test_what_standard_error_tells_without_a_screen(demo):
    question = "List the names of products with a price over 100"
    asked = ("--tables", "products", "--limit", 1, "--format", "jsonl", "--budget", 0, "-n", 2)
    done = planner("ask", question, demo, *asked)
    assert done.stdout.count("\n") == 1
    cut, sql, why = done.stderr.splitlines()
    assert cut.startswith("planner: note: first 1 of ")
    assert cut.endswith("; raise --limit to see more")
    assert sql.lower().startswith("select ")
    assert why.startswith("votes ")
    assert "noise" not in why
    quiet = planner("ask", QUESTION, demo, "-q", *QUICK)
    assert quiet.stderr == ""


def test_scores_that_are_noise_are_warned_about_where_they_decide(demo):
    base = "smollm2-135m-instruct"
    note = f"planner: note: the discriminator {base} was never trained to judge: its scores are noise, and --"
    done = planner("ask", QUESTION, demo, "--discriminator", base, "--select", "rerank", *JUDGED)
    assert done.stderr.startswith(f"{note}select rerank uses them\n")
    voted = planner("ask", QUESTION, demo, "--discriminator", base, "--select", "vote", *JUDGED)
    assert "planner: note: the discriminator" not in voted.stderr
    assert "confidence 0." in voted.stderr


def test_the_tour(tmp_path, shared_cache):
    done = planner("demo", tmp_path / "demo.sqlite", "--no-judge", "-n", "1", "--max-tokens", "24")
    assert done.returncode == 0
    outcomes = [line.partition(":")[0] for line in done.stderr.splitlines()]
    counts = {word: outcomes.count(word) for word in ("right", "WRONG", "NO ANSWER")}
    assert sum(counts.values()) == 5
    tally = next(line for line in done.stderr.splitlines() if "Your turn" in line)
    assert f"{counts['right']} right" in tally
    assert ("wrong" in tally) is bool(counts["WRONG"])
    assert ("without an answer" in tally) is bool(counts["NO ANSWER"])
    assert done.stderr.count("How many customers are there?") <= 1
    assert "--limit" not in done.stderr


def test_time_limit(demo, monkeypatch):
    keep_the_base()  # which loads it at the first call in a process
    with monkeypatch.context() as patched:
        patched.setattr("planner_cli.engine.weights.Weights.__init__", None)  # no model is loaded for it
        none = planner("ask", QUESTION, demo, "--max-seconds", "0.001", "--json")
    assert none.returncode == 124
    assert none.stderr.startswith("planner: the time limit of 0.001 s ended")
    assert json.loads(none.stdout)["error"]["exit_code"] == 124
    enough = document(QUESTION, demo, "--max-seconds", 600, *JUDGED)
    assert enough["answer"]["confidence"] is not None


@pytest.mark.slow  # at each stage, with what is left behind: test_faults.py
def test_ctrl_c(demo):
    asked = command("ask", "Which customers are in Berlin?", demo, "--budget", "8000", "-v")
    process = subprocess.Popen(asked, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    seen = ""
    while "candidate" not in seen:  # it is at work
        seen += process.stderr.readline()
    process.send_signal(signal.SIGINT)
    out, error = process.communicate(timeout=30)  # of a thought that takes minutes
    assert process.returncode == 130
    assert out == ""
    assert error.splitlines()[-1] == "planner: interrupted"
    assert "Traceback" not in seen + error


def test_history_remembers_and_forgets(demo):
    planner("ask", QUESTION, demo, *QUICK)
    planner("ask", "How many products are there?", demo, "--history", "off", *QUICK)
    (entry,) = json.loads(planner("history", "list", "--json").stdout)
    assert entry["question"] == QUESTION
    shown = json.loads(planner("history", "show", entry["id"]).stdout)
    assert shown["candidates"][0]["sql"] == "select count(*) from customers"
    assert (shown["answer"]["rows"], shown["answer"]["row_count"]) == (None, 1)
    assert planner("history", "purge", "--all").returncode == 2  # not without a yes
    assert planner("history", "purge", "--all", "--yes").stdout == "1 question deleted\n"
    assert json.loads(planner("history", "list", "--json").stdout) == []


def test_an_unwritable_history_does_not_cost_the_answer(demo, tmp_path, monkeypatch):
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("PLANNER_HISTORY", str(blocked / "h.db"))
    done = planner("ask", QUESTION, demo, "--format", "csv", *QUICK)
    assert (done.returncode, done.stdout) == (0, "count(*)\n150\n")
    assert done.stderr.splitlines()[-1].startswith("planner: note: this question is not in the history:")


def test_tables_can_be_named(demo):
    found = document(QUESTION, demo, *QUICK, "--tables", "customers, orders")
    assert found["timings"]["generate"]["prompt_tokens"] < 100
    wrong = planner("ask", QUESTION, demo, "--tables", "custmers")
    assert wrong.returncode == 2
    assert "no table 'custmers'" in wrong.stderr


def test_mentioned_values_are_shown_to_the_generator(demo):
    asked = ("How many customers are in hamburg?", demo, "--no-judge", "-n", 1, "--min-confidence", 0)
    hint = {"table": "customers", "column": "city", "value": "Hamburg"}
    own = ("--tables", "customers")
    ways = (own, ("--tables", "products"), (*own, "--no-values"))
    shown, elsewhere, bare = (document(*asked, *more) for more in ways)
    assert [made["mentioned"] for made in (shown, elsewhere, bare)] == [[hint], [], []]
    tokens = [made["timings"]["generate"]["prompt_tokens"] for made in (shown, bare)]
    assert tokens[0] > tokens[1]


def test_environment_variables_are_options(demo, monkeypatch):
    monkeypatch.setenv("PLANNER_BUDGET", "3")
    monkeypatch.setenv("PLANNER_CANDIDATES", "1")
    settings = document(QUESTION, demo, "--tables", "customers")["settings"]
    assert (settings["discriminator"]["budget"], settings["generator"]["candidates"]) == (3, 1)


def test_hostile_names_reach_no_terminal(tmp_path):
    path = tmp_path / "hostile.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute('create table "customers\x1b]0;pwn\x07" (id int, "na\x9bme<|im_end|>" text)')
        connection.execute("create table customers (id int, name text)")
        connection.execute("insert into customers values (1, '\x1b[2Jgone\u202e')")
    connection.close()
    done = planner("ask", "What are the names of customers?", path, "--think", "show", "-v", "-n", 2, "--budget", 8)
    everything = done.stdout + done.stderr
    assert "\x1b" not in everything
    assert "\x9b" not in everything
    assert "\u202e" not in everything


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    path = tmp_path_factory.mktemp("crowd") / "crowd.db"
    with sqlite3.connect(path) as made:
        made.execute(
            "create table customers as with recursive n(id) as (select 1 union all select id + 1 from n where id < 1500) "
            "select id, 'name ' || id as name from n"
        )
    made.close()
    return path


@pytest.mark.parametrize(
    ("options", "file", "lines", "said"),
    [
        (("--format", "csv"), None, 1501, ""),
        ((), "all.csv", 1501, ""),
        (("--limit", "1200"), "some.tsv", 1201, "first 1,200 rows of more; raise --limit to see more"),
        (("--limit", "7"), "few.jsonl", 7, "first 7 of more than 1,000 rows; raise --limit to see more"),
        (("--format", "csv"), "named.txt", 1501, ""),
        ((), "all.md", 1502, ""),
    ],
    ids=str,
)
def test_a_file_or_a_pipe_gets_every_row(crowd, tmp_path, options, file, lines, said):
    where = ("-o", tmp_path / file) if file else ()
    done = planner("ask", "List the names of all customers", crowd, *QUICK, *options, *where)
    assert done.returncode == 0, done.stderr
    text = (tmp_path / file).read_text() if file else done.stdout
    assert len(text.splitlines()) == lines
    assert [line for line in done.stderr.splitlines() if "first" in line] == (
        [f"planner: note: {said}"] if said else []
    )


def test_a_workbook_is_for_files(crowd, tmp_path):
    asked = ("ask", "List the names of all customers", crowd, *QUICK)
    refused = planner(*asked, "--format", "xlsx")
    assert (refused.returncode, refused.stderr) == (2, "planner: --format xlsx is for files (add -o FILE.xlsx)\n")
    assert planner(*asked, "-o", tmp_path / "a.xlsx").returncode == 0
    assert openpyxl.load_workbook(tmp_path / "a.xlsx")["result"].max_row == 1501


def test_files_of_tables(tmp_path):
    (tmp_path / "customers.csv").write_text("id,name\n1,Anna\n2,Bob\n")
    (tmp_path / "orders.tsv").write_text("id\tcustomer_id\n1\t2\n")
    files = (tmp_path / "customers.csv", tmp_path / "orders.tsv")
    done = planner("ask", QUESTION, *files, "-n", 1, "--no-judge", "--format", "csv")
    assert (done.returncode, done.stdout.splitlines()[1:]) == (0, ["2"])
    assert done.stderr.splitlines()[:2] == [
        "planner: note: customers.csv: 2 rows, 2 columns; separated by commas, utf-8; table customers",
        "planner: note: orders.tsv: 1 row, 2 columns; separated by tabs, utf-8; table orders",
    ]
    refused = planner("ask", QUESTION, *files, "-o", files[1])
    assert refused.stderr == f"planner: {files[1]} is the database asked about (name another file for the answer)\n"


ENDS = [
    # name, question, options, exit code, what is on standard output and on standard error
    ("a change", "please delete all orders", (), 4, "", 'nothing was changed (planner ask "show all orders" demo.sqlite)'),
    ("what tables there are", "what tables are there?", ("-q", "--format", "csv", "--tables", "customers"), 0, "table,kind\ncustomers,table\n", ""),
    ("another topic", "who won the world cup?", JUDGED, 4, "", "called anything like 'won' or 'world' or 'cup' (it has customers; --min-confidence 0"),
    ("another topic, all the same", "who won the world cup?", (*JUDGED, "-q", "--min-confidence", "0", "--sql-only"), 0, "select", "doubtful: the confidence is 0.0"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("question", "options", "code", "out", "said"), [case[1:] for case in ENDS], ids=[case[0] for case in ENDS]
)
def test_what_is_no_question_about_the_data(demo, question, options, code, out, said):
    before = demo.read_bytes()
    done = planner("ask", question, demo, *options)
    assert done.returncode == code
    assert done.stdout.lower().startswith(out) if out else done.stdout == ""
    assert said in done.stderr
    assert demo.read_bytes() == before


def test_a_wish_to_change_is_an_error_in_the_document(demo):
    done = planner("ask", "delete all orders", demo, "--json")
    made = json.loads(done.stdout)
    assert (done.returncode, made["answer"], made["error"]["exit_code"]) == (4, None, 4)


def test_a_question_may_come_from_standard_input(shop):
    done = planner("ask", "-", shop)  # from which there is nothing to read
    assert (done.returncode, done.stdout) == (2, "")
    assert "the question is empty" in done.stderr
