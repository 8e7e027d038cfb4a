"""Subscriptions in the admin: names of products and plans may be corrected."""

from django.contrib import admin

from portal.audit.admin_base import AuditedAdmin
from subscriptions.models import Plan, Product


@admin.register(Product)
class ProductAdmin(AuditedAdmin):
    pass


@admin.register(Plan)
class PlanAdmin(AuditedAdmin):
    # Prices are part of what additions and renewals charge.
    readonly_fields = ["sku", "product", "currency", "price_per_month"]
