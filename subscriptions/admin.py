"""Subscriptions in the admin: names of products and plans may be corrected, everything else is to be read."""

from django.contrib import admin
from django.http import HttpRequest

from portal.audit.admin_base import AuditedAdmin, ReadOnlyAdmin, ReadOnlyInline
from subscriptions.models import (
    AddOn,
    Assignment,
    CleanUpFailure,
    CleanUpHeld,
    CleanUpRun,
    Contract,
    ContractItem,
    Cycle,
    CycleCharge,
    HistoryEntry,
    PhoneNumber,
    Plan,
    Product,
    Subscription,
    Termination,
)


class CycleInline(ReadOnlyInline):
    model = Cycle
    fields = ["first_day", "day_after", "months"]


class AddOnInline(ReadOnlyInline):
    model = AddOn


class PhoneNumberInline(ReadOnlyInline):
    model = PhoneNumber
    fields = ["number", "status", "is_ported_in", "reserved_through"]


class ContractItemInline(ReadOnlyInline):
    model = ContractItem
    raw_id_fields = ["subscription"]


@admin.register(Product)
class ProductAdmin(AuditedAdmin):
    list_display = ["name"]
    search_fields = ["name"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(Plan)
class PlanAdmin(AuditedAdmin):
    list_display = ["name", "sku", "product", "currency", "price_per_month"]
    list_filter = ["currency"]
    search_fields = ["name", "sku", "product__name"]
    list_select_related = ["product"]
    raw_id_fields = ["product"]
    # Prices are part of what additions and renewals charge.
    readonly_fields = ["sku", "product", "currency", "price_per_month"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(Contract)
class ContractAdmin(ReadOnlyAdmin):
    list_display = ["reference", "organisation", "billing_plan", "status", "starts_on", "ends_on"]
    list_filter = ["billing_plan", "status"]
    search_fields = ["reference", "organisation__name"]
    date_hierarchy = "starts_on"
    list_select_related = ["organisation"]
    raw_id_fields = ["organisation"]
    inlines = [ContractItemInline]


@admin.register(ContractItem)
class ContractItemAdmin(ReadOnlyAdmin):
    list_display = ["id", "contract", "subscription", "freed_on"]
    list_filter = ["freed_on"]
    search_fields = ["contract__reference"]
    uuid_fields = ["subscription__uuid"]
    list_select_related = ["contract", "subscription"]
    raw_id_fields = ["contract", "subscription"]


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    list_display = ["uuid", "organisation", "plan", "status", "started_on", "expires_on", "auto_renew", "is_trial"]
    list_filter = ["status", "auto_renew", "is_trial", "currency"]
    search_fields = ["organisation__name", "plan__name", "plan__sku"]
    uuid_fields = ["uuid"]
    date_hierarchy = "expires_on"
    list_select_related = ["organisation", "plan"]
    raw_id_fields = ["organisation", "plan"]
    inlines = [CycleInline, AddOnInline, PhoneNumberInline]


@admin.register(AddOn)
class AddOnAdmin(ReadOnlyAdmin):
    list_display = ["name", "subscription", "price_per_month"]
    search_fields = ["name"]
    uuid_fields = ["subscription__uuid"]
    list_select_related = ["subscription"]
    raw_id_fields = ["subscription"]


@admin.register(Cycle)
class CycleAdmin(ReadOnlyAdmin):
    list_display = ["subscription", "first_day", "day_after", "months"]
    list_filter = ["months"]
    search_fields = ["subscription__organisation__name"]
    uuid_fields = ["subscription__uuid"]
    date_hierarchy = "first_day"
    list_select_related = ["subscription"]
    raw_id_fields = ["subscription"]
    ordering = ["-id"]


@admin.register(CycleCharge)
class CycleChargeAdmin(ReadOnlyAdmin):
    list_display = ["id", "cycle", "line", "first_day", "day_after", "is_external_invoice"]
    list_filter = ["is_external_invoice"]
    search_fields = ["line__invoice__number"]
    uuid_fields = ["cycle__subscription__uuid"]
    date_hierarchy = "first_day"
    list_select_related = ["cycle", "line"]
    raw_id_fields = ["cycle", "line"]
    ordering = ["-id"]


@admin.register(PhoneNumber)
class PhoneNumberAdmin(ReadOnlyAdmin):
    list_display = ["number", "subscription", "status", "is_ported_in", "reserved_through"]
    list_filter = ["status", "is_ported_in"]
    search_fields = ["number"]
    uuid_fields = ["subscription__uuid"]
    date_hierarchy = "reserved_through"
    list_select_related = ["subscription"]
    raw_id_fields = ["subscription"]


@admin.register(Assignment)
class AssignmentAdmin(ReadOnlyAdmin):
    list_display = ["subscription", "member", "assigned_on", "ended_on"]
    search_fields = ["member__name", "member__email"]
    uuid_fields = ["subscription__uuid"]
    date_hierarchy = "assigned_on"
    list_select_related = ["subscription", "member"]
    raw_id_fields = ["subscription", "member"]


@admin.register(HistoryEntry)
class HistoryEntryAdmin(ReadOnlyAdmin):
    list_display = ["at", "subscription", "event", "description", "actor"]
    search_fields = ["event", "description", "actor"]
    uuid_fields = ["subscription__uuid"]
    date_hierarchy = "at"
    list_select_related = ["subscription"]
    raw_id_fields = ["subscription"]
    ordering = ["-id"]


@admin.register(Termination)
class TerminationAdmin(ReadOnlyAdmin):
    list_display = [
        "terminated_at",
        "subscription",
        "organisation",
        "case",
        "choice",
        "settlement",
        "credited",
        "waived",
        "actor",
    ]
    list_filter = ["case", "settlement", "choice", "actor_kind", "reason"]
    search_fields = ["organisation__name", "actor", "ticket"]
    uuid_fields = ["uuid", "subscription__uuid"]
    date_hierarchy = "terminated_on"
    list_select_related = ["subscription", "organisation"]
    raw_id_fields = [
        "subscription",
        "organisation",
        "actor_user",
        "config_version",
        "credit_note",
        "entry",
        "clean_up_run",
    ]


@admin.register(CleanUpRun)
class CleanUpRunAdmin(ReadOnlyAdmin):
    list_display = [
        "started_at",
        "finished_at",
        "actor",
        "as_of",
        "workers",
        "expired",
        "terminated",
        "renewing",
        "released_numbers",
        "failed",
        "held",
        "is_also_renewing",
        "was_stopped",
    ]
    list_filter = ["was_stopped", "is_also_renewing"]
    search_fields = ["actor"]
    uuid_fields = ["uuid"]
    date_hierarchy = "started_at"


@admin.register(CleanUpFailure)
class CleanUpFailureAdmin(ReadOnlyAdmin):
    list_display = ["run", "subscription", "reason"]
    search_fields = ["reason"]
    uuid_fields = ["run__uuid", "subscription__uuid"]
    list_select_related = ["run", "subscription"]
    raw_id_fields = ["run", "subscription"]
    ordering = ["-id"]


@admin.register(CleanUpHeld)
class CleanUpHeldAdmin(ReadOnlyAdmin):
    list_display = ["run", "subscription", "expires_on", "days_expired"]
    uuid_fields = ["run__uuid", "subscription__uuid"]
    list_select_related = ["run", "subscription"]
    raw_id_fields = ["run", "subscription"]
    ordering = ["-id"]
