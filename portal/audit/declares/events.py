"""The kinds of events that every app has: what the admin changed, and what came with a file.

Their labels name the record, and their app is that of the table or the file.
"""

from portal.audit import kinds, names

kinds.declare(
    names.PORTAL,
    {
        "file.imported": "Imported",
        "record.added": "Added in the admin",
        "record.changed": "Changed in the admin",
        "record.deleted": "Deleted in the admin",
    },
)
