"""A real mail server that takes e-mails badly, in a process of its own that can be killed.

What it does with somebody's mail is told by the address:

    refused@...   550 to the recipient           busy@...      450 to the recipient
    content@...   554 to the message             slow@...      takes the message, answers after two seconds
    anybody else  taken, or, when half of it fails: a 4xx, a broken connection before or after it was taken, a
                  late answer; which one follows from the seed, the address and how often it was tried

It writes a line of JSON for each e-mail it has taken, before it answers.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, Envelope, Session

ROOT = Path(__file__).resolve().parents[2]
FAULTS = ("4xx to the recipient", "4xx to the message", "broken before", "broken after", "late")


@dataclass
class Sink:
    """Hold the mail server from outside."""

    log: Path
    fails: bool = False
    seed: int = 1
    port: int = 0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        self.log.touch()
        self.process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.support.sink",
                str(self.port),
                str(self.log),
                str(self.seed * self.fails),
            ],
            cwd=ROOT,
        )
        self.wait_for(self._answers)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None

    def arrivals(self) -> list[dict[str, Any]]:
        return [line for line in self._lines() if line["what"] == "taken"]

    def ids(self) -> Counter[str]:
        return Counter(line["message_id"] for line in self.arrivals())

    def faults(self) -> Counter[str]:
        return Counter(line["fault"] for line in self._lines() if line["what"] == "tried" and line["fault"])

    @staticmethod
    def wait_for(condition: Any, *, seconds: int = 60) -> None:
        until = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < until, "It took too long."
            time.sleep(0.05)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=1):
            return True
        return False

    def _lines(self) -> list[dict[str, Any]]:
        # The last line of a process that was killed may be half a line.
        return [json.loads(line) for line in self.log.read_text().splitlines(keepends=True) if line.endswith("\n")]


def _hang_up(server: SMTP) -> None:
    assert isinstance(server.transport, asyncio.WriteTransport)
    server.transport.abort()


class Taker:
    """Decide what becomes of each e-mail."""

    def __init__(self, *, log: Path, seed: int) -> None:
        self.log, self.seed = log, seed
        self.tries: Counter[str] = Counter()
        for line in log.read_text().splitlines(keepends=True):
            if line.endswith("\n") and json.loads(line)["what"] == "tried":
                self.tries[json.loads(line)["address"]] += 1

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if address.startswith("refused@"):
            return "550 5.1.1 There is nobody <b>here</b> of that name"
        if address.startswith("busy@"):
            return "450 4.2.1 Not now"
        fault = self._fault(address)
        self._write({"what": "tried", "address": address, "fault": fault})
        if fault == "4xx to the recipient":
            return "450 4.2.1 Not now"
        if fault == "broken before":
            _hang_up(server)
            return "421 Gone"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.append(fault)
        return "250 Ok"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        fault = next((fault for fault in envelope.rcpt_options if fault), "")
        began = time.monotonic()
        if any(address.startswith("content@") for address in envelope.rcpt_tos):
            return "554 5.6.0 Not this"
        if fault == "4xx to the message":
            return "451 4.3.0 Not now"
        # Two senders of one message would be seen side by side.
        await asyncio.sleep(0.02)
        content = bytes(envelope.original_content or b"")
        head = content.partition(b"\r\n\r\n")[0].decode()
        self._write(
            {
                "what": "taken",
                "message_id": next(line[12:] for line in head.split("\r\n") if line.startswith("Message-ID: ")),
                "to": envelope.rcpt_tos,
                "content": content.decode("utf-8", "replace"),
                "began": began,
                "ended": time.monotonic(),
            }
        )
        if fault == "broken after":
            _hang_up(server)
        elif fault == "late":
            await asyncio.sleep(0.3)
        elif any(address.startswith("slow@") for address in envelope.rcpt_tos):
            await asyncio.sleep(2)
        return "250 Taken"

    def _fault(self, address: str) -> str:
        self.tries[address] += 1
        if not self.seed:
            return ""
        digest = hashlib.sha256(f"{self.seed}/{address}/{self.tries[address]}".encode()).digest()
        return FAULTS[digest[1] % len(FAULTS)] if digest[0] % 2 else ""

    def _write(self, line: dict[str, Any]) -> None:
        with self.log.open("a") as file:
            file.write(json.dumps(line) + "\n")


async def serve(*, port: int, log: Path, seed: int) -> None:
    taker = Taker(log=log, seed=seed)
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(taker, hostname="sink.example", enable_SMTPUTF8=False), "127.0.0.1", port
    )
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(port=int(sys.argv[1]), log=Path(sys.argv[2]), seed=int(sys.argv[3])))
