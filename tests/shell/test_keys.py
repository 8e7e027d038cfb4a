"""A key that somebody else may know signs nothing."""

import secrets

import pytest

from portal.shell import keys

# The same in each process: what is drawn anew would give the tests other names.
DRAWN = "vks2bNCclY9vtOb301Ynqj0WHyvh0ozdW5E5j46zBa8TaZEAHIp95fVcfF73dxlN"


@pytest.mark.parametrize(
    ("key", "why"),
    [
        ("", "it is empty"),
        ("hunter2", "it has 7 signs, and 32 are the least"),
        (DRAWN[:31], "it has 31 signs"),
        ("é" * 16 + DRAWN, "signs that no key has"),
        (DRAWN[:43] + "\n", "signs that no key has"),
        ("a" * 64, "it repeats itself"),
        ("correct-horse" * 5, "it repeats itself"),
        ("aabbccddeeff" * 5 + "aab", "it repeats itself"),
        ("django-insecure-" + DRAWN, "it is a known one"),
        ("ChangeMe-please-before-you-go-live-thanks", "it is a known one"),
        ("my-very-long-secret-key-of-the-portal", "it is a known one"),
    ],
)
def test_what_can_not_be_trusted(key: str, why: str) -> None:
    said = keys.weakness(key)
    assert why in said
    assert not key or key not in said


@pytest.mark.parametrize("draw", [secrets.token_urlsafe, secrets.token_hex])
def test_what_is_drawn_can(draw) -> None:
    assert [keys.weakness(draw(size)) for size in (32, 48, 64)] == ["", "", ""]
