"""Who did what, when, to which organisation. Entries are added, never changed: a trigger refuses it."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Cast, Coalesce


def _as_text(field: str) -> Cast:
    return Cast(models.F(field), models.TextField())


def _or_nothing(expression: models.Expression) -> Coalesce:
    return Coalesce(expression, models.Value(""), output_field=models.TextField())


def _free(field: str) -> models.Func:
    # What people write may hold any sign: its length in front of it says where it ends.
    return models.Func(models.F(field), template="octet_length(%(expressions)s)::text || ':' || %(expressions)s")


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
    _free("organisation_name"),
    template=r"sha256(replace(%(expressions)s, '\', '\\')::bytea)",
    arg_joiner=" || '|' || ",
)


class AuditEntry(models.Model):
    """One sentence about one thing that was done.

    The organisation is kept as its UUID and the name it had then: this app stands below all others.
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
    sha256 = models.GeneratedField(
        expression=_SHA256, output_field=models.BinaryField(max_length=32), db_persist=True
    )

    class Meta:
        verbose_name_plural = "audit entries"
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["organisation_uuid", "-id"], name="audit_by_organisation"),
            models.Index(fields=["event", "-id"], name="audit_by_event"),
            models.Index(fields=["app", "-id"], name="audit_by_app"),
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.event}"
