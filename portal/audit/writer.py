"""How entries come into the audit. Operations record one; what works in sets joins the statement to its own."""

from portal.postgresql.writer import Writer

# `organisation_name` is empty where no organisation is affected.
ENTRIES = Writer(
    "audit_auditentry",
    {
        "at": "timestamptz",
        "app": "varchar",
        "event": "varchar",
        "description": "text",
        "actor": "varchar",
        "actor_user_id": "integer",
        "organisation_uuid": "uuid",
        "organisation_name": "varchar",
    },
)
