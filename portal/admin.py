"""Staff in the admin: created, given a role, deactivated; never deleted, since the audit names them."""

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group, User
from django.db.models import QuerySet
from django.http import HttpRequest

from portal.audit.admin_base import AuditedAdmin, ReadOnlyAdmin

admin.site.unregister([User, Group])
# allauth's list of addresses is of no use where nobody signs up.
if admin.site.is_registered(EmailAddress):
    admin.site.unregister(EmailAddress)


@admin.register(User)
class StaffAdmin(AuditedAdmin, UserAdmin):
    list_display = ["username", "first_name", "last_name", "is_active", "is_superuser", "last_login"]
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


@admin.register(Group)
class RoleAdmin(ReadOnlyAdmin):
    list_display = ["name"]
    search_fields = ["name"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Group]:
        """Read the permissions with what their names begin with, not one by one."""
        return super().get_queryset(request).prefetch_related("permissions__content_type")
