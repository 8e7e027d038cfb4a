"""Start a unit's ExecStart as systemd would, as far as that goes without systemd.

    python -P hardened.py UNIT [NUMBER]    as root; the NUMBERth ExecStart, from 0

The user, the environment of its files, no capability, no new rights, one directory to write to, the narrow /proc,
memory that is never writable and executable, the system calls and the families of addresses. What the unit asks for
beyond that (devices, namespaces, the host's name and clock) only `systemd-analyze` looks at.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import shlex
import socket
import subprocess
import sys
from pathlib import Path

UNITS = Path("/etc/systemd/system")
# From <linux/prctl.h> and <seccomp.h>.
SET_MDWE, REFUSE_EXEC_GAIN = 65, 1
ALLOW, KILL_PROCESS = 0x7FFF0000, 0x80000000
EQUAL = 4


class Comparison(ctypes.Structure):
    _fields_ = (
        ("argument", ctypes.c_uint),
        ("operator", ctypes.c_int),
        ("value", ctypes.c_uint64),
        ("other", ctypes.c_uint64),
    )


def settings(unit: str, *, units: Path = UNITS) -> dict[str, list[str]]:
    """Give what a unit says of its service, and what is said of all whose names begin as its does."""
    files = sorted((units / f"{unit.partition('-')[0]}-.service.d").glob("*.conf"))
    found: dict[str, list[str]] = {}
    for file in (units / f"{unit}.service", *files):
        section = ""
        for line in file.read_text().splitlines():
            if line.startswith("["):
                section = line
            elif section == "[Service]" and "=" in line:
                name, value = line.split("=", 1)
                found.setdefault(name, []).append(value)
    return found


def environment(files: list[str]) -> dict[str, str]:
    """Read the files as systemd reads them; the unit's own come first here, and so are read last."""
    found = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8"}
    for file in reversed(files):
        if file.startswith("-") and not Path(file[1:]).exists():
            continue
        for line in Path(file.removeprefix("-")).read_text().splitlines():
            if line.strip() and not line.startswith(("#", ";")):
                name, value = line.split("=", 1)
                (found[name],) = shlex.split(value) or [""]
    return found


def enter(unit: str, number: str) -> None:
    """As root, in mounts of its own: make all but the unit's directories read-only, then be its user."""
    asked = settings(unit)
    (name,) = asked["User"]
    user = pwd.getpwnam(name)
    states = [Path("/var/lib") / word for value in asked["StateDirectory"] for word in value.split()]
    for state in states:
        state.mkdir(exist_ok=True)
        os.chown(state, user.pw_uid, user.pw_gid)
    _mount("--bind", str(states[0]), str(states[0]))
    _mount("-o", "remount,bind,ro", "/")
    _mount("-t", "proc", "-o", "subset=pid,hidepid=invisible", "none", "/proc")
    os.umask(int(asked["UMask"][0], 8))
    os.execvpe(
        "setpriv",
        [
            *("setpriv", "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"),
            *(f"--reuid={name}", f"--regid={user.pw_gid}", "--init-groups"),
            *(sys.executable, "-P", __file__, unit, number, "confined"),
        ],
        {**environment(asked["EnvironmentFile"]), "HOME": user.pw_dir, "USER": name},
    )


def confine(unit: str, number: str) -> None:
    """As the unit's user: give up what it is not to do, and become its command."""
    asked = settings(unit)
    libc = ctypes.CDLL(None, use_errno=True)
    assert asked["MemoryDenyWriteExecute"] == ["yes"]
    assert libc.prctl(SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0) == 0, os.strerror(ctypes.get_errno())
    _filter(asked["SystemCallFilter"], families=asked["RestrictAddressFamilies"][0].split())
    command = shlex.split(asked["ExecStart"][int(number)].replace("$$", "$").replace("%%", "%"))
    os.execve(command[0], command, dict(os.environ))


def _filter(words: list[str], *, families: list[str]) -> None:
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(KILL_PROCESS))
    allowed: set[str] = set()
    for value in words:
        named = _named(value.removeprefix("~").split())
        allowed = allowed - named if value.startswith("~") else allowed | named
    # Permitted by systemd whatever the list says, so that a program can be started and end.
    allowed |= {"execve", "exit", "exit_group", "getrlimit", "rt_sigreturn", "sigreturn"}
    for name in allowed - {"socket"}:
        if (call := seccomp.seccomp_syscall_resolve_name(name.encode())) >= 0:
            assert seccomp.seccomp_rule_add_array(context, ALLOW, call, 0, None) == 0, name
    call = seccomp.seccomp_syscall_resolve_name(b"socket")
    for family in families:
        is_it = Comparison(0, EQUAL, getattr(socket, family), 0)
        assert seccomp.seccomp_rule_add_array(context, ALLOW, call, 1, ctypes.byref(is_it)) == 0, family
    assert seccomp.seccomp_load(context) == 0


def _named(words: list[str]) -> set[str]:
    """Name the system calls of sets of systemd's."""
    sets: dict[str, list[str]] = {}
    for line in subprocess.run(
        ["systemd-analyze", "syscall-filter"], capture_output=True, text=True, check=True
    ).stdout.splitlines():
        word = line.strip()
        if line.startswith("@"):
            inside = sets.setdefault(word, [])
        elif word and not word.startswith("#"):
            inside.append(word)
    found: set[str] = set()
    while words:
        word, *words = words
        if word in sets:
            words += sets[word]
        else:
            found.add(word)
    return found


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


def main(arguments: list[str]) -> None:
    match arguments:
        case [unit, number, "confined"]:
            confine(unit, number)
        case [unit, number]:
            enter(unit, number)


if __name__ == "__main__":
    main(sys.argv[1:])
