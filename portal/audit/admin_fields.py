"""What a model's fields say about its pages in the admin: columns, filters, ways to sort and to search.

At a million rows only what an index answers in its order may be asked: this looks at keys, constraints and indexes.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Field, Model, Q

MOST = 1000
"""Rows that a list goes through at most: no further does it count, and no further does a search look."""

if TYPE_CHECKING:
    AnyField = Field[Any, Any]
else:
    AnyField = Field

# What is long, or can't be read: it stands on the page of its row.
_LONG = (models.TextField, models.JSONField, models.BinaryField, ArrayField)
_LONGEST = 300
_TECHNICAL = ("sha256", "request_id")
_NUMBERS = (models.IntegerField, models.AutoField)
_LARGEST = 2**63 - 1


def columns(model: type[Model]) -> list[AnyField]:
    """Give the columns of a list: the key first, since it leads to the page of the row."""
    key, found_by = model._meta.pk, searched(model)
    others = [field for field in model._meta.concrete_fields if field is not key]
    return [key, *(one for one in others if not _is_technical(one) and (one in found_by or not _is_long(one)))]


def _is_technical(field: AnyField) -> bool:
    return field.name.endswith(_TECHNICAL)


def _is_long(field: AnyField) -> bool:
    kept = field.output_field if isinstance(field, models.GeneratedField) else field
    return isinstance(kept, _LONG) or (field.max_length or 0) > _LONGEST


def filters(model: type[Model]) -> list[str]:
    """Name the choices that an index holds in the order of the list, which is that of the key."""
    return [field.name for field, *rest in _indexes(model) if rest == [model._meta.pk] and field.choices]


def sorted_by(model: type[Model]) -> list[str]:
    """Name the columns that a list may be sorted by: those in which no two are the same, and days and moments."""
    sole = [field for field, *rest in _unique(model, is_sorted=True) if not rest and not field.null]
    dated = [field for field, *rest in _indexes(model) if rest == [model._meta.pk] and _is_dated(field)]
    shown = [field for field in columns(model) if not field.remote_field]
    return [field.name for field in dict.fromkeys((*sole, *dated)) if field in shown]


def _is_dated(field: AnyField) -> bool:
    return isinstance(field, models.DateField)


def searched(model: type[Model]) -> list[AnyField]:
    """Give the fields that are searched for the whole of what they hold: UUIDs, texts and numbers of their own."""
    kinds = (models.CharField, models.TextField, models.UUIDField)
    sole = [field for field, *rest in _unique(model) if not rest]
    return [
        field
        for field in dict.fromkeys((model._meta.pk, *_begun(model)))
        if (isinstance(field, kinds) and not field.choices) or (isinstance(field, _NUMBERS) and field in sole)
    ]


def found(model: type[Model], term: str) -> list[Any]:
    """Find the keys of the rows that a term names, by a field or by the UUID of what they belong to.

    One query for each field that may hold the term: of all of them at once PostgreSQL would sort what one finds.
    """
    asked = [Q(**{field.name: value}) for field in searched(model) for value in _values(field, term.strip())]
    for field in parents_with_uuid(model):
        asked += [Q(**{f"{field.name}__uuid": value}) for value in _values(models.UUIDField(), term.strip())]
    keys = (
        key
        for one in asked
        for key in model._base_manager.filter(one).order_by("-pk").values_list("pk", flat=True)[:MOST]
    )
    return list(islice(dict.fromkeys(keys), MOST))


def parents_with_uuid(model: type[Model]) -> list[AnyField]:
    """Give the foreign keys by whose UUID rows are found."""
    return [field for field in parents(model) if hasattr(field.related_model, "uuid")]


def _values(field: AnyField, term: str) -> list[Any]:
    """Read a term as a field would hold it; nothing where it could not."""
    if isinstance(field, models.UUIDField):
        try:
            return [uuid.UUID(term)]
        except ValueError:
            return []
    if isinstance(field, _NUMBERS):
        return [int(term)] if term.isascii() and term.isdigit() and int(term) <= _LARGEST else []
    return [term]


def children(model: type[Model]) -> Iterator[AnyField]:
    """Give the foreign keys that lead here, where an index finds the rows of one parent."""
    for relation in model._meta.related_objects:
        if relation.field in parents(relation.related_model):
            yield relation.field


def parents(model: type[Model]) -> list[AnyField]:
    """Give the foreign keys that an index begins with: by them the rows of one parent are found."""
    begun = [*_begun(model)]
    return [field for field in model._meta.concrete_fields if field.remote_field and field in begun]


def _begun(model: type[Model]) -> Iterator[AnyField]:
    """Give the fields by which rows are found; an index of all rows that have a value finds them too."""
    for part in (*_unique(model), *_indexes(model)):
        yield part[0]
    for held in (*model._meta.indexes, *model._meta.constraints):
        names = getattr(held, "fields", ())
        if names and getattr(held, "condition", None) == Q(**{f"{names[0]}__isnull": False}):
            yield _fields(model, names)[0]


def _unique(model: type[Model], *, is_sorted: bool = False) -> Iterator[list[AnyField]]:
    """Give the fields of each key. *Shape*: `is_sorted`: without those that order texts in another way."""
    for field in model._meta.concrete_fields:
        if field.unique:
            yield [field]
    for constraint in model._meta.total_unique_constraints:
        if not (is_sorted and getattr(constraint, "opclasses", None)):
            yield _fields(model, constraint.fields)


def _indexes(model: type[Model]) -> Iterator[list[AnyField]]:
    for field in model._meta.concrete_fields:
        if getattr(field, "db_index", False) and not field.unique:
            yield [field]
    for index in model._meta.indexes:
        if type(index) is models.Index and index.condition is None and index.fields:
            yield _fields(model, [name for name, _ in index.fields_orders])


def _fields(model: type[Model], names: Iterable[str]) -> list[AnyField]:
    held = {field.name: field for field in model._meta.concrete_fields}
    return [held[name.removeprefix("-")] for name in names]
