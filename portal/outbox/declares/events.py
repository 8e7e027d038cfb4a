"""The kinds of events that happen here."""

from portal.audit import kinds, names

kinds.declare(names.NOTIFICATIONS, {"notification.sent_again": "Notification sent again"})
