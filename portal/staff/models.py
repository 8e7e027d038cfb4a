"""What staff keep for themselves, beside Django's own users: saved filters."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class SavedFilter(models.Model):
    """The filters of a list under a name. *Shape*: `query` is what stands behind the "?" of the list's address."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_filters", db_index=False)
    address = models.CharField(max_length=100)
    name = models.CharField(max_length=60)
    query = models.CharField(max_length=2000)
    is_shared = models.BooleanField(default=False)

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(fields=["user", "address", "name"], name="a_saved_filter_has_its_own_name"),
            models.CheckConstraint(condition=~Q(name=""), name="a_saved_filter_has_a_name"),
        ]
        indexes = [models.Index(fields=["address"], name="filter_shared", condition=Q(is_shared=True))]

    def __str__(self) -> str:
        return self.name
