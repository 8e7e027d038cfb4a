import hashlib
import json
from pathlib import Path

import pytest
from crispy_forms.utils import render_crispy_form
from django.conf import settings
from django.template.loader import render_to_string

from portal.shell import styleguide

STATIC = Path(settings.BASE_DIR) / "static"


def test_vendored_files_are_those_of_the_manifest():
    vendor = STATIC / "vendor"
    for part in json.loads((vendor / "manifest.json").read_text()):
        assert (vendor / part["licence_file"]).is_file()
        for file in part["files"]:
            digest = hashlib.sha256((vendor / file["path"]).read_bytes()).hexdigest()
            assert digest == file["sha256"], file["path"]


@pytest.mark.parametrize("status", styleguide.STATUSES)
def test_a_badge_says_its_status_in_words(status):
    html = render_to_string("components/badge.html", {"status": status})
    assert status.replace("_", " ").capitalize() in html
    assert "<svg" in html


@pytest.mark.parametrize(
    ("statuses", "tone"),
    [
        (("active", "paid", "applied", "credited", "in_use", "on"), "success"),
        (("sent", "partly_applied", "credit_note_linked"), "info"),
        (("expired", "awaiting_payment", "pending", "reserved"), "warning"),
        (("draft", "void", "off", "free"), "neutral"),
    ],
)
def test_a_badge_has_the_tone_of_its_status(statuses, tone):
    for status in statuses:
        assert f'data-tone="{tone}"' in render_to_string("components/badge.html", {"status": status}), status


def test_the_error_summary_leads_to_each_field():
    html = render_to_string("components/error_summary.html", {"form": styleguide.ExampleForm({})})
    assert 'href="#div_id_reason"' in html
    assert 'role="alert"' in html


def test_the_error_of_a_radio_group_stands_above_its_cards():
    html = render_crispy_form(styleguide.ExampleForm({}))
    assert html.index('id="id_settlement_error"') < html.index('id="id_settlement_0"')


@pytest.mark.parametrize("page", ["500.html", "503.html", "403_csrf.html"])
def test_error_pages_need_no_context(page):
    assert '<main id="main"' in render_to_string(page)
