"""``--engine server``: only on request, only to the named address, and recorded in the answer."""

from __future__ import annotations

import json

import pytest

from planner_cli.cli import main
from planner_cli.engine.protocol import ACTS_BEHIND
from planner_cli.history import History
from tests.engine.completions_stub import Stub
from tests.hub import gguf_files

pytestmark = pytest.mark.network

QUESTION = "How many customers are there?"
SQL = "select count(*) from customers"


@pytest.fixture
def stub():
    """Answers every question alike, whatever comes before."""
    with Stub(texts={"```sql\n": SQL}) as server:
        yield server


def ask(shop, *arguments):
    return main(["ask", QUESTION, str(shop), *arguments])


def test_a_question_is_answered_through_a_server_and_says_so(stub, shop, capsys):
    assert ask(shop, "--engine", "server", "--url", stub.url, "--no-judge", "--json", "-n", "2") == 0
    document = json.loads(capsys.readouterr().out)
    assert document["answer"]["sql"] == SQL
    assert document["answer"]["rows"] == [[3]]
    (model,) = document["models"]
    assert (model["name"], model["device"]) == ("tiny.gguf", f"llama-server b0-stub at {stub.url}")
    assert (model["sha256"], model["parameters"]) == (None, 7)
    with History.open(create=False) as history:
        assert history.show(1).document["models"][0]["device"] == model["device"]


def test_a_server_that_does_not_tell_its_size(shop, capsys):
    with Stub(llama=False, texts={"```sql\n": SQL}) as stub:
        assert ask(shop, "--engine", "server", "--url", f"{stub.url}/v1", "--no-judge", "--json", "-n", "1") == 0
    (model,) = json.loads(capsys.readouterr().out)["models"]
    assert (model["name"], model["parameters"], model["device"]) == ("served", None, f"vLLM at {stub.url}")
    with History.open(create=False) as history:
        assert history.show(1).document["models"][0]["parameters"] is None


def test_a_judge_on_a_server_scores_from_its_probabilities(stub, shop, capsys):
    stub.probabilities = {" true": 0.3, " false": 0.1, "x": 0.6}
    arguments = ["--engine", "server", "--url", stub.url, "--budget", "0", "--select", "rerank", "--json", "-n", "1"]
    assert ask(shop, *arguments) == 0
    assert json.loads(capsys.readouterr().out)["clusters"][0]["score"] == pytest.approx(0.75)


REFUSED = [
    ("no address", ["--engine", "server"], "--engine server needs --url"),
    ("address alone", ["--url", "http://127.0.0.1:1"], "add --engine server"),
    ("another machine", ["--engine", "server", "--url", "http://192.0.2.1:8080"], "--allow-network"),
    (
        "another machine for the judge",
        ["--engine", "server", "--url", "{url}", "--discriminator-url", "http://192.0.2.1:8080"],
        "--allow-network",
    ),
]


@pytest.mark.parametrize(("arguments", "told"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_what_is_refused_before_anything_is_sent(stub, shop, capsys, arguments, told):
    assert ask(shop, *(argument.format(url=stub.url) for argument in arguments)) == 2
    assert told in capsys.readouterr().err
    assert stub.completions() == []


def test_another_model_than_the_named_one_is_refused(stub, shop, capsys):
    assert ask(shop, "--engine", "server", "--url", stub.url, "--generator", "qwen3-4b") == 3
    assert "runs tiny.gguf, not qwen3-4b" in capsys.readouterr().err
    assert ask(shop, "--engine", "server", "--url", stub.url, "--generator", "tiny.gguf", "--no-judge", "-n", "1") == 0


@pytest.mark.parametrize(("behind", "code"), [(True, 3), (False, 0)])
def test_an_adapter_that_must_act_behind_the_prompt_is_refused(shop, tmp_path, capsys, behind, code):
    adapter = gguf_files.write(tmp_path / "own.gguf", gguf_files.gguf([*gguf_files.ADAPTER, (ACTS_BEHIND, behind)]))
    with Stub(texts={"```sql\n": SQL}, adapters=("own.gguf",)) as stub:
        arguments = ["--engine", "server", "--url", stub.url, "--generator-adapter", str(adapter), "--no-judge"]
        assert ask(shop, *arguments, "-n", "1") == code
        assert bool(stub.completions()) is not behind
    assert ("own.gguf was trained to act only behind the prompt" in capsys.readouterr().err) is behind


def test_a_server_that_is_not_there(shop, capsys):
    assert ask(shop, "--engine", "server", "--url", "http://127.0.0.1:9") == 3
    assert "http://127.0.0.1:9: no server answers there" in capsys.readouterr().err


def test_a_chat_template_from_a_file(stub, shop, tmp_path, capsys):
    template = tmp_path / "template.jinja"
    template.write_text("{% for m in messages %}{{ m.content }}{% endfor %} [go] assistant: ", encoding="utf-8")
    arguments = ["--engine", "server", "--url", stub.url, "--no-judge", "-n", "1", "--sql-only"]
    assert ask(shop, *arguments, "--chat-template", str(template)) == 0
    assert capsys.readouterr().out == f"{SQL}\n"
    assert " [go] assistant: " in stub.text(stub.completions()[0]["prompt"])
    assert ask(shop, *arguments, "--chat-template", str(tmp_path / "none.jinja")) == 2
    assert "cannot read the chat template" in capsys.readouterr().err
