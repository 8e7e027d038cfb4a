"""What a page holds that nobody types: the mark of a request, and what the page showed."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django import forms

from portal.lib import mistakes
from portal.lib.forms.kit import KitField
from portal.lib.forms.texts import UuidField


class RequestField(UuidField):
    """The hidden mark by which the same form sent twice is known."""

    widget = forms.HiddenInput()


class SeenField(KitField, forms.CharField):
    """What the page showed, hidden, to be compared with what is there now.

    *Shape*: `of` is a dataclass of values that JSON has.
    """

    widget = forms.HiddenInput

    def __init__(self, *, of: type[Any], **kwargs: Any) -> None:
        self._of = of
        super().__init__(**kwargs)

    def expected(self) -> str:
        """Name what the portal wrote."""
        return "what the page showed"

    def prepare_value(self, value: Any) -> Any:
        """Write the values that are shown into the page."""
        return json.dumps(asdict(value)) if isinstance(value, self._of) else value

    def to_python(self, value: Any) -> Any:
        """Read what the portal wrote; nobody else writes it."""
        try:
            return self._of(**json.loads(value or ""))
        except (ValueError, TypeError, RecursionError) as error:  # the last: lists in lists in lists
            raise forms.ValidationError(mistakes.INCOMPLETE, code="incomplete") from error
