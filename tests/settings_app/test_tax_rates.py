"""Tax rates: the youngest one begun counts, what has begun stays, and each act is told."""

import threading
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection, connections

from portal.audit.models import AuditEntry
from portal.frame import Actor
from settings_app.models import TaxRate
from settings_app.operations import tax_rates as operations
from settings_app.selectors import tax_rates as selectors
from tests.support import refused
from tests.support.races import at_once

pytestmark = pytest.mark.django_db(transaction=True)
SOMEDAY = date(9998, 1, 1)


@pytest.fixture
def by(make_user):
    return Actor.of(make_user("superuser", "root"))


def values(
    begins_on: date, *, country: str = "SG", per_cent: str = "9", name: str = "GST"
) -> operations.RateValues:
    return operations.RateValues(country=country, name=name, per_cent=Decimal(per_cent), begins_on=begins_on)


def test_a_rate_is_added_once_and_told(by, now):
    asked = values(date(2024, 1, 1), per_cent="8.875")
    pk = operations.add_tax_rate(values=asked, by=by, at=now)
    # The same form again.
    assert operations.add_tax_rate(values=asked, by=by, at=now) == pk
    assert operations.values_of(TaxRate.objects.get()) == asked
    entry = AuditEntry.objects.get()
    assert (entry.app, entry.event, entry.description) == (
        "Portal Settings",
        "Tax rate added",
        "SG: GST 8.875\xa0% from 1 January 2024 on.",
    )
    assert entry.data == {"country": "SG", "name": "GST", "per_cent": "8.875", "begins_on": "2024-01-01"}


def test_another_rate_from_the_same_day_on_is_refused(by, now):
    operations.add_tax_rate(values=values(date(2024, 1, 1)), by=by, at=now)
    with pytest.raises(operations.RateTaken) as raised:
        operations.add_tax_rate(values=values(date(2024, 1, 1), per_cent="10"), by=by, at=now)
    assert str(raised.value) == (
        "SG has another rate from 1 January 2024 on; expected another day, or withdraw that one first if it has "
        "not begun."
    )
    assert [rate.per_cent for rate in selectors.rates()] == [9]
    # Another country may have one from that day on.
    operations.add_tax_rate(values=values(date(2024, 1, 1), country="MY"), by=by, at=now)


def test_a_double_click_adds_a_rate_once_and_is_told_nothing_else(by, now):
    answers = at_once(*[lambda: operations.add_tax_rate(values=values(SOMEDAY), by=by, at=now)] * 4)
    assert answers == [TaxRate.objects.get().pk] * 4
    assert AuditEntry.objects.count() == 1


def test_of_two_people_adding_at_once_one_is_told(by, now):
    together = threading.Barrier(2)
    outcomes: list[str] = []

    def add(per_cent: str) -> None:
        try:
            together.wait(timeout=10)
            operations.add_tax_rate(values=values(SOMEDAY, per_cent=per_cent), by=by, at=now)
            outcomes.append("added")
        except operations.RateTaken:
            outcomes.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=add, args=(per_cent,)) for per_cent in ("9", "10")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(outcomes) == ["added", "refused"]
    assert (TaxRate.objects.count(), AuditEntry.objects.count()) == (1, 1)


def test_one_that_has_not_begun_is_withdrawn_once(by, now):
    pk = operations.add_tax_rate(values=values(SOMEDAY), by=by, at=now)
    assert operations.withdraw_tax_rate(pk=pk, by=by, at=now) == values(SOMEDAY)
    with pytest.raises(TaxRate.DoesNotExist):
        operations.withdraw_tax_rate(pk=pk, by=by, at=now)
    assert [entry.event for entry in AuditEntry.objects.order_by("pk")] == ["Tax rate added", "Tax rate withdrawn"]


def test_one_that_has_begun_somewhere_stays(by):
    begins_on = date(2031, 3, 1)
    pk = operations.add_tax_rate(values=values(begins_on), by=by, at=datetime(2031, 2, 1, tzinfo=UTC))
    # In Kiritimati the day begins at ten o'clock in the morning of the day before in Greenwich.
    begins_at = datetime(2031, 2, 28, 10, tzinfo=UTC)
    with pytest.raises(operations.RateHasBegun) as raised:
        operations.withdraw_tax_rate(pk=pk, by=by, at=begins_at)
    assert "The rate of SG from 1 March 2031 on has begun" in str(raised.value)
    assert TaxRate.objects.filter(pk=pk).exists()
    operations.withdraw_tax_rate(pk=pk, by=by, at=begins_at - timedelta(microseconds=1))
    assert not TaxRate.objects.exists()


def test_postgresql_refuses_what_has_begun_whatever_the_clock_of_the_portal(by):
    begun = TaxRate.objects.create(country="SG", name="GST", per_cent=9, begins_on=date(2024, 1, 1))
    with refused.by("a_tax_rate_that_has_begun_is_never_deleted"):
        operations.withdraw_tax_rate(pk=begun.pk, by=by, at=datetime(2023, 1, 1, tzinfo=UTC))
    assert TaxRate.objects.filter(pk=begun.pk).exists()
    assert not AuditEntry.objects.filter(event="Tax rate withdrawn").exists()


CASES = [
    ("SG", date(2023, 12, 31), Decimal(8)),
    ("SG", date(2024, 1, 1), Decimal(9)),
    ("SG", date(2099, 1, 1), Decimal(9)),
    ("SG", date(2022, 12, 31), None),
    ("MY", date(2024, 1, 1), None),
]


def test_the_rate_of_a_day_is_the_youngest_begun(django_assert_num_queries):
    TaxRate.objects.create(country="SG", name="GST", per_cent=9, begins_on=date(2024, 1, 1))
    TaxRate.objects.create(country="SG", name="GST", per_cent=8, begins_on=date(2023, 1, 1))
    TaxRate.objects.create(country="MY", name="SST", per_cent=8, begins_on=date(2024, 3, 1))
    for country, day, expected in CASES:
        with django_assert_num_queries(1):
            found = selectors.rate_on(day, country=country)
        assert (found.per_cent if found else None) == expected


def test_many_rows_get_the_same_in_sql():
    test_cases = (
        "(VALUES " + ", ".join(f"({n}, '{case[0]}', '{case[1]}'::date)" for n, case in enumerate(CASES)) + ")"
    )
    TaxRate.objects.create(country="SG", name="GST", per_cent=9, begins_on=date(2024, 1, 1))
    TaxRate.objects.create(country="SG", name="GST", per_cent=8, begins_on=date(2023, 1, 1))
    join = selectors.lateral("tax", country="c.country", day="c.day")
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT tax.per_cent, tax.begins_on, tax.name FROM {test_cases} c(n, country, day) {join} ORDER BY c.n"
        )
        rows = cursor.fetchall()
    assert [row[0] for row in rows] == [case[2] for case in CASES]
    assert rows[1][1:] == (date(2024, 1, 1), "GST")
    assert rows[3] == (None, None, None)
