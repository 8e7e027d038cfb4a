"""What is to be told today: of which organisations, and of which of their subscriptions and numbers.

The days are those where the organisation is. A night that was left out is made up for by the next one, as long as
the day is still ahead.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from settings_app.selectors import Config, renewals
from subscriptions.models import NO_END_ASKED
from subscriptions.selectors import zones
from subscriptions.selectors.made_here import MADE_HERE

RENEWAL, EXPIRY, RESERVATION = "renewal_ahead", "expiring", "reservation_ending"
BEFORE_RENEWAL = 7
"""Days from the message to the renewal date, which is as many days before the expiry date."""
RENEWAL_DATE = 7
BEFORE_EXPIRY = 3
BEFORE_RELEASE = 7

# What a subscription, its organisation and its contract say. `life` asks more on the day itself.
_RENEWS = """(
    s.auto_renew AND NOT s.is_trial AND o.status = 'active' AND NOT EXISTS (
        SELECT FROM subscriptions_contractitem i JOIN subscriptions_contract x ON x.id = i.contract_id
        WHERE i.subscription_id = s.id AND x.billing_plan = 'milestone'))
"""
_NO_END = NO_END_ASKED.format(through="s.expires_on")


def _ahead(day: str, *, least: int, most: int) -> str:
    """Ask for a day so many days ahead where the organisation is, and, so that an index has it, anywhere."""
    return (
        f"{day} BETWEEN o.today + {least} AND o.today + {most} "
        f"AND {day} BETWEEN %(earliest)s::date + {least} AND %(latest)s::date + {most}"
    )


@dataclass(frozen=True)
class Kind:
    """A kind of reminder. *Shape*: SQL over `s`, `o` and `n`, a number: what it is about, its day, and when."""

    code: str
    tables: str
    about: str
    day: str
    when: str


KINDS = (
    Kind(
        RENEWAL,
        "subscriptions_subscription s",
        "''",
        f"s.expires_on - {RENEWAL_DATE}",
        f"s.status <> 'terminated' AND {_RENEWS} AND {_NO_END} "
        f"AND {MADE_HERE} "
        f"AND {_ahead('s.expires_on', least=RENEWAL_DATE + 1, most=RENEWAL_DATE + BEFORE_RENEWAL)}",
    ),
    Kind(
        EXPIRY,
        "subscriptions_subscription s",
        "''",
        "s.expires_on",
        f"s.status <> 'terminated' AND NOT {_RENEWS} AND {_NO_END} "
        f"AND {_ahead('s.expires_on', least=0, most=BEFORE_EXPIRY)}",
    ),
    Kind(
        RESERVATION,
        "subscriptions_phonenumber n JOIN subscriptions_subscription s ON s.id = n.subscription_id",
        "n.number",
        "n.reserved_through",
        f"n.status = 'reserved' AND {_ahead('n.reserved_through', least=0, most=BEFORE_RELEASE)}",
    ),
)


def due_of(kind: Kind, *, columns: str, condition: str = "") -> str:
    """Write the query of what is to be told of a kind, and was not told yet.

    *Shape*: `columns` over `s`, `o` and `n`, and `condition` besides, are SQL.
    """
    return f"""
        SELECT {columns} FROM {kind.tables} {zones.TODAY}
        WHERE {kind.when} {condition} AND NOT EXISTS (
            SELECT FROM outbox_noticeitem told
            WHERE told.subject_uuid = s.uuid AND told.kind = '{kind.code}' AND told.about = {kind.about}
              AND told."on" = {kind.day})
    """  # noqa: S608 - built from constants


def organisations(kind: Kind, *, todays: zones.Todays, config: Config) -> list[int]:
    """List the organisations that are to be told something, by their keys. One query."""
    found = due_of(kind, columns="s.organisation_id")
    statement = f"SELECT DISTINCT organisation_id FROM ({found}) d ORDER BY 1"  # noqa: S608 - built from constants
    with connection.cursor() as cursor:
        cursor.execute(statement, todays.parameters(**renewals.parameters(config)))
        return [key for (key,) in cursor.fetchall()]


def count(kind: Kind, *, todays: zones.Todays, config: Config) -> int:
    """Count what is to be told. One query."""
    with connection.cursor() as cursor:
        statement = f"SELECT count(*) FROM ({due_of(kind, columns='s.id')}) d"  # noqa: S608 - built from constants
        cursor.execute(statement, todays.parameters(**renewals.parameters(config)))
        return int(cursor.fetchone()[0])
