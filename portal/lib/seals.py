"""Seal what somebody saw, so that it can travel through the browser and come back unchanged.

A seal is signed JSON, compressed where that helps. It is not secret: whoever carries it can read it. What
binds it (a user, a subscription) belongs into the payload and is compared by the caller.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core import signing

MOST_CHARACTERS = 400_000
"""The longest sealed value that is made or looked at."""

MOST_BYTES = 4_000_000
"""The longest payload, as JSON, that is sealed or unpacked."""


class SealBroken(Exception):
    """Say that a value is no seal of this product for this purpose, or was changed on its way."""

    def __init__(self) -> None:
        super().__init__("The sealed value was not made here, or was changed on its way.")


class SealExpired(Exception):
    """Say that a seal is genuine but too old; `payload` is what it sealed."""

    def __init__(self, payload: dict[str, Any]) -> None:
        self.payload = payload
        super().__init__("The sealed value is too old.")


class SealTooLarge(ValueError):
    """Say that a payload is too large to travel through a browser."""


def seal(payload: dict[str, Any], *, at: datetime, purpose: str) -> str:
    """Seal a payload.

    *Shape*: `payload` is what JSON can say; amounts and days are passed as strings.
    *Raises* `SealTooLarge`; `ValueError` for an instant without a time zone.
    """
    _refuse_naive(at)
    document = {"at": at.astimezone(UTC).isoformat(), "payload": payload}
    packed = json.dumps(document, separators=(",", ":"), allow_nan=False).encode("ascii")
    if len(packed) > MOST_BYTES:
        raise SealTooLarge(f"The payload has {len(packed)} bytes, at most {MOST_BYTES} can be sealed.")
    value = _signer(purpose).sign(base64.urlsafe_b64encode(zlib.compress(packed)).decode("ascii"))
    if len(value) > MOST_CHARACTERS:
        raise SealTooLarge(f"The seal has {len(value)} characters, at most {MOST_CHARACTERS} can travel.")
    return value


def unseal(value: str, *, at: datetime, purpose: str, max_age: timedelta) -> dict[str, Any]:
    """Give the payload back, after checking signature, purpose and age.

    A seal from the future by more than `max_age` has expired too: a clock was wrong, and it would live long.
    *Raises* `SealBroken` for whatever else comes in, `SealExpired`; `ValueError` for an instant without a zone.
    """
    _refuse_naive(at)
    # Before the signature is checked, a stranger decides what is in here: cheap checks only.
    if not isinstance(value, str) or len(value) > MOST_CHARACTERS or not value.isascii():
        raise SealBroken
    try:
        document = _unpacked(_signer(purpose).unsign(value))
        sealed_at = datetime.fromisoformat(document["at"])
        payload = document["payload"]
        age = at - sealed_at
    # What a signature of ours covers is well-formed, unless the key has other uses or leaked.
    except (signing.BadSignature, binascii.Error, zlib.error, ValueError, KeyError, TypeError, RecursionError):
        raise SealBroken from None
    if not isinstance(payload, dict):
        raise SealBroken
    if abs(age) > max_age:
        raise SealExpired(payload)
    return payload


def _refuse_naive(at: datetime) -> None:
    if at.tzinfo is None:
        raise ValueError("An instant needs a time zone.")


def _signer(purpose: str) -> signing.Signer:
    return signing.Signer(salt=f"portal.lib.seals/{purpose}")


def _unpacked(text: str) -> Any:
    inflater = zlib.decompressobj()
    packed = inflater.decompress(base64.b64decode(text, altchars=b"-_", validate=True), MOST_BYTES + 1)
    if len(packed) > MOST_BYTES or not inflater.eof or inflater.unused_data:
        # Longer than it may get, cut off, or with something behind it.
        raise SealBroken
    return json.loads(packed)
