"""How messages come into the outbox: written by the statement that writes what they tell."""

from portal.postgresql.writer import Writer

# Without an address (`to` is empty) a message is a dead letter, which billing staff see. The body is composed at
# the first attempt to send; until then lists show the subject.
DELIVERIES = Writer(
    "outbox_delivery",
    {
        "event_id": "bigint",
        "kind": "varchar",
        "cause_id": "uuid",
        "organisation_uuid": "uuid",
        "addressee": "varchar",
        "to": "varchar",
        "cc": "varchar",
        "subject": "varchar",
        "at": "timestamptz",
    },
    made={
        "status": "CASE WHEN r.\"to\" = '' THEN 'dead' ELSE 'pending' END",
        "body": "''",
        "message_id": "gen_random_uuid()",
        "created_at": "r.at",
        "next_attempt_at": "r.at",
        "attempts": "0",
        "delivered_to": "'{}'",
        "last_error": "CASE WHEN r.\"to\" = '' THEN 'There is no address to send it to.' ELSE '' END",
    },
    only_read=("at",),
)

ADDRESSED = """
CASE WHEN %(to_customers)s THEN 'customer' ELSE 'provider' END AS addressee,
CASE WHEN %(to_customers)s THEN coalesce(nullif(billing_email, ''), owner_email)
     ELSE %(provider_address)s END AS "to",
CASE WHEN %(to_customers)s THEN %(provider_address)s ELSE '' END AS cc"""
"""Whom a message goes to: the customer, with the provider in copy, or the provider.

A customer's address is the billing e-mail, else the owner's.

*Shape*: columns over a relation with `billing_email` and `owner_email`; the parameters come from `addressing`.
"""


def addressing(addressee: str, *, provider_address: str) -> dict[str, str | bool]:
    """Give the parameters of `ADDRESSED`. *Shape*: `addressee` is "customer" or "provider"."""
    return {"to_customers": addressee == "customer", "provider_address": provider_address}


# What one organisation is told of one kind on one day, and the things that it tells of.
NOTICES = Writer(
    "outbox_notice",
    {"uuid": "uuid", "organisation_uuid": "uuid", "kind": "varchar", "on": "date", "at": "timestamptz"},
)
NOTICE_ITEMS = Writer(
    "outbox_noticeitem",
    {"notice_id": "bigint", "kind": "varchar", "subject_uuid": "uuid", "about": "varchar", "on": "date"},
)
