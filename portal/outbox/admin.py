"""The outbox in the admin: to be read."""

from django.contrib import admin

from portal.audit.admin_base import ReadOnlyAdmin
from portal.outbox.models import Message


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "kind", "status", "to", "subject", "attempts", "next_attempt_at", "sent_at"]
    list_filter = ["status", "kind"]
    search_fields = ["to", "cc", "subject"]
    uuid_fields = ["cause_id", "organisation_uuid", "message_id"]
    date_hierarchy = "created_at"
    ordering = ["-id"]
