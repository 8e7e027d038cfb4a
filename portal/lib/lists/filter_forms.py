"""The forms of filters, one for each set of them."""

from __future__ import annotations

import copy
from datetime import date
from functools import cache
from typing import Any

from django import forms

from portal.lib import mistakes

_FROM, _TO = "_from", "_to"


class Form(forms.Form):
    """The form of a list's filters; nothing has to be given."""

    def clean(self) -> dict[str, Any]:
        """Refuse a period, or a range of amounts, that ends before it begins."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        for name in self.fields:
            if not name.endswith(_FROM):
                continue
            begins, ends = cleaned.get(name), cleaned.get(name.removesuffix(_FROM) + _TO)
            if begins is not None and ends is not None and ends < begins:
                end = name.removesuffix(_FROM) + _TO
                if isinstance(begins, date):
                    self.add_error(end, mistakes.too_early(first=begins))
                else:
                    self.add_error(end, mistakes.too_little(ends, least=begins))
        return cleaned


@cache
def form_of(filters: Any) -> type[forms.Form]:
    """Make the form of a set of filters, once: to make its fields takes longer than to copy them for each page."""
    own = copy.deepcopy(filters.base_filters)
    return type(f"{filters.__name__}Form", (Form,), {name: filter_.unread() for name, filter_ in own.items()})
