"""Declare why no demo is written or removed."""

from portal import embedded, frame
from portal.demo import removal, store


def _not_empty(refusal: store.NotEmpty) -> str:
    hint = "" if refusal.customers else " With --force the customers alone are added."
    return (
        f"There are {refusal.customers:,} organisations and {refusal.staff:,} members of staff: nothing was added. "
        f"Demo data goes only into an empty portal.{hint}"
    )


def _other_customers(refusal: removal.OtherCustomers) -> str:
    are = "customer is" if refusal.count == 1 else "customers are"
    hint = _hint_of_age() if refusal.may_be_old_demo else ""
    return (
        f"{refusal.count:,} {are} not of the demo: nothing was removed. The demo goes only where it is all there "
        "is, so import real customers into another database; until then, ./run changepassword gives the demo's "
        f"staff other passwords.{hint}"
    )


def _hint_of_age() -> str:
    way = "name an empty one in DATABASE_URL"
    if embedded.is_used():
        way = f"move {embedded.data_directory()} away, and the next start makes everything anew"
    return (
        " Where all of them come from a demo of before 29 November 2026, which nothing tells from real customers: "
        f"{way}."
    )


frame.declare(
    {
        store.NotEmpty: _not_empty,
        removal.OtherCustomers: _other_customers,
        removal.NothingToRemove: "There are no customers, and no staff of the demo: nothing was removed.",
        removal.NotTheOwner: (
            "Only the owner of the tables can empty them, and this role of the database is another: nothing was "
            "removed. Name the owner in DATABASE_OWNER_URL for this one command."
        ),
    }
)
