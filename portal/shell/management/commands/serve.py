"""Serve the portal on this machine; what `./run` alone does."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from customers.models import Organisation
from portal import embedded
from portal.demo import people
from portal.lib import environment, production
from portal.shell import static_files

THREADS = 8


class Command(BaseCommand):
    """Bring everything a first visitor needs, then become the web server."""

    help = "Serves the portal on HOST (127.0.0.1) and PORT (8000) of the environment."
    requires_system_checks = ()

    def handle(self, *args: object, **options: object) -> None:
        try:
            host, port, workers = production.host(), _port(), _workers()
            listener = _listen(host, port)
            signs = production.signs()
            if signs:
                _refuse_open_doors(signs)
            _refuse_unknown_proxy()
            _refuse_unknown_host()
        except (_CannotServe, environment.Unclear) as refusal:
            self._say(str(refusal))
            sys.exit(1)
        if hint := production.hint_of_host():
            self._say(f"Served to others, without a demo: HOST is {host}{hint}.")
        if not signs:
            with _alone("demo"):
                if not User.objects.exists() and not Organisation.objects.exists():
                    self._say("Making the demo ...")
                    call_command("demo", stdout=sys.stderr, no_color=True)
        try:
            self._find_static_files()
        except OSError as error:
            self._say(
                f"The static files can't be prepared in {settings.STATIC_ROOT}: {error.strerror or error}. Let the "
                "code's owner do ./run install, or set PORTAL_DATA to a directory of your own."
            )
            sys.exit(1)
        self.stdout.write(f"The portal is at http://{f'[{host}]' if ':' in host else host}:{port}/")
        self._print_logins()
        self.stdout.write("Ctrl-C ends it.")
        self.stdout.flush()
        _become_gunicorn(listener, workers=workers)

    def _say(self, sentence: str) -> None:
        # Django paints what goes to standard error red, and this is no error.
        self.stderr.write(sentence, style_func=str)

    def _find_static_files(self) -> None:
        """Take those of the installation, or prepare others where a file is another than when those were made."""
        if static_files.are_current(settings.INSTALLED_STATIC_ROOT):
            os.environ["PORTAL_STATIC"] = "installed"
            return
        with _alone("static"):
            if not static_files.are_current(Path(settings.STATIC_ROOT)):
                self._say("Preparing the static files ...")
                static_files.prepare()

    def _print_logins(self) -> None:
        names = people.that_can_log_in()
        if names:
            self.stdout.write(f"Log in as {', '.join(names)}; the password is {people.PASSWORD}.")
        elif not User.objects.filter(is_active=True).exists():
            self.stdout.write("Nobody can log in yet: ./run create_staff NAME --role superuser")


class _CannotServe(CommandError):
    """Say in one sentence why the portal can't be served here."""


def _port() -> int:
    return environment.whole("PORT", default=8000, least=1, most=65_535)


def _workers() -> int:
    by_processors = max(2, min(4, os.cpu_count() or 1))
    return environment.whole("WEB_CONCURRENCY", default=by_processors, least=1, most=999)


def _listen(host: str, port: int) -> socket.socket:
    """Open the address first, so that a port that is taken is said at once and nobody takes it meanwhile."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError):
        raise _CannotServe(
            f"HOST is {host!r}{production.hint_of_host()}: it has to be an address or a name of this machine, "
            "0.0.0.0 for all of them."
        ) from None
    # Of a name with several, the address that all programs understand.
    family, _, _, _, address = min(found, key=lambda one: one[0] != socket.AF_INET)
    try:
        listener = socket.socket(family)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # :: are all addresses, also those of the older kind.
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listener.bind(address)
        listener.listen(256)
    except OSError as error:
        if error.errno in (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT):
            raise _CannotServe(
                f"HOST is {host!r}{production.hint_of_host()}, which is no address of this machine: set it to one, "
                "or to 0.0.0.0 for all."
            ) from error
        raise _CannotServe(
            f"Port {port} of {host} can't be used ({error.strerror}): set PORT to another one."
        ) from error
    return listener


@contextlib.contextmanager
def _alone(name: str) -> Iterator[None]:
    """Let one process at a time prepare the same data directory; the others wait and find it done."""
    with (embedded.data_directory() / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _refuse_open_doors(signs: list[str]) -> None:
    """Serve nothing in production while the demo's password, which everybody knows, opens it."""
    names = people.that_can_log_in()
    if names:
        raise _CannotServe(
            f"The portal is not served: {_listed(names)} can log in with the password {people.PASSWORD}, and this "
            f"may be production ({'; '.join(signs)}). Take the demo out with ./run demo --remove, or give them "
            f"other passwords: ./run changepassword {names[-1]}."
        )


def _refuse_unknown_proxy() -> None:
    """Serve nothing where every page would lead to itself: https is asked for, and nobody is believed about it."""
    if settings.SECURE_SSL_REDIRECT and not settings.TRUSTED_PROXIES:
        raise _CannotServe(
            "The portal is not served: SECURE is on, so a proxy in front of it speaks https, and TRUSTED_PROXIES "
            "does not say which. Set it to the address the proxy comes from: 127.0.0.1 for one on this machine."
        )


def _refuse_unknown_host() -> None:
    """Serve nothing that answers to this machine alone, where people come through a proxy."""
    if settings.SECURE_SSL_REDIRECT and not production.has_allowed_hosts():
        raise _CannotServe(
            "The portal is not served: SECURE is on, so people open it through a proxy, and ALLOWED_HOSTS does not "
            "say under which names. Set it to them, with commas, like portal.example.com."
        )


def _listed(names: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(names[:-1]), names[-1]]))


def _become_gunicorn(listener: socket.socket, *, workers: int) -> None:
    """Replace this process: the lock on the embedded database and the open port go along."""
    listener.set_inheritable(True)
    # gunicorn wants a directory that is there; the one of whoever started this may be gone.
    os.chdir(embedded.ROOT)
    memory = "/dev/shm"  # noqa: S108 - heartbeats on a busy disk look like a worker that hangs
    heartbeats = memory if os.access(memory, os.W_OK | os.X_OK) else str(embedded.data_directory())
    os.execv(  # noqa: S606 - our own interpreter, our own words
        sys.executable,
        [
            *(sys.executable, "-m", "gunicorn", "portal.wsgi:application"),
            *("--chdir", str(embedded.ROOT), "--preload", "--config", str(embedded.ROOT / "portal/shell/web.py")),
            *("--bind", f"fd://{listener.fileno()}", "--no-control-socket"),
            *("--worker-class", "portal.shell.worker.Worker", "--workers", str(workers), "--threads", str(THREADS)),
            *("--worker-tmp-dir", heartbeats, "--log-level", "warning"),
        ],
    )
