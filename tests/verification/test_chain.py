"""The ledger's hash chain: made by the database, the same elsewhere, and what an edit of the past looks like."""

import datetime as dt
import hashlib
import io
import json
import uuid
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from customers import operations, policies
from customers.checks import chain, heads
from customers.models import CreditAccount, LedgerEntry, Organisation
from invoicing.models import Invoice, Payment
from portal import verification
from portal.verification import schema
from tests.support import factories, refused
from tests.verification.cases import OFF_GUARD

pytestmark = pytest.mark.django_db

CAUSE = uuid.UUID("0b9f8f6e-63a5-4d6f-9a55-1f2f3d8c7a10")


def _post(organisation: Organisation, amount: str, *, at: dt.datetime, **changed: Any) -> LedgerEntry:
    wanted: dict[str, Any] = {
        "account": operations.lock_account(organisation_id=organisation.pk),
        "kind": "charge",
        "amount": Decimal(amount),
        "cause_id": None,
        "is_unbilled": False,
        "at": at,
        "on": at.date(),
        "description": "Entry",
        "actor": "test",
    }
    return operations.post_entry(**(wanted | changed))


@pytest.fixture
def organisation(now: dt.datetime) -> Organisation:
    """Four entries: an opening balance, one without a cause, a charge for an invoice, and one in millionths."""
    made = factories.OrganisationFactory.create(account="100")
    charged = factories.invoice(made, amounts=[("13.07", "0")], paid=["0"])
    factories.pay(charged.lines.get(), "13.07")
    Payment.objects.filter(invoice=charged).update(method="credits")
    Invoice.objects.filter(pk=charged.pk).update(uuid=CAUSE)
    _post(made, "46.14", at=now)
    _post(made, "-13.07", at=now + dt.timedelta(microseconds=1), kind="charge", cause_id=CAUSE)
    _post(made, "-0.000001", at=dt.datetime(1969, 12, 31, 23, 59, 59, 999999, tzinfo=dt.UTC), kind="charge")
    return made


def _sql(statement: str, *values: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)


def _bytes(kept: bytes | memoryview | None) -> bytes:
    assert kept is not None
    return bytes(kept)


def _as_owner() -> None:
    """Switch off what the owner of the tables can switch off: triggers and foreign keys."""
    _sql("SET CONSTRAINTS ALL IMMEDIATE")
    _sql(OFF_GUARD)


def _kinds(now: dt.datetime, **given: Any) -> list[tuple[str, str]]:
    """Name the faults of the chain; what else an edit is seen by, other tests ask."""
    found = verification.faults(at=now, **given)
    chained = {*chain.SAYS, "entry_without_account", heads.KIND}
    return [(fault.kind, fault.where.rpartition(" ")[2]) for fault in found if fault.kind in chained]


def test_the_hash_is_that_of_the_text_in_the_documentation(organisation: Organisation) -> None:
    previous = ""
    for entry in LedgerEntry.objects.filter(account=organisation.credit_account).order_by("seq"):
        seconds = entry.at.astimezone(dt.UTC) - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
        micro = (seconds.days * 86_400 + seconds.seconds) * 1_000_000 + seconds.microseconds
        fields = [entry.account_id, entry.seq, entry.amount.quantize(Decimal("0.000001")), entry.currency]
        fields += [entry.kind, entry.cause_id or "", micro, previous]
        text = "|".join(format(field, "f") if isinstance(field, Decimal) else str(field) for field in fields)
        assert hashlib.sha256(text.encode("ascii")).hexdigest() == _bytes(entry.sha256).hex()
        previous = _bytes(entry.sha256).hex()
    account = CreditAccount.objects.get(organisation=organisation)
    assert (_bytes(account.head).hex(), account.last_seq, account.balance) == (previous, 4, Decimal("133.069999"))


def test_a_text_in_full() -> None:
    assert policies.entry_sha256(
        account_id=7,
        seq=2,
        amount=Decimal("-12.5"),
        currency="SGD",
        kind="charge",
        cause_id=CAUSE,
        at_microseconds=1773133200000001,
        previous=bytes(range(32)),
    ) == (
        hashlib.sha256(
            b"7|2|-12.500000|SGD|charge|0b9f8f6e-63a5-4d6f-9a55-1f2f3d8c7a10|1773133200000001|"
            b"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
        ).digest()
    )


def test_the_hash_does_not_depend_on_the_session(organisation: Organisation, now: dt.datetime) -> None:
    hashes = list(LedgerEntry.objects.order_by("seq").values_list("sha256", flat=True))
    _sql("SET LOCAL TimeZone = 'Pacific/Kiritimati'")
    _sql("SET LOCAL DateStyle = 'German, DMY'")
    _sql("SET LOCAL extra_float_digits = 0")
    _as_owner()
    _sql("UPDATE customers_ledgerentry SET description = 'Computed again'")
    assert list(LedgerEntry.objects.order_by("seq").values_list("sha256", flat=True)) == hashes
    assert _kinds(now) == []


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ("amount = 19, after = 119", "an_entry_follows_the_one_before"),
        ("at = at + interval '1 microsecond'", "an_entry_follows_the_one_before"),
        ("kind = 'correction'", "an_entry_follows_the_one_before"),
    ],
)
def test_the_keys_alone_refuse_an_edit(organisation: Organisation, change: str, refusal: str) -> None:
    _sql("SET CONSTRAINTS ALL IMMEDIATE")
    _sql("ALTER TABLE customers_ledgerentry DISABLE TRIGGER USER")
    with refused.by(refusal), transaction.atomic():
        _sql(f"UPDATE customers_ledgerentry SET {change} WHERE seq = 2")
    with refused.by("a_balance_is_that_of_the_last_entry"), transaction.atomic():
        _sql("UPDATE customers_ledgerentry SET at = at + interval '1 second' WHERE seq = 4")


@pytest.mark.parametrize(
    "change",
    [
        "amount = 21, after = 121",
        "at = at + interval '1 microsecond'",
        "kind = 'correction'",
        "cause_id = gen_random_uuid()",
    ],
)
def test_an_edit_is_found(organisation: Organisation, now: dt.datetime, change: str) -> None:
    _as_owner()
    _sql(f"UPDATE customers_ledgerentry SET {change} WHERE seq = 2")
    assert ("entry_chain", "3") in _kinds(now)
    # Whoever also mends the balances after it leaves no other trace than this one.
    _sql("""
        UPDATE customers_ledgerentry e SET before = s.after - e.amount, after = s.after
        FROM (SELECT id, sum(amount) OVER (ORDER BY seq) AS after FROM customers_ledgerentry) s WHERE s.id = e.id
    """)
    _sql("UPDATE customers_creditaccount SET balance = (SELECT after FROM customers_ledgerentry WHERE seq = 4)")
    assert _kinds(now) == [("entry_chain", "3")]


def test_an_edit_of_the_last_entry_is_found(organisation: Organisation, now: dt.datetime) -> None:
    _as_owner()
    _sql("UPDATE customers_ledgerentry SET kind = 'correction' WHERE seq = 4")
    assert _kinds(now) == [("account_head", str(organisation.uuid))]


def test_an_entry_taken_from_the_end_is_found(organisation: Organisation, now: dt.datetime) -> None:
    _as_owner()
    _sql("DELETE FROM customers_ledgerentry WHERE seq = 4")
    where = str(organisation.uuid)
    assert _kinds(now) == [("account_balance", where), ("account_head", where)]


def test_an_edit_that_keeps_the_hash_is_found(organisation: Organisation, now: dt.datetime) -> None:
    _as_owner()
    _sql("ALTER TABLE customers_ledgerentry ALTER COLUMN sha256 DROP EXPRESSION")
    _sql("UPDATE customers_ledgerentry SET at = at - interval '1 day' WHERE seq = 2")
    assert _kinds(now) == [("entry_hash", "2")]


def _rewrite() -> None:
    """Edit an entry and then everything that follows from it, as somebody who owns the database can."""
    _sql("UPDATE customers_ledgerentry SET amount = amount + 50, after = after + 50 WHERE seq = 2")
    for seq in (3, 4):
        _sql(
            """
            UPDATE customers_ledgerentry e
            SET before = p.after, after = p.after + e.amount, previous_sha256 = p.sha256
            FROM customers_ledgerentry p WHERE p.account_id = e.account_id AND p.seq = %s AND e.seq = %s
            """,
            seq - 1,
            seq,
        )
    _sql("""
        UPDATE customers_creditaccount a SET balance = e.after, head = e.sha256 FROM customers_ledgerentry e
        WHERE e.account_id = a.id AND e.seq = 4
    """)


def test_who_rewrites_everything_is_found_by_a_kept_head_alone(
    organisation: Organisation, now: dt.datetime
) -> None:
    kept: list[verification.Kept] = []
    assert list(verification.faults(at=now, on_head=kept.append)) == []
    _post(organisation, "5", at=now)
    # Whoever goes on honestly is not accused.
    assert _kinds(now, kept=kept) == []
    _as_owner()
    _sql("DELETE FROM customers_ledgerentry WHERE seq = 5")
    _sql("UPDATE customers_creditaccount SET last_seq = 4")
    _rewrite()
    assert _kinds(now) == []
    assert _kinds(now, kept=kept) == [("kept_head", "4")]


def test_what_no_python_can_hold_ends_no_run(organisation: Organisation, now: dt.datetime) -> None:
    _as_owner()
    _sql("ALTER TABLE customers_ledgerentry ALTER COLUMN sha256 DROP EXPRESSION")
    _sql("UPDATE customers_ledgerentry SET amount = 'NaN', after = 'NaN', at = 'infinity' WHERE seq = 4")
    assert ("entry_hash", "4") in _kinds(now)
    _sql("DELETE FROM customers_creditaccount")
    assert ("entry_without_account", "4") in _kinds(now)


def _call(*arguments: str) -> tuple[str, str, int]:
    out, err = io.StringIO(), io.StringIO()
    status = 0
    try:
        call_command("verify_ledger", *arguments, stdout=out, stderr=err)
    except SystemExit as end:
        status = int(end.code or 0)
    return out.getvalue(), err.getvalue(), status


def test_the_command_writes_heads_and_compares_with_them(organisation: Organisation, tmp_path: Path) -> None:
    factories.OrganisationFactory.create()  # has no entry, so no head
    file = tmp_path / "heads.csv"
    out, _, status = _call("--heads", str(file), "--json")
    assert (json.loads(out), status) == ({"organisations": 2, "entries": 4, "faults": []}, 0)
    head = _bytes(CreditAccount.objects.get(organisation=organisation).head).hex()
    assert file.read_text() == f"organisation_uuid,seq,sha256\n{organisation.uuid},4,{head}\n"
    assert _call("--against", str(file), "--heads", str(file))[2] == 0
    before = file.read_text()
    _as_owner()
    _rewrite()
    assert list(verification.faults(at=dt.datetime.now(dt.UTC))) == []
    out, err, status = _call("--against", str(file), "--heads", str(file), "--json")
    made = _bytes(CreditAccount.objects.get(organisation=organisation).head).hex()
    assert status == 1
    # What was switched off for it is told first; that can be switched on again.
    told = [fault for fault in json.loads(out)["faults"] if fault["kind"] not in schema.KINDS]
    assert told == [
        {
            "kind": "kept_head",
            "where": f"organisation {organisation.uuid}, entry 4",
            "detail": f"its kept hash is {head}, the ledger has {made}",
        }
    ]
    assert "The heads were not written" in err
    assert file.read_text() == before


def test_a_kept_head_of_a_customer_or_an_entry_that_is_gone_is_a_fault(
    organisation: Organisation, now: dt.datetime
) -> None:
    account = CreditAccount.objects.get(organisation=organisation)
    kept: list[verification.Kept] = [
        verification.Head(organisation=organisation.uuid, seq=4, sha256=_bytes(account.head)),
        verification.Head(organisation=organisation.uuid, seq=5, sha256=_bytes(account.head)),
        verification.Head(organisation=uuid.UUID(int=1), seq=1, sha256=_bytes(account.head)),
    ]
    found = [fault for fault in verification.faults(at=now, kept=kept) if fault.kind == heads.KIND]
    assert [fault.detail.partition(", ")[2] for fault in found] == [
        "the ledger has no such entry",
        "the ledger has no such entry",
    ]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "line 1"),
        (b"organisation,seq,sha256\n", "line 1"),
        (b"organisation_uuid,seq,sha256\nx,1,00\n", "line 2"),
        (b"organisation_uuid,seq,sha256\n\n", "line 2"),
        (b"organisation_uuid,seq,sha256\n00000000-0000-0000-0000-000000000001,1,00\n", "line 2"),
        (b"organisation_uuid,seq,sha256\n00000000-0000-0000-0000-000000000001,99999999999999999999,"
         + b"0" * 64, "line 2"),
        (b'organisation_uuid,seq,sha256\n"', "line 2"),
        (b"\xff\xfe", "utf-8"),
        (None, "No such file"),
    ],
)  # fmt: skip
def test_a_file_that_holds_no_heads_is_refused(tmp_path: Path, content: bytes | None, says: str) -> None:
    file = tmp_path / "heads.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(CommandError, match=says) as refused:
        _call("--against", str(file))
    assert refused.value.returncode == 2


def test_a_place_where_heads_cannot_be_written_is_said(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be written") as refused:
        _call("--heads", str(tmp_path / "missing" / "heads.csv"))
    assert refused.value.returncode == 2
