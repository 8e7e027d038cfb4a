"""Browsers as people use them, and a diary of what was sent and answered, to be compared with what is there."""

from __future__ import annotations

import http.client
import http.cookies
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

from tests.support import pages

PATIENCE = 40.0
"""Seconds after which an answer counts as lost. The machine may be busy."""

NOTHING_CHANGED = "nothing was changed"
"""The words of a 503 that promises more than "look at the record"."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    content: bytes
    location: str = ""

    @property
    def words(self) -> str:
        return pages.words(self)


class Browser:
    """One person's browser: cookies, and a new connection for every request."""

    def __init__(self, *, port: int, username: str) -> None:
        self.username = username
        self._port = port
        self._cookies: dict[str, str] = {}
        self._lock = threading.Lock()

    def get(self, address: str) -> Answer | None:
        """Ask for a page; None when no answer came."""
        return self._send("GET", address, None)

    def post(self, address: str, data: Mapping[str, object]) -> Answer | None:
        """Send a form; None when no answer came."""
        return self._send("POST", address, urlencode(data, doseq=True))

    def log_in(self, password: str) -> None:
        """Log in, or say why that did not work."""
        page = self.get("/log-in/")
        if page is None or page.status != 200:
            raise RuntimeError(f"no log-in page: {page and page.status}")
        form = next(f for f in pages.forms(page) if "password" in f.fields)
        answer = self.post(form.action or "/log-in/", form.data(login=self.username, password=password))
        if answer is None or answer.status != 302:
            raise RuntimeError(f"{self.username} can't log in: {answer and (answer.status, answer.words[:300])}")

    def _send(self, method: str, address: str, body: str | None) -> Answer | None:
        with self._lock:
            cookies = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {"Cookie": cookies} if cookies else {}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        line = http.client.HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        try:
            line.request(method, address, body=body, headers=headers)
            response = line.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            line.close()
        with self._lock:
            for header in response.headers.get_all("Set-Cookie") or []:
                for name, morsel in http.cookies.SimpleCookie(header).items():
                    if morsel.value:
                        self._cookies[name] = morsel.value
                    else:
                        self._cookies.pop(name, None)
        return Answer(response.status, content, urlsplit(response.headers.get("Location") or "").path)


@dataclass
class Sent:
    """A form that writes, as it was sent, and what was answered.

    *Shape*: `outcome` is "done", "refused" or "lost" (no answer, or a 503, which says that nobody knows); `key`
    is what the written row can be found by; `about` is what the form is about; `amount` what it shall move,
    where that is known.
    """

    kind: str
    browser: Browser
    about: str
    key: str
    action: str
    data: dict[str, object]
    amount: str = ""
    outcome: str = "lost"
    location: str = ""
    said: str = ""

    @property
    def called(self) -> str:
        """Name the kind as it is counted."""
        return f"{self.kind}, note used now" if "use_now" in self.data else self.kind

    def send(self) -> Answer | None:
        """Send it, and write down the answer."""
        answer = self.browser.post(self.action, self.data)
        self.outcome, self.location, self.said = self.read(answer)
        return answer

    def read(self, answer: Answer | None) -> tuple[str, str, str]:
        """Give outcome, address and words of an answer."""
        if answer is None:
            return "lost", "", ""
        said = "" if answer.status in (302, 303) else answer.words
        if answer.status in (302, 303) and not answer.location.startswith("/log-in/"):
            return "done", answer.location, ""
        if answer.status in (409, 422):
            return "refused", "", said
        if answer.status == 503:
            return "lost", "", said
        return f"answered {answer.status}", answer.location, said


@dataclass
class Diary:
    """What everybody sent in a round, and every answer that nobody should get."""

    sent: list[Sent] = field(default_factory=list)
    strange: list[str] = field(default_factory=list)
    lost: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def write(self, sent: Sent) -> None:
        """Keep a form, before it is sent."""
        with self._lock:
            self.sent.append(sent)

    def page(self, answer: Answer | None, *, address: str, good: tuple[int, ...] = (200,)) -> Answer | None:
        """Give back a page that is good; note a strange one."""
        if answer is not None and answer.status in good:
            return answer
        with self._lock:
            self.lost += answer is None or answer.status not in (409, 422)
            if answer is not None and answer.status not in (409, 422, 503):
                where = f" to {answer.location}" if answer.location else ""
                self.strange.append(f"{address} answered {answer.status}{where}: {answer.words[:200]}")
        return None
