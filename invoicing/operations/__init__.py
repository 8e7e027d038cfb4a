"""Everything that writes money documents, one module per verb."""

from invoicing.operations.giveback import hold_notes, lock_invoices, lock_notes, write_giveback
from invoicing.operations.numbers import draw_number, number_of

__all__ = [
    "draw_number",
    "hold_notes",
    "lock_invoices",
    "lock_notes",
    "number_of",
    "write_giveback",
]
