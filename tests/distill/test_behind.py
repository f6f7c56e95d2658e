"""A Qwen2 with random weights: the network against llama.cpp, and an adapter that acts only behind the prompt."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the extra train")
pytest.importorskip("gguf", reason="needs the extra train")

from models.distill.forms import Tokens  # noqa: E402
from models.distill.network import Network, Pack  # noqa: E402
from models.distill.packs import tensors  # noqa: E402
from models.distill.weights import read_adapter, read_base, write_adapter  # noqa: E402
from planner_cli.control import Control  # noqa: E402
from planner_cli.engine import STABLE, LlamaEngine, Span  # noqa: E402
from planner_cli.engine.prefix_cache import PrefixCache  # noqa: E402
from planner_cli.settings import EngineOptions  # noqa: E402

pytestmark = [pytest.mark.model, pytest.mark.slow]

SCHEMA = " orders: id, status, total int\n customers: id, name, city\n"
QUESTIONS = ["Q: How many orders are open?\nSQL:", "Q: Names of all the customers of Paris\nSQL:"]
QUERIES = [" select count(*) from orders", " select name from customers where city = 'Paris'"]


@pytest.fixture(scope="module")
def base(tiny_qwen2):
    return read_base(tiny_qwen2)


def likelihoods(path, adapter=None):
    """ln P of each query and nothing more behind its question, as llama.cpp has it."""
    engine = LlamaEngine(path, adapter=adapter, options=EngineOptions(threads=1))
    found = []
    for question, query in zip(QUESTIONS, QUERIES, strict=True):
        prompt = (Span(SCHEMA, "data"), STABLE, Span(question))
        session = engine.open(prompt, branches=1, room=64, control=Control())
        found += session.likelihood([(Span(query),)])
        session.close()
    engine.close()
    return found


def cached_tokens(path, adapter, cache):
    engine = LlamaEngine(path, adapter=adapter, options=EngineOptions(threads=1), cache=cache)
    prompt = (Span(3 * SCHEMA, "data"), STABLE, Span(QUESTIONS[0]))
    session = engine.open(prompt, branches=1, room=8, control=Control())
    session.close()
    engine.close()
    return session.stats.cached_tokens


def packed(path, base) -> Pack:
    encode = Tokens(path).encode
    rows = [
        [(encode(question), 0.0), ([*encode(query), base.shape.eos], 1.0)]
        for question, query in zip(QUESTIONS, QUERIES, strict=True)
    ]
    return tensors(encode(SCHEMA), rows, base.shape.eos)


def summed(network, pack, path):
    """The same of each row of a pack; any token that ends a turn ends the query."""
    logits = network.logits(pack).log_softmax(-1)
    each = logits[torch.arange(len(pack.targets)), pack.targets]
    ends = pack.targets == network.shape.eos
    each[ends] = logits[ends][:, LlamaEngine(path).vocabulary.endings].logsumexp(-1)
    rows = pack.places // pack.blocks.shape[1]
    return [float(each[rows == row].sum()) for row in range(len(pack.blocks))]


def trained(base, *, behind, seed=5):
    """A network whose adapter changes much."""
    network = Network(base, rank=4, alpha=8.0, dtype=torch.float32, behind=behind)
    random = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for tensor in network.parameters:
            tensor.add_(torch.randn(tensor.shape, generator=random) * 0.1)
    return network


ACTING = [("everywhere", False), ("behind", True)]


@pytest.mark.parametrize("behind", [a[1] for a in ACTING], ids=[a[0] for a in ACTING])
def test_network_and_llama_cpp_agree(tmp_path, tiny_qwen2, base, behind):
    network = trained(base, behind=behind)
    adapter = tmp_path / "adapter.gguf"
    write_adapter(adapter, network.pairs(), network.alpha, base.shape, {"name": "test"}, behind=behind)
    pack = packed(tiny_qwen2, base)
    expected = likelihoods(tiny_qwen2, adapter)
    assert summed(network, pack, tiny_qwen2) == pytest.approx(expected, abs=0.05)
    other = trained(base, behind=not behind)
    other.load(read_adapter(adapter, base.shape)[0])
    assert np.abs(np.subtract(summed(other, pack, tiny_qwen2), expected)).min() > 0.3, (
        "where the adapter acts makes no difference"
    )
    assert np.abs(np.subtract(likelihoods(tiny_qwen2), expected)).min() > 0.3, "the adapter makes no difference"


def test_adapters_behind_share_the_bases_state(tmp_path, tiny_qwen2, base):
    paths = {name: tmp_path / f"{name}.gguf" for name in ("one", "other", "everywhere")}
    for seed, (name, path) in enumerate(paths.items()):
        behind = name != "everywhere"
        network = trained(base, behind=behind, seed=seed)
        write_adapter(path, network.pairs(), network.alpha, base.shape, {"name": name}, behind=behind)
    cache = PrefixCache()
    assert cached_tokens(tiny_qwen2, paths["one"], cache) == 0
    stable = len(Tokens(tiny_qwen2).encode(3 * SCHEMA))
    assert cached_tokens(tiny_qwen2, paths["other"], cache) == stable
    assert cached_tokens(tiny_qwen2, None, cache) == stable
    assert cached_tokens(tiny_qwen2, paths["everywhere"], cache) == 0
