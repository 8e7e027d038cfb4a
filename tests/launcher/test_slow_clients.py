"""Clients that send half of a request and fall silent, against the real server with no proxy in front of it."""

from __future__ import annotations

import contextlib
import http.client
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator

import pytest

from portal import embedded
from portal.shell import web
from portal.shell.management.commands import serve
from tests.support import migrated
from tests.support.places import Place, eventually

# More than there are threads: each process has as many as `serve` says.
SLOW = 20
HOST = "Host: 127.0.0.1\r\n"
HALVES = {
    "half a first line": ("GET /heal", f"thz HTTP/1.1\r\n{HOST}\r\n", 200),
    "half a head": (f"GET /healthz HTTP/1.1\r\n{HOST}X-Slow: ", "1\r\n\r\n", 200),
    "half a body": (f"POST /healthz HTTP/1.1\r\n{HOST}Content-Length: 9\r\n\r\nabcd", "efghi", 403),
    "nothing": ("", f"GET /healthz HTTP/1.1\r\n{HOST}\r\n", 200),
    "an empty line": ("\r\n\r\n", f"GET /healthz HTTP/1.1\r\n{HOST}\r\n", 200),
}


class Server:
    """The portal as `./run` serves it, with one process."""

    def __init__(self, place: Place) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = place.data / "web.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, embedded.ROOT / "manage.py", "serve"],
                env=place.environment(
                    PORT=str(self.port),
                    WEB_CONCURRENCY="1",
                    PORTAL_MIGRATE="1",
                    DJANGO_SETTINGS_MODULE="tests.settings",
                ),
                stdout=log,
                stderr=log,
            )
        assert eventually(self.answers, seconds=240), self.log.read_text()

    def answers(self) -> bool:
        try:
            return self.status("/healthz") == 200
        except OSError:
            return False

    def status(self, path: str) -> int:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
            return int(answer.status)

    def client(self, said: str = "") -> socket.socket:
        line = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        line.sendall(said.encode())
        return line


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with migrated.place("slow") as place:
        web = Server(place)
        yield web
        web.process.terminate()
        assert web.process.wait(60) == 0
        assert "Traceback" not in web.log.read_text()


def answer_on(line: socket.socket) -> http.client.HTTPResponse:
    answer = http.client.HTTPResponse(line)
    answer.begin()
    answer.read()
    return answer


def test_there_are_more_slow_clients_than_threads() -> None:
    assert serve.THREADS < SLOW


@pytest.mark.parametrize("half", HALVES)
def test_twenty_half_sent_requests_hold_no_thread(server: Server, half: str) -> None:
    first, rest, status = HALVES[half]
    slow = [server.client(first) for _ in range(SLOW)]
    for _ in range(SLOW):
        assert server.status("/log-in/") == 200
    # They were not sent away either: who only has a slow line is answered, twice on one connection.
    for line in slow:
        line.sendall(rest.encode())
    assert {answer_on(line).status for line in slow} == {status}
    for line in slow:
        line.sendall(f"GET /healthz HTTP/1.1\r\n{HOST}\r\n".encode())
    assert {answer_on(line).status for line in slow} == {200}
    for line in slow:
        line.close()


@pytest.mark.parametrize(("length", "status"), [("1500000000", 413), ("1000001", 413), ("5x", 400)])
def test_a_body_that_is_refused_holds_no_thread(server: Server, length: str, status: int) -> None:
    said = f"POST /log-in/ HTTP/1.1\r\n{HOST}Content-Length: {length}\r\n\r\nabc"
    slow = [server.client(said) for _ in range(SLOW)]
    for _ in range(SLOW):
        assert server.status("/log-in/") == 200
    # Each has its answer, though its body never came, and nothing more is taken from it.
    for line in slow:
        answer = answer_on(line)
        assert answer.status == status
        assert line.recv(1) == b""
        line.close()


def test_a_body_of_unknown_length_is_taken_as_far_as_one_of_known_length(server: Server) -> None:
    line = server.client(f"POST /healthz HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked\r\n\r\n")
    with contextlib.suppress(ConnectionError):  # once it is refused
        for _ in range(11):
            line.sendall(b"186a0\r\n" + b"x" * 100_000 + b"\r\n")
    assert answer_on(line).status == 413
    line.close()


def test_clients_that_never_close_hold_nobody_up(server: Server) -> None:
    said = f"GET /healthz HTTP/1.1\r\n{HOST}Connection: close\r\n\r\n"
    slow = [server.client(said) for _ in range(SLOW)]
    assert {answer_on(line).status for line in slow} == {200}
    for _ in range(SLOW):
        assert server.status("/log-in/") == 200
    for line in slow:
        line.close()


def test_a_head_without_end_is_refused(server: Server) -> None:
    line = server.client(f"GET /healthz HTTP/1.1\r\n{HOST}")
    with contextlib.suppress(ConnectionError):  # once it is refused
        for number in range(20):
            line.sendall(f"X-{number}: {'x' * 4000}\r\n".encode())
    assert answer_on(line).status == 431
    line.close()


def test_who_asks_before_sending_a_body_is_told_to_go_on(server: Server) -> None:
    line = server.client(f"POST /healthz HTTP/1.1\r\n{HOST}Content-Length: 4\r\nExpect: 100-continue\r\n\r\n")
    assert line.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
    line.sendall(b"abcd")
    while (answer := answer_on(line)).status == 100:
        pass
    assert answer.status == 403
    line.close()


def test_requests_that_come_together_are_answered_one_by_one(server: Server) -> None:
    line = server.client(f"GET /healthz HTTP/1.1\r\n{HOST}\r\n" * 3)
    with line.makefile("rb") as answers:
        seen = answers.read(1)
        while seen.count(b"ok\n") < 3:
            more = answers.read1(65536)
            assert more
            seen += more
    assert seen.count(b"HTTP/1.1 200 OK") == 3
    line.close()


def test_more_connections_than_there_is_room_for_shut_nobody_out(server: Server) -> None:
    slow = [server.client("GET /heal") for _ in range(web.worker_connections + 5)]
    assert server.status("/log-in/") == 200
    for line in slow:
        line.close()
