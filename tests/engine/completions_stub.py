"""Our own server on the loopback that says what it is set to say, in both dialects, and fails on demand.

It speaks for what a real server answers (recorded from llama-server b1-0c1e570 and vLLM's documentation); the real
llama-server is tested beside it, in ``test_llama_server.py``.
"""

from __future__ import annotations

import json
import math
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Fault:
    """What goes wrong with the next request to ``path``."""

    path: str
    status: int = 200
    body: bytes = b"busy"
    drop: bool = False
    """Close the connection without an answer."""
    cut: int | None = None
    """End a stream after so many events, in the middle of it."""
    silent: float = 0.0
    """Seconds before the answer."""


@dataclass
class Stub:
    """``texts``: what follows a prompt that ends so; words are the tokens."""

    llama: bool = True
    texts: dict[str, str] = field(default_factory=dict)
    probabilities: dict[str, float] = field(default_factory=lambda: {" true": 0.6, " false": 0.2, "x": 0.2})
    slots: int = 4
    context: int = 4096
    adapters: tuple[str, ...] = ()
    pause: float = 0.0
    """Seconds between two tokens."""
    faults: list[Fault] = field(default_factory=list)
    requests: list[tuple[str, dict]] = field(default_factory=list)
    served: int = 0
    """Tokens sent."""
    busiest: int = 0
    """Most completions in progress at once."""
    busy: int = 0
    """Completions in progress."""
    beside: list[int] = field(default_factory=list)
    """How many were, at each token sent."""
    over: threading.Event = field(default_factory=threading.Event)
    """Set when the server is closed: who is silent stops waiting."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self):
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self.server.daemon_threads = True
        self.server.stub = self
        self.words: list[str] = []

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}"

    def __enter__(self):
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.server.shutdown()
        self.server.server_close()

    def completions(self):
        return [body for path, body in self.requests if path.endswith(("/completion", "/completions"))]

    def ids(self, text):
        """Token ids of a text: the words' places in the order they were first met."""
        with self._lock:
            pieces = [piece for piece in _pieces(text) if piece]
            self.words += [piece for piece in dict.fromkeys(pieces) if piece not in self.words]
            return [self.words.index(piece) for piece in pieces]

    def text(self, prompt):
        return prompt if isinstance(prompt, str) else "".join(self.words[token] for token in prompt)

    def next_words(self, prompt):
        """The scripted tokens after a prompt: the rest of a text of which part is already written."""
        text = self.text(prompt)
        for start, follows in self.texts.items():
            at = text.rfind(start)
            if at >= 0 and follows.startswith(text[at + len(start) :]):
                return _pieces(follows[len(text) - at - len(start) :])
        return []

    def enter(self, change):
        with self._lock:
            self.busy += change
            self.busiest = max(self.busiest, self.busy)


def _pieces(text):
    """``"a bc"`` as ``["a", " bc"]``."""
    made = text.replace(" ", "\0 ").split("\0")
    return [piece for piece in made if piece]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or every other small write waits 40 ms for the client's system to confirm one

    def log_message(self, *_):
        pass

    def do_GET(self):
        stub = self.server.stub
        stub.requests.append((self.path, {"authorization": self.headers.get("Authorization")}))
        answers = {"/v1/models": {"data": [{"id": "served", "owned_by": "vllm", "max_model_len": stub.context}]}}
        if stub.llama:
            answers = {
                "/props": {
                    "default_generation_settings": {"n_ctx": stub.context},
                    "total_slots": stub.slots,
                    "model_path": "/models/tiny.gguf",
                    "build_info": "b0-stub",
                    "chat_template": None,
                },
                "/lora-adapters": [{"id": at, "path": f"/x/{name}"} for at, name in enumerate(stub.adapters)],
                "/v1/models": {"data": [{"id": "served", "meta": {"n_vocab": 1000, "n_params": 7, "ftype": "F16"}}]},
            }
        self.answer(answers.get(self.path))

    def do_POST(self):
        stub = self.server.stub
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        stub.requests.append((self.path, body))
        fault = next((f for f in stub.faults if f.path == self.path), None)
        if fault is not None:
            stub.faults.remove(fault)
            stub.over.wait(fault.silent)
            if fault.drop:
                self.connection.close()
                self.close_connection = True
                return
            if fault.status != 200 or fault.body != b"busy":
                self.send(fault.status, fault.body)
                return
        if self.path == "/tokenize":
            self.answer({"tokens": stub.ids(body["content"])})
        elif body.get("stream"):
            self.stream(body, fault.cut if fault else None)
        else:
            self.read(body)

    def read(self, body):
        stub = self.server.stub
        if stub.llama:
            ranked = sorted(stub.probabilities.items(), key=lambda item: -item[1])[: body["n_probs"]]
            top = [{"id": stub.ids(text)[0], "token": text, "logprob": math.log(p)} for text, p in ranked]
            self.answer({"content": "", "completion_probabilities": [{"top_logprobs": top}]})
        else:
            ranked = sorted(stub.probabilities.items(), key=lambda item: -item[1])[: body["logprobs"]]
            top = {text: math.log(p) for text, p in ranked}
            read = {"tokens": ["x"], "token_logprobs": [-1.0], "text_offset": [0], "top_logprobs": [top]}
            self.answer({"choices": [{"text": " x", "logprobs": read}]})

    def stream(self, body, cut):
        stub = self.server.stub
        wanted = body.get("n_predict", body.get("max_tokens"))
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        stub.enter(1)
        try:
            words = stub.next_words(body["prompt"])[:wanted]
            for at, word in enumerate(words):
                if at == cut:
                    self.connection.close()
                    self.close_connection = True
                    return
                time.sleep(stub.pause)
                self.event(self.token(word))
                stub.served += 1
                stub.beside.append(stub.busy)
            ended = len(words) < wanted
            if stub.llama and ended:  # llama-server sends the end mark's id as a token without text
                self.event({"content": "", "tokens": stub.ids("</s>"), "stop": False})
            stop_type = "eos" if ended else "limit"
            last = {"content": "", "tokens": [], "stop": True, "stop_type": stop_type}
            self.event(last if stub.llama else {"choices": []})
            self.chunk(b"data: [DONE]\n\n")
            self.chunk(b"")
        except OSError:
            self.close_connection = True
        finally:
            stub.enter(-1)

    def token(self, word):
        if self.server.stub.llama:
            return {
                "content": word,
                "tokens": self.server.stub.ids(word),
                "stop": False,
                "completion_probabilities": [{"logprob": -0.5}],
            }
        return {"choices": [{"text": word, "logprobs": {"tokens": [word], "token_logprobs": [-0.5]}}]}

    def event(self, value):
        self.chunk(f"data: {json.dumps(value)}\n\n".encode())

    def chunk(self, data):
        self.wfile.write(f"{len(data):x}\r\n".encode() + data + b"\r\n")
        self.wfile.flush()

    def answer(self, value):
        if value is None:
            self.send(404, b'{"error": {"message": "File Not Found"}}')
        else:
            self.send(200, json.dumps(value).encode())

    def send(self, status, data):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)
