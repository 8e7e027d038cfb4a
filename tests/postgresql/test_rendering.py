"""While migrating, few models are rendered anew: those that a statement needs at once, all before code looks."""

from typing import Any

import pytest
from django.db import models
from django.db.migrations import operations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState, ProjectState

from portal.postgresql.rendering import State


@pytest.fixture
def state() -> State:
    """A library, rendered: shelves hold books, which authors wrote."""
    made = State()
    key = models.AutoField(primary_key=True)
    for name, fields in (
        ("Author", []),
        ("Book", [("author", models.ForeignKey("library.Author", models.CASCADE))]),
        ("Shelf", [("book", models.ForeignKey("library.Book", models.CASCADE))]),
    ):
        made.add_model(ModelState("library", name, [("id", key.clone()), *fields]))
    assert len(made.apps.get_models()) == 3
    return made


def rendered(state: State, name: str) -> type[models.Model]:
    return state.apps.get_model("library", name)


def test_a_constraint_renders_its_model_alone_and_not_that_of_before(state):
    before, book, author = state.clone(), rendered(state, "Book"), rendered(state, "Author")
    state.add_constraint("library", "book", models.UniqueConstraint(fields=["author"], name="one_book_each"))
    assert [rule.name for rule in rendered(state, "Book")._meta.constraints] == ["one_book_each"]
    assert rendered(before, "Book") is book
    assert book._meta.constraints == []
    assert rendered(state, "Author") is author


def test_a_new_key_is_known_to_what_it_points_at(state):
    state.add_field(
        "library", "shelf", "owner", models.ForeignKey("library.Author", models.CASCADE), preserve_default=True
    )
    author = rendered(state, "Author")
    assert rendered(state, "Shelf")._meta.get_field("owner").related_model is author
    assert {found.name for found in author._meta.related_objects} == {"book", "shelf"}
    state.remove_field("library", "shelf", "owner")
    assert {found.name for found in rendered(state, "Author")._meta.related_objects} == {"book"}


def test_columns_that_refer_to_one_that_is_altered_change_with_it(state):
    # Between the two, the book's class refers to the author's of before.
    state.add_field("library", "author", "name", models.TextField(), preserve_default=True)
    state.alter_field("library", "author", "id", models.UUIDField(primary_key=True), preserve_default=True)
    author = rendered(state, "Author")
    assert author._meta.get_field("name")
    key: Any = rendered(state, "Book")._meta.get_field("author")
    assert (key.related_model, key.target_field.get_internal_type()) == (author, "UUIDField")


def test_code_finds_all_relations(state):
    state.add_field("library", "author", "name", models.TextField(), preserve_default=True)
    assert rendered(state, "Book")._meta.get_field("author").related_model is not rendered(state, "Author")
    # As Django does before it calls code of a migration.
    state.clear_delayed_apps_cache()
    assert rendered(state, "Book")._meta.get_field("author").related_model is rendered(state, "Author")
    assert isinstance(state.clone(), State)


POSITIVE = models.CheckConstraint(condition=models.Q(size__gt=0), name="a_size_is_positive")
UNIQUE = models.UniqueConstraint(fields=["size"], name="a_size_is_there_once")
INDEX = models.Index(fields=["size"], name="by_size")

MODELS = (
    operations.CreateModel("Box", [("id", models.BigAutoField(primary_key=True)), ("size", models.IntegerField())]),
    operations.CreateModel(
        "Thing",
        [("id", models.BigAutoField(primary_key=True)), ("box", models.ForeignKey("boxes.Box", models.CASCADE))],
    ),
)
STEPS: tuple[Operation, ...] = (
    operations.AddConstraint("Box", POSITIVE),
    operations.AddConstraint("Box", UNIQUE),
    operations.AddIndex("Box", INDEX),
    operations.RemoveConstraint("Box", POSITIVE.name),
    operations.RemoveConstraint("Box", UNIQUE.name),
    operations.RemoveIndex("Box", INDEX.name),
)


@pytest.mark.parametrize("steps", range(1, len(STEPS) + 1))
def test_it_is_what_django_makes_of_constraints_and_indexes(steps):
    ours, djangos = State(), ProjectState()
    assert len(ours.apps.get_models()) == 0
    for step in (*MODELS, *STEPS[:steps]):
        step.state_forwards("boxes", djangos)
        step.state_forwards("boxes", ours)
    assert ours == djangos
    told, expected = (made.apps.get_model("boxes", "box")._meta for made in (ours, djangos))
    assert told.constraints == expected.constraints
    assert told.total_unique_constraints == expected.total_unique_constraints
    assert [index.deconstruct() for index in told.indexes] == [index.deconstruct() for index in expected.indexes]
