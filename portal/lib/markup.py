"""Write markup as `format_html` does, in a third of its time: a page of a list has four hundred cells."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable

from django.utils import html
from django.utils.safestring import SafeString

# Without the look for translations that are put off, which takes as long as escaping: no cell is translated.
escape: Callable[[str], SafeString] = inspect.unwrap(html.escape)


def put(form: str, *parts: str) -> SafeString:
    """Put parts into a form, each in place of a `%s`. Whatever is no markup yet is escaped."""
    return SafeString(form % tuple([part if type(part) is SafeString else escape(part) for part in parts]))


def joined(parts: Iterable[str]) -> SafeString:
    """Put parts one behind the other. Whatever is no markup yet is escaped."""
    return SafeString("".join([part if type(part) is SafeString else escape(part) for part in parts]))
