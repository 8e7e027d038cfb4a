"""The kinds of events that happen here."""

from portal.audit import kinds, names

kinds.declare(names.PORTAL, {"night.finished": "Night finished"})
