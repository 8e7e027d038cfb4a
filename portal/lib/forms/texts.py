"""Texts of one line and of several, and those of a certain shape: addresses, codes, currencies."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from portal.lib import addresses, mistakes, money, text
from portal.lib.forms.kit import KitField

_CODE = re.compile(r"[A-Za-z0-9_-]*")


class LineField(KitField, forms.CharField):
    """A text of one line, cleaned; what nobody sees is left out before it counts as given."""

    widget: forms.Widget = forms.TextInput(attrs={"autocomplete": "off"})

    def __init__(self, *, placeholder: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if placeholder:
            self.widget.attrs["placeholder"] = placeholder

    def expected(self) -> str:
        """Name the most characters, where there is a most."""
        return f"a text of at most {self.max_length:,} characters" if self.max_length else "a text"

    def read(self, typed: str) -> str:
        """Clean what was typed, for a kind of text. *Raises* what `clean` turns into the field's mistake."""
        return text.clean_line(typed)

    def to_python(self, value: Any) -> str:
        """Read what was typed. A text is measured as it is kept."""
        try:
            cleaned = self.read(super().to_python(value) or "")
        except (text.UnusableText, addresses.NotAnAddress) as error:
            raise forms.ValidationError(str(error), code="invalid") from error
        if self.max_length and len(cleaned) > self.max_length:
            said = mistakes.too_long(count=len(cleaned), most=self.max_length)
            raise forms.ValidationError(said, code="max_length")
        return cleaned


class TextField(LineField):
    """A text of several lines, cleaned. A line end, CR LF from browsers, is one character."""

    widget = forms.Textarea(attrs={"rows": 3})

    def read(self, typed: str) -> str:
        """Clean what was typed; its lines stay."""
        return text.clean_text(typed)


class SearchField(LineField):
    """A question to a list: a text of one line that the browser lets one empty at once."""

    widget = forms.TextInput(attrs={"type": "search", "autocomplete": "off", "spellcheck": "false"})


class AddressField(LineField):
    """An e-mail address: what a mail could be sent to. Marks that nobody sees are left out."""

    widget = forms.EmailInput(attrs={"autocomplete": "off", "spellcheck": "false"})

    def expected(self) -> str:
        """Name what an address looks like."""
        return addresses.EXPECTED

    def read(self, typed: str) -> str:
        """Take an address, or nothing."""
        line = text.clean_line(typed)
        return addresses.check(line) if line else ""


class UuidField(KitField, forms.UUIDField):
    """A UUID, however it is written."""

    widget: forms.Widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})

    def expected(self) -> str:
        """Name what a UUID looks like."""
        return mistakes.UUID

    def to_python(self, value: Any) -> Any:
        """Read what was typed."""
        typed = text.bare(str(value)) if value else ""
        try:
            return super().to_python(typed)
        except forms.ValidationError as error:
            raise forms.ValidationError(mistakes.not_a_uuid(text.shown(typed)), code="invalid") from error


class CodeField(LineField):
    """A code of letters, digits, hyphens and underscores, in lower case, so that no two differ by case alone."""

    widget = forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"})

    def to_python(self, value: Any) -> str:
        """Read what was typed."""
        code = super().to_python(value)
        if not _CODE.fullmatch(code):
            raise forms.ValidationError(mistakes.not_a_code(text.shown(code)), code="invalid")
        return code.lower()


class CurrencyField(LineField):
    """A currency by its code, in upper case."""

    widget = forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"})

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_length=3, **kwargs)

    def expected(self) -> str:
        """Name what a code looks like."""
        return "a currency code such as SGD"

    def to_python(self, value: Any) -> str:
        """Read what was typed."""
        code = super().to_python(value).upper()
        if code and not money.is_currency(code):
            raise forms.ValidationError(str(money.UnknownCurrency(code)), code="invalid")
        return code
