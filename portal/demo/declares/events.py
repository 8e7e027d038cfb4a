"""The kinds of events that happen here."""

from portal.audit import kinds, names

kinds.declare(names.PORTAL, {"demo.added": "Demo data added", "demo.removed": "Demo removed"})
