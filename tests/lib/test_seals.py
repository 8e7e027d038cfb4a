import string
from datetime import UTC, datetime, timedelta

import pytest
from django.core import signing
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.lib import seals

AT = datetime(2026, 3, 7, 12, 0, tzinfo=UTC)
HALF_AN_HOUR = timedelta(minutes=30)
PAYLOAD = {"quote_id": "8f14", "total": "50.00", "lines": [{"reason": "not_begun", "paid": None}], "name": "Zürich"}


def unseal(value, *, at=AT, purpose="quote", max_age=HALF_AN_HOUR):
    return seals.unseal(value, at=at, purpose=purpose, max_age=max_age)


def test_what_was_sealed_comes_back():
    value = seals.seal(PAYLOAD, at=AT, purpose="quote")
    assert value.isascii()
    assert unseal(value) == PAYLOAD
    assert unseal(value, at=AT + HALF_AN_HOUR) == PAYLOAD


def test_an_old_seal_has_expired_and_says_what_it_sealed():
    value = seals.seal(PAYLOAD, at=AT, purpose="quote")
    with pytest.raises(seals.SealExpired) as expired:
        unseal(value, at=AT + HALF_AN_HOUR + timedelta(microseconds=1))
    assert expired.value.payload == PAYLOAD


def test_a_seal_from_the_future_is_taken_within_its_age_only():
    value = seals.seal(PAYLOAD, at=AT, purpose="quote")
    assert unseal(value, at=AT - timedelta(seconds=5)) == PAYLOAD
    with pytest.raises(seals.SealExpired):
        unseal(value, at=AT - timedelta(hours=1))


def test_a_seal_serves_one_purpose():
    value = seals.seal(PAYLOAD, at=AT, purpose="quote")
    with pytest.raises(seals.SealBroken):
        unseal(value, purpose="other")


def test_another_key_breaks_the_seal_and_an_earlier_one_does_not(settings):
    value = seals.seal(PAYLOAD, at=AT, purpose="quote")
    earlier, settings.SECRET_KEY = settings.SECRET_KEY, "another"
    with pytest.raises(seals.SealBroken):
        unseal(value)
    settings.SECRET_KEY_FALLBACKS = [earlier]
    assert unseal(value) == PAYLOAD


def test_every_change_of_a_character_breaks_the_seal():
    value = seals.seal({"total": "1.00"}, at=AT, purpose="quote")
    for index, character in enumerate(value):
        changed = value[:index] + ("A" if character != "A" else "B") + value[index + 1 :]
        with pytest.raises(seals.SealBroken):
            unseal(changed)


@pytest.mark.parametrize(
    "value",
    [
        "",
        ":",
        "a",
        "a:b",
        "\0",
        "a\0:b",
        "é:ü",
        "\ud800:x",
        ":" * 1000,
        "x" * 10_000_000,
        "=" * 100,
    ],
    ids=lambda value: value[:10].encode("ascii", "replace").decode(),
)
def test_rubbish_is_a_broken_seal(value):
    with pytest.raises(seals.SealBroken):
        unseal(value)


@pytest.mark.parametrize("content", [{}, 7, None, "soon", [], [7, {}], ["soon", {}], {"at": "2026", "payload": {}}])
def test_what_another_version_sealed_has_expired(content):
    value = signing.Signer(salt="portal.lib.seals/quote").sign_object(content)
    with pytest.raises(seals.SealExpired) as expired:
        unseal(value)
    assert expired.value.payload == {}


@pytest.mark.parametrize("text", ["", "!!!", "abc", ".", ".YWJj", "eNqrrgUAAXUA-Q==", "Ww" * 10_000])
def test_what_another_version_packed_has_expired(text):
    with pytest.raises(seals.SealExpired):
        unseal(signing.Signer(salt="portal.lib.seals/quote").sign(text))


def test_what_is_too_large_is_not_sealed():
    noise = "".join(f"{number * 2654435761 % 2**32:08x}" for number in range(120_000))
    with pytest.raises(seals.SealTooLarge):
        seals.seal({"x": noise}, at=AT, purpose="quote")


def test_a_preview_of_many_cycles_fits():
    lines = [
        {"starts_on": f"{year}-{month:02}-16", "charged": "54.50", "net": "45.87", "tax": "4.13", "reason": "over"}
        for year in range(1950, 2050)
        for month in range(1, 13)
    ]
    assert unseal(seals.seal({"lines": lines}, at=AT, purpose="quote"))["lines"] == lines


@settings(max_examples=200)
@given(st.one_of(st.text(), st.text(alphabet=string.ascii_letters + string.digits + "-_:=.")))
def test_nothing_a_stranger_sends_raises_anything_else(value):
    with pytest.raises(seals.SealBroken):
        unseal(value)
