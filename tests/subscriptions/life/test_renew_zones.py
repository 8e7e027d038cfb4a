"""Renewals where nobody knows which day it is."""

import pytest

from customers.models import Organisation
from portal import frame
from portal.audit.models import AuditEntry
from portal.jobs.models import RunItem
from subscriptions.life import operations
from subscriptions.models import Cycle
from tests.subscriptions.life.nights import TODAY, due, renew
from tests.support.factories import C

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _here(configure):
    configure(renewals_are_made_here=True)


def test_an_unknown_time_zone_stops_nobody_else_and_is_told(now):
    lost, soon, other = due(), due(cycles=(C("2026-02-18"),)), due()
    not_renewing = due(auto_renew=False)
    for made in (lost, soon, not_renewing):
        Organisation.objects.filter(pk=made.organisation_id).update(timezone="Asia/Atlantis")
    dry = renew(now, is_dry_run=True)
    assert (dry.renewed, dry.failed) == (1, 1)
    for _ in range(2):
        counts = renew(now)
        assert counts.run
        item = RunItem.objects.get(run__uuid=counts.run)
        # The second is due where it is the 10th already, and not where it still is the 9th.
        assert (counts.failed, item.subject_uuid, item.outcome) == (1, lost.uuid, "failed")
        assert item.sentence == "“Asia/Atlantis” is not an IANA time zone such as Asia/Singapore."
    assert [Cycle.objects.filter(subscription=made).count() for made in (lost, soon, other)] == [1, 1, 2]
    finished = AuditEntry.objects.filter(kind="renewals.finished").latest("pk").description
    assert finished == "0 subscriptions renewed on 0 documents, 0 refused, 1 failed; as of 2026-03-10."
    # A day that is named is today everywhere, there too.
    named = operations.renew_due(as_of=TODAY, by=frame.SYSTEM, at=now)
    assert (named.renewed, named.failed) == (2, 0)
