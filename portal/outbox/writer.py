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

# What one organisation is told of one kind on one day, and the things that it tells of.
NOTICES = Writer(
    "outbox_notice",
    {"uuid": "uuid", "organisation_uuid": "uuid", "kind": "varchar", "on": "date", "at": "timestamptz"},
)
NOTICE_ITEMS = Writer(
    "outbox_noticeitem",
    {"notice_id": "bigint", "kind": "varchar", "subject_uuid": "uuid", "about": "varchar", "on": "date"},
)
