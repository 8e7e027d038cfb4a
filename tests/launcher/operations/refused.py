"""Starts that are refused: the printed environment, changed in one way, and how the one sentence begins."""

from __future__ import annotations

_HERE = "postgresql://portal_runtime:runtime-password@"
# What is not to be in the sentence, whatever it says.
SECRETS = ("runtime-password", "owner-password", "hunter2")

CASES: dict[str, tuple[dict[str, str], str]] = {
    "a short key": ({"SECRET_KEY": "hunter2"}, "SECRET_KEY can't be used: it has 7 signs, and 32 are the least"),
    "no place for a key": (
        {"SECRET_KEY": "", "PORTAL_DATA": "/srv/closed"},
        "No key can be made in /srv/closed: Permission denied.",
    ),
    "no host": (
        {"ALLOWED_HOSTS": "", "PORT": "8001"},
        "The portal is not served: SECURE is on, so people open it through a proxy",
    ),
    "a host that is an address": (
        {"ALLOWED_HOSTS": "https://portal.example.com"},
        "ALLOWED_HOSTS has 'https://portal.example.com': it has to be names with commas",
    ),
    "a proxy by its name": (
        {"TRUSTED_PROXIES": "nginx"},
        "TRUSTED_PROXIES has 'nginx': it has to be",
    ),
    "no proxy": (
        {"TRUSTED_PROXIES": "", "PORT": "8001"},
        "The portal is not served: SECURE is on, so a proxy in front of it",
    ),
    "neither on nor off": ({"EMAIL_USE_TLS": "maybe"}, "EMAIL_USE_TLS is 'maybe': it has to be 1"),
    "a port of root's": ({"PORT": "80"}, "Port 80 of 127.0.0.1 can't be used (Permission denied)"),
    "a port that is taken": ({"PORT": "8000"}, "Port 8000 of 127.0.0.1 can't be used (Address already in use)"),
    "an address nobody can read": ({"DATABASE_URL": "mysql://a:hunter2@b/c"}, "DATABASE_URL can't be read: "),
    "a wrong password": (
        {"DATABASE_URL": "postgresql://portal_runtime:hunter2@db2.example/portal"},
        'The database can\'t be used: connection failed: connection to server at "127.0.0.3", port 5432 failed: '
        'FATAL:  password authentication failed for user "portal_runtime" (see DATABASE_URL).',
    ),
    "a wrong password of the owner": (
        {"DATABASE_OWNER_URL": "postgresql://portal:hunter2@db2.example/portal"},
        'The database can\'t be used: connection failed: connection to server at "127.0.0.3", port 5432 failed: '
        'FATAL:  password authentication failed for user "portal" (see DATABASE_OWNER_URL).',
    ),
    "a server nobody knows": (
        {"DATABASE_URL": f"{_HERE}db9.example/portal"},
        "The database can't be used: failed to resolve host 'db9.example'",
    ),
    "all servers down": (
        {"DATABASE_URL": f"{_HERE}db1.example,127.0.0.5/portal"},
        'The database can\'t be used: connection failed: connection to server at "127.0.0.5"',
    ),
    "a database in another encoding": (
        {"DATABASE_URL": f"{_HERE}db2.example/latin"},
        "The database is kept in LATIN1",
    ),
}
