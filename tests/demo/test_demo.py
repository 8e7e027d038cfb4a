"""The demo: the same every time, sound on every day of the calendar, and of every kind."""

import datetime as dt
import io
import socket
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import pytest
from django.conf import global_settings
from django.contrib.auth import authenticate
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.db.models import F, Model, Q
from django.utils import timezone

from customers.models import CreditAccount, LedgerEntry, Organisation, SearchKey
from invoicing.models import ChargeLine, CreditNote, CreditNoteAllocation, Invoice
from portal import verification
from portal.audit.models import AuditEntry
from portal.demo import generate, people, store
from portal.demo.book import Book
from portal.lib import days, production, text
from portal.shell.management.commands import serve
from subscriptions.models import (
    AddOn,
    Assignment,
    Contract,
    ContractItem,
    Cycle,
    CycleCharge,
    PhoneNumber,
    Subscription,
    Termination,
)

TODAY = dt.date(2026, 3, 10)
DAYS = (
    dt.date(2026, 1, 1),
    dt.date(2026, 3, 1),
    dt.date(2026, 3, 31),
    dt.date(2027, 2, 28),
    dt.date(2028, 2, 29),
    dt.date(2026, 12, 31),
)


@pytest.fixture(autouse=True)
def _trial(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "SECURE", "ALLOWED_HOSTS", "HOST"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make few organisations; the show-cases are always there."""
    monkeypatch.setattr(generate, "generate", partial(generate.generate, organisations=30))


def _demo(*arguments: str) -> str:
    out = io.StringIO()
    call_command("demo", *arguments, stdout=out)
    return out.getvalue()


def _plain(rows: Iterable[Model]) -> list[list[str]]:
    """Write rows out, with what they point at by position: nothing is saved yet."""
    return [
        [
            str(getattr(row, field.name)) if field.is_relation else repr(getattr(row, field.attname))
            for field in row._meta.concrete_fields
            if not field.generated and not field.primary_key
        ]
        for row in rows
    ]


def _written_out(book: Book) -> dict[str, list[list[str]]]:
    return {model.__name__: _plain(rows) for model, rows in book.rows.items()}


def test_the_same_seed_makes_the_same_rows() -> None:
    first, second = (_written_out(generate.generate(TODAY, seed=1, organisations=40).book) for _ in range(2))
    assert first == second
    other = _written_out(generate.generate(TODAY, seed=2, organisations=40).book)
    assert first != other


@pytest.mark.parametrize("today", DAYS, ids=str)
def test_it_looks_alive_on_any_day(today: dt.date) -> None:
    book = generate.generate(today, organisations=120).book
    start = dt.datetime(today.year, today.month, today.day, tzinfo=dt.UTC)
    assert len(book.of(Organisation)) == 120
    for rows in book.rows.values():
        for row in rows:
            assert getattr(row, "created_at", start) <= start
            assert getattr(row, "at", start) <= start
    for cycle in book.of(Cycle):
        anchor = cycle.subscription.started_on.day
        assert cycle.day_after == days.add_months(cycle.first_day, cycle.months, anchor=anchor)
    gone = {(today - row.expires_on).days for row in book.of(Subscription)}
    assert {10, 28, 29, 60} <= gone
    assert all(row.created_on and row.created_on <= today for row in book.of(Organisation))


@pytest.mark.django_db
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("today", [dt.date(2028, 2, 29), dt.date(2026, 3, 31)], ids=str)
def test_the_database_takes_it_on_odd_days(today: dt.date) -> None:
    at = dt.datetime(today.year, today.month, today.day, 11, tzinfo=dt.UTC)
    store.write(at=at)
    assert list(verification.faults(at=at)) == []


@pytest.mark.django_db
def test_it_has_every_kind_of_thing(settings: Any) -> None:
    said = _demo()
    today = timezone.now().date()
    assert list(verification.faults(at=timezone.now())) == []

    organisations = Organisation.objects.all()
    assert organisations.count() == generate.ORGANISATIONS
    for letter in ("é", "ß", "ł", "ç", "東", "株", "한", "م", "ל", "о", "α", "ก", "ग", "მ"):
        assert organisations.filter(name__icontains=letter).exists(), letter
    for condition in (
        {"status": "suspended"},
        {"payment_mode": "postpaid"},
        *({"currency": code} for code in ("JPY", "KRW", "KWD", "BHD", "SGD", "USD", "EUR", "AUD", "MYR", "HKD")),
        *({"timezone": zone} for zone in ("Pacific/Kiritimati", "Pacific/Chatham", "America/New_York")),
    ):
        assert organisations.filter(**condition).exists(), condition
    assert set(organisations.values_list("search_keys__kind", flat=True)) >= {"name", "uuid", "number", "reference"}
    tokyo = SearchKey.objects.get(organisation__name__startswith="Tōkyō", kind="name")
    assert tokyo.text == text.fold("Tōkyō Denwa 東京電話")
    assert tokyo.text.startswith("tokyo denwa")

    assert CreditAccount.objects.filter(balance__lt=0, balance__gte=-F("credit_limit")).exists()
    assert set(LedgerEntry.objects.values_list("kind", flat=True)) == {
        "opening_balance",
        "top_up",
        "charge",
        "refund",
    }
    assert any(
        entry.amount != round(entry.amount, 4) for entry in LedgerEntry.objects.filter(kind="opening_balance")
    )

    subscriptions = Subscription.objects.all()
    assert set(subscriptions.values_list("status", flat=True)) == {"active", "expired", "terminated"}
    assert {1, 2, 3, 12, 24} <= set(Cycle.objects.values_list("months", flat=True))
    assert {29, 30, 31} <= set(subscriptions.values_list("started_on__day", flat=True))
    assert {10, 28, 29, 60} <= {(today - row.expires_on).days for row in subscriptions.filter(status="expired")}
    for found in (
        subscriptions.filter(is_trial=True),
        subscriptions.filter(auto_renew=False, status="active"),
        subscriptions.filter(status="active", expires_on__lt=today),
        CycleCharge.objects.filter(is_external_invoice=True),
        Cycle.objects.filter(first_day__gt=today),
        CycleCharge.objects.filter(first_day__gt=F("cycle__first_day")),
        AddOn.objects.all(),
        PhoneNumber.objects.filter(is_ported_in=True),
        PhoneNumber.objects.filter(status="reserved"),
        Assignment.objects.all(),
        Contract.objects.exclude(status="in_progress"),
        ContractItem.objects.filter(contract__billing_plan="as_incurred", subscription__status="active"),
        ContractItem.objects.filter(contract__billing_plan="milestone", subscription__status="active"),
    ):
        assert found.exists(), str(found.query)

    lines = ChargeLine.objects.filter(cycle_charge__isnull=False)
    for documents in (
        lines.filter(paid=0, charged__gt=0, invoice__status="awaiting_payment"),
        lines.filter(paid__gt=0, paid__lt=F("charged")),
        ChargeLine.objects.filter(kind="activation_fee"),
        *(lines.filter(kind=kind) for kind in ("plan", "add_on", "number")),
        *(Invoice.objects.filter(status=status) for status in Invoice.Status.values),
        *(Invoice.objects.filter(kind=kind) for kind in Invoice.Kind.values),
        Invoice.objects.filter(series=None),
        Invoice.objects.filter(number="IN-0000001"),
        *(CreditNote.objects.filter(status=status) for status in CreditNote.Status.values),
        CreditNote.objects.filter(series=None),
        CreditNote.objects.filter(number="CN-0000001"),
        CreditNote.objects.filter(status="sent", holds=0, lines__line__cycle_charge__isnull=False),
        CreditNote.objects.filter(status="sent", holds=0, lines__line=None),
        CreditNoteAllocation.objects.all(),
    ):
        assert documents.exists(), str(documents.query)

    settled = set(Termination.objects.values_list("settlement", flat=True))
    assert settled == {"credited", "credit_note_linked", "nothing_due"}
    assert Termination.objects.filter(~Q(case="customer_request")).count() == 0
    assert Termination.objects.filter(waived__gt=0).exists()

    for name in ("Zürich Telecom AG", "Café Müller", "Tōkyō Denwa 東京電話", "Kuwait Fibre الكويت للألياف"):
        assert f"  {name}: " in said
        assert organisations.filter(name=name).exists()
    assert not AuditEntry.objects.filter(event="Changed outside an operation").exists()
    assert AuditEntry.objects.filter(event="Demo data added").count() == 1

    assert dict(User.objects.values_list("username", "password")) == dict.fromkeys(people.NAMES, people.HASHED)
    settings.PASSWORD_HASHERS = global_settings.PASSWORD_HASHERS
    assert authenticate(None, username="agent", password="demo") is not None
    assert User.objects.get(username="admin").is_superuser
    assert User.objects.get(username="billing").has_perm("customers.post_correction")
    assert not User.objects.get(username="auditor").has_perm("subscriptions.terminate_subscription")

    with pytest.raises(CommandError, match="nothing was added"):
        _demo()
    assert organisations.count() == generate.ORGANISATIONS


SIGNS = [
    ("DATABASE_URL", "postgresql://somewhere/else", "DATABASE_URL is set"),
    ("SECURE", "1", "SECURE is on"),
    ("ALLOWED_HOSTS", "localhost,portal.example.com", "ALLOWED_HOSTS names portal.example.com"),
    ("ALLOWED_HOSTS", "*", "ALLOWED_HOSTS names *"),
    ("HOST", "0.0.0.0", "HOST is 0.0.0.0"),
    ("HOST", "portal-7f9c", "HOST is portal-7f9c"),
]


@pytest.mark.parametrize(("variable", "value", "sign"), SIGNS)
def test_each_sign_of_production_counts(
    variable: str, value: str, sign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert production.signs() == []
    monkeypatch.setenv(variable, value)
    assert production.signs() == [sign]


@pytest.mark.parametrize("host", ["dev-box", "DEV-BOX", "dev-box.example.com"])
def test_a_host_that_a_shell_has_set_is_told(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """tcsh has HOST in the environment, whoever wants it or not."""
    hint = " (this machine's name; tcsh sets it by itself, and env -u HOST ./run goes without)"
    monkeypatch.setattr(socket, "gethostname", lambda: "Dev-Box.example.com")
    monkeypatch.setenv("HOST", host)
    assert production.signs() == [f"HOST is {host}{hint}"]
    monkeypatch.setattr(socket, "getaddrinfo", no_such_name)
    with pytest.raises(serve._CannotServe) as refused:
        serve._listen(host, 0)
    assert str(refused.value).startswith(f"HOST is {host!r}{hint}: it has to be an address")
    monkeypatch.setenv("HOST", "another-box")
    assert production.hint_of_host() == ""
    monkeypatch.setattr(socket, "gethostname", lambda: "localhost")
    monkeypatch.setenv("HOST", "localhost")
    assert production.hint_of_host() == ""


@pytest.mark.django_db
def test_who_is_served_by_such_a_host_is_told_why_there_is_no_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "dev-box")
    asked = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *more, **how: asked("127.0.0.1", *more, **how))
    monkeypatch.setenv("HOST", "dev-box")
    monkeypatch.setattr(serve, "_port", lambda: 0)
    monkeypatch.setattr(serve, "_become_gunicorn", lambda listener, workers: listener.close())
    monkeypatch.setattr(serve.Command, "_find_static_files", lambda self: None)
    said, told = io.StringIO(), io.StringIO()
    call_command("serve", stdout=said, stderr=told)
    assert told.getvalue().startswith(
        "Served to others, without a demo: HOST is dev-box (this machine's name; tcsh "
    )
    assert "The portal is at http://dev-box:0/" in said.getvalue()
    assert not User.objects.exists()


def no_such_name(*asked: object, **how: object) -> None:
    raise socket.gaierror


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DATABASE_URL", ""),
        ("SECURE", "0"),
        ("ALLOWED_HOSTS", " localhost, 127.0.0.1,[::1],portal.localhost,"),
        *(("HOST", host) for host in ("", "127.0.0.2", "::1", "localhost")),
    ],
)
def test_what_stays_on_this_machine_is_no_sign(variable: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, value)
    assert production.signs() == []


@pytest.mark.django_db
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize(("variable", "value", "sign"), SIGNS)
def test_in_production_it_needs_force(
    variable: str, value: str, sign: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(CommandError, match="--force") as refused:
        _demo()
    assert sign in str(refused.value)
    assert not Organisation.objects.exists()
    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("small")
def test_a_variable_that_is_neither_on_nor_off_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECURE", "yess")
    with pytest.raises(CommandError, match="SECURE is 'yess': it has to be 1"):
        _demo()
    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("small")
def test_with_force_it_comes_into_any_empty_portal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somewhere/else")
    _demo("--force")
    assert Organisation.objects.exists()
    # It is a question of whose database it is, not of what is in it.
    with pytest.raises(CommandError, match="nothing was added"):
        _demo("--force")


@pytest.mark.django_db
@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("words", [(), ("--force",)])
def test_its_staff_never_comes_to_real_customers(words: tuple[str, ...]) -> None:
    _real_customer()
    with pytest.raises(CommandError, match="There are 1 organisations and 0 members of staff"):
        _demo(*words)
    assert Organisation.objects.count() == 1
    assert not User.objects.exists()


@pytest.mark.django_db
@pytest.mark.usefixtures("small")
def test_its_customers_come_beside_staff_when_they_are_meant_to(make_user: Callable[..., User]) -> None:
    make_user("agent", "maria")
    with pytest.raises(CommandError, match="0 organisations and 1 members of staff.*--force"):
        _demo()
    assert not Organisation.objects.exists()
    said = _demo("--force")
    assert Organisation.objects.exists()
    assert list(User.objects.values_list("username", flat=True)) == ["maria"]
    assert "Log in as" not in said
    assert Termination.objects.exists()


def _real_customer() -> Organisation:
    return Organisation.objects.create(
        name="Real customer", country="SG", currency="SGD", timezone="Asia/Singapore"
    )
