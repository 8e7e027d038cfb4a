"""The pages of the clean-up's runs: who may read them, what they say, and page by page."""

import datetime as dt
import re
import uuid

import pytest

from portal.frame import SYSTEM
from portal.jobs.models import Run
from portal.lib.lists import paging
from subscriptions.clean_up import selectors as clean_up_selectors
from subscriptions.clean_up.operations import expire, runs
from subscriptions.models import Termination
from tests.support import factories, pages, running, shown
from tests.support.factories import C

pytestmark = pytest.mark.django_db
LIST = "/runs/"


def expired(**fields):
    return factories.subscription(cycles=(C("2026-01-01"),), expires_on=dt.date(2026, 2, 1), **fields)


def clean_up(at) -> Run:
    expire.terminate_expired(as_of=None, limit=None, by=SYSTEM, at=at)
    return Run.objects.get()


@pytest.mark.parametrize(
    ("role", "status"), [("agent", 403), ("billing", 200), ("auditor", 200), ("superuser", 200)]
)
def test_who_may_read_the_runs(client_of, now, role, status):
    client = client_of(role)
    assert client.get(LIST).status_code == status
    assert client.get(f"{LIST}{running.run(now).uuid}/").status_code == status
    if role != "agent":
        assert 'aria-current="page"' in client.get(LIST).content.decode()
    else:
        assert "Runs" not in pages.words(client.get("/customers/"))


def test_without_a_run_the_list_says_how_one_starts(client_of):
    said = pages.words(client_of("auditor").get(LIST))
    assert "Nothing has run yet" in said
    assert "“./run nightly” every night" in said


def test_a_page_behind_the_last_leads_back(client_of, now):
    running.run(now)
    page = client_of("auditor").get(LIST, {"after": "1"})
    said = pages.words(page)
    assert "The newest ones are on the first page" in said
    assert "Nothing has run yet" not in said
    assert shown.beside(page) == {"Previous": LIST}


def test_the_list_says_what_each_run_did(client_of, now):
    running.run(now, expired=2000, terminated=1234, held=40, failed=2, finished_at=now + dt.timedelta(minutes=3))
    running.run(now + dt.timedelta(days=1))
    said = pages.words(client_of("auditor").get(LIST))
    counted = "10 March 2026 1,234 terminated, 40 held, 2 failed With failures"
    assert f"10 March 2026, 09:00 UTC Clean-up system {counted} 10 March 2026, 09:03 UTC" in said
    assert "11 March 2026, 09:00 UTC Clean-up system 11 March 2026 – Not finished –" in said
    assert said.index("11 March 2026, 09:00") < said.index("10 March 2026, 09:00")


def test_the_list_goes_on_by_keys_both_ways(client_of, now, monkeypatch):
    monkeypatch.setattr(paging, "ROOM", 2)
    made = [running.run(now + dt.timedelta(hours=n)).uuid for n in range(5)][::-1]
    client = client_of("auditor")

    def read(address):
        page = client.get(address)
        links = [link.address for link in shown.read(page).links if link.address.startswith(LIST)]
        return [uuid for uuid in made if f"{LIST}{uuid}/" in links], shown.beside(page)

    first, to = read(LIST)
    second, further = read(to["Next"])
    third, last = read(further["Next"])
    assert first + second + third == made
    assert (list(to), list(last)) == (["Next"], ["Previous"])
    assert read(last["Previous"])[0] == second
    assert read(further["Previous"])[0] == first


def test_a_report_names_what_was_terminated_with_links(client_of, now):
    made = expired(auto_renew=True, is_trial=True)
    run = clean_up(now)
    page = client_of("auditor").get(f"{LIST}{run.uuid}/")
    said, markup = pages.words(page), page.content.decode()
    for address in (
        f"/subscriptions/{made.uuid}/",
        f"/customers/{made.organisation.uuid}/",
        f"/terminations/{Termination.objects.get().uuid}/",
    ):
        assert f'href="{address}"' in markup
    assert "1 February 2026 10 March 2026" in said
    assert "Terminated 1 With auto-renewal on 1" in said
    assert "Some had auto-renewal on They could not be renewed: trials, milestone contracts" in said
    assert "Held: renewal not seen" not in said
    assert "Limit None" in said
    assert "Failures" not in said
    assert "Not finished" not in said


def test_a_report_gives_the_reason_of_each_failure(client_of, now):
    made = expired()
    run = running.run(now, failed=1)
    running.failure(run, made, "violates <b>check</b>")
    page = client_of("billing").get(f"{LIST}{run.uuid}/")
    assert "violates &lt;b&gt;check&lt;/b&gt;" in page.content.decode()
    assert f'href="/subscriptions/{made.uuid}/"' in page.content.decode()
    said = pages.words(page)
    assert "These subscriptions could not be terminated. Every run tries again." in said
    assert "Not finished The run is still at work, or it was interrupted." in said
    assert "This run terminated no subscription" in said


def test_a_report_lists_what_was_held(client_of, now):
    made = expired(auto_renew=True)
    run = clean_up(now)
    page = client_of("billing").get(f"{LIST}{run.uuid}/")
    said, markup = pages.words(page), page.content.decode()
    assert "Held: renewal not seen Auto-renewal is on, and after the last cycle no renewal was seen here" in said
    assert f'href="/subscriptions/{made.uuid}/"' in markup
    assert "1 February 2026 37" in said
    assert "Terminated 0 With auto-renewal on 0 Held 1 Failed 0" in said
    assert "This run terminated no subscription" in said


def test_the_report_can_be_taken_away_as_the_database_has_it(client_of, now, monkeypatch):
    """Part by part, and with what the command's file would have, whatever became of that."""
    monkeypatch.setattr(clean_up_selectors, "REPORT_ROWS", 1)
    # One that was killed before its end.
    monkeypatch.setattr(runs, "finish", lambda run, **given: run)
    ended, other, held, refused = expired(), expired(), expired(auto_renew=True), expired(auto_renew=True)
    run = clean_up(now)
    running.failure(run, refused, "not, this one", expires_on="2026-02-01", days_expired=37)
    client = client_of("auditor")
    address = f"{LIST}{run.uuid}/report.csv"
    assert f'href="{address}"' in client.get(f"{LIST}{run.uuid}/").content.decode()
    response = client.get(address)
    assert response["Content-Disposition"] == 'attachment; filename="clean-up-2026-03-10-0900.csv"'
    lines = b"".join(response.streaming_content).decode().splitlines()
    assert lines[0] == "subscription_uuid,organisation_uuid,expiry_date,days_expired,result"
    assert sorted(lines[1:]) == sorted(
        f"{s.uuid},{s.organisation.uuid},2026-02-01,37,{what}"
        for s, what in (
            (ended, "terminated"),
            (other, "terminated"),
            (held, "held: renewal not seen"),
            (refused, "held: renewal not seen"),
            (refused, '"not, this one"'),
        )
    )


def test_a_page_of_a_report_behind_the_last_leads_back(client_of, now):
    expired()
    address = f"{LIST}{clean_up(now).uuid}/"
    page = client_of("auditor").get(address, {"after": "1"})
    assert "No more on this page" in pages.words(page)
    assert shown.beside(page) == {"Previous": address}


def test_a_run_that_was_stopped_says_so(client_of, now):
    run = running.run(now, finished_at=now, was_stopped=True)
    assert "Stopped as asked" in pages.words(client_of("auditor").get(f"{LIST}{run.uuid}/"))


def test_a_report_goes_on_by_keys_both_ways(client_of, now, monkeypatch):
    monkeypatch.setattr(paging, "ROOM", 2)
    organisation = factories.OrganisationFactory.create()
    made = [expired(organisation=organisation) for _ in range(5)]
    run = clean_up(now)
    broken = running.run(now, failed=5, held=5)
    for subscription in made:
        running.failure(broken, subscription, "refused")
        running.held(broken, subscription)
    client = client_of("auditor")

    def walk(section: str, *, direction: str, address: str) -> tuple[list[str], str]:
        seen: list[str] = []
        while True:
            # As htmx asks: the part of the page alone.
            markup = client.get(address, headers={"HX-Request": "true"}).content.decode()
            assert "<html" not in markup
            part = markup.split(f'id="{section}-title"')[1].split("</section>")[0]
            seen += re.findall(r'href="/subscriptions/([^/]+)/"', part)
            link = re.search(rf'rel="{direction}" href="([^"]+)"', part)
            if not link:
                return seen, address
            address = link[1]

    for section, of in (("ended", run), ("failures", broken), ("held", broken)):
        seen, last = walk(section, direction="next", address=f"{LIST}{of.uuid}/")
        assert sorted(seen) == sorted(str(s.uuid) for s in made)
        assert len(seen) == 5
        back, _ = walk(section, direction="prev", address=last)
        assert len(set(back)) == 5


def test_strange_keys_are_not_found(client_of, now):
    run = running.run(now)
    client = client_of("auditor")
    for key in ("x", "9" * 19, "1~2", "\0"):
        assert client.get(LIST, {"before": key}).status_code == 404
        assert client.get(f"{LIST}{run.uuid}/", {"after": key}).status_code == 404
    assert client.get(f"{LIST}{uuid.uuid4()}/").status_code == 404


@pytest.mark.parametrize("count", [1, 6])
def test_the_queries_are_as_many_however_long_the_pages(client_of, now, django_assert_num_queries, count):
    for _ in range(count):
        expired()
    run, broken = clean_up(now), running.run(now, failed=count, held=count)
    for termination in Termination.objects.all():
        running.failure(broken, termination.subscription, "refused")
        running.held(broken, termination.subscription)
    client = client_of("auditor")
    client.get(LIST)
    # Session, user, its permissions, group label; provider name; saved filters; the runs.
    with django_assert_num_queries(7):
        page = client.get(LIST)
    assert len(shown.listed(page, "Started")) == 2
    # The run, its parts and what it terminated; and with what it failed and held, which names subscriptions.
    for of, queries, tables in ((run, 8, [5, count]), (broken, 12, [count, count])):
        with django_assert_num_queries(queries):
            page = client.get(f"{LIST}{of.uuid}/")
        assert [len(table.rows) for table in shown.read(page).tables] == tables
