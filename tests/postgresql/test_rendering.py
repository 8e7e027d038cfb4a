"""Migrating keeps the classes of models where only constraints and indexes change; they say what Django's would."""

import pytest
from django.db import models
from django.db.migrations import operations
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState

from portal.postgresql import rendering

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
def test_a_class_gets_what_django_would_give_a_new_one(steps):
    ours, djangos = rendering.State(), ProjectState()
    for operation in MODELS:
        operation.state_forwards("boxes", ours)
    before = {name: ours.apps.get_model("boxes", name) for name in ("box", "thing")}
    assert not before["box"]._meta.total_unique_constraints
    for step in (*MODELS, *STEPS[:steps]):
        step.state_forwards("boxes", djangos)
    for step in STEPS[:steps]:
        step.state_forwards("boxes", ours)
    assert {name: ours.apps.get_model("boxes", name) for name in before} == before
    assert ours == djangos
    told, expected = before["box"]._meta, djangos.apps.get_model("boxes", "box")._meta
    assert told.constraints == expected.constraints
    assert told.total_unique_constraints == expected.total_unique_constraints
    assert [index.deconstruct() for index in told.indexes] == [index.deconstruct() for index in expected.indexes]
