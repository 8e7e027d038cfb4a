"""Every page and fragment is complete before it is rendered: templates run no query, and break no policy."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import connection
from django.template import Context, base
from django.test import Client

from customers.models import Organisation
from tests.support import pages
from tests.support.addresses import FOREIGN, PUBLIC, TABLE, address_of, client_with

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/customers/"}
SHOWN = [
    name
    for name, (_, methods) in TABLE.items()
    if methods.get("GET", (PUBLIC, 0))[1] == 200
    and not name.startswith(FOREIGN)
    and name not in ("healthz", "readyz")
]

# Where one types first, by the name of the field. No other page takes the focus as it opens.
FOCUSED = {
    "account_login": "login",
    "password": "old_password",
    "customers:list": "q",
    "customers:contacts": "name",
    "customers:tax_exemption": "is_tax_exempt",
    "customers:top_up": "amount",
    "customers:correction": "direction",
    "subscriptions:terminate": "reason",
    "subscriptions:withdraw_end": "reason",
    "subscriptions:correction": "direction",
    "invoicing:record_payment": "amount",
    "invoicing:create_credit_note": "reason",
    "invoicing:take_back_payment": "paid_",
    "invoicing:take_back_of_note": "applied_",
    "invoicing:allocate": "invoice",
    "settings_app:add_tax_rate": "country",
    "settings_app:add_reason": "label",
    "settings_app:change_reason": "label",
}


@contextmanager
def rendering_watched(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Note each query that is run while a template is rendered.

    Context processors run before `_render`, and may ask. Noted, not raised: `{% if %}` swallows every error.
    """
    asked: list[str] = []
    render = vars(base.Template)["_render"]

    def note(execute, sql, params, many, context):
        asked.append(sql)
        return execute(sql, params, many, context)

    def watched(self, context):
        with connection.execute_wrapper(note):
            return render(self, context)

    with monkeypatch.context() as patch:
        patch.setattr(base.Template, "_render", watched)
        yield asked


def _is_clean(markup: str) -> None:
    """Find nothing that the Content Security Policy would refuse, whoever wrote it (crispy among them)."""
    assert (
        re.findall(r"<style\b|<script(?![^>]*\bsrc=)|<[^>]*\s(?:style|on[a-z]+)\s*=", markup, re.IGNORECASE) == []
    )


@pytest.mark.parametrize("name", SHOWN)
def test_a_template_runs_no_query(world, monkeypatch, subtests, name):
    client = client_with(permissions=[], is_superuser=True)
    for asked_as, headers in (("page", {}), ("fragment", HTMX)):
        with subtests.test(asked_as):
            with rendering_watched(monkeypatch) as asked:
                response = client.get(address_of(name, world), headers=headers)
            assert response.status_code == 200
            assert asked == []
            if "text/html" in response["Content-Type"]:
                _is_clean(response.content.decode())
                # The list that htmx swaps leaves the field in which somebody types where it is.
                focused = "" if headers and name == "customers:list" else FOCUSED.get(name, "")
                _has_its_focus(response.content.decode(), focused)
                # A screen reader lists them by role and name: two of one name can't be told apart.
                assert [place for place, count in Counter(pages.landmarks(response)).items() if count > 1] == []


def _has_its_focus(markup: str, wanted: str) -> None:
    focused = re.findall(r"<(?:input|select|textarea)[^>]*\bautofocus\b[^>]*>", markup)
    assert len(focused) == bool(wanted), focused
    assert f'name="{wanted}' in "".join(focused) or not wanted


@pytest.mark.parametrize("headers", [{}, HTMX], ids=["page", "fragment"])
def test_the_steps_of_a_termination_run_no_query(world, monkeypatch, headers):
    client = client_with(permissions=[], is_superuser=True)
    with rendering_watched(monkeypatch) as asked:
        response = client.get(address_of("subscriptions:terminate", world), headers=headers)
        said = {"explanation": "They moved.", "requested_by": "Ms Tan", "channel": "phone"}
        said |= {"reason": world.reason.code, "ticket": "T-1"}
        response = _send(client, response, "/refund/", headers, **said)
        assert "Total refund" in response.content.decode()
        _is_clean(response.content.decode())
        response = _send(client, response, "/choice/", headers)
        assert "How is the refund made?" in response.content.decode()
        _is_clean(response.content.decode())
        response = _send(client, response, "/apply/", headers, choice="automatic", acknowledge=_asked_for(response))
        assert response.status_code in (200, 302, 303), pages.words(response)
        _is_clean(response.content.decode())
    assert asked == []


def _send(client: Client, response, action: str, headers: dict[str, str], **changes: object):
    form = pages.form(response, action=action)
    return client.post(form.action, form.data(**changes), headers=headers)


def _asked_for(response) -> list[str]:
    return re.findall(r'name="acknowledge" value="([^"]+)"', response.content.decode())


def test_a_query_in_a_template_would_be_seen(world, monkeypatch):
    template = base.Template("{% for row in rows %}{{ row }}{% endfor %}{% if others.count > 1 %}many{% endif %}")
    rows, others = Organisation.objects.all(), Organisation.objects.all()
    with rendering_watched(monkeypatch) as asked:
        assert template.render(Context({"rows": rows, "others": others})).endswith("many")
    assert len(asked) == 2
