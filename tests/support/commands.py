"""Several commands as processes of their own, for which Django is started once.

To start it takes a second of a processor, most of what a command costs that is refused. Each command is a fork of a
process that has imported everything and has not yet connected: from there on it is what `./run` starts. Where each
has an environment of its own, that process has imported only what reads no settings.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from typing import NoReturn

from portal import embedded
from tests.support.places import Place

Answer = subprocess.CompletedProcess[str]
# The words of a command, and what it has in its environment besides.
Asked = tuple[list[str], dict[str, str]]
# Its module by its name, also where that is run in another place than this.
PROGRAM = (sys.executable, "-m", __name__)
_SECONDS = 120
_WITHOUT_SETTINGS = (
    *("psycopg", "django.core.management", "django.contrib.admin.options", "django.contrib.postgres.fields"),
    *("django.urls", "crispy_forms.helper", "csp.middleware", "django_htmx.middleware", "moneyed"),
)


def run_each(place: Place, commands: Iterable[Sequence[str]], **more: str) -> list[Answer]:
    """Run commands one after the other, as `./run` with these words would, and give what each answered."""
    asked: list[Asked] = [(list(words), {}) for words in commands]
    started = subprocess.Popen(
        PROGRAM,
        env=place.environment(**more),
        cwd=embedded.ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        said, _ = started.communicate(json.dumps(asked), timeout=_SECONDS)
    except subprocess.TimeoutExpired:
        # One that was to be refused is serving.
        os.killpg(started.pid, signal.SIGKILL)
        started.wait()
        raise
    assert started.returncode == 0
    return [answer(words, *told) for (words, _), told in zip(asked, json.loads(said), strict=True)]


def answer(words: list[str], status: int, out: str, err: str) -> Answer:
    return subprocess.CompletedProcess(words, status, out, err)


def _main() -> None:
    """Read words and environment of each command; write the status of each, and what it said on both streams."""
    asked: list[Asked] = json.load(sys.stdin)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    if any(environment for _, environment in asked):
        for name in _WITHOUT_SETTINGS:
            importlib.import_module(name)
    else:
        embedded.join()
        import django

        django.setup()
    answers = [_in_a_fork(words or ["serve"], environment) for words, environment in asked]
    print(json.dumps(answers))


def _in_a_fork(words: list[str], environment: dict[str, str]) -> tuple[int, str, str]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
            os.environ.update(environment)
            _become(words, streams=(os.open(os.devnull, os.O_RDONLY), out.fileno(), err.fileno()))
        _, status = os.waitpid(child, 0)
        said = []
        for stream in (out, err):
            stream.seek(0)
            said.append(stream.read().decode())
    return os.waitstatus_to_exitcode(status), said[0], said[1]


def _become(words: list[str], *, streams: tuple[int, int, int]) -> NoReturn:
    import manage

    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    os.environ["PORTAL_MIGRATE"] = "1"
    sys.argv = [str(embedded.ROOT / "manage.py"), *words]
    status = 1
    try:
        status = manage._main_until_interrupted(sys.argv)
    except SystemExit as ended:
        status = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    finally:
        if sys.exc_info()[0]:
            sys.excepthook(*sys.exc_info())
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


if __name__ == "__main__":
    _main()
