"""Staff in the admin: created, given a role, deactivated; never deleted, since the audit names them."""

from typing import Any, cast

from allauth.account import admin as _account_admin  # noqa: F401 - registers what is taken off below
from allauth.account.models import EmailAddress
from axes import admin as _axes_admin  # noqa: F401 - likewise
from axes.models import AccessAttempt, AccessFailureLog, AccessLog
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, User
from django.db import IntegrityError, transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone

from portal import frame
from portal.audit.admin_base import AuditedAdmin, ReadOnlyAdmin
from portal.lib.http import Request
from portal.postgresql import diagnosis
from portal.staff import forms, roles, usernames
from portal.staff.operations import accounts, log_ins

admin.site.unregister([User, Group, AccessAttempt])
# The audit tells of log-ins: these two stay empty.
admin.site.unregister([AccessLog, AccessFailureLog])
# allauth's list of addresses is of no use where nobody signs up.
if admin.site.is_registered(EmailAddress):
    admin.site.unregister(EmailAddress)


# What only somebody else's change of the same moment lets the form overlook, by the name of the database's refusal.
_TAKEN = "Somebody was given this username a moment ago: choose another one."
REFUSALS = {
    "the_last_active_superuser_stays": forms.LAST_SUPERUSER,
    **dict.fromkeys(usernames.TAKEN_BY, _TAKEN),
}


class _Saving(HttpRequest):
    staff_before: dict[str, str]


_OF_STAFF = ("username", "first_name", "last_name", "is_active", "is_superuser", "last_login")


@admin.register(User)
class StaffAdmin(AuditedAdmin, UserAdmin):  # type: ignore[type-arg]  # only the stubs know a parameter
    adds = True
    form = forms.StaffForm
    add_form = forms.NewStaffForm
    list_display = _OF_STAFF
    sortable_by = _OF_STAFF
    ordering = ["username"]
    list_filter = ["is_active", "is_superuser", "groups"]
    date_hierarchy = "date_joined"
    filter_horizontal = []
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        (
            "Role",
            {
                "fields": ["is_active", "groups", "is_superuser"],
                "description": "A group is a role: support agent, billing or auditor. To take somebody's access "
                "away, switch “Active” off.",
            },
        ),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    ]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Show or save somebody; what the database refuses is said on the page as it is now."""
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except IntegrityError as error:
            sentence = REFUSALS.get(diagnosis.constraint_of(error))
            if sentence is None:
                raise
            self.message_user(request, f"Nothing was saved. {sentence}", messages.ERROR)
            return redirect(request.path)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        """Give somebody another password, together with its entry in the audit."""
        with transaction.atomic():
            return super().user_change_password(request, id, form_url)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        """Look at how it was, for the audit."""
        if change:
            cast(_Saving, request).staff_before = _told(User.objects.get(pk=obj.pk))
        super().save_model(request, obj, form, change)

    def _record(self, request: HttpRequest, obj: Model, *, done: str, how: str) -> None:
        user = User.objects.get(pk=obj.pk)
        before: dict[str, str] | None = getattr(request, "staff_before", None)
        if done == "changed" and before is None:
            _record_password(user, by=cast(Request, request).user)
            return
        after = _told(user)
        if before is not None:
            changes = [f"{what}: {before[what]} → {after[what]}." for what in after if before[what] != after[what]]
            how = " ".join(changes) or "Nothing is different."
        elif done == "added":
            how = " ".join(f"{what}: {value}." for what, value in after.items())
        super()._record(request, obj, done=done, how=how)


def _record_password(user: User, *, by: User) -> None:
    given = "was given another password" if user.has_usable_password() else "can't log in with a password any more"
    accounts.note_password(
        user=user,
        told=f"{given}: by {by.get_username()} in the admin",
        by=frame.Actor.of(by),
        at=timezone.now(),
    )


def _told(user: User) -> dict[str, str]:
    """Say what the audit tells of somebody, in the words of the page."""
    return {
        "Username": user.username,
        "First name": user.first_name or "none",
        "Last name": user.last_name or "none",
        "Email address": user.email or "none",
        "Active": "yes" if user.is_active else "no",
        "Role": roles.label_of(user) or "none",
    }


@admin.register(Group)
class RoleAdmin(ReadOnlyAdmin):
    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        """Read the permissions with what their names begin with, not one by one."""
        return super().get_queryset(request).prefetch_related("permissions__content_type")


_OF_A_COUNT = ("username", "ip_address", "on_known_device", "failures_since_start", "attempt_time")


@admin.register(AccessAttempt)
class LockAdmin(AuditedAdmin):
    """What is counted of failed log-ins: to delete a line lifts its lock."""

    list_display = _OF_A_COUNT
    sortable_by = _OF_A_COUNT
    search_fields = ["username", "ip_address"]
    date_hierarchy = "attempt_time"
    ordering = ["-attempt_time"]
    fields = (*_OF_A_COUNT, "path_info")
    readonly_fields = fields

    @admin.display(boolean=True, description="Known device")
    def on_known_device(self, attempt: AccessAttempt) -> bool:
        return bool(attempt.user_agent)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """List them; several that are deleted here go together with their entries in the audit."""
        with transaction.atomic():
            return super().changelist_view(request, extra_context)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return self.has_view_permission(request, obj)

    def _record(self, request: HttpRequest, obj: Any, *, done: str, how: str) -> None:
        place = "on a device known for it" if obj.user_agent else f"from {obj.ip_address}"
        log_ins.note_lifted_locks(
            of=f"of “{obj.username}” {place}",
            failures=obj.failures_since_start,
            by=frame.Actor.of(cast(Request, request).user),
            at=timezone.now(),
        )
