"""The kinds of events that happen here."""

from portal.audit import kinds, names

kinds.declare(
    names.PORTAL_SETTINGS,
    {
        "portal_config.saved": "Portal Config saved",
        "reason.added": "Termination reason added",
        "reason.changed": "Termination reason changed",
        "tax_rate.added": "Tax rate added",
        "tax_rate.withdrawn": "Tax rate withdrawn",
    },
)
