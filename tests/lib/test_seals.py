import base64
import json
import string
import zlib
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


def signed(text):
    return signing.Signer(salt="portal.lib.seals/quote").sign(text)


def packed(content):
    return base64.urlsafe_b64encode(zlib.compress(content)).decode()


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
        None,
        7,
        b"a:b",
    ],
    ids=lambda value: str(value)[:10].encode("ascii", "replace").decode(),
)
def test_rubbish_is_a_broken_seal(value):
    with pytest.raises(seals.SealBroken):
        unseal(value)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"7",
        b"null",
        b"\xff",
        b"[" * 200_000,
        b'{"at": "2026-03-07T12:00:00+00:00"}',
        b'{"payload": {}}',
        b'{"at": 7, "payload": {}}',
        b'{"at": "soon", "payload": {}}',
        b'{"at": "2026-03-07T12:00:00", "payload": {}}',
        b'{"at": "2026-03-07T12:00:00+00:00", "payload": []}',
    ],
    ids=lambda content: content[:40].decode("ascii", "replace"),
)
def test_well_signed_rubbish_is_a_broken_seal(content):
    with pytest.raises(seals.SealBroken):
        unseal(signed(packed(content)))


@pytest.mark.parametrize("text", ["", "!!!", "abc", "YWJj", packed(b"{}")[:-6], packed(b"{}") + packed(b"{}")])
def test_well_signed_but_badly_packed_is_a_broken_seal(text):
    with pytest.raises(seals.SealBroken):
        unseal(signed(text))


def test_a_bomb_is_not_unpacked():
    bomb = json.dumps({"at": AT.isoformat(), "payload": {"x": "0" * 200_000_000}}).encode()
    value = signed(packed(bomb))
    assert len(value) < seals.MOST_CHARACTERS
    with pytest.raises(seals.SealBroken):
        unseal(value)


def test_what_is_too_large_is_not_sealed():
    with pytest.raises(seals.SealTooLarge):
        seals.seal({"x": "0" * seals.MOST_BYTES}, at=AT, purpose="quote")
    noise = "".join(f"{number * 2654435761 % 2**32:08x}" for number in range(120_000))
    with pytest.raises(seals.SealTooLarge):
        seals.seal({"x": noise}, at=AT, purpose="quote")


def test_the_largest_payload_comes_back():
    room = seals.MOST_BYTES - len(json.dumps({"at": AT.isoformat(), "payload": {"x": ""}}, separators=(",", ":")))
    payload = {"x": "0" * room}
    assert unseal(seals.seal(payload, at=AT, purpose="quote")) == payload


def test_a_preview_of_many_cycles_fits():
    lines = [
        {"starts_on": f"{year}-{month:02}-16", "charged": "54.50", "net": "45.87", "tax": "4.13", "reason": "over"}
        for year in range(1950, 2050)
        for month in range(1, 13)
    ]
    assert unseal(seals.seal({"lines": lines}, at=AT, purpose="quote"))["lines"] == lines


@pytest.mark.parametrize("call", [lambda at: seals.seal({}, at=at, purpose="quote"), lambda at: unseal("", at=at)])
def test_an_instant_needs_a_zone(call):
    with pytest.raises(ValueError, match="time zone"):
        call(datetime(2026, 3, 7))  # noqa: DTZ001 - what is refused


@settings(max_examples=200)
@given(st.one_of(st.text(), st.text(alphabet=string.ascii_letters + string.digits + "-_:=.")))
def test_nothing_a_stranger_sends_raises_anything_else(value):
    with pytest.raises(seals.SealBroken):
        unseal(value)
