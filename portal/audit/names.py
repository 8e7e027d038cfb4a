"""What the parts of the portal are called in the audit: the names that staff know them by."""

CUSTOMERS = "Customers"
SUBSCRIPTIONS = "Subscriptions"
INVOICES = "Invoices"
PORTAL_SETTINGS = "Portal Settings"
NOTIFICATIONS = "Notifications"
PORTAL = "Portal"

# By the first word of a table's name, which is that of its Django app; all other tables are the shell's.
BY_TABLE = {
    "customers": CUSTOMERS,
    "subscriptions": SUBSCRIPTIONS,
    "invoicing": INVOICES,
    "settings": PORTAL_SETTINGS,
    "outbox": NOTIFICATIONS,
}


def of_table(table: str) -> str:
    """Name the part of the portal that a table belongs to."""
    return BY_TABLE.get(table.partition("_")[0], PORTAL)
