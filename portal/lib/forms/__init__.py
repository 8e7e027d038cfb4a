"""The kit that all forms are made of: a field for each kind of answer, and the form that takes the focus.

A field declares its widget, its way of reading and its texts once. Import it as `fields`.
"""

from portal.lib.forms.form import Focused, Form
from portal.lib.forms.hidden import RequestField, SeenField
from portal.lib.forms.numbers import AmountField, CountField
from portal.lib.forms.picked import UNCHOSEN, ChoiceField, DayField, DocumentField, Radios
from portal.lib.forms.texts import (
    AddressField,
    CodeField,
    CurrencyField,
    LineField,
    SearchField,
    TextField,
    UuidField,
)

__all__ = [
    "UNCHOSEN",
    "AddressField",
    "AmountField",
    "ChoiceField",
    "CodeField",
    "CountField",
    "CurrencyField",
    "DayField",
    "DocumentField",
    "Focused",
    "Form",
    "LineField",
    "Radios",
    "RequestField",
    "SearchField",
    "SeenField",
    "TextField",
    "UuidField",
]
