"""The settings of the business: versions of Portal Config, administrative fees, termination reasons."""

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models


class PortalConfigVersion(models.Model):
    """A version of Portal Config. Saving adds a version; none is ever changed.

    Source: domain.md 6, "Portal Settings app".
    """

    class TerminationMethod(models.TextChoices):
        BY_CREDIT_NOTE = "by_credit_note", "Termination by Credit Note"
        SIMPLIFIED = "simplified", "Simplified termination"

    number = models.PositiveIntegerField(unique=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    termination_method = models.CharField(
        max_length=20, choices=TerminationMethod.choices, default=TerminationMethod.BY_CREDIT_NOTE
    )
    allow_refund = models.BooleanField(default=True)
    refund_method = models.CharField(max_length=40, default="remaining_months")
    full_refund_days = models.PositiveIntegerField(null=True, blank=True, default=14)
    reactivation_days = models.PositiveIntegerField(default=28)
    number_reservation_days = models.PositiveIntegerField(default=28)
    number_reservation_days_ported_in = models.PositiveIntegerField(default=56)
    use_note_now = models.BooleanField(default=False)
    charge_administrative_fee = models.BooleanField(default=False)
    notify_partner = models.BooleanField(default=True)
    notify_customers = models.BooleanField(default=False)
    provider_name = models.CharField(max_length=120, default="Portal")
    notification_address = models.EmailField(blank=True)
    renewals_are_made_here = models.BooleanField(default=False, db_default=False)

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(termination_method__in=["by_credit_note", "simplified"]),
                name="a_config_has_a_known_termination_method",
            ),
            models.CheckConstraint(condition=~models.Q(refund_method=""), name="a_config_names_its_refund_method"),
        ]

    def __str__(self) -> str:
        return f"Version {self.number}"


class AdministrativeFee(models.Model):
    """The administrative fee of a currency, in one version of Portal Config."""

    version = models.ForeignKey(PortalConfigVersion, models.PROTECT, related_name="fees", db_index=False)
    currency = models.CharField(max_length=3)
    amount = models.DecimalField(max_digits=16, decimal_places=4, validators=[MinValueValidator(0)])

    class Meta:
        ordering = ["currency"]
        constraints = [
            models.UniqueConstraint(fields=["version", "currency"], name="a_currency_has_one_fee"),
            models.CheckConstraint(condition=models.Q(amount__gte=0), name="an_administrative_fee_is_not_negative"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.amount}"


class ProductRenewal(models.Model):
    """Where the subscriptions of a product are renewed, in one version of Portal Config; other products follow it.

    A product is known by its name: products belong to a higher app.
    """

    version = models.ForeignKey(PortalConfigVersion, models.PROTECT, related_name="renewals", db_index=False)
    product = models.CharField(max_length=120)
    is_made_here = models.BooleanField()

    class Meta:
        ordering = ["product"]
        constraints = [
            models.UniqueConstraint(fields=["version", "product"], name="a_product_is_renewed_in_one_place"),
            models.CheckConstraint(condition=~models.Q(product=""), name="a_renewal_names_its_product"),
        ]

    def __str__(self) -> str:
        return f"{self.product}: {'here' if self.is_made_here else 'elsewhere'}"


class MessageSetting(models.Model):
    """Whom a kind of message goes to, in one version of Portal Config; other kinds follow its two switches."""

    class Addressee(models.TextChoices):
        CUSTOMER = "customer", "Customer, the provider in copy"
        PROVIDER = "provider", "Provider"
        NOBODY = "nobody", "Nobody"

    version = models.ForeignKey(PortalConfigVersion, models.PROTECT, related_name="messages", db_index=False)
    kind = models.CharField(max_length=40)
    addressee = models.CharField(max_length=10, choices=Addressee.choices)

    class Meta:
        ordering = ["kind"]
        constraints = [
            models.UniqueConstraint(fields=["version", "kind"], name="a_kind_of_message_has_one_addressee"),
            models.CheckConstraint(
                condition=models.Q(addressee__in=["customer", "provider", "nobody"]),
                name="a_kind_of_message_has_a_known_addressee",
            ),
            models.CheckConstraint(condition=~models.Q(kind=""), name="a_message_setting_names_its_kind"),
        ]

    def __str__(self) -> str:
        return f"{self.kind}: {self.addressee}"


class ConfigHead(models.Model):
    """The single row that points at the version in force. Locking it keeps the settings from changing."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    version = models.ForeignKey(PortalConfigVersion, models.PROTECT, related_name="+", db_index=False)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(id=1), name="there_is_one_config_head"),
        ]

    def __str__(self) -> str:
        return "Config in force"


class TerminationReason(models.Model):
    """A reason for a termination, from which agents choose."""

    code = models.SlugField(max_length=40, unique=True)
    label = models.CharField(max_length=120)
    needs_ticket = models.BooleanField(default=False, help_text="The ticket reference must be given.")
    is_active = models.BooleanField(default=True, help_text="Offered in the reason list.")
    position = models.PositiveIntegerField(default=0)

    class Meta:
        ordering = ["position", "label"]
        constraints = [
            models.UniqueConstraint(fields=["label"], name="a_reason_has_its_own_label"),
            models.CheckConstraint(condition=~models.Q(label=""), name="a_reason_has_a_label"),
        ]

    def __str__(self) -> str:
        return self.label


class TaxRate(models.Model):
    """What a country takes from a day on: the rate of a day is the youngest one that has begun.

    *Units*: `per_cent` of the net. *Shape*: `country` as `customers.Organisation.country` has it.
    """

    country = models.CharField(max_length=2)
    name = models.CharField(max_length=40)
    per_cent = models.DecimalField(max_digits=7, decimal_places=4)
    begins_on = models.DateField()

    class Meta:
        ordering = ["country", "-begins_on"]
        constraints = [
            models.UniqueConstraint(
                fields=["country", "begins_on"], name="a_country_has_one_tax_rate_from_a_day_on"
            ),
            models.CheckConstraint(
                condition=models.Q(country__regex=r"^[A-Z]{2}$"), name="a_tax_rate_is_of_a_country"
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="a_tax_rate_has_a_name"),
            models.CheckConstraint(
                condition=models.Q(per_cent__gte=0, per_cent__lte=100), name="a_tax_rate_is_from_0_to_100"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.country} {self.name} from {self.begins_on}"
