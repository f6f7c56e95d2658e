"""Requests to one server: limited in time, tried again while that can help, errors in one line."""

from __future__ import annotations

import ipaddress
import json
import os
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import httpx2

from planner_cli.errors import EngineError, PlannerError
from planner_cli.settings import ServerOptions

_CONNECT_SECONDS = 5.0
_TRIES = 4
_PAUSE = 0.5
"""Seconds before the second try; doubled before each further one."""
_LOADING = 503
"""llama-server's answer while it loads its model; any busy proxy's too."""
_RETRIED = frozenset({429, 502, _LOADING, 504})
_LOADING_SECONDS = 120.0


def check_address(options: ServerOptions) -> None:
    """Refuse an address that is invalid, or that is off this machine without the user's permission.

    Raises:
        PlannerError: it is not ``http(s)://host[:port]``, or not loopback while the network is not allowed.

    """
    try:
        parts = urlsplit(options.url)
        host, _port = parts.hostname, parts.port
    except ValueError:
        host, parts = None, urlsplit("")
    if parts.scheme not in {"http", "https"} or not host:
        raise PlannerError(f"{options.url!r} is not the address of a server", hint="for example http://127.0.0.1:8080")
    if parts.username or parts.password:
        raise PlannerError("--url must not hold a password", hint="set PLANNER_SERVER_KEY for a bearer token")
    if not options.allow_network and not is_loopback(host):
        raise PlannerError(
            f"{host} is not this machine: question, schema and values would be sent there",
            hint="--allow-network if that is what you want",
        )


def is_loopback(host: str) -> bool:
    """Whether a host can only be this machine: ``localhost``, 127.0.0.0/8, ::1. Other names are not looked up."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class Http:
    """The connection to one server; may be used from several threads."""

    def __init__(self, options: ServerOptions) -> None:
        check_address(options)
        self.url = options.url.rstrip("/").removesuffix("/v1")
        key = os.environ.get("PLANNER_SERVER_KEY")
        # trust_env: a proxy from the environment would see what is meant for this address only
        self._client = httpx2.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {key}"} if key else {},
            timeout=httpx2.Timeout(options.timeout, connect=_CONNECT_SECONDS),
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=options.concurrency),
            verify=self.url.startswith("https:"),  # reading the certificates of the system takes 0.2 s
            trust_env=False,
            follow_redirects=False,
        )
        self.close = weakref.finalize(self, self._client.close)
        """Ends the connections, for good; at the latest when nobody refers to this any more."""

    def find(self, path: str) -> Any | None:
        """The JSON at ``path``; ``None`` where the server has no such thing."""
        response = self._send(lambda: self._client.get(path))
        if response.status_code in {404, 405, 501}:
            return None
        return self._decoded(response, path)

    def post(self, path: str, body: dict[str, Any]) -> Any:
        """The JSON answer to a request.

        Raises:
            EngineError: there is none, after as many tries as are worthwhile.

        """
        return self._decoded(self._send(lambda: self._client.post(path, json=body)), path)

    def events(self, path: str, body: dict[str, Any], stopped: Callable[[], bool]) -> Iterator[dict[str, Any]]:
        """The server-sent events of a streamed answer, until its end or until ``stopped``.

        Leaving early closes the connection, which shows the server that nobody is waiting any more.
        """
        request = self._client.build_request("POST", path, json=body)
        response = self._send(lambda: self._client.send(request, stream=True))
        try:
            if response.status_code != httpx2.codes.OK:
                response.read()
                raise self._refused(response, path)
            for line in response.iter_lines():
                if stopped():
                    return
                field, _, data = line.partition(":")
                if field == "error":
                    raise EngineError(f"{self.url}: {_one_line(data)}")
                if field == "data" and data.strip() != "[DONE]":
                    yield self._parsed(data, path)
        except httpx2.HTTPError as error:
            if not stopped():
                raise self._no_answer(error) from error
        finally:
            response.close()

    def _send(self, send: Callable[[], httpx2.Response]) -> httpx2.Response:
        """A response worth reading: busy or loading servers and lost connections are tried again."""
        pause = _PAUSE
        waited = 0.0
        tries = 1
        while True:
            try:
                response = send()
            except httpx2.TransportError as error:
                if tries >= _TRIES or isinstance(error, (httpx2.ConnectError, httpx2.TimeoutException)):
                    raise self._no_answer(error) from error
            else:
                loading = response.status_code == _LOADING and waited < _LOADING_SECONDS
                if response.status_code not in _RETRIED or (tries >= _TRIES and not loading):
                    return response
                response.close()
            time.sleep(pause)
            waited += pause
            pause = min(4.0, 2 * pause)
            tries += 1

    def _decoded(self, response: httpx2.Response, path: str) -> Any:
        if response.status_code != httpx2.codes.OK:
            raise self._refused(response, path)
        return self._parsed(response.text, path)

    def _parsed(self, text: str, path: str) -> Any:
        try:
            return json.loads(text)
        except ValueError as error:
            raise EngineError(f"{self.url}{path} did not answer in JSON: {_one_line(text)[:80]!r}") from error

    def _refused(self, response: httpx2.Response, path: str) -> EngineError:
        try:
            said = response.json()["error"]
            said = said["message"] if isinstance(said, dict) else said
        except (ValueError, KeyError, TypeError):
            said = response.text
        hint = "set PLANNER_SERVER_KEY" if response.status_code in {401, 403} else None
        return EngineError(f"{self.url}{path} answered {response.status_code}: {_one_line(said)[:200]}", hint=hint)

    def _no_answer(self, error: httpx2.HTTPError) -> EngineError:
        if isinstance(error, httpx2.ConnectError):
            return EngineError(f"{self.url}: no server answers there", hint="start it, or name another --url")
        if isinstance(error, httpx2.TimeoutException):
            return EngineError(f"{self.url}: no answer in time", hint="--server-timeout SECONDS gives it more")
        return EngineError(f"{self.url}: the connection broke: {_one_line(error) or type(error).__name__}")


def _one_line(text: object) -> str:
    return " ".join(str(text).split())
