"""A browser that keeps its connection, as browsers do, and a clock on every answer."""

from __future__ import annotations

import gzip
import http.client
import http.cookies
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from tests.support import pages

_PATIENCE = 60.0


@dataclass(frozen=True)
class Answer:
    """What came back. *Units*: `seconds` from the first byte sent to the last one read; `wire` bytes as sent."""

    status: int
    content: bytes
    location: str
    seconds: float
    wire: int
    headers: http.client.HTTPMessage


class Unexpected(RuntimeError):
    """Say that the portal answered something else, so that a figure would mean nothing."""


class Client:
    """One person's browser over one connection."""

    def __init__(self, port: int) -> None:
        self._line = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
        self._cookies: dict[str, str] = {}

    def log_in(self, username: str, password: str) -> None:
        """Log in by the log-in page."""
        page = self.get("/log-in/")
        form = next(form for form in pages.forms(page) if "password" in form.fields)
        self.post(form.action or "/log-in/", form.data(login=username, password=password), wanted=302)

    def get(self, address: str, *, wanted: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
        """Ask for a page. *Raises*: Unexpected for another status than the wanted one."""
        return self._send("GET", address, None, wanted, headers or {})

    def post(
        self,
        address: str,
        data: Mapping[str, object],
        *,
        wanted: int = 200,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a form. *Raises*: Unexpected for another status than the wanted one."""
        return self._send("POST", address, urlencode(data, doseq=True), wanted, headers or {})

    def _send(self, method: str, address: str, body: str | None, wanted: int, headers: Mapping[str, str]) -> Answer:
        sent = {
            "Accept-Encoding": "gzip, deflate, br",
            "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items()),
        }
        sent |= headers
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        for attempt in (1, 2):
            started = time.perf_counter()
            try:
                self._line.request(method, address, body=body, headers=sent)
                response = self._line.getresponse()
                break
            except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError):
                # The server closes a connection that was idle for long; a browser opens another one.
                self._line.close()
                if attempt == 2:
                    raise
        content = response.read()
        seconds = time.perf_counter() - started
        came = len(content)
        if response.headers.get("Content-Encoding") == "gzip":
            content = gzip.decompress(content)
        for header in response.headers.get_all("Set-Cookie") or []:
            for name, morsel in http.cookies.SimpleCookie(header).items():
                self._cookies[name] = morsel.value
        if response.status != wanted:
            words = re.sub(r"<[^>]+>|\s+", " ", content.decode(errors="replace"))[:400]
            raise Unexpected(f"{method} {address} answered {response.status}, not {wanted}: {words}")
        head = len(f"HTTP/1.1 {response.status} {response.reason}\r\n\r\n") + sum(
            len(name) + len(value) + 4 for name, value in response.headers.items()
        )
        return Answer(
            status=response.status,
            content=content,
            location=urlsplit(response.headers.get("Location") or "").path,
            seconds=seconds,
            wire=head + came,
            headers=response.headers,
        )
