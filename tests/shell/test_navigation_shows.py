"""What the navigation offers to whom, where its entries lead, and which of them is marked as open."""

import pytest
from django.contrib.auth.models import Permission

from tests.support import factories, shown

pytestmark = pytest.mark.django_db

# Each entry: where it leads, who sees it, and the permission that alone is enough.
ENTRIES = {
    "Needs attention": ("/", ("agent", "billing", "auditor", "superuser"), ""),
    "Customers": ("/customers/", ("agent", "billing", "auditor", "superuser"), "view_organisation"),
    "Subscriptions": ("/subscriptions/", ("agent", "billing", "auditor", "superuser"), "view_subscription"),
    "Terminations": ("/terminations/", ("agent", "billing", "auditor", "superuser"), "view_subscription"),
    "Invoices": ("/invoices/", ("agent", "billing", "auditor", "superuser"), "view_invoice"),
    "Credit notes": ("/credit-notes/", ("agent", "billing", "auditor", "superuser"), "view_creditnote"),
    "Notifications": ("/notifications/", ("billing", "auditor", "superuser"), "view_delivery"),
    "Runs": ("/runs/", ("billing", "auditor", "superuser"), "view_run"),
    "Audit": ("/audit/", ("auditor", "superuser"), "view_auditentry"),
    "Portal Settings": ("/settings/portal-config/", ("auditor", "superuser"), "view_portalconfigversion"),
    "Admin": ("/admin/", ("superuser",), ""),
}


def offered(client, address="/password/"):
    """Read which of these entries a page offers, and where they lead."""
    links = shown.read(client.get(address)).navigations.get("Main", [])
    return {link.words: link.address for link in links if link.words in ENTRIES}


@pytest.mark.parametrize("role", ["", "agent", "billing", "auditor", "superuser"])
def test_each_role_is_offered_what_it_may_open(client_of, role):
    client = client_of(role)
    found = offered(client)
    assert found == {words: address for words, (address, roles, _) in ENTRIES.items() if role in roles}
    for address in found.values():
        assert client.get(address).status_code == 200, address


@pytest.mark.parametrize("permission", sorted({permission for *_, permission in ENTRIES.values() if permission}))
def test_a_permission_offers_its_entries_alone(client_of, permission):
    client = client_of("")
    client.user.user_permissions.add(Permission.objects.get(codename=permission))
    its_own = {words: address for words, (address, _, its) in ENTRIES.items() if its == permission}
    assert offered(client) == {"Needs attention": "/", **its_own}


def test_the_entry_that_a_page_belongs_to_is_marked(client_of):
    made = factories.subscription()
    line = factories.charge_of(made)
    note = factories.credit_note(made.organisation, line=line)
    client = client_of("superuser")
    for address, entry in (
        ("/", "Needs attention"),
        ("/customers/", "Customers"),
        (f"/customers/{made.organisation.uuid}/payment/", "Customers"),
        (f"/subscriptions/{made.uuid}/", "Subscriptions"),
        (f"/subscriptions/{made.uuid}/estimate/", "Subscriptions"),
        (f"/invoices/{line.invoice.uuid}/", "Invoices"),
        (f"/credit-notes/{note.uuid}/", "Credit notes"),
        ("/settings/reasons/", "Portal Settings"),
        ("/password/", None),
    ):
        links = shown.read(client.get(address)).navigations["Main"]
        assert [link.words for link in links if link.is_current] == [entry] * bool(entry), address


@pytest.mark.parametrize(
    ("role", "label"),
    [("agent", "Support agent"), ("billing", "Billing"), ("auditor", "Auditor"), ("superuser", "Superuser")],
)
def test_who_is_logged_in_is_said_with_the_role(client_of, role, label):
    client = client_of(role)
    page = client.get("/password/")
    assert (page.context["user_display"], page.context["role_label"]) == (client.user.username, label)
    assert f'<span class="user-role">{label}</span>' in page.content.decode()


@pytest.mark.parametrize(("role", "status"), [("agent", 403), ("auditor", 403), ("superuser", 200)])
def test_the_style_guide_is_for_superusers(client_of, role, status):
    assert client_of(role).get("/styleguide/").status_code == status
