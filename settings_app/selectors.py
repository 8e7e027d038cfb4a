"""Read the config in force and what belongs to it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal

from django.db import connection, transaction

from settings_app.models import ConfigHead, PortalConfigVersion, TerminationReason


@dataclass(frozen=True)
class Config:
    """Hold one version of Portal Config.

    *Shape*: no `full_refund_days` switches the window off; `fees` are kept by currency also while the switch
    `charge_administrative_fee` is off, so ask `fee_for`.
    """

    version_id: int
    number: int
    termination_method: str
    allow_refund: bool
    refund_method: str
    full_refund_days: int | None
    reactivation_days: int
    charge_administrative_fee: bool
    notify_partner: bool
    notify_customers: bool
    provider_name: str
    notification_address: str
    fees: dict[str, Decimal] = field(default_factory=dict)

    def fee_for(self, currency: str) -> Decimal | None:
        """Give the administrative fee of a currency; None while it is switched off or has no row."""
        return self.fees.get(currency) if self.charge_administrative_fee else None


@dataclass(frozen=True)
class Reason:
    """Hold a termination reason as the reason list offers it."""

    id: int
    code: str
    label: str
    needs_ticket: bool


def provider_name() -> str:
    """Name the provider, as pages and messages show it."""
    name: str = ConfigHead.objects.values_list("version__provider_name", flat=True).get(id=1)
    return name


def current_config() -> Config:
    """Read the config in force, in two queries: the version with its head, and its fees."""
    return config_of(ConfigHead.objects.select_related("version").get(id=1).version)


def locked_config() -> Config:
    """Read the config in force and keep it in force until the transaction ends.

    The head is locked in a statement of its own: a statement that waited for the lock would go on with the
    version it saw before waiting.
    *Raises*: TransactionManagementError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("The config is locked inside a transaction only.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT version_id FROM settings_app_confighead WHERE id = 1 FOR SHARE")
        row = cursor.fetchone()
    if row is None:
        raise ConfigHead.DoesNotExist
    return config_of(PortalConfigVersion.objects.get(pk=row[0]))


def config_of(version: PortalConfigVersion) -> Config:
    """Turn a version and its fees, which are read here, into a `Config`."""
    return Config(
        version_id=version.pk,
        number=version.number,
        termination_method=version.termination_method,
        allow_refund=version.allow_refund,
        refund_method=version.refund_method,
        full_refund_days=version.full_refund_days,
        reactivation_days=version.reactivation_days,
        charge_administrative_fee=version.charge_administrative_fee,
        notify_partner=version.notify_partner,
        notify_customers=version.notify_customers,
        provider_name=version.provider_name,
        notification_address=version.notification_address,
        fees={fee.currency: fee.amount for fee in version.fees.all()},
    )


def active_reasons() -> tuple[Reason, ...]:
    """List the reasons that are offered, in their order."""
    return tuple(
        Reason(id=reason.pk, code=reason.code, label=reason.label, needs_ticket=reason.needs_ticket)
        for reason in TerminationReason.objects.filter(is_active=True)
    )
