"""Whether a key can sign: sessions, and what agents saw, are worth what the key is worth."""

from __future__ import annotations

import re

SHORTEST = 32
FEWEST_SIGNS = 8
# How keys begin or what they hold that were printed somewhere, or typed until there is time for a better one.
KNOWN = (
    *("django-insecure", "only-for-tests", "changeme", "change-me", "change_me", "change-this", "replace-me"),
    *("your-secret", "your_secret", "secret-key", "secret_key", "secretkey", "mysecret", "topsecret"),
    *("password", "example", "0123456789", "1234567890", "abcdefgh", "qwertyui"),
)
DRAW = "python3 -c 'import secrets; print(secrets.token_urlsafe(64))' draws one"


def weakness(key: str) -> str:
    """Say why a key can't be trusted, or nothing. No part of the key is repeated."""
    if not key:
        return "it is empty"
    if len(key) < SHORTEST:
        return f"it has {len(key)} signs, and {SHORTEST} are the least"
    if not (key.isascii() and key.isprintable()):
        return "it holds signs that no key has"
    if len(set(key)) < FEWEST_SIGNS or re.fullmatch(r"(.{1,16}?)\1+.{0,15}", key):
        return "it repeats itself"
    if any(known in key.lower() for known in KNOWN):
        return "it is a known one"
    return ""
