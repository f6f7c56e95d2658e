"""The audit hook that refuses sockets in tests; a module of its own, since ``conftest`` is imported twice."""

from __future__ import annotations

import socket
import sys

LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_SOCKET_EVENTS = {"socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo",
                  "socket.gethostbyname", "socket.gethostbyaddr"}  # fmt: skip


class Sockets:
    """Watches Python's sockets in this process; other processes are watched by ``tests/cli/test_offline.py``."""

    def __init__(self) -> None:
        self.allowed = False
        self.refused: list[str] = []
        sys.addaudithook(self._look)  # for good: an audit hook cannot be removed

    def _look(self, event: str, arguments: tuple) -> None:
        if event not in _SOCKET_EVENTS:
            return
        first = arguments[0]
        if isinstance(first, socket.socket):
            if first.family == getattr(socket, "AF_UNIX", None):
                return
            address = arguments[1]
            host = address[0] if isinstance(address, tuple) and address else None
        else:
            host = first
        if self.allowed and (host in LOOPBACK or host is None):
            return
        self.refused.append(f"{event} {host}")
        raise RuntimeError(
            f"{event} {host}: no test opens a socket but those marked network, and these on loopback only"
        )


SOCKETS = Sockets()
