"""What a page shows, as its reader finds it: a cell by its heading, a value by its term, a link by its words."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

from tests.support.pages import Page

_HEADINGS = ("h1", "h2", "h3")
# Their words belong to the text around them; the words of any other element stand apart.
_INLINE = ("a", "abbr", "b", "code", "em", "strong")


@dataclass
class Link:
    """A link: its words, where it leads, and whether it stands for the page that is shown."""

    words: str
    address: str
    is_current: bool


@dataclass
class Table:
    """A table. *Shape*: `rows` hold the words of each cell by its heading, or by the first that it spans."""

    caption: str = ""
    headings: list[str] = field(default_factory=list)
    rows: list[dict[str, str]] = field(default_factory=list)

    def column(self, heading: str) -> list[str]:
        """Read the cells under a heading from the top; a row without one is left out."""
        assert heading in self.headings, (heading, self.headings)
        return [row[heading] for row in self.rows if heading in row]


@dataclass
class Shown:
    """All that is read of a page, in its order."""

    headings: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    buttons: list[str] = field(default_factory=list)
    actions: list[tuple[str, str]] = field(default_factory=list)
    navigations: dict[str, list[Link]] = field(default_factory=dict)
    _terms: list[tuple[str, str, str]] = field(default_factory=list)
    _words: list[tuple[str, list[str]]] = field(default_factory=lambda: [("", [])])

    def said(self, under: str) -> str:
        """Read all the words under a heading, up to the next one."""
        (words,) = (words for heading, words in self._words if heading == under)
        return _folded(words)

    def table(self, caption: str = "") -> Table:
        """Find the one table of a caption; without one, the one table."""
        (found,) = (table for table in self.tables if not caption or table.caption == caption)
        return found

    def terms(self, under: str = "") -> dict[str, str]:
        """Read the terms and their values, of the whole page or under one heading."""
        found = [(term, value) for heading, term, value in self._terms if not under or heading == under]
        assert len(found) == len(dict(found)), f"a term is there twice: {found}"
        return dict(found)

    def address(self, words: str) -> str:
        """Say where the link of these words leads."""
        (address,) = {link.address for link in self.links if link.words == words}
        return address

    def sends_to(self, words: str) -> str:
        """Say where the buttons of these words send their form, instead of its own address."""
        (address,) = {address for said, address in self.actions if said == words}
        return address

    def can(self, words: str) -> bool:
        """Tell whether there is a link or a button of these words."""
        return words in self.buttons or any(link.words == words for link in self.links)


@dataclass
class _Cell:
    spans: int
    text: list[str] = field(default_factory=list)


@dataclass
class _OpenTable:
    table: Table
    row: list[_Cell] = field(default_factory=list)
    is_head: bool = False
    text: list[str] | None = None


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.shown = Shown()
        self._tables: list[_OpenTable] = []
        # What is being read, by kind, each with the words so far.
        self._heading: list[str] | None = None
        self._term: list[str] | None = None
        self._value: list[str] | None = None
        self._button: list[str] | None = None
        self._sends_to = ""
        self._link: tuple[list[str], dict[str, str]] | None = None
        self._navigation: list[Link] | None = None
        self._last_term = ""
        self._last_heading = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag not in _INLINE:
            self._add(" ")
        if tag in _HEADINGS:
            self._heading = []
        elif tag == "dt":
            self._term = []
        elif tag == "dd":
            self._value = []
        elif tag == "button":
            self._button = [given.get("aria-label", "")]
            self._sends_to = given.get("formaction", "")
        elif tag == "a" and "href" in given:
            self._link = ([given.get("aria-label", "")], given)
        elif tag == "nav":
            self._navigation = self.shown.navigations.setdefault(given.get("aria-label", ""), [])
        elif tag == "table":
            self._tables.append(_OpenTable(Table()))
            self.shown.tables.append(self._tables[-1].table)
        elif self._tables:
            self._start_in_table(tag, given)

    def _start_in_table(self, tag: str, given: dict[str, str]) -> None:
        here = self._tables[-1]
        if tag == "caption":
            here.text = []
        elif tag == "thead":
            here.is_head = True
        elif tag == "tr":
            here.row = []
        elif tag in ("td", "th"):
            here.row.append(_Cell(int(given.get("colspan", 1))))
            here.text = here.row[-1].text

    def handle_endtag(self, tag: str) -> None:
        if tag not in _INLINE:
            self._add(" ")
        if tag in _HEADINGS and self._heading is not None:
            self._last_heading = _folded(self._heading)
            self.shown.headings.append(self._last_heading)
            self.shown._words.append((self._last_heading, []))
            self._heading = None
        elif tag == "dt" and self._term is not None:
            self._last_term, self._term = _folded(self._term), None
        elif tag == "dd" and self._value is not None:
            self.shown._terms.append((self._last_heading, self._last_term, _folded(self._value)))
            self._value = None
        elif tag == "button" and self._button is not None:
            self.shown.buttons.append(_folded(self._button))
            if self._sends_to:
                self.shown.actions.append((self.shown.buttons[-1], self._sends_to))
            self._button = None
        elif tag == "a" and self._link is not None:
            words, given = self._link
            link = Link(_folded(words), given["href"], "aria-current" in given)
            self.shown.links.append(link)
            if self._navigation is not None:
                self._navigation.append(link)
            self._link = None
        elif tag == "nav":
            self._navigation = None
        elif tag == "table" and self._tables:
            self._tables.pop()
        elif self._tables:
            self._end_in_table(tag)

    def _end_in_table(self, tag: str) -> None:
        here = self._tables[-1]
        if tag == "caption" and here.text is not None:
            here.table.caption, here.text = _folded(here.text), None
        elif tag == "thead":
            here.is_head = False
        elif tag in ("td", "th"):
            here.text = None
        elif tag == "tr" and here.is_head:
            here.table.headings = [_folded(cell.text) for cell in here.row]
        elif tag == "tr":
            row, place = {}, 0
            for cell in here.row:
                row[here.table.headings[place]] = _folded(cell.text)
                place += cell.spans
            here.table.rows.append(row)

    def handle_data(self, data: str) -> None:
        self._add(data)

    def _add(self, words: str) -> None:
        of_link = self._link[0] if self._link else None
        of_cell = self._tables[-1].text if self._tables else None
        for text in (self._heading, self._term, self._value, self._button, of_link, of_cell):
            if text is not None:
                text.append(words)
        if self._heading is None:
            self.shown._words[-1][1].append(words)


def _folded(words: list[str]) -> str:
    return " ".join("".join(words).split())


def read(page: Page) -> Shown:
    """Read a page, or a part of one."""
    parser = _Parser()
    parser.feed(page.content.decode())
    return parser.shown


def listed(page: Page, heading: str) -> list[str]:
    """Read a column of the first table that has it; a page without one lists nothing."""
    return next((table.column(heading) for table in read(page).tables if heading in table.headings), [])


def beside(page: Page) -> dict[str, str]:
    """Read where the pages beside this one of a list are: "Previous" and "Next", where there is one."""
    return {link.words: link.address for link in read(page).links if link.words in ("Previous", "Next")}
