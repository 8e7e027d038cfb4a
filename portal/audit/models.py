"""Who did what, when, to which organisation. Entries are added, never changed: a trigger refuses it."""

from django.conf import settings
from django.db import models


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
