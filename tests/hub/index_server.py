"""A package index of our own on the loopback: the pages of PEP 503, wheels, and how they can fail.

with Index(wheels) as index:
    index.use(monkeypatch)         # pip, and whatever runs it, asks this index and no other
    index.wheels.pop("tiny_part2-1.0-py3-none-any.whl")
    index.stall = "tiny_part3-1.0-py3-none-any.whl"       # its second half waits for index.go_on
    index.sent                     # the wheels that were asked for, in order
"""

from __future__ import annotations

import io
import os
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

VERSION = "1.0"


def wheel_name(package: str) -> str:
    return f"{package.replace('-', '_')}-{VERSION}-py3-none-any.whl"


def wheel(package: str, members: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """What pip takes for a wheel, with these files in it, and code that must never run."""
    name = package.replace("-", "_")
    info = f"{name}-{VERSION}.dist-info"
    files = {
        f"{name}/__init__.py": b"raise SystemExit('a package was imported')",
        **members,
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {package}\nVersion: {VERSION}\nRequires-Dist: absent\n".encode(),
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return packed.getvalue()


class Index:
    def __init__(self, wheels: dict[str, bytes]):
        self.wheels = wheels
        self.sent: list[str] = []
        self.stall: str | None = None
        self.stalled = threading.Event()
        self.go_on = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), type("_Bound", (_Handler,), {"index": self}))
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # a client that was killed is part of the tests

    @property
    def url(self):
        return f"http://127.0.0.1:{self._server.server_port}/simple"

    def use(self, monkeypatch):
        """Let pip know this index, and nothing of this machine's settings."""
        for name in [name for name in os.environ if name.startswith("PIP_")]:
            monkeypatch.delenv(name)
        monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
        monkeypatch.setenv("PIP_INDEX_URL", self.url)
        monkeypatch.setenv("PIP_RETRIES", "0")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.go_on.set()
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    index: Index

    def log_message(self, *_):
        pass

    def do_GET(self):
        _, kind, name = self.path.rstrip("/").split("/", 2)
        wheels = self.index.wheels
        if kind == "simple":
            found = [wheel for wheel in wheels if wheel.startswith(f"{name.replace('-', '_')}-")]
            links = "".join(f'<a href="/files/{wheel}">{wheel}</a>\n' for wheel in found)
            self.send(f"<!DOCTYPE html><html><body>{links}</body></html>".encode() if found else None, "text/html")
        else:
            self.index.sent.append(name)
            self.send(wheels.get(name), "application/zip", stall=name == self.index.stall)

    def send(self, body, kind, *, stall=False):
        if body is None:
            self.send_error(404)
            return
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        half = len(body) // 2 if stall else len(body)
        self.wfile.write(body[:half])
        if stall:
            self.index.stalled.set()
            self.index.go_on.wait(60)
            self.wfile.write(body[half:])
