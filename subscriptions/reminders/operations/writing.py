"""Write a batch of reminders: for each organisation a notice with its items, an event, and a message."""

from __future__ import annotations

from datetime import datetime

from django.db import connection

from customers.models import Organisation
from portal import frame
from portal.audit import writer as audit_writer
from portal.outbox import writer as outbox_writer
from settings_app import selectors as settings_selectors
from settings_app.selectors import renewals
from subscriptions.reminders import selectors
from subscriptions.selectors import zones

EVENTS = {
    selectors.RENEWAL: "reminder.renewal_ahead",
    selectors.EXPIRY: "reminder.expiring",
    selectors.RESERVATION: "reminder.reservation_ending",
}
# What the audit says was told, of one and of several.
_TOLD = {
    selectors.RENEWAL: ("subscription renews on", "subscriptions renew, the first on"),
    selectors.EXPIRY: (
        "subscription expires without a renewal after",
        "subscriptions expire without a renewal, the first after",
    ),
    selectors.RESERVATION: ("number will be free after", "numbers will be free, the first after"),
}


def write(
    kind: selectors.Kind, *, organisations: list[int], todays: zones.Todays, by: frame.Actor, at: datetime
) -> int:
    """Write what is to be told of a kind to some organisations, under the settings in force; count the messages.

    An organisation that was told of this kind today already waits for tomorrow.
    """
    config = settings_selectors.locked_config()
    addressee = config.addressee_of(kind.code)
    if not addressee:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            _statement(kind),
            todays.parameters(
                organisations=organisations,
                **renewals.parameters(config),
                **outbox_writer.addressing(addressee, provider_address=config.notification_address),
                kind=kind.code,
                actor=by.name,
                actor_user_id=by.user_id,
                at=at,
            ),
        )
        return int(cursor.fetchone()[0])


def _told(kind: selectors.Kind) -> str:
    """Write in SQL what is told, with its count as `portal.lib.text.counted` writes it."""
    one, several = _TOLD[kind.code]
    return (
        f"to_char(counted, 'FM999,999,999,990') || CASE counted WHEN 1 THEN ' {one} ' ELSE ' {several} ' END"
        " || first_on"
    )


def _statement(kind: selectors.Kind) -> str:
    found = selectors.due_of(
        kind,
        columns=f"s.organisation_id, o.today, s.uuid AS subject_uuid, {kind.about} AS about, "
        f'({kind.day})::date AS "on"',
        condition="AND s.organisation_id = ANY(%(organisations)s)",
    )
    notices = outbox_writer.NOTICES.over(
        '(SELECT uuid, organisation AS organisation_uuid, %(kind)s::varchar AS kind, today AS "on", '
        "%(at)s::timestamptz AS at FROM drawn)",
        then="ON CONFLICT DO NOTHING RETURNING id, uuid",
    )
    items = outbox_writer.NOTICE_ITEMS.over(
        '(SELECT t.notice_id, %(kind)s::varchar AS kind, d.subject_uuid, d.about, d."on" '
        "FROM due d JOIN told t ON t.organisation_id = d.organisation_id)"
    )
    events = audit_writer.of_kind(
        EVENTS[kind.code],
        f"""(
        SELECT event_id AS id, %(at)s::timestamptz AS at,
               {_told(kind)} || '.' AS description,
               %(actor)s::varchar AS actor, %(actor_user_id)s::integer AS actor_user_id,
               organisation AS organisation_uuid, name AS organisation_name, organisation AS subject_uuid,
               jsonb_build_object('notice', uuid, 'count', counted, 'first_on', first_on) AS data
        FROM told)""",  # noqa: S608 - built from constants
        subject_kind="organisation",
    )
    # Control characters in a name become blanks, so that it adds no lines to a subject.
    deliveries = outbox_writer.DELIVERIES.over(
        f"""(
        SELECT event_id, %(kind)s::varchar AS kind, uuid AS cause_id, organisation AS organisation_uuid,
               {outbox_writer.ADDRESSED},
               left(regexp_replace(name, '[[:cntrl:]]+', ' ', 'g') || ': ' || {_told(kind)}, 250)
                   AS subject,
               %(at)s::timestamptz AS at
        FROM told)"""  # noqa: S608 - built from constants
    )
    return f"""
        WITH due AS MATERIALIZED ({found}),
        drawn AS MATERIALIZED (
            SELECT d.*, o.uuid AS organisation, o.name, o.billing_email, o.owner_email,
                   gen_random_uuid() AS uuid, {audit_writer.NEXT_ID} AS event_id
            FROM (SELECT organisation_id, today, count(*) AS counted, min("on") AS first_on
                  FROM due GROUP BY 1, 2) d
            JOIN {Organisation._meta.db_table} o ON o.id = d.organisation_id
        ),
        notices AS ({notices}),
        told AS MATERIALIZED (SELECT d.*, n.id AS notice_id FROM drawn d JOIN notices n ON n.uuid = d.uuid),
        items AS ({items}), events AS ({events}), deliveries AS ({deliveries})
        SELECT count(*) FROM told
    """  # noqa: S608 - built from constants
