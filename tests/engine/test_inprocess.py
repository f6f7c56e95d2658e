"""The contract of engine/protocol.py on the real built-in model."""

import stat
import sys
import threading
import time
import weakref
from dataclasses import replace
from pathlib import Path

import pytest

from planner_cli.control import Control
from planner_cli.engine import STABLE, LlamaEngine, Span
from planner_cli.engine.context import BATCH
from planner_cli.engine.prefix_cache import PrefixCache
from planner_cli.engine.weights import load_weights
from planner_cli.errors import ContextOverflow, EngineError, Interrupted, ModelError, PlannerError, TimeLimit
from planner_cli.settings import EngineOptions, Sampling

pytestmark = pytest.mark.model

PROMPT = (
    Span(" customers: id, name, city\n orders: id, customer_id -> customers.id, total int\nQ: ", "data"),
    Span("How many customers live in each city?", "data"),
    Span("\nSQL:"),
)
FORCED = (Span('\n{"correct":'),)
CHOICES = {"true": (" true", "true"), "false": (" false", "false")}


def write(session, samplings, *, max_tokens=24, suffixes=None, hook=None, first=0):
    """Every branch's text, in order."""
    texts = [""] * len(samplings)
    for sampling, suffix in zip(samplings, suffixes or [()] * len(samplings), strict=True):
        session.branch(suffix, sampling, max_tokens=max_tokens)
    while steps := session.step():
        for step in steps:
            texts[step.branch - first] += step.text
            if step.finished:
                session._branches[step.branch].close()
        if hook:
            hook(session)
    return texts


def opened(engine, branches=1, room=64, control=None, prompt=PROMPT):
    return engine.open(prompt, branches=branches, room=room, control=control or Control())


def drawn(count):
    # hot: the adapter is so sure of this query that six samples at 0.9 are one
    return [Sampling(temperature=2.0, top_p=1.0, seed=seed) for seed in range(count)]


@pytest.fixture
def tiny_engine(tiny_random_model):
    """For what any model shows."""
    engine = LlamaEngine(tiny_random_model, options=EngineOptions(threads=1))
    yield engine
    engine.close()


def test_branches_advance_in_one_decode(writing_engine):
    session = opened(writing_engine, 8)
    texts = write(session, [Sampling()] * 8)
    longest = max(branch.tokens for branch in session._branches)
    session.close()
    assert session.stats.decodes == longest + 1  # one a token, and one that finds the end
    assert session.stats.widest == 8
    assert len(set(texts)) == 1
    assert texts[0].startswith(" select")


def test_a_seed_fixes_the_texts(tiny_engine):
    runs = []
    for _ in range(2):
        tiny_engine.close()
        session = opened(tiny_engine, 4)
        runs.append(write(session, drawn(4), max_tokens=12))
        session.close()
    assert runs[0] == runs[1]
    assert len(set(runs[0])) > 1


def test_a_grammar_is_kept_to_and_never_ends_the_process(writing_engine):
    grammar = 'root ::= " select " ("total" | "city") " from atlantis"'
    samplings = [
        Sampling(grammar=grammar),
        *(Sampling(temperature=2.0, seed=s, grammar=grammar) for s in range(5)),
        Sampling(),
    ]
    session = opened(writing_engine, 7)
    *held, free = write(session, samplings)
    session.close()
    assert {text.removeprefix(" select ").removesuffix(" from atlantis") for text in held} <= {"total", "city"}
    assert "atlantis" not in free


def test_a_grammar_that_is_none_is_an_error(writing_engine):
    session = opened(writing_engine)
    with pytest.raises(EngineError, match="grammar"):
        session.branch((), Sampling(grammar="no rules here"), max_tokens=4)
    session.close()


@pytest.mark.parametrize(
    ("options", "device"),
    [
        (EngineOptions(threads=1, kv="q8_0"), "q8_0 KV cache"),
        (EngineOptions(threads=1, kv="q4_0", flash_attention=True), "q4_0 KV cache"),
        (EngineOptions(threads=1, flash_attention=False), "1 thread"),
    ],
    ids=["q8_0", "q4_0", "no flash attention"],
)
def test_the_kv_cache_may_be_of_smaller_numbers(fast_generator, options, device):
    engine = LlamaEngine(fast_generator.loaded, adapter=fast_generator.adapter, options=options)
    assert device in engine.device
    session = opened(engine)
    assert write(session, [Sampling()])[0].startswith(" select")
    session.close()
    engine.close()


def test_small_numbers_need_flash_attention():
    with pytest.raises(PlannerError, match="kv is 'q8_0'"):
        EngineOptions(kv="q8_0", flash_attention=False)


def test_more_branches_than_places_run_in_waves(tiny_random_model, tiny_engine):
    session = opened(tiny_engine, 1)
    (expected,) = write(session, [Sampling()])
    session.close()
    small = LlamaEngine(tiny_random_model, options=EngineOptions(threads=1, context=256))
    session = opened(small, 5, room=64)
    texts = write(session, [Sampling()] * 5)
    session.close()
    small.close()
    assert 1 <= session.stats.widest < 5
    assert texts == [expected] * 5


def test_a_probe_leaves_the_branch_as_it_was(tiny_engine):
    session = opened(tiny_engine, 2)
    without = write(session, [Sampling()] * 2, max_tokens=8)
    session.close()
    seen = []
    session = opened(tiny_engine, 2, room=80)

    def probe(session):
        live = [b for b in session._branches if b.live]
        seen.extend(session.probe(live, [FORCED] * len(live), CHOICES))

    assert write(session, [Sampling()] * 2, max_tokens=8, hook=probe) == without
    session.close()
    assert len(seen) > 10
    for choice in seen:
        assert sum(choice.probabilities.values()) == pytest.approx(1)
        assert 0 <= choice.mass <= 1


def test_a_probe_equals_the_text_written_out(base_engine):
    """Forking, forcing and reading gives what a prompt with that text gives."""
    session = opened(base_engine, room=80)
    branch = session.branch((Span(" select city"),), Sampling(), max_tokens=8)
    (forked,) = session.probe([branch], [FORCED], CHOICES)
    session.close()
    prompt = (*PROMPT, Span(' select city\n{"correct":'))
    session = opened(base_engine, prompt=prompt)
    branch = session.branch((), Sampling(), max_tokens=1)
    (whole,) = session.probe([branch], [()], CHOICES | {"true": ("true", " true"), "false": ("false", " false")})
    session.close()
    # batch shapes differ, so bits may (llama-cpp.md section 6)
    assert forked.probabilities["true"] == pytest.approx(whole.probabilities["true"], abs=0.03)


def test_an_adopted_branch_is_part_of_the_prefix(builtin_generator):
    """Later branches go on where it came to, as if the prompt had held its text."""
    # in the form it comes in: in eight bits low bits differ enough, between steps and a batch, for another text
    engine = LlamaEngine(builtin_generator.path, options=EngineOptions(threads=1))
    session = opened(engine, 2, room=100)
    outline = session.branch((), Sampling(), max_tokens=6)
    text = "".join(step.text for _ in range(6) for step in session.step())
    several = session.probe([outline] * 3, [(Span(f" {word}"), *FORCED) for word in "abc"], CHOICES)
    session.adopt(outline)
    suffixes = [(Span("\nIn short:"),), (Span("\nWhy?"),)]
    texts = write(session, [Sampling()] * 2, max_tokens=8, suffixes=suffixes, first=1)
    session.close()
    whole = opened(engine, 2, room=100, prompt=(*PROMPT, Span(text)))
    again = write(whole, [Sampling()] * 2, max_tokens=8, suffixes=suffixes)
    engine.close()
    assert texts == again
    assert len({choice.probabilities["true"] for choice in several}) == 3


def test_suffixes_longer_than_a_batch(tiny_engine):
    long = (Span("order and customer and price " * 60),)
    suffixes = [long, (), long, ()]
    assert tiny_engine.count(long) * 2 > BATCH
    session = opened(tiny_engine, 4, room=400)
    texts = write(session, [Sampling()] * 4, max_tokens=6, suffixes=suffixes)
    assert texts[0] == texts[2]
    assert texts[1] == texts[3]


SCHEMA = Span(
    " customers: id, name, city, country, since date\n orders: id, customer_id -> customers.id, ordered_on date, status, "
    "total int\n items: id, order_id -> orders.id, product_id -> products.id, amount int, price int\n",
    "data",
)


def about(question):
    return (SCHEMA, STABLE, Span(f"Q: {question}", "data"), Span("\nSQL:"))


def answers(engine, question="How many customers live in each city?"):
    """Greedy and drawn texts, a score, and how much of the prompt came from a cache."""
    session = opened(engine, 3, room=80, prompt=about(question))
    branches = [session.branch((), s, max_tokens=24, logprobs=True) for s in (Sampling(), *drawn(2))]
    steps = [step for _ in range(6) for step in session.step()]
    probes = session.probe([b for b in branches if b.live], [FORCED] * sum(b.live for b in branches), CHOICES)
    session.close()
    return (steps, probes), session.stats.cached_tokens


def fresh(resolved, **options):
    return LlamaEngine(resolved.loaded, adapter=resolved.adapter, **{"options": EngineOptions(threads=1), **options})


@pytest.fixture(params=["tiny", pytest.param("built-in", marks=pytest.mark.slow)])
def either(request, builtin_generator, tiny_random_model):
    """A model of random weights, which is enough to see a bit change; slow: the built-in one with its adapter."""
    if request.param == "tiny":
        return replace(builtin_generator, path=tiny_random_model, adapter=None, sha256=None, adapter_sha256=None)
    return request.getfixturevalue("fast_generator")


def test_a_kept_state_changes_no_bit(either, tmp_path):
    expected, cached = answers(first := fresh(either, cache=PrefixCache(tmp_path, limit=2**30)))
    assert cached == 0
    stable = first.count((SCHEMA,))
    assert answers(first) == (expected, stable)  # from memory
    answers(first, "Which orders are open?")
    assert answers(first) == (expected, stable)  # whatever was asked in between
    first.close()
    (file,) = tmp_path.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    second = fresh(either, cache=PrefixCache(tmp_path, limit=2**30))
    assert answers(second) == (expected, stable)  # from the disk, as a new process would
    second.close()


def test_a_wide_session_before_changes_no_bit(either):
    alone = fresh(either)
    expected, _ = answers(alone)
    alone.close()
    other = fresh(either)
    write(session := opened(other, 6, prompt=PROMPT), drawn(6), max_tokens=6)
    session.close()
    assert answers(other)[0] == expected
    other.close()


def serves(engine):
    """Whether the question's beginning is there, of a state that was kept before."""
    session = opened(engine, prompt=about("Which orders are open?"))
    engine.close()
    return session.stats.cached_tokens > 0


def test_a_state_serves_only_what_it_was_made_by(fast_generator, tmp_path):
    cache = PrefixCache(tmp_path, limit=2**30)
    opened(first := fresh(fast_generator, cache=cache), prompt=about("How many orders are open?")).close()
    bare = LlamaEngine(fast_generator.loaded, cache=cache, options=EngineOptions(threads=1))
    other_files = fresh(fast_generator, cache=cache, identity="other")
    assert [serves(engine) for engine in (bare, other_files, first)] == [False, False, True]


def test_a_state_serves_only_as_many_threads_as_made_it(tiny_random_model, tmp_path):
    cache = PrefixCache(tmp_path, limit=2**30)
    one, two, again = (
        LlamaEngine(tiny_random_model, cache=cache, options=EngineOptions(threads=threads)) for threads in (1, 2, 1)
    )
    assert [serves(engine) for engine in (one, two, again)] == [False, False, True]


def test_a_damaged_state_is_computed_again(tiny_random_model, tmp_path):
    def fresh():
        return LlamaEngine(
            tiny_random_model, cache=PrefixCache(tmp_path, limit=2**30), options=EngineOptions(threads=1)
        )

    expected, _ = answers(first := fresh())
    first.close()
    (file,) = tmp_path.iterdir()
    whole = file.read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:-1] + bytes([whole[-1] ^ 1]), b"", b"{}\n" + whole):
        file.write_bytes(damaged)
        engine = fresh()
        assert answers(engine) == (expected, 0)
        engine.close()
        assert file.read_bytes() == whole


def test_a_state_llama_refuses_is_dropped(tiny_random_model):
    cache = PrefixCache()
    engine = LlamaEngine(tiny_random_model, cache=cache, options=EngineOptions(threads=1))
    expected, _ = answers(engine)
    (key,) = cache._memory
    cache.put(key, b"\0" * 64, model="x", tokens=1)
    assert answers(engine) == (expected, 0)
    assert answers(engine)[1] > 0  # and a good one is kept in its place
    engine.close()


def test_one_base_serves_both_roles(writing_engine, base_engine):
    assert writing_engine.weights is base_engine.weights


LONG = (Span("a long story about orders and customers, " * 500),)


def test_ctrl_c_stops_a_prefill(base_engine):
    base_engine.close()
    control = Control()
    threading.Timer(0.3, control.cancel).start()
    started = time.process_time()
    with pytest.raises(Interrupted):
        opened(base_engine, control=control, prompt=LONG)
    # the whole prefill computes for over ten seconds here; 0.3 s is the aim
    assert time.process_time() - started < 3
    session = opened(base_engine)  # and the engine is of use afterwards
    assert write(session, [Sampling()])[0]
    session.close()


def test_the_time_limit_stops_a_prefill(base_engine):
    base_engine.close()
    with pytest.raises(TimeLimit, match=r"0\.3 s"):
        opened(base_engine, control=Control(max_seconds=0.3), prompt=LONG)


def test_a_stopped_step_can_be_taken_again(tiny_engine):
    session = opened(tiny_engine, 2)
    (expected, _) = write(session, [Sampling()] * 2)
    session.close()
    control = Control()
    session = opened(tiny_engine, 1, control=control)
    branch = session.branch((), Sampling(), max_tokens=24)
    session.step()
    control.cancel()
    with pytest.raises(Interrupted):
        session.step()
    control._cancelled = False
    text = session.vocabulary.piece(branch.queue[-1]).decode()
    while steps := session.step():
        text += steps[0].text
    assert text == expected
    session.close()


def test_what_does_not_fit_is_said(fast_generator, base_engine):
    with pytest.raises(ContextOverflow, match="8192 tokens"):
        opened(base_engine, prompt=(Span("word " * 9000),))
    small = LlamaEngine(fast_generator.loaded, options=EngineOptions(threads=1, context=64))
    with pytest.raises(ContextOverflow, match="context of 64 tokens"):
        opened(small, room=64)
    assert (base_engine.longest, small.longest) == (8192, 64)


def test_misuse_is_an_error_and_no_crash(tiny_engine):
    session = opened(tiny_engine, room=8)
    with pytest.raises(EngineError, match="room"):
        session.branch((), Sampling(), max_tokens=9)
    with pytest.raises(EngineError, match="still open"):
        opened(tiny_engine)
    branch = session.branch((), Sampling(), max_tokens=4)
    branch.close()
    with pytest.raises(EngineError, match="closed branch"):
        session.probe([branch], [FORCED], CHOICES)
    session.close()


def test_a_repetition_penalty_breaks_loops(base_engine):
    loop = (Span("1, 2, 1, 2, 1, 2, 1, 2,"),)
    session = opened(base_engine, 2, prompt=loop)
    plain, penalised = write(session, [Sampling(), Sampling(repeat_penalty=3.0)], max_tokens=20)
    session.close()
    assert plain.count("1, 2") > 2 > penalised.count("1, 2")


def test_logprob_of_a_greedy_token_is_the_highest(tiny_engine):
    session = opened(tiny_engine, 2)
    for sampling in (Sampling(), Sampling(temperature=5.0, top_k=0, top_p=1.0, seed=3)):
        session.branch((), sampling, max_tokens=4, logprobs=True)
    greedy, hot = session.step()
    session.close()
    assert 0 >= greedy.logprob > hot.logprob


def test_broken_files(tmp_path, fast_generator):
    text = tmp_path / "notes.gguf"
    text.write_text("not a model")
    with pytest.raises(ModelError, match=r"notes\.gguf"):
        LlamaEngine(text)
    with pytest.raises(ModelError, match="not a LoRA adapter"):
        LlamaEngine(fast_generator.loaded, adapter=Path(text))


def test_closing_the_engine_closes_its_session(tiny_random_model):
    engine = LlamaEngine(tiny_random_model, options=EngineOptions(threads=1))
    session = opened(engine)
    session.branch((), Sampling(), max_tokens=4)
    session.step()
    engine.close()
    session.close()  # a second time, and after the cache is gone
    assert session.closed


def test_an_engine_nobody_refers_to_gives_its_memory_back(tiny_random_model):
    engine = LlamaEngine(tiny_random_model, options=EngineOptions(threads=1))
    opened(engine).close()
    context = weakref.ref(engine._context)
    freed = engine._context._free
    assert freed.alive
    del engine
    assert context() is None, "without waiting for the collector of cycles"
    assert not freed.alive


def test_a_file_is_loaded_once_whatever_its_name(fast_generator, tmp_path):
    link = tmp_path / "link.gguf"
    link.symlink_to(fast_generator.loaded)
    assert load_weights(link) is load_weights(fast_generator.loaded)


def drain(session):
    while session.step():
        pass


class Deaf(Control):
    """As a backend that never asks the abort callback sees it: the flag is only looked at between decodes."""

    def should_abort(self):
        # the callback runs inside llama_decode, called from Context.decode; everything else may know
        return sys._getframe(1).f_code.co_name != "should_abort" and super().should_abort()


def test_a_backend_that_does_not_poll_still_stops(tiny_engine):
    with pytest.raises(TimeLimit):
        opened(tiny_engine, control=Deaf(max_seconds=0.001), prompt=(Span("a long story about orders, " * 200),))
    control = Deaf()
    session = opened(tiny_engine, control=control)
    session.branch((), Sampling(), max_tokens=60)
    control.restart(0.001)
    with pytest.raises(TimeLimit):
        drain(session)
    session.close()


def test_the_likelihood_of_a_text_is_that_of_its_tokens(writing_engine):
    """What a greedy branch writes has the same probability when it is given; anything else has less."""
    session = opened(writing_engine, 4, room=1000)
    branch = session.branch((), Sampling(), max_tokens=64, logprobs=True)
    text, total = "", 0.0
    while steps := session.step():
        text += steps[0].text
        total += steps[0].logprob
    branch.close()
    assert branch.finished == "model"
    texts = [text, " select city from customers", text + " limit 3", " select " + "x, " * 10 + "y from customers"]
    found = session.likelihood([(Span(t),) for t in texts])
    again = session.likelihood([(Span(t),) for t in reversed(texts)])
    session.close()
    session = opened(writing_engine, 4, room=1000, prompt=PROMPT[:-1])
    later = session.likelihood([(Span(t),) for t in texts], after=PROMPT[-1:])
    session.close()
    assert later == pytest.approx(found, rel=0.1, abs=0.2)
    assert found[0] == pytest.approx(total, abs=0.2)  # batch shapes differ
    assert max(found) == found[0]
    assert found[3] < found[2] < found[0]
    assert again == pytest.approx(found[::-1], rel=0.1)
