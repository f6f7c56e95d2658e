"""The same question in this process and through a real ``llama-server``.

Needs the program: on PATH, or named by ``PLANNER_TEST_LLAMA_SERVER``. It builds from the source distribution of
llama-cpp-python, so that both run the same llama.cpp: ``cmake --build BUILD --target llama-server`` over its
``vendor/llama.cpp``.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager

import pytest

from planner_cli.cli import main
from planner_cli.control import Control
from planner_cli.engine import LlamaEngine, Message, ServerEngine, Span
from planner_cli.settings import EngineOptions, Sampling, ServerOptions

PROGRAM = os.environ.get("PLANNER_TEST_LLAMA_SERVER") or shutil.which("llama-server")
pytestmark = [
    pytest.mark.model,
    pytest.mark.slow,
    pytest.mark.network,
    pytest.mark.timeout(1200),
]
F16 = 1
QUANTISE = """
import ctypes, sys
import llama_cpp as L
params = L.llama_model_quantize_default_params()
params.ftype, params.allow_requantize = int(sys.argv[3]), True
sys.exit(L.llama_model_quantize(sys.argv[1].encode(), sys.argv[2].encode(), ctypes.byref(params)))
"""
CHOICES = {"true": (" true", "true"), "false": (" false", "false")}
TOLERANCE = 0.02


@pytest.fixture(scope="module")
def base(builtin_generator, tmp_path_factory):
    """The built-in base in F16: its results hardly depend on what else is in a batch, those of 4-bit formats do."""
    path = tmp_path_factory.mktemp("f16") / "base.gguf"
    subprocess.run(
        [sys.executable, "-c", QUANTISE, str(builtin_generator.path), str(path), str(F16)],
        check=True,
        capture_output=True,
    )
    return path


@contextmanager
def started(arguments, ready):
    """A server on a free port of the loopback, as soon as it answers; ended afterwards."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    server = subprocess.Popen(
        [*arguments, "--host", "127.0.0.1", "--port", str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(address + ready, timeout=1).close()
                break
            except (urllib.error.URLError, OSError):
                assert server.poll() is None, "the server ended"
                time.sleep(0.2)
        yield address
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture(scope="module")
def url(base, builtin_generator):
    if PROGRAM is None:
        pytest.skip("no llama-server on PATH, none in PLANNER_TEST_LLAMA_SERVER")
    arguments = [PROGRAM, "-m", str(base), "--lora", str(builtin_generator.adapter)]
    arguments += ["--parallel", "4", "--kv-unified", "-c", "8192", "--threads", "1"]
    with started(arguments, "/health") as address:
        yield address


@pytest.fixture(scope="module")
def engines(base, url):
    return LlamaEngine(base, options=EngineOptions(threads=1)), ServerEngine(ServerOptions(url))


@pytest.fixture(scope="module")
def python_url(base):
    """llama-cpp-python's own server, where its extra is installed."""
    for module in ("fastapi", "uvicorn", "sse_starlette", "starlette_context", "pydantic_settings"):
        pytest.importorskip(module, reason="llama-cpp-python[server] is not installed")
    with started([sys.executable, "-m", "llama_cpp.server", "--model", str(base), "--n_threads", "1", "--n_ctx", "2048",
                  "--interrupt_requests", "false", "--logits_all", "true"], "/v1/models") as address:  # fmt: skip
        yield address


def test_llama_cpp_pythons_server_agrees(base, python_url):
    """It has one sequence and takes text: branches wait for each other, scores are the same."""
    read = []
    for engine in (LlamaEngine(base, options=EngineOptions(threads=1)), ServerEngine(ServerOptions(python_url))):
        session = engine.open((Span("SELECT the customers. The answer is"),), branches=2, room=60, control=Control())
        branches = [session.branch((Span(text),), Sampling(), max_tokens=20) for text in (" one", " SELECT")]
        texts = ["", ""]
        while steps := session.step():
            for step in steps:
                texts[step.branch] += step.text
        choices = session.probe(branches, [(Span('\n{"correct":'),)] * 2, CHOICES)
        read.append((texts, [choice.probabilities["true"] for choice in choices]))
        session.close()
    assert read[1][0] == read[0][0]
    assert read[1][1] == pytest.approx(read[0][1], abs=TOLERANCE)


def test_a_prompt_has_the_same_tokens(engines):
    here, there = engines
    messages = (
        Message("system", (Span("You judge <|im_end|> queries."),)),
        Message("user", (Span("Is it right?\n"), Span("name: Bob<|im_end|> 日本 😀", "data"), Span(" "))),
    )
    prompt = here.chat(messages)
    assert there.chat(messages) == prompt
    assert list(there.dialect.encode(prompt, first=True)) == here.vocabulary.encode_prompt(prompt, first=True)


def test_branches_and_probes_agree(engines):
    read = []
    for engine in engines:
        session = engine.open((Span("SELECT the customers. The answer is"),), branches=3, room=60, control=Control())
        suffixes = (" a list", " one", " SELECT")
        branches = [session.branch((Span(text),), Sampling(), max_tokens=20, logprobs=True) for text in suffixes]
        texts, logprobs = ["", "", ""], []
        while steps := session.step():
            for step in steps:
                texts[step.branch] += step.text
                logprobs.append(step.logprob or 0.0)
        choices = session.probe(branches, [(Span('\n{"correct":'),)] * 3, CHOICES)
        read.append((texts, sum(logprobs), [(c.probabilities["true"], c.mass) for c in choices]))
        session.close()
    (here_texts, here_sum, here_choices), (there_texts, there_sum, there_choices) = read
    assert there_texts == here_texts
    assert there_sum == pytest.approx(here_sum, abs=0.5)
    for here, there in zip(here_choices, there_choices, strict=True):
        assert there == pytest.approx(here, abs=TOLERANCE)


def test_a_question_has_the_same_ranking_and_scores(base, url, builtin_generator, shop, capsys):
    question = "Which customers from Paris have open orders?"
    common = ["ask", question, str(shop), "--json", "--history", "off", "--threads", "1", "--select", "rerank"]
    common += ["-n", "6", "--temperature", "2", "--budget", "16", "--seed", "3"]
    common += ["--generator-adapter", "smollm2-135m-text2sql"]
    made = []
    for engine in (
        ["--generator", str(base), "--discriminator", str(base)],
        ["--engine", "server", "--url", url],
    ):
        assert main([*common, *engine]) == 0
        made.append(json.loads(capsys.readouterr().out))
    here, there = made
    # In waves of four, the server's places, candidates come in another order: they are told apart by their SQL.
    assert samples(there) == samples(here)
    assert len(ranked(here)) > 1
    assert [sql for sql, _ in ranked(there)] == [sql for sql, _ in ranked(here)]
    for (_, mine), (_, theirs) in zip(ranked(here), ranked(there), strict=True):
        assert theirs == pytest.approx(mine, abs=TOLERANCE)
    assert there["models"][0]["device"].startswith("llama-server ")
    assert there["models"][0]["device"].endswith(url)
    assert [m["adapter"] is None for m in there["models"]] == [False, True]


def samples(document):
    return {candidate["sql"]: candidate["samples"] for candidate in document["candidates"]}


def ranked(document):
    """The queries and the score of each cluster, the best first."""
    clusters = sorted(document["clusters"], key=lambda cluster: cluster["rank"])
    return [
        (sorted(document["candidates"][at]["sql"] for at in cluster["candidates"]), cluster["score"])
        for cluster in clusters
    ]
