"""Read the config in force, its versions, and the termination reasons."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from decimal import Decimal

from django.db import connection, transaction
from django.db.models import QuerySet, prefetch_related_objects

from portal.lib import text
from settings_app import policies
from settings_app.models import ConfigHead, PortalConfigVersion, TerminationReason


@dataclass(frozen=True, kw_only=True)
class Config(policies.Values):
    """Hold one version of Portal Config: its values, and which version it is."""

    version_id: int
    number: int


@dataclass(frozen=True)
class Reason:
    """Hold a termination reason as the reason list offers it."""

    code: str
    label: str
    needs_ticket: bool


@dataclass(frozen=True)
class ReasonRow:
    """Hold a termination reason as its settings page shows it, offered or not."""

    id: int
    code: str
    label: str
    needs_ticket: bool
    is_active: bool
    position: int


@dataclass(frozen=True)
class VersionRow:
    """A saved version in a list. *Shape*: `changes` against the one before it, None for the first."""

    number: int
    saved_at: datetime
    saved_by: str
    changes: tuple[policies.Change, ...] | None
    is_in_force: bool


_PROVIDER = """
SELECT v.provider_name FROM settings_app_confighead h JOIN settings_app_portalconfigversion v ON v.id = h.version_id
WHERE h.id = 1
"""


def provider_name() -> str:
    """Give the provider's name, as pages and messages show it."""
    # As SQL, for each page asks: composing the query anew takes longer than its answer.
    with connection.cursor() as cursor:
        cursor.execute(_PROVIDER)
        found: tuple[str] | None = cursor.fetchone()
    if found is None:
        raise ConfigHead.DoesNotExist
    return found[0]


def current_config() -> Config:
    """Read the settings in force. One query."""
    return _read(_IN_FORCE)


def locked_config() -> Config:
    """Read the settings in force, and keep them in force until the transaction ends.

    The lock is a statement of its own. A statement that locks and reads would read the version from before it
    waited for the lock.
    *Raises*: TransactionManagementError outside a transaction.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("The config is locked inside a transaction only.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT version_id FROM settings_app_confighead WHERE id = 1 FOR SHARE")
        row = cursor.fetchone()
    if row is None:
        raise ConfigHead.DoesNotExist
    return _read(_OF_ID, row[0])


_OF_A_VERSION = tuple(
    field.name
    for field in fields(policies.Values)
    if field.name not in ("fees", "renewals_by_product", "messages_by_kind")
)


# Fees, products and messages are an object each; amounts are text in it, as JSON has no decimal numbers.
_OBJECTS = ", ".join(
    f"(SELECT json_object_agg({of}) FROM settings_app_{table} WHERE version_id = v.id)::text"  # noqa: S608 - names alone
    for table, of in (
        ("administrativefee", "currency, amount::text"),
        ("productrenewal", "product, is_made_here"),
        ("messagesetting", "kind, addressee"),
    )
)
_VALUES = ", ".join(f"v.{name}" for name in _OF_A_VERSION)
_VERSION = f"SELECT v.id, v.number, {_VALUES}, {_OBJECTS} FROM settings_app_portalconfigversion v"  # noqa: S608 - names alone
_IN_FORCE = f"{_VERSION} JOIN settings_app_confighead h ON h.version_id = v.id WHERE h.id = 1"
_OF_ID = f"{_VERSION} WHERE v.id = %s"


def _read(statement: str, *parameters: int) -> Config:
    """Read one version with all that belongs to it.

    In SQL, as each page asks for it: to build the query took longer than to answer it.
    """
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        row = cursor.fetchone()
    if row is None:
        raise PortalConfigVersion.DoesNotExist
    version_id, number, *values, fees, products, messages = row
    return Config(
        version_id=version_id,
        number=number,
        **dict(zip(_OF_A_VERSION, values, strict=True)),
        fees={currency: Decimal(amount) for currency, amount in json.loads(fees or "{}").items()},
        renewals_by_product=json.loads(products or "{}"),
        messages_by_kind=json.loads(messages or "{}"),
    )


def config_of(version: PortalConfigVersion) -> Config:
    """Build the `Config` of a version. Fees, products and messages take a query each where none were prefetched."""
    return Config(
        version_id=version.pk,
        number=version.number,
        **{name: getattr(version, name) for name in _OF_A_VERSION},
        fees={fee.currency: fee.amount for fee in version.fees.all()},
        renewals_by_product={renewal.product: renewal.is_made_here for renewal in version.renewals.all()},
        messages_by_kind={message.kind: message.addressee for message in version.messages.all()},
    )


def active_reasons() -> tuple[Reason, ...]:
    """List the reasons that are offered, in their order."""
    return tuple(
        Reason(code=reason.code, label=reason.label, needs_ticket=reason.needs_ticket)
        for reason in _in_order(TerminationReason.objects.filter(is_active=True))
    )


def reasons() -> tuple[ReasonRow, ...]:
    """List all reasons in their order, also those that are no longer offered."""
    return tuple(_reason_row(reason) for reason in _in_order(TerminationReason.objects.all()))


def reason(pk: int) -> ReasonRow:
    """Read one reason.

    *Raises*: TerminationReason.DoesNotExist.
    """
    return _reason_row(TerminationReason.objects.get(pk=pk))


def versions() -> QuerySet[PortalConfigVersion]:
    """Give the query of all saved versions, with what `version_rows` shows of who saved them."""
    return PortalConfigVersion.objects.select_related("created_by")


def version_rows(found: Sequence[PortalConfigVersion]) -> tuple[VersionRow, ...]:
    """Turn versions into values, each compared with the one before it. Six queries at most."""
    before = {version.number - 1 for version in found} - {version.number for version in found}
    others = list(PortalConfigVersion.objects.filter(number__in=before))
    prefetch_related_objects([*found, *others], "fees", "renewals", "messages")
    in_force = ConfigHead.objects.values_list("version_id", flat=True).get(id=1)
    configs = {version.number: config_of(version) for version in (*found, *others)}
    return tuple(
        VersionRow(
            number=version.number,
            saved_at=version.created_at,
            saved_by=_saved_by(version),
            changes=policies.changes(before=configs[version.number - 1], after=configs[version.number])
            if version.number - 1 in configs
            else None,
            is_in_force=version.pk == in_force,
        )
        for version in found
    )


def saved_by(number: int) -> tuple[str, datetime]:
    """Say who saved a version and when."""
    version = versions().get(number=number)
    return _saved_by(version), version.created_at


def _saved_by(version: PortalConfigVersion) -> str:
    return version.created_by.get_username() if version.created_by else "system"


def _in_order(found: Iterable[TerminationReason]) -> list[TerminationReason]:
    """Sort reasons by their position and, where it is the same, by their label as people sort."""
    return sorted(found, key=lambda reason: (reason.position, text.sort_key(reason.label)))


def _reason_row(found: TerminationReason) -> ReasonRow:
    return ReasonRow(
        id=found.pk,
        code=found.code,
        label=found.label,
        needs_ticket=found.needs_ticket,
        is_active=found.is_active,
        position=found.position,
    )
