"""The Django admin: every model, for superusers, and nothing in it changes money."""

import pytest
from django.apps import apps
from django.contrib.auth.models import Group, User
from django.db import connection
from django.urls import reverse

from customers.models import LedgerEntry, Member, Organisation, SearchKey, SearchText
from invoicing import models as invoicing
from portal.audit import admin_fields
from portal.audit.admin_base import ReadOnlyAdmin
from portal.audit.models import AuditEntry
from portal.shell import admin_config
from settings_app.models import TerminationReason
from subscriptions import models as subscriptions
from tests.architecture import plans
from tests.architecture import world as worlds
from tests.support import factories

pytestmark = pytest.mark.django_db

OURS = ("audit", "outbox", "jobs", "settings_app", "customers", "invoicing", "subscriptions")
EDITABLE = {"TerminationReason", "Member", "Product", "Plan", "User"}
ADDABLE = {"TerminationReason", "User"}


@pytest.fixture
def superuser(client_of):
    return client_of("superuser")


@pytest.fixture
def one_of_each(db):
    """At least one row in every table."""
    return worlds.build()


@pytest.fixture
def alone(superuser, monkeypatch):
    """Leave out the list of all models, which stands beside each page, once it was seen."""
    assert b'id="nav-sidebar"' in superuser.get(address(Organisation, "changelist")).content
    monkeypatch.setattr(admin_config.site(), "enable_nav_sidebar", False)
    monkeypatch.setattr(admin_config.site(), "get_app_list", lambda request, app_label=None: [])


def models_in_admin():
    return [(model, registered) for model, registered in admin_config.site()._registry.items()]


def address(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_every_model_of_ours_is_there():
    missing = [model.__name__ for label in OURS for model in apps.get_app_config(label).get_models()]
    missing = [name for name in missing if name not in {model.__name__ for model, _ in models_in_admin()}]
    assert missing == []


# What lists offer, by what their models have: columns (in brackets: links), filters, ways to sort, search.
OFFERED = {
    invoicing.Invoice: (
        "id uuid number [series] sequence_number [organisation] currency kind status issued_on created_at charged "
        "paid waived",
        ["status"],
        ["id", "uuid", "issued_on"],
        ["id", "uuid", "number", "organisation's uuid"],
    ),
    # An account and its number begin a key, a cause has an index of those that have one: nothing sorts by these.
    LedgerEntry: (
        "id [account] seq previous_seq currency before amount after kind cause_id is_unbilled at on actor",
        ["kind"],
        ["id", "on"],
        ["id", "cause_id", "request_id"],
    ),
    AuditEntry: (
        "id at app event actor [actor_user] organisation_uuid organisation_name "
        "kind schema subject_kind subject_uuid",
        [],
        ["id", "at"],
        ["id", "organisation_uuid", "event", "app", "subject_uuid"],
    ),
    # What is long is a column where it is what rows are found by.
    SearchKey: ("id [organisation] kind text", [], ["id"], ["id", "text", "organisation's uuid"]),
    SearchText: ("organisation name", [], [], ["name", "organisation's uuid"]),
    subscriptions.Cycle: (
        "id [subscription] first_day day_after months",
        [],
        ["id"],
        ["id", "subscription's uuid"],
    ),
}


@pytest.mark.parametrize("model", OFFERED, ids=lambda model: model.__name__)
def test_a_list_offers_what_its_fields_can_do(model):
    listed = admin_config.site().get_model_admin(model)
    columns = " ".join(
        one if isinstance(one, str) else f"[{vars(one)['field_name']}]" for one in listed.list_display
    )
    whole = [field.name for field in admin_fields.searched(model)]
    whole += [f"{field.name}'s uuid" for field in admin_fields.parents_with_uuid(model)]
    assert (columns, listed.list_filter, listed.sortable_by, whole) == OFFERED[model]


def test_only_superusers_get_in(client, client_of):
    assert client.get("/admin/", follow=True).redirect_chain[-1] == ("/log-in/?next=/admin/", 302)
    assert client.get("/admin/login/?next=/admin/")["Location"] == "/log-in/?next=/admin/"
    for role in ("", "agent", "billing", "auditor"):
        staff = client_of(role)
        for path in ("/admin/", "/admin/login/", "/admin/customers/organisation/", "/admin/auth/user/add/"):
            assert staff.get(path).status_code == 403, (role, path)
        staff.user.is_staff = True
        staff.user.save()
        assert staff.get("/admin/").status_code == 403, role
    superuser = client_of("superuser")
    assert superuser.get("/admin/").status_code == 200
    assert superuser.get("/admin/login/").status_code == 302
    assert superuser.post("/admin/logout/")["Location"] == "/log-in/"


def test_every_page_answers(superuser, one_of_each, alone, django_assert_num_queries):
    factories.subscription(numbers=())
    superuser.get("/admin/")
    for model, registered in models_in_admin():
        listed = address(model, "changelist")
        if model._meta.app_label in OURS:
            # Who asks (session, user), how many there are, the rows, and what the provider is called.
            with django_assert_num_queries(5, info=model):
                superuser.get(listed)
        pages = [listed] if model._meta.app_label not in OURS else []
        pages += [f"{listed}?q=abc", f"{listed}?q=11111111-2222-3333-4444-555555555555"]
        pages += [f"{listed}?{name}__exact=1" for name in registered.list_filter if isinstance(name, str)]
        for page in pages:
            assert superuser.get(page).status_code in (200, 302), page
        assert superuser.get(address(model, "add")).status_code == (200 if model.__name__ in ADDABLE else 403), (
            model
        )
        if model._meta.app_label not in OURS:
            continue
        row = model.objects.order_by("pk").last()
        assert row is not None, model
        change = superuser.get(address(model, "change", row.pk))
        assert change.status_code == 200, model
        assert (b'name="_save"' in change.content) == (model.__name__ in EDITABLE), model
        assert superuser.get(address(model, "history", row.pk)).status_code == 200, model


def test_nothing_is_changed_added_or_deleted_by_a_post(superuser, one_of_each, alone):
    for model, registered in models_in_admin():
        if model._meta.app_label not in OURS:
            continue
        row = model.objects.order_by("pk").last()
        before = model.objects.filter(pk=row.pk).values().get()
        count = model.objects.count()
        assert superuser.post(address(model, "delete", row.pk), {"post": "yes"}).status_code == 403, model
        action = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
        superuser.post(address(model, "changelist"), action)
        if isinstance(registered, ReadOnlyAdmin):
            data = dict.fromkeys(before, "1")
            assert superuser.post(address(model, "change", row.pk), data).status_code == 403, model
            assert superuser.post(address(model, "add"), data).status_code == 403, model
        assert model.objects.count() == count, model
        assert model.objects.filter(pk=row.pk).values().get() == before, model


def test_a_row_leads_to_what_it_belongs_to_and_what_belongs_to_it(superuser, one_of_each):
    invoice = one_of_each.invoice
    listed = superuser.get(address(invoicing.Invoice, "changelist"), {"q": invoice.number}).content.decode()
    organisation = address(Organisation, "change", invoice.organisation_id)
    assert f'<a href="{organisation}">{invoice.organisation.name}</a>' in listed
    page = superuser.get(address(invoicing.Invoice, "change", invoice.pk)).content.decode()
    assert organisation in page
    lines = f"{address(invoicing.ChargeLine, 'changelist')}?invoice__exact={invoice.pk}"
    assert f'<a href="{lines}">Charge lines</a>' in page
    rows = superuser.get(lines).context["cl"].result_list
    assert {row.pk for row in rows} == set(invoice.lines.values_list("pk", flat=True))
    # The head of an account is bytes.
    account = one_of_each.account
    shown = superuser.get(address(type(account), "change", account.pk)).content.decode()
    assert bytes(type(account).objects.get(pk=account.pk).head).hex() in shown


def test_a_search_finds_the_whole_of_a_term(superuser, one_of_each):
    def found(model, term):
        return {
            row.pk for row in superuser.get(address(model, "changelist"), {"q": term}).context["cl"].result_list
        }

    invoice, running = one_of_each.invoice, one_of_each.running
    for term in (invoice.number, str(invoice.uuid), f" {invoice.uuid.hex} "):
        assert found(invoicing.Invoice, term) == {invoice.pk}, term
    of_it = set(invoicing.Invoice.objects.filter(organisation=invoice.organisation).values_list("pk", flat=True))
    assert found(invoicing.Invoice, str(invoice.organisation.uuid)) == of_it
    assert found(subscriptions.Cycle, str(running.uuid)) == set(running.cycles.values_list("pk", flat=True))
    assert found(subscriptions.Cycle, str(running.cycles.get().pk)) >= {running.cycles.get().pk}
    for term in (invoice.number[:-1], "9" * 30, "²", "nobody"):
        assert found(invoicing.Invoice, term) == set(), term


def test_a_list_ends_after_a_thousand_rows(superuser, monkeypatch):
    monkeypatch.setattr(admin_fields, "MOST", 100)
    subscriptions.Product.objects.bulk_create(
        subscriptions.Product(name=f"Product {number:03}") for number in range(150)
    )
    for page, (count, first) in {"1": (50, "Product 149"), "2": (50, "Product 099")}.items():
        listed = superuser.get(address(subscriptions.Product, "changelist"), {"p": page}).context["cl"]
        assert (listed.result_count, len(listed.result_list), listed.result_list[0].name) == (100, count, first)
    assert superuser.get(address(subscriptions.Product, "changelist"), {"p": "3"}).status_code == 302


def _nodes(plan):
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def test_lists_sort_and_filter_by_an_index(superuser, one_of_each, rf):
    """What no index answers shows in the plan even where to read a table or to sort is forbidden."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")
    guilty = []
    for model, listed in models_in_admin():
        # Reasons are few, and stand in an order of their own.
        if model._meta.app_label not in OURS or model is TerminationReason:
            continue
        asked: list[dict[str, str]] = [{}]
        for name in listed.sortable_by:
            number = listed.list_display.index(name)
            asked += [{"o": str(number)}, {"o": f"-{number}"}]
        # What is not offered is not done: then it is the order of the key.
        asked += [{"o": str(len(listed.list_display) - 1)}]
        asked += [{f"{name}__exact": model._meta.get_field(name).choices[0][0]} for name in listed.list_filter]
        for parameters in asked:
            request = rf.get("/", parameters)
            request.user = superuser.user
            rows = listed.get_changelist_instance(request).queryset[:50]
            with connection.cursor() as cursor:
                sql, values = rows.query.sql_with_params()
                cursor.execute(plans.AS_THE_PRODUCT)
                cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", values)
                ((document,),) = cursor.fetchall()
            steps = {node["Node Type"] for node in _nodes(document[0]["Plan"])}
            if steps & {"Sort", "Seq Scan"}:
                guilty.append((model.__name__, parameters, sorted(steps)))
    assert guilty == [], chr(10).join(map(str, guilty))


def test_a_plain_edit_leaves_its_sentence(superuser, one_of_each):
    reason = TerminationReason.objects.get(code="other")
    data = {"label": "Another", "needs_ticket": "on", "is_active": "on", "position": "7", "code": "new-code"}
    assert superuser.post(address(TerminationReason, "change", reason.pk), data).status_code == 302
    reason.refresh_from_db()
    assert (reason.code, reason.label) == ("other", "Another")
    entry = AuditEntry.objects.filter(actor=superuser.user.username).get()
    assert entry.event == "Termination reason changed in the admin"
    assert "Changed Label" in entry.description

    member = Member.objects.get()
    data = {"name": "New name", "role": "owner", "email": "other@example.com"}
    assert superuser.post(address(Member, "change", member.pk), data).status_code == 302
    assert Member.objects.values_list("name", "role", "email").get() == ("New name", "owner", member.email)


def test_staff_are_created_and_deactivated_but_never_deleted(superuser):
    data = {
        "username": "bert",
        "usable_password": "true",
        "password1": "a-quiet-harbour-7",
        "password2": "a-quiet-harbour-7",
    }
    assert superuser.post("/admin/auth/user/add/", data).status_code == 302
    bert = User.objects.get(username="bert")
    assert AuditEntry.objects.filter(event="User added in the admin", actor=superuser.user.username).count() == 1
    change = f"/admin/auth/user/{bert.pk}/change/"
    page = superuser.get(change).content.decode()
    assert 'name="groups"' in page
    for hidden in ("is_staff", "user_permissions"):
        assert f'name="{hidden}"' not in page
    group = str(Group.objects.get(name="billing").pk)
    assert superuser.post(change, {"username": "bert", "groups": [group]}).status_code == 302
    bert.refresh_from_db()
    assert bert.is_active is False
    assert bert.has_usable_password()
    assert [role.name for role in bert.groups.all()] == ["billing"]
    assert superuser.post(f"/admin/auth/user/{bert.pk}/delete/", {"post": "yes"}).status_code == 403
    assert (
        superuser.post(
            f"/admin/auth/user/{bert.pk}/password/",
            {"usable_password": "true", "password1": "another-harbour-8", "password2": "another-harbour-8"},
        ).status_code
        == 302
    )
    bert.refresh_from_db()
    assert bert.check_password("another-harbour-8")
