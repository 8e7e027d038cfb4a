"""The portal as `./run` serves it with SECURE=1: which address a request comes from is what its connection says.

That nothing is served where no proxy is trusted: tests/launcher/operations.
"""

from __future__ import annotations

import http.client
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from portal import embedded
from tests.support import migrated
from tests.support.places import Place, eventually

# Both are addresses of this machine.
PROXY, STRANGER = "127.0.0.2", "127.0.0.1"


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """A data directory with a migrated database, which is not started yet."""
    with migrated.place("proxy") as here:
        yield here


def serve(place: Place, **more: str) -> tuple[subprocess.Popen[bytes], int]:
    with socket.socket() as free:
        free.bind((STRANGER, 0))
        port = free.getsockname()[1]
    environment = place.environment(
        PORT=str(port),
        WEB_CONCURRENCY="1",
        PORTAL_MIGRATE="1",
        DJANGO_SETTINGS_MODULE="tests.settings",
        SECURE="1",
        ALLOWED_HOSTS="127.0.0.1",
    )
    environment.pop("TRUSTED_PROXIES", None)
    with (place.data / "web.log").open("wb") as log:
        return subprocess.Popen(
            [sys.executable, embedded.ROOT / "manage.py", "serve"],
            env={**environment, **more},
            stdout=log,
            stderr=log,
        ), port


def ask(port: int, path: str, *, by: str, **headers: str) -> http.client.HTTPResponse:
    line = http.client.HTTPConnection(STRANGER, port, timeout=20, source_address=(by, 0))
    line.request("GET", path, headers={f"X-Forwarded-{name.title()}": value for name, value in headers.items()})
    answer = line.getresponse()
    answer.read()
    line.close()
    return answer


def test_https_is_believed_of_the_proxy_alone(place: Place) -> None:
    process, port = serve(place, TRUSTED_PROXIES=PROXY)
    log = place.data / "web.log"

    def is_there() -> bool:
        try:
            return ask(port, "/healthz", by=STRANGER).status == 200
        except OSError:
            return False

    try:
        assert eventually(is_there, seconds=120), log.read_text()
        page = ask(port, "/log-in/", by=PROXY, proto="https")
        assert (page.status, "max-age" in (page.getheader("Strict-Transport-Security") or "")) == (200, True)
        assert "Secure" in (page.getheader("Set-Cookie") or "")
        for by, said in ((PROXY, {}), (PROXY, {"proto": "http"}), (STRANGER, {}), (STRANGER, {"host": "evil"})):
            plain = ask(port, "/log-in/", by=by, **said)
            assert (plain.status, plain.getheader("Location")) == (301, f"https://{STRANGER}:{port}/log-in/")
        spoofed = ask(port, "/log-in/", by=STRANGER, proto="https")
        assert (spoofed.status, spoofed.getheader("Location")) == (400, None)
        assert f"{STRANGER} said where a request comes from, and is not believed" in log.read_text()
    finally:
        process.terminate()
        assert process.wait(60) == 0
