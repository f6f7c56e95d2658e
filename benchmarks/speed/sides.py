"""The sides of the comparison: each does the same parts of the same job in its own way.

A part is ``candidates`` (texts that continue one prompt), ``thoughts`` (texts that continue one prompt and a suffix of
their own) or a width, a number: so many texts that continue a short prompt, of which only the writing is timed. The
texts of a part come as ``prefix`` and ``suffixes``, in words and as token ids. A side returns the seconds it took.
"""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from benchmarks.speed.job import Job

TOP_K, TOP_P, TEMPERATURE = 40, 0.95, 0.8
NEVER = 10**9


class Unavailable(Exception):
    """A side cannot take part here; the message says why."""


@dataclass(frozen=True)
class Setting:
    """What a side is given once."""

    model: Path
    threads: int
    job: Job
    server: str | None = None
    """Program ``llama-server``."""
    batched_bench: str | None = None
    """Program ``llama-batched-bench``."""
    fast: Path | None = None
    """The same weights in the format in which planner runs them, if that is another file."""


@dataclass(frozen=True)
class Texts:
    """What a side is given for each part."""

    part: str
    prefix: str
    prefix_ids: list[int]
    suffixes: list[str]
    suffix_ids: list[list[int]]
    new: int
    """Tokens each text gets."""
    seed: int

    @property
    def prompts(self) -> list[list[int]]:
        return [self.prefix_ids + ids for ids in self.suffix_ids]


class Planner:
    """This project's engine: one prefilled prefix, its branches advanced together."""

    parts = ("candidates", "thoughts", "widths")

    def __init__(self, setting: Setting, *, fast: bool = False) -> None:
        from planner_cli.app.speeds import bare_engine

        path = setting.fast if fast else setting.model
        if path is None:
            raise Unavailable("planner runs this model from its own file")
        self.engine = bare_engine(path, threads=setting.threads)
        self.engine.vocabulary.ends = lambda _token: False  # equal tokens: no text ends before the others
        self.decoding = 0.0
        """Seconds inside llama.cpp's decodes."""
        self.own_share = 0.0
        """Of a width's seconds, what is spent outside them: sampling, text, Python."""
        self.rows = 0
        """Rows decoded for the tokens written: texts that have been the same so far share them."""
        self._time_decodes()

    def _time_decodes(self) -> None:
        from planner_cli.engine.context import Context

        decode = Context.decode

        def timed(context: Context, control: object) -> None:
            started = time.perf_counter()
            decode(context, control)
            self.decoding += time.perf_counter() - started

        Context.decode = timed

    def run(self, texts: Texts) -> float:
        from planner_cli.control import Control
        from planner_cli.engine import Span
        from planner_cli.settings import Sampling

        room = max(map(len, texts.suffix_ids)) + texts.new
        started = time.perf_counter()
        session = self.engine.open((Span(texts.prefix),), branches=len(texts.suffixes), room=room, control=Control())
        if texts.part.isdigit():  # a width is compared with so many rows, as many as texts
            session.shares_rows = False
        branches = []
        for number, suffix in enumerate(texts.suffixes):
            sampling = Sampling(temperature=TEMPERATURE, top_k=TOP_K, top_p=TOP_P, seed=texts.seed + number)
            branches.append(session.branch((Span(suffix),), sampling, max_tokens=texts.new))
        if texts.part.isdigit():
            session.admit()
            started = time.perf_counter()
        self.decoding = 0.0
        written = 0
        while steps := session.step():
            written += len(steps)
            for step in steps:
                if step.finished:
                    branches[step.branch].close()
        seconds = time.perf_counter() - started
        self.own_share = 1 - self.decoding / seconds
        self.rows = session.stats.rows
        expected = [len(texts.prefix_ids) + sum(map(len, texts.suffix_ids)), len(texts.suffixes) * texts.new]
        assert [session.stats.prompt_tokens, written] == expected, "not the tokens the others have"
        assert session.stats.cached_tokens == 0, "a prompt was not cold"
        session.close()
        return seconds

    def close(self) -> None:
        self.engine.free()


class Llama:
    """``llama_cpp.Llama``, one call a text: with a reset before each (cold), or with its own reuse of a prefix."""

    parts = ("candidates", "thoughts")

    def __init__(self, setting: Setting, *, reset: bool) -> None:
        import llama_cpp

        self.reset = reset
        longest = setting.job.prompt + setting.job.suffix + max(setting.job.budget, setting.job.sql)
        self.llama = llama_cpp.Llama(
            str(setting.model), n_ctx=longest + 64, n_threads=setting.threads, n_threads_batch=setting.threads,
            verbose=False,
        )  # fmt: skip

    def run(self, texts: Texts) -> float:
        self.llama.reset()
        started = time.perf_counter()
        for number, prompt in enumerate(texts.prompts):
            if self.reset:
                self.llama.reset()
            self.llama.set_seed(texts.seed + number)
            stream = self.llama.generate(prompt, top_k=TOP_K, top_p=TOP_P, min_p=0.0, temp=TEMPERATURE, reset=True)
            for _ in range(texts.new):
                next(stream)
            stream.close()
        return time.perf_counter() - started

    def close(self) -> None:
        self.llama.close()


FASTEST_ATTENTION = ("-fa", "off")
"""On a CPU (``python -m benchmarks.speed.attention``); llama.cpp's own programs use flash attention by default."""


class Server:
    """``llama-server``: candidates as one request with ``n_cmpl``; thoughts side by side, or one after the other.

    Side by side, each slot prefills the prefix for itself; one after the other on one slot, its prompt cache holds the
    prefix. The faster of the two is what counts.
    """

    parts = ("candidates", "thoughts")

    def __init__(self, setting: Setting, *, beside: bool) -> None:
        if setting.server is None:
            raise Unavailable("no llama-server: --server PROGRAM, or on the PATH; benchmarks/speed/peers builds it")
        self.beside = beside
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        places = max(setting.job.candidates, setting.job.thoughts)
        self.process = subprocess.Popen(
            [
                setting.server, "-m", str(setting.model), "--host", "127.0.0.1", "--port", str(port),
                "--parallel", str(places), "--kv-unified", "-c", str(setting.job.cells),
                "--threads", str(setting.threads), "--threads-batch", str(setting.threads), *FASTEST_ATTENTION,
            ],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        self._wait()

    def _wait(self) -> None:
        for _ in range(1500):
            if self._answers():
                return
            if self.process.poll() is not None:
                raise Unavailable(f"llama-server ended with code {self.process.returncode}")
            time.sleep(0.2)
        self.close()
        raise Unavailable("llama-server did not answer within 300 s")

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(self.address + "/health", timeout=1).close()
        except (urllib.error.URLError, OSError):
            return False
        return True

    def run(self, texts: Texts) -> float:
        common = {
            "n_predict": texts.new, "ignore_eos": True, "cache_prompt": True, "top_k": TOP_K, "top_p": TOP_P,
            "min_p": 0.0, "temperature": TEMPERATURE, "samplers": ["top_k", "top_p", "temperature"],
        }  # fmt: skip
        if texts.part == "candidates":
            requests = [{**common, "prompt": texts.prefix_ids, "n_cmpl": len(texts.suffixes), "seed": texts.seed}]
        else:
            requests = [{**common, "prompt": ids, "seed": texts.seed + at} for at, ids in enumerate(texts.prompts)]
        if not self.beside:
            requests = [{**request, "id_slot": 0} if "n_cmpl" not in request else request for request in requests]
        started = time.perf_counter()
        with ThreadPoolExecutor(len(requests) if self.beside else 1) as pool:
            written = sum(pool.map(self._post, requests))
        seconds = time.perf_counter() - started
        assert written == len(texts.suffixes) * texts.new, "not the tokens the others have"
        return seconds

    def _post(self, request: dict) -> int:
        body = json.dumps(request).encode()
        made = urllib.request.Request(self.address + "/completion", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(made, timeout=3600) as answer:
            document = json.load(answer)
        return sum(text["tokens_predicted"] for text in (document if isinstance(document, list) else [document]))

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(60)


class BatchedBench:
    """``llama-batched-bench``: a program that does nothing but decode, without sampling. The ceiling of every width."""

    parts = ("widths",)

    def __init__(self, setting: Setting) -> None:
        if setting.batched_bench is None:
            raise Unavailable(
                "no llama-batched-bench: --batched-bench PROGRAM, or on the PATH; benchmarks/speed/peers builds it"
            )
        self.setting = setting

    def run(self, texts: Texts) -> float:
        width, setting = texts.part, self.setting
        done = subprocess.run(
            [
                setting.batched_bench, "-m", str(setting.model), "-t", str(setting.threads),
                "-tb", str(setting.threads), "-c", str(setting.job.cells),
                "-npp", str(len(texts.prefix_ids)), "-ntg", str(texts.new), "-npl", width,
                "-pps", "-kvu", "--output-format", "jsonl", *FASTEST_ATTENTION,
            ],
            capture_output=True, text=True, check=True, timeout=3600,
        )  # fmt: skip
        line = next(line for line in done.stdout.splitlines() if line.startswith("{"))
        return float(json.loads(line)["t_tg"])

    def close(self) -> None:
        pass


class Transformers:
    """Hugging Face transformers on the CPU, in 32-bit floats from the same file: what the paper's code runs on."""

    parts = ("candidates", "thoughts")

    def __init__(self, setting: Setting) -> None:
        if setting.model.stat().st_size > 500_000_000:
            raise Unavailable("transformers would hold this model in 32-bit floats: only the built-in one is measured")
        try:
            import gguf  # noqa: F401 - transformers reads the file through it
            import torch
            from transformers import AutoModelForCausalLM
        except ImportError as error:
            raise Unavailable(f"{error.name} is not installed: pip install -e '.[peers]'") from error
        torch.set_num_threads(setting.threads)
        self.torch = torch
        self.model = AutoModelForCausalLM.from_pretrained(
            setting.model.parent, gguf_file=setting.model.name, torch_dtype=torch.float32
        )

    def run(self, texts: Texts) -> float:
        torch = self.torch
        torch.manual_seed(texts.seed)
        started = time.perf_counter()
        with torch.inference_mode():
            made = self.model.generate(
                torch.tensor(texts.prompts), do_sample=True, top_k=TOP_K, top_p=TOP_P, temperature=TEMPERATURE,
                min_new_tokens=texts.new, max_new_tokens=texts.new, pad_token_id=0,
            )  # fmt: skip
        seconds = time.perf_counter() - started
        assert made.shape == (len(texts.suffixes), len(texts.prompts[0]) + texts.new), "not the tokens the others have"
        return seconds

    def close(self) -> None:
        pass


SIDES = {
    "planner": Planner,
    "planner-fast": lambda setting: Planner(setting, fast=True),
    "llama-cold": lambda setting: Llama(setting, reset=True),
    "llama-prefix": lambda setting: Llama(setting, reset=False),
    "server-beside": lambda setting: Server(setting, beside=True),
    "server-in-turn": lambda setting: Server(setting, beside=False),
    "batched-bench": BatchedBench,
    "transformers": Transformers,
}
PARTS = {
    "planner": Planner.parts, "planner-fast": ("candidates", "thoughts"), "llama-cold": Llama.parts,
    "llama-prefix": Llama.parts, "server-beside": Server.parts,
    "server-in-turn": ("thoughts",), "batched-bench": BatchedBench.parts, "transformers": Transformers.parts,
}  # fmt: skip
ABOUT = {
    "planner": "planner's engine",
    "planner-fast": "planner's engine, the base as Q8_0, as `planner ask` runs it",
    "llama-cold": "`llama_cpp.Llama`, a call a text, from cold",
    "llama-prefix": "`llama_cpp.Llama`, a call a text, its own prefix reuse",
    "server-beside": "`llama-server`, `n_cmpl` for candidates, thoughts side by side",
    "server-in-turn": "`llama-server`, thoughts one after the other on one slot",
    "server": "`llama-server`, the faster way for each part",
    "batched-bench": "`llama-batched-bench`",
    "transformers": "Hugging Face transformers, 32-bit floats",
}
