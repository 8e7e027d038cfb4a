"""Runs of the clean-up and of imports in a browser: accessible, and no wider than the screen."""

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from portal.frame import SYSTEM
from portal.importing import refusals
from portal.importing import run as importing
from subscriptions.clean_up.operations import expire
from tests.support import factories, running
from tests.support.directory import Directory
from tests.support.factories import C


def test_list_and_report_are_accessible_and_fit(visit, look):
    page = visit("auditor")
    page.goto("/runs/")
    look(page, "runs-0-empty")
    made = [
        factories.subscription(cycles=(C("2025-01-01"),), expires_on=dt.date(2025, 2, 1), auto_renew=True)
        for _ in range(2)
    ]
    expire.terminate_expired(as_of=None, limit=1, by=SYSTEM, at=timezone.now())
    # One that was broken off, and could not do everything.
    run = running.run(timezone.now(), as_of=dt.date(2026, 3, 10), failed=1)
    running.failure(run, made[1], "a_constraint_with_a_name_" * 6)
    page.goto("/runs/")
    look(page, "runs-1-list")
    page.locator("tbody a").last.click()
    expect(page.get_by_role("heading", name="Clean-up run", exact=True)).to_be_visible()
    look(page, "runs-2-report")
    page.goto(f"/runs/{run.uuid}/")
    look(page, "runs-3-failures")


def test_a_refused_import_is_accessible_and_fits(visit, look, tmp_path):
    page = visit("auditor")
    directory = Directory(tmp_path)
    directory.set("plans", 2, "price_per_month", "fifty_" * 40)
    directory.set("organisations", 2, "currency", "XXQ")
    with pytest.raises(refusals.DirectoryFaulty):
        importing.import_directory(directory.write(), at=timezone.now())
    page.goto("/runs/")
    page.locator("tbody a").click()
    expect(page.get_by_role("heading", name="Import", exact=True)).to_be_visible()
    expect(page.get_by_role("heading", name="Faults", exact=True)).to_be_visible()
    look(page, "runs-4-refused")
