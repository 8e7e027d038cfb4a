"""Pages by key, newest first."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from django.db.models import Model, QuerySet

SIZE = 50

Row = TypeVar("Row")
Record = TypeVar("Record", bound=Model)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page of a list. *Shape*: `newer` and `older` are keys for `after` and `before`; None at an end."""

    rows: tuple[Row, ...]
    newer: int | None
    older: int | None


def page_of(
    records: "QuerySet[Record]", *, to_row: Callable[[Record], Row], before: int | None, after: int | None
) -> Page[Row]:
    """Give the records with a key below `before`, or above `after`, or else the newest."""
    if after is not None and before is None:
        found = list(records.filter(pk__gt=after).order_by("pk")[: SIZE + 1])
        if len(found) > SIZE:
            shown = found[SIZE - 1 :: -1]
            return Page(tuple(map(to_row, shown)), newer=shown[0].pk, older=shown[-1].pk)
        # The rest above the key is less than a page: the newest page says it all.
    elif before is not None:
        records = records.filter(pk__lt=before)
    found = list(records.order_by("-pk")[: SIZE + 1])
    shown = found[:SIZE]
    return Page(
        tuple(map(to_row, shown)),
        newer=shown[0].pk if shown and before is not None else None,
        older=shown[-1].pk if len(found) > SIZE else None,
    )
