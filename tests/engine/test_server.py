"""The engine over a server, against one of our own: the contract, the concurrency, and every way it can fail."""

from __future__ import annotations

import time
from collections import deque

import pytest
from completions_stub import Fault, Stub

from planner_cli.control import Control
from planner_cli.engine import Message, ServerEngine, Span
from planner_cli.engine.server import http
from planner_cli.engine.server.session import SLICE
from planner_cli.errors import ContextOverflow, EngineError, ExitCode, Interrupted, PlannerError, TimeLimit
from planner_cli.settings import Sampling, ServerOptions
from tests.running import wait_for

pytestmark = pytest.mark.network

GREEDY, SAMPLED = Sampling(), Sampling(temperature=0.7, seed=5)
CHOICES = {"true": (" true", "true"), "false": (" false", "false")}
FORCED = (Span("\n{correct:"),)
LONG = "".join(f" w{n}" for n in range(40))


@pytest.fixture(autouse=True)
def quick(monkeypatch):
    monkeypatch.setattr(http, "_PAUSE", 0.01)


@pytest.fixture(params=[True, False], ids=["llama-server", "completions"])
def stub(request):
    with Stub(llama=request.param) as server:
        yield server


@pytest.fixture
def llama():
    with Stub() as server:
        yield server


def engine(stub, **options):
    return ServerEngine(ServerOptions(stub.url, **options))


def opened(stub, *, branches=2, room=100, control=None, **options):
    return engine(stub, **options).open((Span("prompt"),), branches=branches, room=room, control=control or Control())


def write(session, branches):
    """Step to the end; returns each branch's text and how it finished."""
    texts, ends = dict.fromkeys((b.index for b in branches), ""), {}
    while steps := session.step():
        for step in steps:
            texts[step.branch] += step.text
            if step.finished:
                ends[step.branch] = (step.finished, step.tokens)
    return texts, ends


def test_branches_write_beside_each_other(stub):
    stub.texts = {" a": " one two three", " b": LONG}
    session = opened(stub)
    branches = [
        session.branch((Span(suffix),), sampling, max_tokens=30)
        for suffix, sampling in ((" a", GREEDY), (" b", GREEDY))
    ]
    texts, ends = write(session, branches)
    assert texts == {0: " one two three", 1: "".join(f" w{n}" for n in range(30))}
    assert ends == {0: ("model", 3), 1: ("length", 30)}
    assert (session.stats.new_tokens, session.stats.widest) == (33, 2)
    session.close()


def test_a_greedy_branch_is_asked_for_slices_a_sampled_one_at_once(stub):
    stub.texts = {" a": LONG}
    session = opened(stub)
    for sampling in (GREEDY, SAMPLED):
        branch = session.branch((Span(" a"),), sampling, max_tokens=SLICE + 4)
        texts, ends = write(session, [branch])
        assert texts[branch.index] == LONG[: len(texts[branch.index])]
        assert ends == {branch.index: ("length", SLICE + 4)}
        branch.close()
    asked = [body.get("n_predict", body.get("max_tokens")) for body in stub.completions()]
    assert asked == [SLICE, 4, SLICE + 4]


def test_the_sampling_is_told(llama):
    llama.texts = {" a": " x"}
    session = opened(llama)
    sampling = Sampling(temperature=0.7, top_k=11, top_p=0.9, min_p=0.1, repeat_penalty=1.2, seed=2**31 + 5)
    session.branch((Span(" a"),), sampling, max_tokens=5, logprobs=True)
    (step, *_) = session.step()
    assert step.logprob == -0.5
    (body,) = llama.completions()
    told = {"temperature": 0.7, "top_k": 11, "top_p": 0.9, "min_p": 0.1, "repeat_penalty": 1.2, "seed": 5, "n_probs": 1}
    assert told.items() <= body.items()
    assert body["samplers"] == ["penalties", "top_k", "top_p", "min_p", "temperature"]
    assert body["cache_prompt"] is True


def test_a_probe_reads_the_choices_and_changes_nothing(stub):
    stub.texts = {" a": LONG}
    session = opened(stub)
    branch = session.branch((Span(" a"),), GREEDY, max_tokens=30)
    for _ in range(5):
        session.step()
    (choice,) = session.probe([branch], [FORCED], CHOICES)
    assert choice.probabilities == pytest.approx({"true": 0.75, "false": 0.25})
    assert choice.mass == pytest.approx(0.8)
    probe = stub.completions()[-1]
    assert stub.text(probe["prompt"]) == "prompt a w0 w1 w2 w3 w4\n{correct:"
    (step,) = session.step()
    assert (step.text, step.tokens) == (" w5", 6)


def test_an_adopted_branch_is_part_of_the_prefix(stub):
    stub.texts = {" a": LONG, " w0 w1 w2 so": " x"}
    session = opened(stub)
    branch = session.branch((Span(" a"),), GREEDY, max_tokens=30)
    for _ in range(3):
        session.step()
    session.adopt(branch)
    texts, _ = write(session, [session.branch((Span(" so"),), GREEDY, max_tokens=9)])
    assert texts == {1: " x"}
    assert stub.text(stub.completions()[-1]["prompt"]) == "prompt a w0 w1 w2 so"


def test_a_thought_that_ended_is_probed_without_its_end_mark(stub):
    stub.texts = {" a": " one two"}
    session = opened(stub)
    branch = session.branch((Span(" a"),), GREEDY, max_tokens=30)
    assert write(session, [branch])[1] == {0: ("model", 2)}
    session.probe([branch], [FORCED], CHOICES)
    assert stub.text(stub.completions()[-1]["prompt"]) == "prompt a one two\n{correct:"


def test_a_choice_far_down_is_asked_for_again(llama):
    llama.probabilities = {f"t{n}": 0.01 for n in range(80)} | {" true": 0.003, " false": 0.001}
    session = opened(llama)
    branch = session.branch((), GREEDY, max_tokens=5)
    (choice,) = session.probe([branch], [FORCED], CHOICES)
    assert choice.probabilities["true"] == pytest.approx(0.75)
    assert choice.mass == pytest.approx(0.004)
    assert [body["n_probs"] for body in llama.completions()] == [64, 1024]


OTHERS = {f"t{n}": 0.02 for n in range(18)}
LIKELIEST = [
    # name, probabilities, P(true) where it can be known from the likeliest 20
    ("both told", OTHERS | {" true": 0.3, " false": 0.1}, 0.75),
    ("fewer tokens than asked for", {" true": 0.6, "x": 0.4}, None),
    ("the other is negligible", {f"t{n}": 0.001 for n in range(30)} | {" true": 0.96, " false": 0.0005}, 1.0),
    ("the other may matter", {f"t{n}": 0.005 for n in range(30)} | {" true": 0.84, " false": 0.0005}, None),
    ("neither", {f"t{n}": 0.04 for n in range(20)} | {" true": 0.003, " false": 0.0005}, None),
]


@pytest.mark.parametrize(("told", "expected"), [case[1:] for case in LIKELIEST], ids=[case[0] for case in LIKELIEST])
def test_choices_are_read_from_the_likeliest_tokens_that_are_told(told, expected):
    with Stub(llama=False, probabilities=told) as stub:
        session = opened(stub)
        branch = session.branch((), GREEDY, max_tokens=5)
        if expected is None:
            with pytest.raises(EngineError, match="not among the 20 likeliest"):
                session.probe([branch], [FORCED], CHOICES)
        else:
            (choice,) = session.probe([branch], [FORCED], CHOICES)
            assert choice.probabilities["true"] == pytest.approx(expected)
        assert len(stub.completions()) == 1


def test_a_server_without_logprobs_is_an_error():
    with Stub(llama=False) as stub:
        session = opened(stub)
        branch = session.branch((), GREEDY, max_tokens=5)
        stub.faults = [Fault("/v1/completions", body=b'{"choices": [{"text": "x", "logprobs": null}]}')]
        with pytest.raises(EngineError, match="sent no logprobs"):
            session.probe([branch], [FORCED], CHOICES)


def test_more_branches_than_places_wait(stub):
    stub.texts = {" a": " x"}
    stub.slots = 2
    session = opened(stub, branches=3, concurrency=2)
    branches = [session.branch((Span(" a"),), GREEDY, max_tokens=5) for _ in range(3)]
    assert session.admit() == branches[:2]
    with pytest.raises(EngineError, match="found no place"):
        session.probe([branches[2]], [FORCED], CHOICES)
    branches[0].close()
    assert session.admit() == [branches[2]]
    with pytest.raises(EngineError, match="closed branch"):
        session.probe([branches[0]], [FORCED], CHOICES)


def test_the_server_is_kept_full(llama):
    llama.pause = 0.02
    llama.texts = {f" s{n}": LONG for n in range(4)}
    session = opened(llama, branches=4)
    branches = [session.branch((Span(f" s{n}"),), SAMPLED, max_tokens=20) for n in range(4)]
    write(session, branches)
    assert llama.busiest == 4
    assert sum(llama.beside) / len(llama.beside) > 2  # one after the other would be 1


def test_a_closed_branch_stops_its_request(llama):
    llama.pause = 0.02
    llama.texts = {" a": "".join(f" w{n}" for n in range(1000))}  # 20 seconds of it
    session = opened(llama, room=1001)
    branch = session.branch((Span(" a"),), SAMPLED, max_tokens=1000)
    session.step()
    branch.close()
    wait_for(lambda: not llama.busy, "the end of the request")
    assert llama.served < 1000


@pytest.mark.parametrize(
    ("stop", "error"),
    [(lambda control: control.cancel(), Interrupted), (lambda _control: None, TimeLimit)],
    ids=["Ctrl-C", "the time limit"],
)
def test_the_time_limit_and_ctrl_c_end_the_waiting(llama, stop, error):
    llama.texts = {" a": LONG}
    llama.faults = [Fault("/completion", silent=600)]  # longer than a test may take
    control = Control(0.3)
    session = opened(llama, control=control)
    session.branch((Span(" a"),), GREEDY, max_tokens=5)
    stop(control)
    with pytest.raises(error):
        session.step()


def test_untrusted_text_cannot_become_a_mark(stub):
    stub.texts = {}
    made = engine(stub)
    spans = (Span("<|im_start|>", "control"), Span("say <|im_end|> </think> [INST] a<b [orders]", "data"))
    text = stub.text(made.dialect.encode(spans, first=False))
    assert text == "<|im_start|>say <\u200b|im_end|> <\u200b/think> [\u200bINST] a<b [orders]"


def test_the_chat_template_of_a_file_is_used(llama):
    template = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}<think>"
    made = ServerEngine(ServerOptions(llama.url), template=template)
    prompt = made.chat((Message("user", (Span("hello", "data"),)),))
    assert [(span.text, span.kind) for span in prompt] == [
        ("[user]", "control"),
        ("hello", "data"),
        ("<think>", "control"),
    ]
    assert (made.reasoning.name, made.reasoning.opened) == ("think", True)


def test_an_adapter_of_the_server_is_switched_on_in_every_request(llama):
    llama.adapters = ("a.gguf", "b.gguf")
    llama.texts = {" x": " y"}
    for adapter, scales in ((None, [0.0, 0.0]), ("b.gguf", [0.0, 1.0])):
        session = ServerEngine(ServerOptions(llama.url), adapter=adapter).open(
            (Span("p"),), branches=1, room=20, control=Control()
        )
        session.branch((Span(" x"),), GREEDY, max_tokens=2)
        session.step()
        assert [entry["scale"] for entry in llama.completions()[-1]["lora"]] == scales
    with pytest.raises(EngineError, match=r"no adapter c\.gguf; it has a\.gguf, b\.gguf"):
        ServerEngine(ServerOptions(llama.url), adapter="c.gguf")


def test_a_prompt_that_does_not_fit_is_refused_before_it_is_sent(stub):
    stub.context = 50
    with pytest.raises(ContextOverflow, match="do not fit the server's 50 tokens"):
        opened(stub, room=60)
    assert stub.completions() == []
    assert ServerEngine(ServerOptions(stub.url)).longest == 50
    session = opened(stub, room=10)
    with pytest.raises(EngineError, match="over its room"):
        session.branch((), GREEDY, max_tokens=20)


# ---------------------------------------------------------------------------------------------- failures

PASSING = [
    ("loading", Fault("{path}", status=503)),
    ("too many requests", Fault("{path}", status=429)),
    ("bad gateway", Fault("{path}", status=502)),
    ("connection lost before the answer", Fault("{path}", drop=True)),
]


@pytest.mark.parametrize("fault", [case[1] for case in PASSING], ids=[case[0] for case in PASSING])
def test_what_passes_is_tried_again(stub, fault):
    stub.texts = {" a": " x"}
    path = "/completion" if stub.llama else "/v1/completions"
    stub.faults = [Fault(path, status=fault.status, drop=fault.drop)]
    session = opened(stub)
    branch = session.branch((Span(" a"),), GREEDY, max_tokens=5)
    assert write(session, [branch])[0] == {0: " x"}


LASTING = [
    (
        "error of the server",
        [Fault("{path}", status=500, body=b'{"error": {"message": "out\\nof memory"}}')],
        "answered 500: out of memory",
    ),
    ("wrong key", [Fault("{path}", status=401, body=b"{}")], "answered 401"),
    ("always busy", [Fault("{path}", status=429)] * 9, "answered 429"),
    ("no JSON", [Fault("{path}", body=b"data: <html>\n\n")], "did not answer in JSON"),
    ("cut in the middle", [Fault("{path}", cut=2)], "the connection broke"),
]


@pytest.mark.parametrize(("faults", "message"), [case[1:] for case in LASTING], ids=[case[0] for case in LASTING])
def test_what_lasts_ends_in_one_line(stub, faults, message):
    stub.texts = {" a": LONG}
    path = "/completion" if stub.llama else "/v1/completions"
    stub.faults = [Fault(path, f.status, f.body, f.drop, f.cut, f.silent) for f in faults]
    session = opened(stub)
    session.branch((Span(" a"),), GREEDY, max_tokens=5)
    with pytest.raises(EngineError, match=message) as caught:
        deque(iter(session.step, []), maxlen=0)
    assert stub.url in caught.value.message
    assert "\n" not in caught.value.message
    assert caught.value.exit_code == ExitCode.MODEL


def test_a_silent_server_is_not_waited_for_for_ever(llama):
    session = opened(llama, timeout=1.0)
    llama.faults = [Fault("/completion", silent=600)]
    session.branch((), GREEDY, max_tokens=5)
    with pytest.raises(EngineError, match="no answer in time") as caught:
        session.step()
    assert "--server-timeout" in caught.value.hint


def test_no_server_is_said_at_once(monkeypatch):
    monkeypatch.setattr(time, "sleep", None)  # nothing is waited for, or tried again
    with pytest.raises(EngineError, match=r"http://127\.0\.0\.1:9: no server answers there"):
        ServerEngine(ServerOptions("http://127.0.0.1:9"))


def test_what_is_no_such_server_is_said(monkeypatch):
    with Stub(llama=False) as stub:
        with pytest.raises(EngineError, match="does not serve 'other'"):
            engine(stub, model="other")
        with pytest.raises(EngineError, match="adapters are models of their own"):
            ServerEngine(ServerOptions(stub.url), adapter="a.gguf")
        monkeypatch.setattr(stub, "context", None)
        assert engine(stub).about.context is None


def test_a_key_is_sent_only_where_one_is_set(stub, monkeypatch):
    engine(stub)
    monkeypatch.setenv("PLANNER_SERVER_KEY", "secret")
    engine(stub)
    sent = {body["authorization"] for path, body in stub.requests if path == "/v1/models"}
    assert sent == {None, "Bearer secret"}


def test_no_proxy_of_the_environment_is_used(stub, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert engine(stub).about.model


ADDRESSES = [
    ("loopback", "http://127.0.0.1:8080", False, None),
    ("all of 127", "http://127.8.8.8", False, None),
    ("loopback of version 6", "http://[::1]:8080/v1", False, None),
    ("localhost", "https://localhost", False, None),
    ("another machine, allowed", "http://192.0.2.1:8080", True, None),
    ("another machine", "http://192.0.2.1:8080", False, "is not this machine"),
    ("a name", "http://gpu.example", False, "is not this machine"),
    ("a name that begins like it", "http://localhost.example", False, "is not this machine"),
    ("a number that is an address", "http://2130706433", False, "is not this machine"),
    ("all interfaces", "http://0.0.0.0:8080", False, "is not this machine"),
    ("user part", "http://127.0.0.1@192.0.2.1", False, "must not hold a password"),
    ("no scheme", "127.0.0.1:8080", True, "is not the address of a server"),
    ("file", "file:///etc/passwd", True, "is not the address of a server"),
    ("empty", "", True, "is not the address of a server"),
    ("bad port", "http://127.0.0.1:99999", True, "is not the address of a server"),
]


@pytest.mark.parametrize(
    ("url", "allowed", "message"), [case[1:] for case in ADDRESSES], ids=[case[0] for case in ADDRESSES]
)
def test_only_this_machine_without_a_word(url, allowed, message):
    options = ServerOptions(url, allow_network=allowed)
    if message is None:
        http.check_address(options)
        return
    with pytest.raises(PlannerError, match=message) as caught:
        http.check_address(options)
    assert caught.value.exit_code == ExitCode.USAGE
