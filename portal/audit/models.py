"""Events: who did what, when, to which organisation. They are added, never changed: a trigger refuses it."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Cast, Coalesce, NullIf


def _as_text(field: str) -> Cast:
    return Cast(models.F(field), models.TextField())


def _or_nothing(expression: models.Expression) -> Coalesce:
    return Coalesce(expression, models.Value(""), output_field=models.TextField())


def _free(field: str | models.Expression) -> models.Func:
    # What people write may hold any sign: its length in front of it says where it ends.
    return models.Func(field, template="octet_length(%(expressions)s)::text || ':' || %(expressions)s")


# What an event says to machines, behind what it says to people. Entries from before have no kind, and their hash is
# made of the other fields alone, so that it is the one that was kept elsewhere.
_DATA = models.Func(
    models.F("kind"),
    _as_text("schema"),
    models.F("subject_kind"),
    _or_nothing(_as_text("subject_uuid")),
    _free(_as_text("data")),
    template="CASE WHEN kind = '' THEN '' ELSE '|' || %(expressions)s END",
    arg_joiner=" || '|' || ",
)


def _and_data(field: str) -> models.Func:
    return models.Func(_free(field), _DATA, template="%(expressions)s", arg_joiner=" || ")


# The canonical text of an entry, which PostgreSQL hashes; docs/ledger.md describes it field by field. Everything
# here is immutable for PostgreSQL. Backslashes are doubled, since a cast to bytea reads them as escapes.
_SHA256 = models.Func(
    _as_text("id"),
    models.Func(
        models.F("at"),
        template="(extract(epoch FROM %(expressions)s AT TIME ZONE 'UTC') * 1000000)::bigint::text",
    ),
    _free("app"),
    _free("event"),
    _free("description"),
    _free("actor"),
    _or_nothing(_as_text("actor_user")),
    _or_nothing(_as_text("organisation_uuid")),
    _and_data("organisation_name"),
    template=r"sha256(replace(%(expressions)s, '\', '\\')::bytea)",
    arg_joiner=" || '|' || ",
)


class AuditEntry(models.Model):
    """One event: the sentence that people read, as it was told, and what it says to machines.

    The organisation is kept as its UUID and the name it had then: this app stands below all others.
    *Shape*: `kind` is a code, empty of entries that are older than codes and of what was changed outside an
    operation; `schema` numbers the shape of `data`; the subject is what the event is about, by kind and UUID.
    """

    at = models.DateTimeField()
    app = models.CharField(max_length=40)
    event = models.CharField(max_length=60)
    description = models.TextField()
    actor = models.CharField(max_length=150)
    actor_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    organisation_uuid = models.UUIDField(null=True, blank=True)
    organisation_name = models.CharField(max_length=200, blank=True)
    kind = models.CharField(max_length=60, blank=True, db_default="")
    schema = models.PositiveSmallIntegerField(db_default=0)
    subject_kind = models.CharField(max_length=30, blank=True, db_default="")
    subject_uuid = models.UUIDField(null=True, blank=True)
    data = models.JSONField(blank=True, db_default={})
    sha256 = models.GeneratedField(
        expression=_SHA256, output_field=models.BinaryField(max_length=32), db_persist=True
    )

    class Meta:
        verbose_name_plural = "audit entries"
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(kind="", schema=0) | (~models.Q(kind="") & models.Q(schema__gte=1)),
                name="an_event_of_a_kind_has_a_schema",
            ),
            models.CheckConstraint(
                condition=models.Q(subject_kind="", subject_uuid__isnull=True)
                | (~models.Q(subject_kind="") & models.Q(subject_uuid__isnull=False)),
                name="a_subject_has_kind_and_uuid",
            ),
        ]
        indexes = [
            models.Index(fields=["organisation_uuid", "-id"], name="audit_by_organisation"),
            models.Index(fields=["event", "-id"], name="audit_by_event"),
            models.Index(fields=["app", "-id"], name="audit_by_app"),
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
            models.Index(
                fields=["subject_uuid", "-id"],
                name="audit_by_subject",
                condition=models.Q(subject_uuid__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.event}"


class Position(models.Model):
    """The place of an event in the order in which events can be read. Source: `portal.audit.numbering`.

    It is given after the commit, so it stands beside the event, which never changes.
    """

    position = models.BigIntegerField(primary_key=True)
    # Without a constraint: its trigger takes the event from those that wait, and refuses one that does not.
    event = models.ForeignKey(AuditEntry, models.PROTECT, related_name="+", db_index=False, db_constraint=False)
    numbered_at = models.DateTimeField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["event"], name="an_event_has_one_position")]

    def __str__(self) -> str:
        return f"Position {self.position}"


class Unnumbered(models.Model):
    """An event that has no position yet. Kept by triggers: of the events, and of their positions.

    Without a constraint: the row is made out of the event, and each would be looked up once more.
    """

    event = models.OneToOneField(
        AuditEntry, models.PROTECT, primary_key=True, related_name="+", db_constraint=False
    )

    class Meta:
        verbose_name = "event without a position"
        verbose_name_plural = "events without a position"
        ordering = ["event"]

    def __str__(self) -> str:
        return f"Event {self.event_id}"


# The canonical text of a seal: docs/ledger.md describes it.
_SEAL_SHA256 = models.Func(
    _as_text("number"),
    _as_text("first_position"),
    _as_text("last_position"),
    _as_text("count"),
    models.Func(models.F("digest"), models.Value("hex"), function="encode"),
    _or_nothing(models.Func(models.F("previous_sha256"), models.Value("hex"), function="encode")),
    models.Func(
        models.F("sealed_at"),
        template="(extract(epoch FROM %(expressions)s AT TIME ZONE 'UTC') * 1000000)::bigint::text",
    ),
    template="sha256((%(expressions)s)::bytea)",
    arg_joiner=" || '|' || ",
)


class Seal(models.Model):
    """What the events of a range of positions said when it was sealed. Source: `portal.audit.sealing`.

    *Shape*: `digest` is the SHA-256 over the hashes of the events in the order of their positions; `sha256` is
    made by the database over all that the seal says. A foreign key holds `previous_sha256` and the first position
    at the seal before.
    """

    number = models.BigIntegerField(primary_key=True)
    first_position = models.BigIntegerField()
    last_position = models.ForeignKey(
        Position, models.PROTECT, db_column="last_position", related_name="+", db_index=False
    )
    count = models.BigIntegerField()
    digest = models.BinaryField(max_length=32)
    previous_number = models.GeneratedField(
        expression=NullIf(models.F("number") - 1, models.Value(0)),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    previous_position = models.GeneratedField(
        expression=NullIf(models.F("first_position") - 1, models.Value(0)),
        output_field=models.BigIntegerField(),
        db_persist=True,
    )
    previous_sha256 = models.BinaryField(max_length=32, null=True)
    sealed_at = models.DateTimeField()
    sha256 = models.GeneratedField(
        expression=_SEAL_SHA256, output_field=models.BinaryField(max_length=32), db_persist=True
    )

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(count__gte=1, count=models.F("last_position") - models.F("first_position") + 1),
                name="a_seal_counts_its_positions",
            ),
            models.CheckConstraint(
                condition=models.Q(number=1, first_position=1, previous_sha256__isnull=True)
                | models.Q(number__gt=1, first_position__gt=1, previous_sha256__isnull=False),
                name="the_first_seal_begins_at_the_first_position",
            ),
            models.UniqueConstraint(fields=["number", "last_position", "sha256"], name="a_seal_its_end_and_hash"),
        ]

    def __str__(self) -> str:
        return f"Seal {self.number}"
