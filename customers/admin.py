"""Customers in the admin: a member's name and role may be corrected.

Names and addresses of organisations are search keys too, so only operations write them.
"""

from django.contrib import admin

from customers.models import Member
from portal.audit.admin_base import AuditedAdmin


@admin.register(Member)
class MemberAdmin(AuditedAdmin):
    readonly_fields = ["organisation", "email"]
