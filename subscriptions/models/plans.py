"""What is sold: products, and their plans with a price."""

from django.db import models
from django.db.models import Q

from invoicing.models import AMOUNT


class Product(models.Model):
    """What is sold ("SIP Trunk")."""

    name = models.CharField(max_length=120, unique=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class Plan(models.Model):
    """One priced variant of a product. *Units*: price of one month, net."""

    sku = models.CharField(max_length=100, unique=True)
    product = models.ForeignKey(Product, models.PROTECT, related_name="plans", db_index=False)
    name = models.CharField(max_length=200)
    currency = models.CharField(max_length=3)
    price_per_month = models.DecimalField(**AMOUNT)
    row_sha256 = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        ordering = ["product", "name"]
        constraints = [
            models.CheckConstraint(condition=Q(price_per_month__gte=0), name="a_price_is_not_negative"),
            models.UniqueConstraint(fields=["id", "currency"], name="plan_and_currency"),
        ]

    def __str__(self) -> str:
        return self.name
