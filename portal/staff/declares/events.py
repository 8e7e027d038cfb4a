"""The kinds of events that happen here."""

from portal.audit import kinds, names

kinds.declare(
    names.PORTAL,
    {
        "filter.removed": "Filter removed",
        "filter.saved": "Filter saved",
        "log_in.done": "Logged in",
        "log_in.failed": "Log-in failed",
        "log_in.lock_lifted": "Log-in lock lifted",
        "log_in.refused": "Log-in refused",
        "password.changed": "Password changed",
        "staff.created": "Staff created",
    },
)
