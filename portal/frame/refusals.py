"""Refusals: each outcome that writes nothing is a class, its fields are its values, its words are declared once.

A refusal is made where it is decided, below the screens; what it says is declared by the app that raises it, in
its module `declares.refusals`. A screen asks `str(refusal)`, an API takes code and fields.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from portal.lib import declarations

if TYPE_CHECKING:
    from django import forms


class Refused(Exception):
    """Nothing was written.

    *Shape*: `code` is a name for programs and stays for good; `status` is that of HTTP: 409 where the world has
    changed or does not allow it, 422 where what was given is wrong, and then `field` names what.
    """

    code: ClassVar[str]
    status: int = 409
    field: str = ""

    def __str__(self) -> str:
        return words_of(self)


Words = Callable[[Any], str]
_WORDS: declarations.Declarations[dict[str, Words]] = declarations.Declarations("refusals", {})


def declare(words: dict[type[Refused], str | Words]) -> None:
    """Declare what refusals say: a sentence, or a function that makes one of the refusal's fields.

    *Raises*: ValueError where another class has the code.
    """
    for refusal, said in words.items():
        if refusal.code in _WORDS.so_far:
            raise ValueError(f"The refusal {refusal.code} has its words already.")
        _WORDS.so_far[refusal.code] = said if callable(said) else _sentence(said)


def declared() -> frozenset[str]:
    """Give the codes that have words."""
    return frozenset(_WORDS.all())


def words_of(refusal: Refused) -> str:
    """Say why nothing was written, and what can be done."""
    return _WORDS.all()[refusal.code](refusal)


def put_into(form: forms.BaseForm, refusal: Refused) -> int:
    """Say in a form why nothing was written, beside the field that it is about. Give the status of the answer."""
    form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
    return refusal.status


def _sentence(said: str) -> Words:
    return lambda refusal: said
