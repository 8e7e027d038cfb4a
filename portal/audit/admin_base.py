"""What the admin pages of all apps have in common: most of them only show, the others leave a sentence."""

import uuid
from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.db import models
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone

from portal.audit import names, operations
from portal.lib import forms as fields
from portal.lib.http import Request


class _SearchableAdmin(admin.ModelAdmin):  # type: ignore[type-arg]  # only the stubs know a parameter
    """Search texts by part; a whole UUID is looked up in `uuid_fields`, where an index answers."""

    uuid_fields: Sequence[str] = ()
    show_full_result_count = False
    list_per_page = 50

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Tell a UUID from a text."""
        if self.uuid_fields:
            try:
                wanted = uuid.UUID(search_term.strip())
            except ValueError:
                pass
            else:
                return queryset.filter(reduce(or_, (Q(**{name: wanted}) for name in self.uuid_fields))), False
        return super().get_search_results(request, queryset, search_term)


class ReadOnlyAdmin(_SearchableAdmin):
    """Show a table; whatever writes it is an operation, elsewhere."""

    actions = None

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class ReadOnlyInline(admin.TabularInline):  # type: ignore[type-arg]  # only the stubs know a parameter
    """Show the rows that belong to a record."""

    extra = 0
    can_delete = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Read what the rows point at together with them, not one by one."""
        rows: QuerySet[Any] = super().get_queryset(request)
        return rows.select_related(*self.raw_id_fields) if self.raw_id_fields else rows

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class AuditedAdmin(_SearchableAdmin):
    """Let superusers make plain edits, each with its sentence in the audit; nothing is deleted."""

    # Numbers are read here as in all other forms.
    formfield_overrides = {
        models.DecimalField: {"form_class": fields.AmountField, "min_value": 0},
        models.IntegerField: {"form_class": fields.CountField},
    }

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def log_addition(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        """Write the sentence beside the admin's own note."""
        entry: LogEntry = super().log_addition(request, obj, message)
        self._record(request, obj, done="added", how=entry.get_change_message())
        return entry

    def log_change(self, request: HttpRequest, obj: Model, message: Any) -> LogEntry:
        """Write the sentence beside the admin's own note."""
        entry: LogEntry = super().log_change(request, obj, message)
        self._record(request, obj, done="changed", how=entry.get_change_message())
        return entry

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> list[LogEntry]:
        """Write a sentence for each; only a class that allows deleting comes here."""
        for obj in queryset:
            self._record(request, obj, done="deleted", how="")
        entries: list[LogEntry] = super().log_deletions(request, queryset)
        return entries

    def _record(self, request: HttpRequest, obj: Model, *, done: str, how: str) -> None:
        kind = str(obj._meta.verbose_name)
        operations.record(
            app=names.of_table(obj._meta.db_table),
            event=f"{kind[0].upper()}{kind[1:]} {done} in the admin",
            description=f"“{obj}” was {done}. {how}".strip(),
            by=operations.Actor.of(cast(Request, request).user),
            at=timezone.now(),
        )
