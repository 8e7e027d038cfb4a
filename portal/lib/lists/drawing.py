"""Draw the fields of a list's filters. Ten of them take as long as fifty rows, and most are empty on most pages."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.forms import BoundField
from django.template.loader import render_to_string

_TEMPLATE = "components/list_field.html"


@dataclass(frozen=True)
class _Empty:
    """A field that nothing is asked of: where set, name and choices are the same, so is what is drawn."""

    filters: type
    name: str
    choices: tuple[Any, ...]
    field: BoundField = dataclasses.field(compare=False)


def drawn(field: BoundField, *, of: type) -> str:
    """Draw a field of a set of filters."""
    if field.data or field.errors:
        return render_to_string(_TEMPLATE, {"field": field})
    return _drawn(_Empty(of, field.name, tuple(getattr(field.field, "choices", ())), field))


@lru_cache(maxsize=256)
def _drawn(empty: _Empty) -> str:
    return render_to_string(_TEMPLATE, {"field": empty.field})
