"""Lists by declaration: one pager, one table, one file, for whatever has rows. See docs/development.md."""

from portal.lib.lists.declared import Column, Empty, Group, List, Sum
from portal.lib.lists.paging import NEWEST, Sort
from portal.lib.lists.views import Shown, Table, answer, page, serves, show, table

__all__ = [
    "NEWEST",
    "Column",
    "Empty",
    "Group",
    "List",
    "Shown",
    "Sort",
    "Sum",
    "Table",
    "answer",
    "page",
    "serves",
    "show",
    "table",
]
