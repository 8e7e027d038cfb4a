"""Several commands as processes of their own, for which Django is started once.

To start it takes a second of a processor, most of what a command costs that is refused. Each command is a fork of a
process that has imported everything and has not yet connected: from there on it is what `./run` starts.
"""

from __future__ import annotations

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
_SECONDS = 300


def run_each(place: Place, commands: Iterable[Sequence[str]], **more: str) -> list[Answer]:
    """Run commands one after the other, as `./run` with these words would, and give what each answered."""
    asked = [list(words) for words in commands]
    started = subprocess.Popen(
        [sys.executable, "-m", __name__],
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
    return [
        subprocess.CompletedProcess(words, *answer) for words, answer in zip(asked, json.loads(said), strict=True)
    ]


def _main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings")
    embedded.join()
    import django

    django.setup()
    answers = [_in_a_fork(words or ["serve"]) for words in json.load(sys.stdin)]
    print(json.dumps(answers))


def _in_a_fork(words: list[str]) -> tuple[int, str, str]:
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        child = os.fork()
        if not child:
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
