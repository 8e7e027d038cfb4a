"""Runs of anything long: what they counted, the parts that they have, and what they could not do."""

import uuid

from django.db import models
from django.db.models import F, Q


class Run(models.Model):
    """One run. It counts with each batch. One that was killed stays without an end; a finished one never changes.

    *Shape*: `kind` is declared by its app (`run_kinds`). `counts` maps names to numbers, `parameters` holds what
    the run was started with. `report` is where a command writes its report; empty where it writes none, or where a
    later run has completed it. `refusal` says why the run wrote nothing, where it was refused.
    """

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(max_length=20)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    actor = models.CharField(max_length=150)
    as_of = models.DateField(null=True, blank=True)
    workers = models.PositiveIntegerField(default=1)
    limit = models.PositiveBigIntegerField(null=True, blank=True)
    # Ended before its work was done, because somebody asked it to.
    was_stopped = models.BooleanField(default=False)
    refusal = models.TextField(blank=True, default="")
    report = models.TextField(blank=True, default="")
    parameters = models.JSONField(default=dict, blank=True)
    counts = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(finished_at__gte=F("started_at")),
                name="a_run_finishes_after_it_started",
            ),
            models.CheckConstraint(condition=Q(workers__gte=1), name="a_run_has_at_least_one_worker"),
            models.CheckConstraint(
                condition=Q(was_stopped=False) | Q(finished_at__isnull=False),
                name="a_run_that_was_stopped_has_finished",
            ),
            models.CheckConstraint(
                condition=Q(refusal="") | Q(finished_at__isnull=False), name="a_run_that_was_refused_has_finished"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.started_at:%Y-%m-%d %H:%M}"

    def count(self, name: str) -> int:
        """Give a count; 0 where nothing was counted under this name."""
        return int(self.counts.get(name, 0))


class RunPart(models.Model):
    """A part of a run, in the order of its place: a step, or a file."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        RUNNING = "running", "Running"
        DONE = "done", "Done"
        STOPPED = "stopped", "Stopped"
        FAILED = "failed", "Failed"
        LEFT_OUT = "left_out", "Left out"

    run = models.ForeignKey(Run, models.PROTECT, related_name="parts", db_index=False)
    place = models.PositiveIntegerField()
    name = models.CharField(max_length=100)
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    # How much there is to do, where that is known before.
    total = models.PositiveBigIntegerField(null=True, blank=True)
    counts = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["run", "place"]
        verbose_name = "part of a run"
        verbose_name_plural = "parts of runs"
        constraints = [
            models.UniqueConstraint(fields=["run", "name"], name="a_run_has_a_part_once"),
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "running", "done", "stopped", "failed", "left_out"]),
                name="a_part_of_a_run_has_a_known_state",
            ),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=True) | Q(finished_at__gte=F("started_at")),
                name="a_part_of_a_run_finishes_after_it_started",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RunItem(models.Model):
    """Something that a run could not do, or would not. It is never changed.

    *Shape*: `subject_kind` and `subject_uuid` name what it is about, which a higher app has; `sentence` is for
    people, `data` for programs.
    """

    class Outcome(models.TextChoices):
        FAILED = "failed", "Failed"
        HELD = "held", "Held"
        FAULT = "fault", "Fault"

    run = models.ForeignKey(Run, models.PROTECT, related_name="items", db_index=False)
    outcome = models.CharField(max_length=10, choices=Outcome.choices)
    subject_kind = models.CharField(max_length=30, blank=True, default="")
    subject_uuid = models.UUIDField(null=True, blank=True)
    sentence = models.TextField(blank=True, default="")
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["id"]
        verbose_name = "item of a run"
        verbose_name_plural = "items of runs"
        constraints = [
            models.UniqueConstraint(
                fields=["run", "outcome", "subject_kind", "subject_uuid"],
                name="a_run_has_an_outcome_of_a_subject_once",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=["failed", "held", "fault"]), name="an_item_of_a_run_has_a_known_outcome"
            ),
        ]
        indexes = [models.Index(fields=["run", "outcome", "id"], name="item_of_a_run")]

    def __str__(self) -> str:
        return self.sentence or str(self.subject_uuid)
