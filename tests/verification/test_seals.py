"""Seals recomputed: the one whose events are others is named, and a kept one shows what was sealed anew."""

import datetime as dt
import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from portal import frame, verification
from portal.audit import operations, sealing
from portal.audit.models import Seal
from portal.verification import schema
from tests.support import factories
from tests.verification.cases import OFF_GUARD
from tests.verification.corruptions.sealed import MADE_ANEW

pytestmark = pytest.mark.django_db

EDITED = "UPDATE audit_auditentry SET description = 'Nothing.' WHERE description = 'Event 5.'"


@pytest.fixture
def sealed(now: dt.datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten events in three seals."""
    monkeypatch.setattr(sealing, "MOST", 4)
    with frame.operation("tell"):
        for number in range(1, 11):
            operations.record("record.changed", sentence=f"Event {number}.", by=frame.SYSTEM, at=now)
    sealing.finish_night(at=now)


def _as_owner(*statements: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute(OFF_GUARD)
        for statement in ";".join(statements).split(";"):
            cursor.execute(statement)


def _told(now: dt.datetime, *kept: verification.Kept) -> list[tuple[str, str]]:
    return [(fault.kind, fault.where) for fault in verification.faults(at=now, kept=kept)]


def _call(*arguments: str) -> tuple[list[dict[str, str]], int]:
    """Run it: the faults that are not of guards, and the exit status."""
    out, status = io.StringIO(), 0
    try:
        call_command("verify_ledger", "--json", *arguments, stdout=out, stderr=io.StringIO())
    except SystemExit as end:
        status = int(end.code or 0)
    faults = json.loads(out.getvalue())["faults"]
    return [fault for fault in faults if fault["kind"] not in schema.KINDS], status


@pytest.mark.usefixtures("sealed")
def test_the_seal_whose_events_are_others_is_named(now: dt.datetime) -> None:
    assert _told(now) == []
    _as_owner(EDITED)
    assert _told(now) == [("seal_events", "seal 2")]
    (fault,) = verification.faults(at=now)
    digest = bytes(Seal.objects.get(number=2).digest).hex()
    assert fault.detail.startswith(
        f"it covers positions 5 to 8 and sealed 4 events with the digest {digest}; there are 4, which make "
    )


@pytest.mark.usefixtures("sealed")
def test_an_event_that_is_deleted_makes_the_count_another(now: dt.datetime) -> None:
    _as_owner("DELETE FROM audit_auditentry WHERE description = 'Event 10.'")
    assert _told(now) == [("position_event", "position 10"), ("seal_events", "seal 3")]


@pytest.mark.usefixtures("sealed")
def test_a_seal_without_any_event_left_is_named(now: dt.datetime) -> None:
    _as_owner(
        "DELETE FROM audit_auditentry WHERE id IN (SELECT event_id FROM audit_position WHERE position > 8)",
        "DELETE FROM audit_position WHERE position > 8",
    )
    assert _told(now) == [("seal_events", "seal 3")]


@pytest.mark.usefixtures("sealed")
def test_who_seals_everything_anew_is_found_by_a_kept_seal_alone(now: dt.datetime) -> None:
    kept: list[verification.Kept] = []
    assert list(verification.faults(at=now, on_head=kept.append)) == []
    assert kept == [verification.SealHead(number=3, sha256=bytes(Seal.objects.get(number=3).sha256))]
    with frame.operation("tell"):
        operations.record("record.changed", sentence="Later.", by=frame.SYSTEM, at=now)
    sealing.finish_night(at=now)
    # Whoever goes on honestly is not accused.
    assert _told(now, *kept) == []
    _as_owner(EDITED, MADE_ANEW, MADE_ANEW, MADE_ANEW)
    assert _told(now) == []
    assert _told(now, *kept) == [("kept_seal", "seal 3")]


@pytest.mark.usefixtures("sealed")
def test_a_kept_seal_that_is_gone_is_a_fault(now: dt.datetime) -> None:
    _as_owner("DELETE FROM audit_seal WHERE number = 3")
    assert _told(now) == []
    (fault,) = verification.faults(at=now, kept=[verification.SealHead(number=3, sha256=bytes(32))])
    assert fault.detail == f"its kept hash is {bytes(32).hex()}, the audit has no such seal"


def test_the_command_keeps_the_last_seal_beside_the_heads(now: dt.datetime, tmp_path: Path, sealed: None) -> None:
    organisation = factories.OrganisationFactory.create(account="100")
    sealing.finish_night(at=now)
    file, old = tmp_path / "heads.csv", tmp_path / "old.csv"
    assert _call("--heads", str(file)) == ([], 0)
    seal = Seal.objects.latest("number")
    head = bytes(organisation.credit_account.head or b"").hex()
    of_accounts = f"organisation_uuid,seq,sha256\n{organisation.uuid},1,{head}\n"
    assert file.read_text() == f"{of_accounts}seal,{seal.number},{bytes(seal.sha256).hex()}\n"
    # As it was written before there were seals.
    old.write_text(of_accounts)
    assert _call("--against", str(file)) == _call("--against", str(old)) == ([], 0)
    _as_owner(EDITED, *[MADE_ANEW] * seal.number)
    assert _call("--against", str(old)) == ([], 1)  # guards that are off
    (fault,), status = _call("--against", str(file))
    assert (fault["kind"], fault["where"], status) == ("kept_seal", f"seal {seal.number}", 1)


@pytest.mark.parametrize("line", ["seal,0," + "0" * 64, "seal,1,00", "seal,x," + "0" * 64, "seals,1," + "0" * 64])
def test_a_line_that_holds_no_seal_is_refused(tmp_path: Path, line: str) -> None:
    file = tmp_path / "heads.csv"
    file.write_text(f"organisation_uuid,seq,sha256\n{line}\n")
    with pytest.raises(CommandError, match="line 2: a UUID or “seal”, a number and a hash of 64 digits") as refused:
        call_command("verify_ledger", "--against", str(file))
    assert refused.value.returncode == 2
