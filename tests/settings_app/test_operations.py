"""Saving settings: one version per change, one winner per race, one sentence in the audit."""

import threading
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection, connections, transaction

from portal.audit.models import AuditEntry
from portal.frame import Actor
from settings_app import operations, policies, selectors
from settings_app.models import AdministrativeFee, ConfigHead, PortalConfigVersion, TerminationReason
from tests.support import refused

pytestmark = pytest.mark.django_db(transaction=True)


def values_in_force() -> policies.Values:
    config = selectors.current_config()
    return policies.Values(**{name: getattr(config, name) for name in policies.Values.__dataclass_fields__})


@pytest.fixture
def by(make_user):
    return Actor.of(make_user("superuser", "root"))


def test_saving_adds_a_version_and_puts_it_in_force(by, now):
    before = selectors.current_config()
    values = replace(values_in_force(), allow_refund=False, full_refund_days=None, fees={"SGD": Decimal("25.00")})

    saved = operations.save_config(values=values, seen_version=1, by=by, at=now)

    assert saved.number == 2
    config = selectors.current_config()
    assert config.number == 2
    assert config.allow_refund is False
    assert config.full_refund_days is None
    assert config.fees == {"SGD": Decimal("25.00")}
    version = PortalConfigVersion.objects.get(number=2)
    assert (version.created_by_id, version.created_at) == (by.user_id, now)
    # What was there stays as it was.
    assert selectors.config_of(PortalConfigVersion.objects.get(number=1)) == before
    entry = AuditEntry.objects.get()
    assert (entry.app, entry.event, entry.actor, entry.at) == (
        "Portal Settings",
        "Portal Config saved",
        "root",
        now,
    )
    assert entry.description == (
        "Version 2. Allow Refund: on → off; Full refund within (days): 14 → off; "
        "Administrative fee in AUD: 20.00 → none; Administrative fee in HKD: 110.00 → none; "
        "Administrative fee in MYR: 60.00 → none; Administrative fee in SGD: 21.40 → 25.00; "
        "Administrative fee in USD: 17.00 → none."
    )


def test_nothing_changed_is_nothing_written(by, now):
    saved = operations.save_config(values=values_in_force(), seen_version=1, by=by, at=now)
    assert saved == operations.Saved(number=1, changes=())
    assert PortalConfigVersion.objects.count() == 1
    assert not AuditEntry.objects.exists()


def test_the_same_form_sent_twice_is_saved_once_and_answered_alike(by, now):
    values = replace(values_in_force(), reactivation_days=60)
    first = operations.save_config(values=values, seen_version=1, by=by, at=now)
    again = operations.save_config(values=values, seen_version=1, by=by, at=now)
    assert again == first
    assert PortalConfigVersion.objects.count() == 2
    assert AuditEntry.objects.count() == 1


def test_what_somebody_else_saved_is_not_answered_as_ones_own(by, now, make_user):
    values = replace(values_in_force(), reactivation_days=60)
    operations.save_config(values=values, seen_version=1, by=by, at=now)
    other = Actor.of(make_user("superuser", "other"))
    # The same values, which are in force by now: nothing is left to save.
    assert operations.save_config(values=values, seen_version=1, by=other, at=now) == operations.Saved(2, ())
    # Nor is it a repeated save where the new version was seen.
    assert operations.save_config(values=values, seen_version=2, by=by, at=now) == operations.Saved(2, ())


def test_a_version_saved_meanwhile_is_not_overwritten(by, now):
    operations.save_config(values=replace(values_in_force(), reactivation_days=60), seen_version=1, by=by, at=now)
    with pytest.raises(operations.ConfigChanged) as raised:
        operations.save_config(
            values=replace(values_in_force(), reactivation_days=90), seen_version=1, by=by, at=now
        )
    assert raised.value.current.number == 2
    assert selectors.current_config().reactivation_days == 60
    assert PortalConfigVersion.objects.count() == 2
    assert AuditEntry.objects.count() == 1


def test_of_two_people_saving_at_once_one_wins(by, now):
    together = threading.Barrier(2)
    outcomes: list[object] = []

    def save(days: int) -> None:
        try:
            values = replace(values_in_force(), reactivation_days=days)
            together.wait(timeout=10)
            outcomes.append(operations.save_config(values=values, seen_version=1, by=by, at=now))
        except operations.ConfigChanged as changed:
            outcomes.append(changed)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=save, args=(days,)) for days in (60, 90)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["ConfigChanged", "Saved"]
    (saved,) = [outcome for outcome in outcomes if isinstance(outcome, operations.Saved)]
    assert saved.number == 2
    assert PortalConfigVersion.objects.count() == 2
    assert f"28 → {selectors.current_config().reactivation_days}" in AuditEntry.objects.get().description


def test_saving_waits_for_a_decision_made_under_the_version_in_force(by, now):
    saved = threading.Event()

    def save() -> None:
        try:
            values = replace(values_in_force(), reactivation_days=60)
            operations.save_config(values=values, seen_version=1, by=by, at=now)
            saved.set()
        finally:
            connections.close_all()

    thread = threading.Thread(target=save)
    with transaction.atomic():
        assert selectors.locked_config().number == 1
        thread.start()
        assert not saved.wait(timeout=0.4)
        assert selectors.locked_config().number == 1
    thread.join(timeout=20)
    assert saved.is_set()
    assert selectors.current_config().number == 2


def test_a_decision_that_waited_for_a_save_sees_the_new_version(by, now):
    seen = []

    def decide() -> None:
        try:
            with transaction.atomic():
                seen.append(selectors.locked_config().number)
        finally:
            connections.close_all()

    thread = threading.Thread(target=decide)
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('portal.operation', 'test', true)")
        head = ConfigHead.objects.select_for_update().get(id=1)
        thread.start()
        thread.join(timeout=0.4)
        assert seen == []
        head.version = PortalConfigVersion.objects.create(number=2, created_at=now)
        head.save()
    thread.join(timeout=20)
    assert seen == [2]


def test_a_saved_fee_is_never_changed(by, now):
    with refused.by("a_fee_of_a_settings_version_is_never_changed"), transaction.atomic():
        AdministrativeFee.objects.filter(currency="SGD").update(amount=1)
    with refused.by("a_settings_version_is_never_changed"), transaction.atomic():
        PortalConfigVersion.objects.update(allow_refund=False)


REASON = operations.ReasonValues(label="Merged", needs_ticket=True, is_active=True, position=9)


def test_a_reason_is_added_once(by, now):
    pk = operations.add_reason(code="merged", values=REASON, by=by, at=now)
    assert operations.add_reason(code="merged", values=REASON, by=by, at=now) == pk
    reason = TerminationReason.objects.get(pk=pk)
    assert (reason.code, reason.label, reason.needs_ticket, reason.position) == ("merged", "Merged", True, 9)
    assert AuditEntry.objects.get().description == "merged: “Merged”, needs a ticket, offered, position 9."


def test_code_and_label_are_a_reasons_own(by, now):
    with pytest.raises(operations.CodeTaken):
        operations.add_reason(code="other", values=REASON, by=by, at=now)
    with pytest.raises(operations.LabelTaken):
        operations.add_reason(code="merged", values=replace(REASON, label="too EXPENSIVE"), by=by, at=now)
    assert TerminationReason.objects.count() == 7
    assert not AuditEntry.objects.exists()


@pytest.mark.parametrize(
    ("code", "label", "position", "refusal"),
    [
        ("a_reason_has_its_own_label", "Another", 9, operations.CodeTaken),
        ("another", "Merged", 9, operations.LabelTaken),
        # Nobody took a name here.
        ("another", "Another", -1, IntegrityError),
    ],
)
def test_the_constraint_says_what_was_taken_at_the_same_moment(
    by, now, monkeypatch, code, label, position, refusal
):
    operations.add_reason(code="a_reason_has_its_own_label", values=REASON, by=by, at=now)
    monkeypatch.setattr(operations, "_refuse_taken_label", lambda *_, **__: None)
    nothing = TerminationReason.objects.none()
    values = replace(REASON, label=label, position=position)
    with monkeypatch.context() as patch:
        patch.setattr(type(TerminationReason.objects), "filter", lambda *_, **__: nothing)
        with pytest.raises(refusal):
            operations.add_reason(code=code, values=values, by=by, at=now)
    assert AuditEntry.objects.count() == 1


def test_a_reason_is_changed_but_for_its_code(by, now):
    reason = TerminationReason.objects.get(code="other")
    seen = operations.ReasonValues(label="Other", needs_ticket=False, is_active=True, position=reason.position)
    values = replace(seen, label="Something else", is_active=False)
    assert operations.change_reason(pk=reason.pk, seen=seen, values=values, by=by, at=now)
    reason.refresh_from_db()
    assert (reason.code, reason.label, reason.is_active) == ("other", "Something else", False)
    assert "“Other”" in AuditEntry.objects.get().description
    # Sent again: nothing more to change.
    assert not operations.change_reason(pk=reason.pk, seen=seen, values=values, by=by, at=now)
    assert AuditEntry.objects.count() == 1


def test_a_reason_keeps_its_label_while_its_place_changes(by, now):
    reason = TerminationReason.objects.get(code="other")
    seen = operations.ReasonValues(label="Other", needs_ticket=False, is_active=True, position=reason.position)
    assert operations.change_reason(pk=reason.pk, seen=seen, values=replace(seen, position=77), by=by, at=now)
    reason.refresh_from_db()
    assert (reason.label, reason.position) == ("Other", 77)


def test_a_reason_changed_meanwhile_is_not_overwritten(by, now):
    reason = TerminationReason.objects.get(code="other")
    seen = operations.ReasonValues(label="As it was", needs_ticket=False, is_active=True, position=1)
    with pytest.raises(operations.ReasonChanged) as raised:
        operations.change_reason(pk=reason.pk, seen=seen, values=replace(seen, position=3), by=by, at=now)
    assert raised.value.current.label == "Other"
    current = replace(seen, label="Other", position=reason.position)
    with pytest.raises(operations.LabelTaken):
        operations.change_reason(
            pk=reason.pk, seen=current, values=replace(current, label="Too expensive"), by=by, at=now
        )
