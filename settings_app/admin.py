"""Settings in the admin: termination reasons may be edited; Portal Config adds versions by itself."""

from django.contrib import admin
from django.http import HttpRequest

from portal.audit.admin_base import AuditedAdmin
from settings_app.models import TerminationReason


@admin.register(TerminationReason)
class TerminationReasonAdmin(AuditedAdmin):
    adds = True
    ordering = ["position", "label"]

    def get_readonly_fields(self, request: HttpRequest, obj: TerminationReason | None = None) -> list[str]:
        """Fix the code once it was given: terminations and imports name it."""
        return ["code"] if obj else []
