"""The engine over a server: see :mod:`planner_cli.engine.protocol`."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TypeVar
from urllib.parse import urlsplit

from planner_cli.control import Control
from planner_cli.engine.chat import ChatTemplate
from planner_cli.engine.protocol import Message, Prompt
from planner_cli.engine.server.dialects import LlamaServer, connect
from planner_cli.engine.server.http import Http
from planner_cli.engine.server.session import ServerSession
from planner_cli.errors import ContextOverflow, EngineError
from planner_cli.settings import ServerOptions
from planner_cli.types import PromptProgress

T = TypeVar("T")


class ServerEngine:
    """One model behind a server.

    The session's prompts stay in the server's cache, if it has one; nothing is kept here.
    """

    takes_grammar = False
    reads_likelihood = False

    def __init__(
        self,
        options: ServerOptions,
        *,
        adapter: str | None = None,
        reasoning: str | None = None,
        template: str | None = None,
    ) -> None:
        """Ask the server what it is.

        ``adapter`` is the file name of a LoRA adapter the server was started with; ``template`` a chat template
        (Jinja) to use instead of the server's, needed where the server does not reveal its own.

        Raises:
            PlannerError: the address is refused (see :func:`~planner_cli.engine.server.http.check_address`).
            EngineError: no server answers, or it cannot do what is needed.

        """
        self._http = Http(options)
        self._concurrency = options.concurrency
        self.dialect = connect(self._http, options.model)
        self.about = self.dialect.about
        if isinstance(self.dialect, LlamaServer):
            if adapter is not None:
                self.dialect.use_adapter(adapter)
        elif adapter is not None:
            raise EngineError(f"{self.about.software}: adapters are models of their own there", hint="--server-model")
        self.name = self.about.model
        self.template = ChatTemplate(template or self.about.template, bos=self.about.bos, eos=self.about.eos)
        self.reasoning = self.template.reasoning(reasoning)
        self.dialect.set_marks((self.reasoning.open, self.reasoning.close))
        self._session: ServerSession | None = None

    @property
    def device(self) -> str:
        """Where the model runs."""
        return f"{self.about.software} at {self._http.url}"

    @property
    def host(self) -> str:
        """Name or address of the machine it runs on."""
        return urlsplit(self._http.url).hostname or ""

    @property
    def parameters(self) -> int | None:
        return self.about.parameters

    @property
    def description(self) -> str:
        """What is known about the model."""
        return " ".join(part for part in (self.about.model, self.about.format) if part)

    @property
    def longest(self) -> int | None:
        """The most tokens of a prompt and what follows it; ``None`` where the server does not say."""
        return self.about.context

    def chat(self, messages: Sequence[Message]) -> Prompt:
        return self.template.render(messages)

    def count(self, prompt: Prompt) -> int:
        return self.dialect.count(self.dialect.encode(prompt, first=False))

    def open(self, prefix: Prompt, *, branches: int, room: int, control: Control) -> ServerSession:
        """See :meth:`Engine.open`; the server reads the prompt with the first branch."""
        if self._session is not None and not self._session.closed:
            raise EngineError("the engine's last session is still open")
        state = self.dialect.encode(prefix, first=True)
        length = self.dialect.count(state)
        longest = self.about.context
        if longest is not None and length + room > longest:
            raise ContextOverflow(
                f"a prompt of {length} tokens and {room} more do not fit the server's {longest} tokens a request",
                hint="start llama-server with a larger -c, or name the tables that matter with --tables",
            )
        places = min(branches, self.about.slots or self._concurrency, self._concurrency)
        self._session = ServerSession(self.dialect, state, places, room, control)
        return self._session

    def opening(
        self, prefix: Prompt, *, branches: int, room: int, control: Control, seen: Callable[[PromptProgress], T]
    ) -> Generator[T, None, ServerSession]:
        """See :meth:`Engine.opening`: a server does not say how far it is."""
        del seen
        yield from ()
        return self.open(prefix, branches=branches, room=room, control=control)

    def close(self) -> None:
        """End the session; the engine can be used again. What the server's cache keeps is the server's own."""
        if self._session is not None:
            self._session.close()

    def free(self) -> None:
        """End the connection; the engine cannot be used any more."""
        self.close()
        self._http.close()
