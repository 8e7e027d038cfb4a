"""Settings in the admin: versions to be read (Portal Config adds them), reasons to be edited."""

from django.contrib import admin
from django.http import HttpRequest

from portal.audit.admin_base import AuditedAdmin, ReadOnlyAdmin, ReadOnlyInline
from settings_app.models import AdministrativeFee, ConfigHead, PortalConfigVersion, TerminationReason


class FeeInline(ReadOnlyInline):
    model = AdministrativeFee


@admin.register(PortalConfigVersion)
class PortalConfigVersionAdmin(ReadOnlyAdmin):
    list_display = [
        "number",
        "created_at",
        "created_by",
        "termination_method",
        "allow_refund",
        "refund_method",
        "full_refund_days",
        "reactivation_days",
        "number_reservation_days",
        "number_reservation_days_ported_in",
        "use_note_now",
        "charge_administrative_fee",
    ]
    list_filter = ["termination_method", "allow_refund", "refund_method"]
    search_fields = ["created_by__username", "provider_name"]
    date_hierarchy = "created_at"
    list_select_related = ["created_by"]
    raw_id_fields = ["created_by"]
    inlines = [FeeInline]


@admin.register(AdministrativeFee)
class AdministrativeFeeAdmin(ReadOnlyAdmin):
    list_display = ["version", "currency", "amount"]
    list_filter = ["currency"]
    search_fields = ["currency"]
    list_select_related = ["version"]
    raw_id_fields = ["version"]
    ordering = ["-version", "currency"]


@admin.register(ConfigHead)
class ConfigHeadAdmin(ReadOnlyAdmin):
    list_display = ["id", "version"]
    list_select_related = ["version"]
    raw_id_fields = ["version"]


@admin.register(TerminationReason)
class TerminationReasonAdmin(AuditedAdmin):
    list_display = ["label", "code", "needs_ticket", "is_active", "position"]
    list_filter = ["is_active", "needs_ticket"]
    search_fields = ["label", "code"]

    def get_readonly_fields(self, request: HttpRequest, obj: TerminationReason | None = None) -> list[str]:
        """Fix the code once it was given: terminations and imports name it."""
        return ["code"] if obj else []
