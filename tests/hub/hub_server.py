"""A hub of our own on the loopback: what huggingface.co answers to a pull, and how it can fail.

    with Hub({"owner/repo": {"m.gguf": content}}) as hub:
        hub.faults.append(Fault(status=429, headers={"Retry-After": "1"}))   # of the next request
        ...
        hub.requests  # [(method, path, headers), ...]

The hub redirects to a second server (the CDN, another origin), as the real one does for large files.
"""

from __future__ import annotations

import hashlib
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

COMMIT = "c0ffee" * 6 + "c0ff"
_CHUNK = 64 * 1024


@dataclass
class Fault:
    """What goes wrong with one request."""

    on: str = "GET"
    """Method it waits for."""
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    cut: int | None = None
    """Close the connection after so many bytes of the body."""
    flip: int | None = None
    """Flip a bit of the byte at this offset of the file."""
    stall: int | None = None
    """Wait for :attr:`Hub.go_on` after so many bytes of the body."""
    pause: float = 0.0
    """Seconds between two chunks of 64 KiB."""
    ignore_range: bool = False
    reset: bool = False
    """With ``cut``: end it with a TCP reset, not an orderly close."""
    drop: bool = False
    """Close the connection without an answer."""
    body: bytes | None = None
    """What is sent instead of the file."""
    chunked: bool = False
    """Do not announce how long the body is."""
    content_range: str | None = None
    """Said instead of the truth, with status 206."""
    etag: str | None = None
    loop: bool = False
    """Redirect to the same address."""


class Hub:
    def __init__(self, repos, *, commit=COMMIT, etags=True, redirect=True):
        self.repos = repos
        self.commit = commit
        self.etags = etags
        self.redirect = redirect
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str, dict[str, str]]] = []
        self.go_on = threading.Event()
        self.stalled = threading.Event()
        self._servers = [_Server(self, _HubHandler), _Server(self, _CdnHandler)]

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self._servers[0].server_port}"

    @property
    def cdn(self):
        return f"http://127.0.0.1:{self._servers[1].server_port}"

    @property
    def ranges(self):
        """The Range headers of the downloads, in order."""
        return [headers.get("range") for method, _, headers in self.requests if method == "GET"]

    def next_fault(self, method):
        for at, fault in enumerate(self.faults):
            if fault.on == method:
                return self.faults.pop(at)
        return Fault()

    def __enter__(self):
        for server in self._servers:
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005}, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.go_on.set()
        for server in self._servers:
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, hub, handler):
        self.hub = hub
        super().__init__(("127.0.0.1", 0), handler)

    def handle_error(self, _request, _address):
        """A client that was killed is part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # or every other small write waits 40 ms for the client's system to confirm one

    def log_message(self, *_):
        pass

    def begin(self):
        hub = self.server.hub
        hub.requests.append((self.command, self.path, {k.lower(): v for k, v in self.headers.items()}))
        return hub, hub.next_fault(self.command)

    def refuse(self, status, headers=None):
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def failed(self, fault):
        """Whether the fault is one without a body; it has been answered then."""
        if fault.drop:
            self.close_connection = True
        elif fault.loop:
            self.refuse(302, {"Location": self.path})
        elif fault.status is not None:
            self.refuse(fault.status, fault.headers)
        else:
            return False
        return True

    def send_file(self, content, fault):
        content = bytearray(content if fault.body is None else fault.body)
        if fault.flip is not None:
            content[fault.flip] ^= 1
        start = 0
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if (asked and not fault.ignore_range) or fault.content_range:
            start = int(asked.group(1)) if asked else 0
            self.send_response(206)
            told = fault.content_range or f"bytes {start}-{len(content) - 1}/{len(content)}"
            self.send_header("Content-Range", told)
        else:
            self.send_response(200)
        if fault.etag is not None:
            self.send_header("ETag", fault.etag)
        body = content[start:]
        if fault.chunked:  # as HTTP/1.0 has it: the body ends with the connection
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        sent = 0
        while sent < len(body):
            if fault.stall is not None and sent >= fault.stall:
                self.server.hub.stalled.set()
                self.server.hub.go_on.wait(60)
            if fault.cut is not None and sent >= fault.cut:
                if fault.reset:
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                self.connection.close()
                self.close_connection = True
                return
            limits = [at for at in (fault.stall, fault.cut) if at is not None and at > sent]
            end = min([len(body), sent + _CHUNK, *limits])
            self.wfile.write(body[sent:end])
            sent = end
            time.sleep(fault.pause)


class _HubHandler(_Handler):
    def do_HEAD(self):
        hub, fault = self.begin()
        if self.failed(fault):
            return
        found = self.look()
        if found is None:
            return
        content, location = found
        self.send_response(302 if hub.redirect else 200)
        if hub.commit:
            self.send_header("X-Repo-Commit", hub.commit)
        digest = hashlib.sha256(content).hexdigest()
        if hub.redirect:
            self.send_header("Location", location)
            self.send_header("X-Linked-Size", str(len(content)))
        if hub.etags:
            self.send_header("X-Linked-Etag" if hub.redirect else "ETag", f'"{digest}"')
        else:
            self.send_header("ETag", '"some-mirror-tag"')
        self.send_header("Content-Length", "0" if hub.redirect else str(len(content)))
        self.end_headers()

    def do_GET(self):
        _, fault = self.begin()
        found = self.look()
        if found is not None:
            self.send_file(found[0], fault)

    def look(self):
        """Content and address of what was asked for; ``None`` when it has been refused."""
        hub = self.server.hub
        match = re.fullmatch(r"/([^/]+/[^/]+)/resolve/([^/]+)/(.+)", self.path)
        if match is None or match.group(1) not in hub.repos:
            self.refuse(401, {"X-Error-Code": "RepoNotFound"})
        elif match.group(2) not in {"main", hub.commit}:
            self.refuse(404, {"X-Error-Code": "RevisionNotFound"})
        elif match.group(3) not in hub.repos[match.group(1)]:
            self.refuse(404, {"X-Error-Code": "EntryNotFound"})
        else:
            repo, path = match.group(1), match.group(3)
            return hub.repos[repo][path], f"{hub.cdn}/{repo}/{path}?signature=x"
        return None


class _CdnHandler(_Handler):
    def do_GET(self):
        hub, fault = self.begin()
        if self.failed(fault):
            return
        owner, repo, path = self.path.split("?")[0].lstrip("/").split("/", 2)
        self.send_file(hub.repos[f"{owner}/{repo}"][path], fault)
