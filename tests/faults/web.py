"""The real web server, and somebody who is logged in."""

from __future__ import annotations

import contextlib
import http.cookiejar
import re
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

from portal import embedded
from tests.support.places import Place, eventually

LOCK = 1.5
PASSWORD = "quite a secret word 7"
POOL = 3


class Web:
    """The portal as `./run` serves it, with one worker and few connections, and a person who is logged in."""

    def __init__(self, place: Place) -> None:
        self.place = place
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = place.data / "web.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))

    def environment(self) -> dict[str, str]:
        return self.place.environment(
            PORT=str(self.port),
            WEB_CONCURRENCY="1",
            PORTAL_POOL_SIZE=str(POOL),
            PORTAL_MIGRATE="1",
            # Static files and passwords cost less; all about the database is the product's own.
            DJANGO_SETTINGS_MODULE="tests.settings",
        )

    def manage(self, *words: str, said: str = "") -> str:
        done = subprocess.run(
            [sys.executable, embedded.ROOT / "manage.py", *words],
            env=self.environment(),
            input=said,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def start(self, *, by_address: bool = True) -> None:
        environment = {**self.environment(), "PORTAL_MIGRATE": ""}
        if by_address:
            # The short lock time-out of the test comes after the portal's own, and counts.
            url = f"{self.url()}&options={urllib.parse.quote(f'-c lock_timeout={LOCK}s')}"
            environment |= {"DATABASE_URL": url}
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, embedded.ROOT / "manage.py", "serve"], env=environment, stdout=log, stderr=log
            )
        assert eventually(lambda: self._is_up(), seconds=120), self.log.read_text()

    def _is_up(self) -> bool:
        with contextlib.suppress(OSError):
            return self.ask("/healthz")[0] == 200
        return False

    def url(self) -> str:
        return embedded.runtime_url(self.place.data)

    def ask(
        self, path: str, sent: dict[str, str] | None = None, *, headers: dict[str, str] | None = None
    ) -> tuple[int, str, float]:
        """Status, text and seconds."""
        data = urllib.parse.urlencode(sent).encode() if sent is not None else None
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers or {})
        begun = time.monotonic()
        try:
            with self.browser.open(request, timeout=30) as answer:
                return answer.status, answer.read().decode(), time.monotonic() - begun
        except urllib.error.HTTPError as refusal:
            return refusal.code, refusal.read().decode(), time.monotonic() - begun

    def log_in(self) -> None:
        status, page, _ = self.ask("/log-in/")
        assert status == 200
        status, page, _ = self.ask(
            "/log-in/", {"csrfmiddlewaretoken": _token(page), "login": "ann", "password": PASSWORD}
        )
        assert status == 200
        assert "Log out" in page

    def server(self) -> list[int]:
        """The server and all its children, without the supervisor."""
        return [pid for pid in self.place.processes() if pid != self.place.supervisor()]


def _token(page: str) -> str:
    found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
    assert found
    return found[1]
