"""The sandbox worker: the only code that opens the user's database, in a process that can be killed.

Started by :mod:`planner_cli.database.process` as ``python -I -S -c 'sys.path[:0] = ...; main()'``: isolated,
without ``site``, with only the folders of this package and of apsw on its path. So it can use ordinary
imports (``planner_cli`` itself imports nothing), no ``.pth`` file or environment variable of the user runs
in it, and a respawn costs some 40 ms. Keep its imports few: apsw, the standard library, ``wire``, ``lexer``.

    first frame in      {"memory": bytes of address space, "seconds", "rows", "bytes"}, and for one that repairs a
                        private copy {"writable": its folder, "size": bytes of its largest file}
    first frame out     {"layers": {name: whether this system enforces it}}
    then, one by one    {"op": "look" | "open" | "tables" | "columns" | "samples" | "texts" | "query" | "stream"
                        | "more" | "sha256" | "copy" | "mend", ...} -> reply

What is covered: every write, file creation, attach, network use and endless statement that SQLite can be
asked for; memory; crashes inside SQLite (only this process dies). What is not covered: time inside one C
function (the parent's clock kills the process); and a hostile file that takes over this process through an
unknown bug in SQLite could still read files, and without Landlock write them too.
"""

from __future__ import annotations

import os
import queue
import signal
import sys
import threading

from planner_cli.database import wire
from planner_cli.database.worker import limits
from planner_cli.database.worker.session import Session

_STACK = 256 * 1024


def main() -> None:
    """Serve requests from stdin on stdout until stdin ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the parent decides
    settings = wire.read(sys.stdin.buffer)
    if settings is None:
        return
    layers = limits.apply(settings["memory"], writable=settings.get("writable"), size=settings.get("size", 0))
    # The parent's death closes stdin. Only a thread can notice while a statement runs (apsw releases the
    # GIL); unlike PR_SET_PDEATHSIG this works everywhere and does not fire when a mere thread ends.
    requests: queue.SimpleQueue[wire.Message] = queue.SimpleQueue()
    threading.stack_size(_STACK)
    threading.Thread(target=_receive, args=(requests,), daemon=True).start()
    session = Session(settings)
    wire.write(sys.stdout.buffer, {"layers": layers})
    while True:
        reply = session.answer(requests.get())
        try:
            wire.write(sys.stdout.buffer, reply)
        except OSError:
            os._exit(0)


def _receive(requests: queue.SimpleQueue[wire.Message]) -> None:
    try:
        while (message := wire.read(sys.stdin.buffer)) is not None:
            requests.put(message)
    finally:
        os._exit(0)
