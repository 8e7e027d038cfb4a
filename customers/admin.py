"""Customers in the admin. Names and addresses are search keys too, so only operations write them."""

from django.contrib import admin
from django.http import HttpRequest

from customers.models import (
    CreditAccount,
    LedgerEntry,
    Member,
    Organisation,
    SearchKey,
    SearchText,
    SearchWord,
    TopUp,
)
from portal.audit.admin_base import AuditedAdmin, ReadOnlyAdmin


@admin.register(Organisation)
class OrganisationAdmin(ReadOnlyAdmin):
    list_display = ["name", "uuid", "status", "payment_mode", "currency", "country", "timezone", "created_on"]
    list_filter = ["status", "payment_mode", "currency"]
    search_fields = ["name", "owner_email", "billing_email", "customer_reference"]
    uuid_fields = ["uuid"]
    date_hierarchy = "created_on"


@admin.register(Member)
class MemberAdmin(AuditedAdmin):
    list_display = ["name", "email", "organisation", "role"]
    list_filter = ["role"]
    search_fields = ["name", "email", "organisation__name"]
    list_select_related = ["organisation"]
    raw_id_fields = ["organisation"]
    readonly_fields = ["organisation", "email"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(SearchKey)
class SearchKeyAdmin(ReadOnlyAdmin):
    list_display = ["text", "kind", "organisation"]
    list_filter = ["kind"]
    search_fields = ["text"]
    list_select_related = ["organisation"]
    raw_id_fields = ["organisation"]


@admin.register(SearchText)
class SearchTextAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "text"]
    search_fields = ["text"]
    list_select_related = ["organisation"]
    raw_id_fields = ["organisation"]


@admin.register(SearchWord)
class SearchWordAdmin(ReadOnlyAdmin):
    list_display = ["word"]
    search_fields = ["word"]


@admin.register(CreditAccount)
class CreditAccountAdmin(ReadOnlyAdmin):
    list_display = ["organisation", "currency", "balance", "credit_limit", "reserved", "last_seq"]
    list_filter = ["currency"]
    search_fields = ["organisation__name"]
    uuid_fields = ["organisation__uuid"]
    list_select_related = ["organisation"]
    raw_id_fields = ["organisation"]


@admin.register(LedgerEntry)
class LedgerEntryAdmin(ReadOnlyAdmin):
    list_display = ["at", "account", "seq", "kind", "currency", "amount", "after", "is_unbilled", "actor"]
    list_filter = ["kind", "is_unbilled", "currency"]
    search_fields = ["account__organisation__name", "description"]
    uuid_fields = ["account__organisation__uuid", "cause_id"]
    date_hierarchy = "at"
    list_select_related = ["account"]
    raw_id_fields = ["account"]
    ordering = ["-id"]


@admin.register(TopUp)
class TopUpAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "organisation", "currency", "amount", "reason", "actor"]
    list_filter = ["currency"]
    search_fields = ["organisation__name", "reason"]
    uuid_fields = ["uuid", "organisation__uuid"]
    date_hierarchy = "created_at"
    list_select_related = ["organisation"]
    raw_id_fields = ["organisation", "entry"]
    ordering = ["-id"]
