"""The Django admin: every model, for superusers, and nothing in it changes money."""

import pytest
from django.apps import apps
from django.contrib import admin
from django.contrib.auth.models import Group, User
from django.urls import reverse

from customers.models import LedgerEntry, Member
from invoicing import models as invoicing
from portal.audit.admin_base import ReadOnlyAdmin
from portal.audit.models import AuditEntry
from settings_app.models import TerminationReason
from subscriptions import models as subscriptions
from tests.architecture import world as worlds
from tests.support import factories

pytestmark = pytest.mark.django_db

OURS = ("audit", "outbox", "settings_app", "customers", "invoicing", "subscriptions")
EDITABLE = {"TerminationReason", "Member", "Product", "Plan", "User"}
ADDABLE = {"TerminationReason", "User"}


@pytest.fixture
def superuser(client_of):
    return client_of("superuser")


@pytest.fixture
def one_of_each(db):
    """At least one row in every table."""
    return worlds.build()


def models_in_admin():
    return [(model, registered) for model, registered in admin.site._registry.items()]


def address(model, page, *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


def test_every_model_of_ours_is_there():
    missing = [model.__name__ for label in OURS for model in apps.get_app_config(label).get_models()]
    missing = [name for name in missing if name not in {model.__name__ for model, _ in models_in_admin()}]
    assert missing == []


def test_lists_can_be_searched_and_filtered():
    for model, registered in models_in_admin():
        if model._meta.app_label in OURS:
            assert registered.list_display != ("__str__",), model
            foreign = {field.name for field in model._meta.fields if field.many_to_one}
            shown_by_key = set(registered.raw_id_fields)
            assert foreign <= shown_by_key | {"reason", "actor_user"}, model


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


def test_every_page_answers(superuser, one_of_each):
    for model, registered in models_in_admin():
        listed = address(model, "changelist")
        pages = [listed, f"{listed}?q=abc", f"{listed}?q=11111111-2222-3333-4444-555555555555"]
        pages += [f"{listed}?{name}__exact=1" for name in registered.list_filter if isinstance(name, str)]
        for page in pages:
            assert superuser.get(page).status_code in (200, 302), page
        assert superuser.get(address(model, "add")).status_code in (200, 403), model
        if model._meta.app_label not in OURS:
            continue
        row = model.objects.order_by("pk").last()
        assert row is not None, model
        change = superuser.get(address(model, "change", row.pk))
        assert change.status_code == 200, model
        assert (b'name="_save"' in change.content) == (model.__name__ in EDITABLE), model
        assert superuser.get(address(model, "history", row.pk)).status_code == 200, model
        assert superuser.get(address(model, "add")).status_code == (200 if model.__name__ in ADDABLE else 403), (
            model
        )


def test_nothing_is_changed_added_or_deleted_by_a_post(superuser, one_of_each):
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


def test_lists_run_no_query_per_row(superuser, now, django_assert_max_num_queries):
    for _ in range(12):
        factories.subscription(numbers=())
    for model in (
        LedgerEntry,
        invoicing.Invoice,
        invoicing.PaymentLine,
        subscriptions.Subscription,
        subscriptions.Cycle,
    ):
        superuser.get(address(model, "changelist"))
        with django_assert_max_num_queries(9):
            superuser.get(address(model, "changelist"))


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
