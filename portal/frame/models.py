"""The keys of requests that were carried out."""

from django.db import models


class IdempotencyKey(models.Model):
    """A key that was used, by whom and for what; kept for 30 days.

    *Shape*: `actor` is `Actor.identity`; `fingerprint` is the SHA-256 of what was asked, empty of keys that are
    older than this table; `outcome` names what was written.
    """

    actor = models.CharField(max_length=170)
    key = models.UUIDField()
    operation = models.CharField(max_length=60)
    fingerprint = models.BinaryField(max_length=32, null=True)
    outcome = models.UUIDField()
    at = models.DateTimeField()

    class Meta:
        ordering = ["id"]
        constraints = [models.UniqueConstraint(fields=["actor", "key"], name="a_key_is_used_once")]
        indexes = [models.Index(fields=["at"], name="key_by_time")]

    def __str__(self) -> str:
        return f"{self.operation} {self.key}"
