"""The kinds of runs, in words. Apps declare theirs in their module `declares.runs`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from portal.jobs.models import Run
from portal.lib import declarations, lists


@dataclass(frozen=True)
class Notice:
    """Something to know about a run before its facts. *Shape*: `tone` is that of components/notice.html."""

    title: str
    text: str
    tone: str = "info"


@dataclass(frozen=True)
class Section:
    """A list on the page of a run. *Shape*: `rows` gives the rows of a run, or None where it has no such section.

    `text` stands above the list, or makes of the run what stands there. `code` tells the lists of one page apart in
    its address; the main one has none.
    """

    name: str
    title: str
    list: lists.List[Any]
    rows: Callable[[Run], QuerySet[Any, Any] | None]
    code: str = ""
    text: str | Callable[[Run], str] = ""


@dataclass(frozen=True)
class Kind:
    """A kind of run, in words.

    *Shape*: `counts` names what is counted, in the order in which it is shown, `in_list` those of them that a list
    shows; `parts` names the parts that are no files. `facts` gives what is to be told of one run besides: terms and
    values; `about` what tells a run from others of its kind, by its parameters. `unfinished` says what one without
    an end leaves; a kind that holds its runs (`operations.hold`) says in `at_work` what is so until then. `report`
    is the name of the address of its CSV.
    """

    code: str
    label: str
    title: str
    counts: Mapping[str, str]
    in_list: tuple[str, ...]
    unfinished: str
    parts: Mapping[str, str] = field(default_factory=dict)
    facts: Callable[[Run], Sequence[tuple[str, object]]] = lambda run: ()
    about: Callable[[Mapping[str, Any]], str] = lambda parameters: ""
    notices: Callable[[Run], Sequence[Notice]] = lambda run: ()
    sections: tuple[Section, ...] = ()
    report: str = ""
    at_work: str = ""


_kinds: declarations.Declarations[dict[str, Kind]] = declarations.Declarations("runs", {})


def declare(kind: Kind) -> None:
    """Have runs of a kind shown in its words."""
    _kinds.so_far[kind.code] = kind


def of(code: str) -> Kind | None:
    """Give a kind; None where no app declares it."""
    return _kinds.all().get(code)


def label_of(code: str) -> str:
    """Give the word for a kind; its code where no app declares it."""
    kind = of(code)
    return kind.label if kind else code


def about(code: str, parameters: Mapping[str, Any]) -> str:
    """Tell a run from others of its kind, as far as its kind does."""
    kind = of(code)
    return kind.about(parameters) if kind else ""


def labels() -> list[tuple[str, str]]:
    """Give the words for all kinds, by code."""
    return [(kind.code, kind.label) for kind in _kinds.all().values()]
