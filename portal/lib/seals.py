"""Seal what somebody saw: the value travels through the browser and comes back unchanged.

A seal is signed and compressed by Django. It is not secret: its bearer can read it. The payload includes what the
seal is bound to (a user, a subscription), and the caller compares that.

The instant is part of the sealed value, since it comes from the caller. Django's `TimestampSigner` reads the clock.
"""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core import signing

MOST_CHARACTERS = 400_000
"""The longest seal: less than half of the largest request."""


class SealBroken(Exception):
    """Say that a value was not sealed here for this purpose, or was changed on its way."""


class SealExpired(Exception):
    """Say that a seal is genuine but too old.

    *Shape*: `payload` is what it sealed; empty where another version of the portal sealed it in another way.
    """

    def __init__(self, payload: dict[str, Any]) -> None:
        self.payload = payload
        super().__init__("The sealed value is too old.")


class SealTooLarge(ValueError):
    """Say that a payload is too large to travel through a browser."""


def seal(payload: dict[str, Any], *, at: datetime, purpose: str) -> str:
    """Seal a payload.

    *Shape*: `payload` is what JSON can say; amounts and days are passed as strings.
    *Raises*: SealTooLarge.
    """
    value = _signer(purpose).sign_object([at.astimezone(UTC).isoformat(), payload], compress=True)
    if len(value) > MOST_CHARACTERS:
        raise SealTooLarge(f"The seal has {len(value)} characters, at most {MOST_CHARACTERS} can travel.")
    return value


def unseal(value: str, *, at: datetime, purpose: str, max_age: timedelta) -> dict[str, Any]:
    """Give the payload back, after checking signature, purpose and age.

    A seal from more than `max_age` in the future has expired too: a clock was wrong. So has a seal in the format of
    another version of the portal.
    *Raises*: SealBroken, SealExpired.
    """
    payload: dict[str, Any]
    try:
        # Django checks the signature before it unpacks anything.
        instant, payload = _signer(purpose).unsign_object(value)
        sealed_at = datetime.fromisoformat(instant)
    except (signing.BadSignature, UnicodeEncodeError):
        raise SealBroken from None
    except (ValueError, TypeError, zlib.error):
        raise SealExpired({}) from None
    if abs(at - sealed_at) > max_age:
        raise SealExpired(payload)
    return payload


def _signer(purpose: str) -> signing.Signer:
    return signing.Signer(salt=f"portal.lib.seals/{purpose}")
