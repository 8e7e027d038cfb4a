"""The audit in the admin: to be read."""

from django.contrib import admin

from portal.audit.admin_base import ReadOnlyAdmin
from portal.audit.models import AuditEntry


@admin.register(AuditEntry)
class AuditEntryAdmin(ReadOnlyAdmin):
    list_display = ["at", "app", "event", "description", "actor", "organisation_name"]
    list_filter = ["app"]
    search_fields = ["description", "actor", "organisation_name"]
    uuid_fields = ["organisation_uuid"]
    date_hierarchy = "at"
    raw_id_fields = ["actor_user"]
    ordering = ["-id"]
