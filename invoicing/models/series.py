"""Series that documents draw their numbers from."""

from django.db import models
from django.db.models import F, Q


class NumberSeries(models.Model):
    """A series of document numbers (prefix and length: IN-0000275), drawn without gaps under a row lock."""

    class Document(models.TextChoices):
        INVOICE = "invoice", "Invoice"
        CREDIT_NOTE = "credit_note", "Credit note"

    document = models.CharField(max_length=12, choices=Document.choices, unique=True)
    prefix = models.CharField(max_length=10)
    length = models.PositiveSmallIntegerField(default=7)
    last_number = models.PositiveBigIntegerField(default=0)
    # The first number of the series; 1 unless imported documents of the same form were there before.
    first_number = models.PositiveBigIntegerField(default=1)

    class Meta:
        verbose_name_plural = "number series"
        constraints = [
            models.CheckConstraint(
                condition=Q(document__in=["invoice", "credit_note"]), name="a_series_has_a_known_document"
            ),
            models.CheckConstraint(
                condition=Q(last_number=0) | Q(last_number__gte=F("first_number")),
                name="a_series_starts_at_its_first_number",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.prefix}{'0' * self.length}"
