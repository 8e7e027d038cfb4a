"""A machine of its own for what an operator does: this one, copied as it is written to, with a network of its own.

Mount, network and process namespaces and an overlay over `/`: commands run with the paths, ports and users that
the page prints, and nothing reaches this machine. Its last process ends with the test.
"""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import os
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from portal import embedded
from tests.launcher import copies

NEEDED = {
    "unshare": "util-linux",
    "nsenter": "util-linux",
    "runuser": "util-linux",
    "useradd": "passwd",
    "pgrep": "procps",
    "openssl": "openssl",
    "nginx": "nginx",
    "pgbouncer": "pgbouncer",
    "systemd-analyze": "systemd",
    "systemctl": "systemd",
}
CLONE_NEWNET = 0x40000000
# The first process: it makes the machine, then buries those whose parents are gone.
_INIT = """
import fcntl, os, signal, socket, struct, subprocess, sys
made = sys.argv[1]
def mount(*words): subprocess.run(["mount", *words], check=True)
mount("-t", "tmpfs", "-o", "mode=755", "none", made)
root = f"{made}/root"
def copy(path, number):
    upper, work = f"{made}/upper{number}", f"{made}/work{number}"
    for name in (upper, work, root + path): os.makedirs(name, exist_ok=True)
    mount("-t", "overlay", "-o", f"lowerdir={path},upperdir={upper},workdir={work}", "none", root + path)
copy("/", 0)
mount("-t", "proc", "none", f"{root}/proc")
mount("--rbind", "/dev", f"{root}/dev")
for path in ("dev/shm", "tmp", "run"): mount("-t", "tmpfs", "-o", "mode=1777", "none", f"{root}/{path}")
for number, path in enumerate(sys.argv[2:], 1):
    if not os.path.exists(root + path): copy(path, number)  # below /tmp, which is empty here
with socket.socket() as line:  # the loopback interface is down in a new network
    fcntl.ioctl(line, 0x8914, struct.pack("16sh14x", b"lo", 1))
os.chroot(root)
os.chdir("/")
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
print("ready", flush=True)
while True: signal.pause()
"""


class Machine:
    """One such machine; its commands run as root."""

    def __init__(self) -> None:
        missing = {name: package for name, package in NEEDED.items() if not shutil.which(name, path=PATH)}
        assert not missing, (
            f"The tests of the operations page need {', '.join(missing)}: "
            f"apt-get install {' '.join(sorted(set(missing.values())))}."
        )
        assert os.getuid() == 0, "The tests of the operations page make a machine of their own: run them as root."
        self._place = tempfile.mkdtemp(prefix="portal-machine-")
        venv = Path(sys.prefix)
        self._process = subprocess.Popen(
            [
                *("setpriv", "--pdeathsig=KILL"),
                *("unshare", "--mount", "--net", "--pid", "--fork", "--kill-child"),
                *(sys.executable, "-I", "-S", "-c", _INIT, self._place, str(embedded.ROOT), str(venv)),
            ],
            stdout=subprocess.PIPE,
            text=True,
            cwd="/",
        )
        self._nets: list[int] = []
        self._running: list[subprocess.Popen[bytes]] = []
        with contextlib.ExitStack() as unmade:
            unmade.callback(self.close)
            assert self._process.stdout
            assert self._process.stdout.readline() == "ready\n", (
                "A machine could not be made: may this one unshare?"
            )
            children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
            self.pid = int(children.read_text().split()[0])
            self.root = Path(f"/proc/{self.pid}/root")
            self._nets += (os.open(f"/proc/{pid}/ns/net", os.O_RDONLY) for pid in ("self", self.pid))
            self._let_python_be_entered(venv)
            self._copy_code()
            unmade.pop_all()

    def close(self) -> None:
        self._process.kill()
        self._process.wait(20)
        for process in self._running:
            process.wait(20)
        for handle in self._nets:
            os.close(handle)
        assert self._process.stdout
        self._process.stdout.close()
        os.rmdir(self._place)

    def _let_python_be_entered(self, venv: Path) -> None:
        """Open the directories above Python and its environment to all users, in this machine alone."""
        for leaf in (Path(sys.base_prefix) / "bin", venv, embedded.ROOT):
            for folder in leaf.parents:
                there = self.at(folder)
                there.chmod(there.stat().st_mode | 0o055)

    def _copy_code(self) -> None:
        """Put the code where the page says."""
        there = self.at("/opt/portal")
        copies.copy_code(there)
        copies.copy_bytecode(there)
        # `./run install` takes what is compiled and prepared where it is of this version.
        copies.copy_static_files(there)

    def at(self, path: str | Path) -> Path:
        """Name a file of this machine, as seen from outside."""
        return self.root / str(path).lstrip("/")

    def write(self, path: str, text: str, *, mode: int = 0o644) -> None:
        self.at(path).parent.mkdir(parents=True, exist_ok=True)
        self.at(path).write_text(text)
        self.at(path).chmod(mode)

    def _inside(self, *words: str) -> list[str]:
        target = f"--target={self.pid}"
        return ["nsenter", target, "--mount", "--net", "--pid", "--root", "env", "--chdir=/", *words]

    def run(
        self, *words: str, said: str = "", environment: dict[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self._inside(*words),
            input=said,
            env={**ENVIRONMENT, **(environment or {})},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    def does(self, *words: str, said: str = "", environment: dict[str, str] | None = None) -> str:
        """Run what has to end well, and give what it prints."""
        done = self.run(*words, said=said, environment=environment)
        assert done.returncode == 0, f"{' '.join(words)}\n{said}\n{done.stdout}{done.stderr}"
        return done.stdout

    def start(self, *words: str, log: str, environment: dict[str, str] | None = None) -> subprocess.Popen[bytes]:
        with self.at(log).open("ab") as out:
            process = subprocess.Popen(
                self._inside(*words), env={**ENVIRONMENT, **(environment or {})}, stdout=out, stderr=out
            )
        self._running.append(process)
        return process

    def end(self, process: subprocess.Popen[bytes]) -> int:
        """End a process as systemd does, and give its status."""
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        for child in children.read_text().split():
            os.kill(int(child), signal.SIGTERM)
        return process.wait(60)

    @contextlib.contextmanager
    def _network(self) -> Iterator[None]:
        """Let this thread open its connections there."""
        libc = ctypes.CDLL(None, use_errno=True)
        own, theirs = self._nets
        assert libc.setns(theirs, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
        try:
            yield
        finally:
            assert libc.setns(own, CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())

    def connect(self, port: int, *, host: str = "127.0.0.1", source: str = "127.0.0.1") -> socket.socket:
        with self._network():
            return socket.create_connection((host, port), timeout=30, source_address=(source, 0))

    def answers(self, port: int, *, host: str = "127.0.0.1") -> bool:
        try:
            self.connect(port, host=host).close()
        except OSError:
            return False
        return True


class Connection(http.client.HTTPConnection):
    """http, or https with a certificate to trust, to a machine."""

    def __init__(self, machine: Machine, *, host: str, port: int, source: str, trusted: str = "") -> None:
        super().__init__(host, port, timeout=30)
        self.default_port = port  # so that the name is sent without it
        self._machine, self._source, self._trusted = machine, source, trusted

    def connect(self) -> None:
        self.sock = self._machine.connect(self.port, source=self._source)
        if self._trusted:
            context = ssl.create_default_context(cadata=self._trusted)
            self.sock = context.wrap_socket(self.sock, server_hostname=self.host)


PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# As an operator has logged in.
ENVIRONMENT = {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8"}
