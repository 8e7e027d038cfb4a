"""Save the settings: a new version of Portal Config, and termination reasons."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime

from portal import frame
from portal.audit import operations as audit_operations
from portal.postgresql import diagnosis
from settings_app import policies, selectors
from settings_app.models import (
    AdministrativeFee,
    ConfigHead,
    MessageSetting,
    PortalConfigVersion,
    ProductRenewal,
    TerminationReason,
)


@dataclass(eq=False)
class ConfigChanged(frame.Refused):
    """Another version was saved after the page was shown."""

    code = "config_changed"

    seen_version: int
    current: selectors.Config


@dataclass(eq=False)
class ReasonChanged(frame.Refused):
    """The reason was changed after the page was shown."""

    code = "reason_changed"

    current: selectors.ReasonRow


class CodeTaken(frame.Refused):
    """Another reason has this code."""

    code = "reason_code_taken"
    status = 422
    field = "code"


class LabelTaken(frame.Refused):
    """Another reason has this label."""

    code = "reason_label_taken"
    status = 422
    field = "label"


_TAKEN = {
    "settings_app_terminationreason_code_key": CodeTaken,
    "a_reason_has_its_own_label": LabelTaken,
}


@dataclass(frozen=True)
class Saved:
    """The outcome of a save: the version in force, and the changes. Without changes nothing was saved."""

    number: int
    changes: tuple[policies.Change, ...]


@dataclass(frozen=True)
class ReasonValues:
    """The values of a reason that may change."""

    label: str
    needs_ticket: bool
    is_active: bool
    position: int


def save_config(*, values: policies.Values, seen_version: int, by: frame.Actor, at: datetime) -> Saved:
    """Save these values as a new version, and put it in force.

    If the values in force are the same, nothing is saved, whichever version was seen. If the same person saved them
    over the version seen, the form was sent twice: the outcome is that of the first time.

    *Raises*: ConfigChanged, if another version than `seen_version` is in force, with other values.
    """
    with frame.operation("save_config"):
        # FOR UPDATE waits for every transaction that reads the version in force under FOR SHARE.
        head = ConfigHead.objects.select_for_update().get(id=1)
        version = PortalConfigVersion.objects.get(pk=head.version_id)
        current = selectors.config_of(version)
        changes = policies.changes(before=current, after=values)
        if not changes:
            is_repeated = current.number == seen_version + 1 and version.created_by_id == by.user_id
            return _repeated(current) if is_repeated else Saved(number=current.number, changes=())
        if current.number != seen_version:
            raise ConfigChanged(seen_version=seen_version, current=current)
        added = PortalConfigVersion.objects.create(
            number=current.number + 1,
            created_at=at,
            created_by_id=by.user_id,
            termination_method=values.termination_method,
            allow_refund=values.allow_refund,
            refund_method=values.refund_method,
            full_refund_days=values.full_refund_days,
            reactivation_days=values.reactivation_days,
            number_reservation_days=values.number_reservation_days,
            number_reservation_days_ported_in=values.number_reservation_days_ported_in,
            use_note_now=values.use_note_now,
            charge_administrative_fee=values.charge_administrative_fee,
            notify_partner=values.notify_partner,
            notify_customers=values.notify_customers,
            provider_name=values.provider_name,
            notification_address=values.notification_address,
            renewals_are_made_here=values.renewals_are_made_here,
        )
        AdministrativeFee.objects.bulk_create(
            AdministrativeFee(version=added, currency=currency, amount=amount)
            for currency, amount in sorted(values.fees.items())
        )
        ProductRenewal.objects.bulk_create(
            ProductRenewal(version=added, product=product, is_made_here=is_here)
            for product, is_here in sorted(values.renewals_by_product.items())
        )
        MessageSetting.objects.bulk_create(
            MessageSetting(version=added, kind=kind, addressee=addressee)
            for kind, addressee in sorted(values.messages_by_kind.items())
        )
        head.version = added
        head.save(update_fields=["version"])
        audit_operations.record(
            "portal_config.saved",
            sentence=f"Version {added.number}. " + "; ".join(str(change) for change in changes) + ".",
            data={"version": added.number},
            by=by,
            at=at,
        )
    return Saved(number=added.number, changes=changes)


def add_reason(*, code: str, values: ReasonValues, by: frame.Actor, at: datetime) -> int:
    """Add a termination reason, and return its id. A form that is sent twice adds it once.

    *Raises*: CodeTaken, LabelTaken.
    """
    # Two people may add a reason at once: the constraint tells whether the code or the label is taken.
    with diagnosis.told_as(_TAKEN), frame.operation("add_reason"):
        there = TerminationReason.objects.filter(code=code).first()
        if there is not None:
            if _values_of(there) == values:
                return there.pk
            raise CodeTaken
        _refuse_taken_label(values.label, except_pk=0)
        added = TerminationReason.objects.create(
            code=code,
            label=values.label,
            needs_ticket=values.needs_ticket,
            is_active=values.is_active,
            position=values.position,
        )
        audit_operations.record(
            "reason.added",
            sentence=f"{code}: {_describe(values)}.",
            data={"code": code, **asdict(values)},
            by=by,
            at=at,
        )
    return added.pk


def change_reason(*, pk: int, seen: ReasonValues, values: ReasonValues, by: frame.Actor, at: datetime) -> bool:
    """Change a termination reason, except for its code. Return whether anything changed.

    *Raises*: TerminationReason.DoesNotExist, ReasonChanged, LabelTaken.
    """
    with diagnosis.told_as(_TAKEN), frame.operation("change_reason"):
        reason = TerminationReason.objects.select_for_update(no_key=True).get(pk=pk)
        before = _values_of(reason)
        if before == values:
            return False
        if before != seen:
            raise ReasonChanged(selectors.reason(pk))
        _refuse_taken_label(values.label, except_pk=pk)
        reason.label = values.label
        reason.needs_ticket = values.needs_ticket
        reason.is_active = values.is_active
        reason.position = values.position
        reason.save(update_fields=["label", "needs_ticket", "is_active", "position"])
        audit_operations.record(
            "reason.changed",
            sentence=f"{reason.code}: {_describe(before)} → {_describe(values)}.",
            data={"code": reason.code, "was": asdict(before), "is": asdict(values)},
            by=by,
            at=at,
        )
    return True


def _repeated(current: selectors.Config) -> Saved:
    previous = PortalConfigVersion.objects.get(number=current.number - 1)
    return Saved(
        number=current.number, changes=policies.changes(before=selectors.config_of(previous), after=current)
    )


def _values_of(reason: TerminationReason) -> ReasonValues:
    return ReasonValues(
        label=reason.label,
        needs_ticket=reason.needs_ticket,
        is_active=reason.is_active,
        position=reason.position,
    )


def _describe(values: ReasonValues) -> str:
    ticket = "needs a ticket" if values.needs_ticket else "needs no ticket"
    offered = "offered" if values.is_active else "not offered"
    return f"“{values.label}”, {ticket}, {offered}, position {values.position}"


def _refuse_taken_label(label: str, *, except_pk: int) -> None:
    if TerminationReason.objects.filter(label__iexact=label).exclude(pk=except_pk).exists():
        raise LabelTaken
