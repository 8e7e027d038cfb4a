"""Where subscriptions are renewed: for all, by product, in Python and in SQL, and in the words of a version."""

from dataclasses import replace
from typing import Any

import pytest
from django.db import connection

from portal.audit.models import AuditEntry
from portal.frame import Actor
from settings_app import operations, policies, selectors
from settings_app.models import PortalConfigVersion, ProductRenewal
from settings_app.selectors import renewals
from subscriptions.models import Product
from tests.support import pages

pytestmark = pytest.mark.django_db(transaction=True)


def values_in_force() -> policies.Values:
    config = selectors.current_config()
    return policies.Values(**{name: getattr(config, name) for name in policies.Values.__dataclass_fields__})


def save(make_user, now, **changes: Any) -> selectors.Config:
    operations.save_config(
        values=replace(values_in_force(), **changes),
        seen_version=selectors.current_config().number,
        by=Actor.of(make_user("superuser", f"root{PortalConfigVersion.objects.count()}")),
        at=now,
    )
    return selectors.current_config()


def _says_sql(config, product):
    condition = renewals.renews_here(product="%(product)s")
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {condition}", {**renewals.parameters(config), "product": product})
        return cursor.fetchone()[0]


def test_a_version_of_before_makes_none_here():
    config = selectors.current_config()
    assert config.renewals_by_product == {}
    assert not config.renews_here("SIP Trunk")
    assert not _says_sql(config, "SIP Trunk")
    # Whoever writes versions in SQL, as migrations do, need not know of it.
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_default FROM information_schema.columns WHERE table_name = "
            "'settings_app_portalconfigversion' AND column_name = 'renewals_are_made_here'"
        )
        assert cursor.fetchone() == ("false",)


@pytest.mark.parametrize("for_all", [False, True])
def test_a_product_has_its_own_say(make_user, now, for_all, django_assert_num_queries):
    save(
        make_user,
        now,
        renewals_are_made_here=for_all,
        renewals_by_product={"SIP Trunk": not for_all, "Fax": for_all},
    )
    with django_assert_num_queries(1):
        config = selectors.current_config()
    for product, expected in {"SIP Trunk": not for_all, "Fax": for_all, "Other": for_all, "": for_all}.items():
        assert config.renews_here(product) is expected
        assert _says_sql(config, product) is expected
    # Fees and products are read beside each other, not with each other.
    assert len(config.fees) == 5
    assert selectors.config_of(PortalConfigVersion.objects.get(number=config.number)) == config


def test_versions_keep_what_they_said_and_tell_what_changed(make_user, now):
    first = save(make_user, now, renewals_are_made_here=True, renewals_by_product={"SIP Trunk": False})
    second = save(make_user, now, renewals_by_product={"Fax": True})
    assert selectors.config_of(PortalConfigVersion.objects.get(number=first.number)) == first
    assert second.renewals_by_product == {"Fax": True}
    assert ProductRenewal.objects.count() == 2
    told = [entry.description for entry in AuditEntry.objects.order_by("pk")]
    assert told == [
        "Version 2. Renewals: made elsewhere → made here; Renewals of SIP Trunk: as all others → made elsewhere.",
        "Version 3. Renewals of Fax: as all others → made here; "
        "Renewals of SIP Trunk: made elsewhere → as all others.",
    ]
    words = dict(policies.in_words(second))
    assert (words["Renewals"], words["Renewals of Fax"]) == ("made here", "made here")


CONFIG = "/settings/portal-config/"


def test_the_page_takes_it_for_all_and_by_product(client_of):
    for name in ("Fax", "SIP Trunk", "Voice"):
        Product.objects.create(name=name)
    client = client_of("superuser")
    form = pages.form(client.get(CONFIG), action=CONFIG)
    sent = form.data(
        **{
            "renewals_are_made_here": "here",
            "renewals-0-product": "SIP Trunk",
            "renewals-0-where": "elsewhere",
            "renewals-2-product": "Fax",
            "renewals-2-where": "here",
        }
    )
    assert client.post(CONFIG, sent).status_code == 303
    config = selectors.current_config()
    assert (config.renewals_are_made_here, config.renewals_by_product) == (True, {"SIP Trunk": False, "Fax": True})
    # What is saved as it is shown changes nothing, and a row that is removed follows the others again.
    shown = pages.form(client.get(CONFIG), action=CONFIG)
    assert client.post(CONFIG, shown.data()).status_code == 303
    assert selectors.current_config() == config
    assert client.post(CONFIG, shown.data(**{"renewals-1-DELETE": "on"})).status_code == 303
    assert selectors.current_config().renewals_by_product == {"Fax": True}


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ({"renewals-0-product": "SIP Trunk"}, "Say where this product is renewed"),
        ({"renewals-0-where": "here"}, "Say which product this is about"),
        (
            {"renewals-0-product": "Telex", "renewals-0-where": "here"},
            "What was chosen is not in the list; expected one of the list.",
        ),
        (
            {
                f"renewals-{row}-{name}": said
                for row in (0, 1)
                for name, said in (("product", "Fax"), ("where", "here"))
            },
            "Fax has a row already.",
        ),
        ({"renewals_are_made_here": "nowhere"}, "What was chosen is not in the list"),
    ],
)
def test_the_page_says_what_is_wrong_beside_its_field(client_of, rows, sentence):
    for name in ("Fax", "SIP Trunk"):
        Product.objects.create(name=name)
    client = client_of("superuser")
    form = pages.form(client.get(CONFIG), action=CONFIG)
    response = client.post(CONFIG, form.data(**rows))
    assert response.status_code == 422
    assert sentence in response.content.decode()
    assert PortalConfigVersion.objects.count() == 1


def test_a_product_that_is_gone_keeps_its_row(client_of, make_user, now):
    save(make_user, now, renewals_by_product={"Telex": True})
    client = client_of("superuser")
    form = pages.form(client.get(CONFIG), action=CONFIG)
    assert client.post(CONFIG, form.data()).status_code == 303
    assert selectors.current_config().renewals_by_product == {"Telex": True}
