"""Whether a customer is charged taxes: changed by billing staff, told with the reason, shown in the Overview."""

import pytest

from customers.exemption import operations
from customers.models import Organisation
from portal.audit.models import AuditEntry
from portal.frame import Actor
from tests.support import factories, pages, shown

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def organisation():
    return factories.OrganisationFactory.create()


def address(organisation):
    return f"/customers/{organisation.uuid}/tax-exemption/"


def test_billing_exempts_and_the_overview_says_so(client_of, organisation):
    client = client_of("billing")
    overview = f"/customers/{organisation.uuid}/"
    assert shown.read(client.get(overview)).terms()["Taxes"] == "Charged"
    form = pages.form(client.get(address(organisation)), action="/tax-exemption/")
    sent = form.data(is_tax_exempt="on", reason="Certificate 12 of 2026")
    for _ in range(2):
        response = client.post(form.action, sent)
        assert (response.status_code, response["Location"]) == (303, overview)
    assert shown.read(client.get(overview)).terms()["Taxes"] == "Exempt"
    entry = AuditEntry.objects.get(event="Tax exemption changed")
    assert entry.description == "Taxes: charged → exempt. Certificate 12 of 2026"
    assert (entry.organisation_uuid, entry.subject_uuid) == (organisation.uuid, organisation.uuid)
    assert entry.data == {"was": False, "is": True, "reason": "Certificate 12 of 2026"}


def test_without_a_reason_nothing_changes(client_of, organisation):
    form = pages.form(client_of("billing").get(address(organisation)), action="/tax-exemption/")
    response = client_of("billing").post(form.action, form.data(is_tax_exempt="on", reason=" "))
    assert response.status_code == 422
    assert "reason" in response.context["form"].errors
    organisation.refresh_from_db()
    assert not organisation.is_tax_exempt


@pytest.mark.parametrize("role", ["agent", "auditor"])
def test_others_may_not(client_of, organisation, role):
    client = client_of(role)
    assert client.post(address(organisation), {}).status_code == 403
    assert "Change tax exemption" not in client.get(f"/customers/{organisation.uuid}/").content.decode()


def test_what_somebody_changed_meanwhile_is_shown(client_of, organisation, make_user, now):
    client = client_of("billing")
    form = pages.form(client.get(address(organisation)), action="/tax-exemption/")
    Organisation.objects.filter(pk=organisation.pk).update(is_tax_exempt=True)
    # Shown as charged, sent as charged: somebody exempted it meanwhile, and is not overruled.
    response = client.post(form.action, form.data(reason="No certificate"))
    assert response.status_code == 409
    assert "the exemption was changed meanwhile" in response.content.decode()
    organisation.refresh_from_db()
    assert organisation.is_tax_exempt
    with pytest.raises(operations.ExemptionChanged) as raised:
        operations.change_exemption(
            organisation_uuid=organisation.uuid,
            seen=operations.Exemption(is_tax_exempt=False),
            is_tax_exempt=False,
            reason="No certificate",
            by=Actor.of(make_user("billing", "bea")),
            at=now,
        )
    assert str(raised.value) == "The tax exemption was changed meanwhile."
