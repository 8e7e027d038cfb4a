"""Read pages as a browser without JavaScript would: forms with their fields, and the words."""

from __future__ import annotations

import html as htmllib
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Protocol


class Page(Protocol):
    """What came back, from whatever client."""

    @property
    def content(self) -> bytes: ...


@dataclass
class Form:
    """A form: where it goes, what it sends, and the labels of its buttons."""

    action: str
    method: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)

    def data(self, **changes: object) -> dict[str, object]:
        """What is sent when the form is submitted with some fields filled in (None leaves one out)."""
        sent: dict[str, object] = {name: values for name, values in self.fields.items() if values}
        sent.update(changes)
        return {name: value for name, value in sent.items() if value is not None}


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: list[Form] = []
        self._select = ""
        self._textarea = ""
        self._button = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open.append(Form(given.get("action", ""), given.get("method", "get").lower()))
            self.forms.append(self._open[-1])
        if not self._open:
            return
        fields = self._open[-1].fields
        name = given.get("name", "")
        if tag == "input" and name and "disabled" not in given:
            kind = given.get("type", "text")
            if kind in ("radio", "checkbox") and "checked" not in given:
                fields.setdefault(name, [])
            else:
                fields.setdefault(name, []).append(given.get("value", ""))
        elif tag == "select":
            self._select = name
            fields.setdefault(name, [])
        elif tag == "option" and self._select and "selected" in given:
            fields[self._select].append(given.get("value", ""))
        elif tag == "textarea":
            self._textarea = name
            fields[name] = [""]
        elif tag == "button":
            self._button = True
            self._open[-1].buttons.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._open:
            self._open.pop()
        self._select = "" if tag == "select" else self._select
        self._textarea = "" if tag == "textarea" else self._textarea
        self._button = False if tag == "button" else self._button

    def handle_data(self, data: str) -> None:
        if self._open and self._textarea:
            self._open[-1].fields[self._textarea][0] += data.removeprefix("\n")
        if self._open and self._button:
            self._open[-1].buttons[-1] += data.strip()


def forms(response: Page) -> list[Form]:
    """All forms of a page, in their order."""
    parser = _Parser()
    parser.feed(response.content.decode())
    return parser.forms


def form(response: Page, *, action: str) -> Form:
    """The one form whose address ends with `action`."""
    (found,) = (f for f in forms(response) if f.action.endswith(action))
    return found


def values(response: Page, *, name: str) -> list[str]:
    """The values of all inputs of a name, ticked or not."""
    found = re.findall(rf'<input[^>]*\bname="{name}"[^>]*>', response.content.decode())
    return [
        htmllib.unescape(value[1]) for value in (re.search(r'\bvalue="([^"]*)"', tag) for tag in found) if value
    ]


def words(response: Page) -> str:
    """The text of a page, tags taken out and white space folded."""
    body = re.sub(r"<(script|style|svg).*?</\1>", " ", response.content.decode(), flags=re.S)
    return " ".join(htmllib.unescape(re.sub(r"<[^>]+>", " ", body)).split())


# What a screen reader lists as a place of the page, by its tag; sections and forms only where they have a name.
_LANDMARKS = {"nav": "navigation", "aside": "complementary", "main": "main", "section": "region", "form": "form"}
_ONLY_NAMED = ("region", "form")


class _Landmarks(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str, str]] = []
        self.texts: dict[str, str] = {}
        self._path: list[tuple[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        role = given.get("role") or _LANDMARKS.get(tag, "")
        if role in (*_LANDMARKS.values(), "search"):
            self.found.append((role, given.get("aria-label", ""), given.get("aria-labelledby", "")))
        if tag not in _VOID:
            self._path.append((tag, given.get("id", "")))

    def handle_endtag(self, tag: str) -> None:
        while self._path and self._path.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        for _, name in self._path:
            if name:
                self.texts[name] = f"{self.texts.get(name, '')}{data}"


_VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


def landmarks(response: Page) -> list[tuple[str, str]]:
    """The landmarks of a page with their names; a section or a form without a name is none."""
    parser = _Landmarks()
    parser.feed(response.content.decode())
    found = [(role, label or " ".join(parser.texts.get(by, "").split())) for role, label, by in parser.found]
    return [(role, name) for role, name in found if name or role not in _ONLY_NAMED]
