"""What the admin pages of all tables have in common: most of them only show, the others leave a sentence.

A class says only what differs: columns, filters, search and order come from the fields of its model. Lists sort,
filter and search by what an index answers, and end after a thousand rows.
"""

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db import models
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html, format_html_join
from django.utils.text import capfirst

from portal import frame
from portal.audit import admin_fields, names, operations
from portal.lib import forms as fields
from portal.lib.http import Request

Cell = Callable[[Model], Any]


class _FirstPages(Paginator):  # type: ignore[type-arg]  # only the stubs know a parameter
    @cached_property
    def count(self) -> int:
        """Count no further than a list goes."""
        rows = cast(QuerySet[Any], self.object_list)
        return rows.order_by()[: admin_fields.MOST].count()


class _Listed(ChangeList):
    def get_ordering_field(self, field_name: str | Cell) -> Any:
        """Sort by what is offered, also when an address asks for more."""
        return super().get_ordering_field(field_name) if field_name in (self.sortable_by or ()) else None


class _OfItsFields(admin.ModelAdmin):  # type: ignore[type-arg]  # only the stubs know a parameter
    """Take from the fields of the model what the class does not say."""

    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    paginator = _FirstPages
    ordering = ["-pk"]

    def __init__(self, model: type[Model], admin_site: admin.AdminSite) -> None:
        super().__init__(model, admin_site)
        self.finds_whole = not self.search_fields
        columns = admin_fields.columns(model)
        derived: dict[str, Any] = {
            "list_display": [_cell(field) for field in columns],
            "list_select_related": [field.name for field in columns if field.remote_field],
            "list_filter": admin_fields.filters(model),
            "sortable_by": admin_fields.sorted_by(model),
        }
        if self.finds_whole:
            searched = admin_fields.searched(model)
            whole = [str(field.verbose_name) for field in searched]
            whole += [f"UUID of the {field.verbose_name}" for field in admin_fields.parents_with_uuid(model)]
            derived["search_fields"] = [field.name for field in searched]
            derived["search_help_text"] = (
                f"In full: {', '.join(whole)}. A list ends after {admin_fields.MOST:,} rows."
            )
        for name, value in derived.items():
            if getattr(self, name) == getattr(admin.ModelAdmin, name):
                setattr(self, name, value)

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        """List no more than an index answers."""
        return _Listed

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Filter by what is offered, and by what rows belong to."""
        offered = {*map(str, self.list_filter), self.date_hierarchy}
        offered |= {field.name for field in admin_fields.parents(self.model)}
        return lookup.partition("__")[0] in offered and super().lookup_allowed(lookup, value, request)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Find rows by the whole of a term; where a class names what is searched, as Django does."""
        if not (self.finds_whole and search_term.strip()):
            return super().get_search_results(request, queryset, search_term)
        return queryset.filter(pk__in=admin_fields.found(self.model, search_term)), False


def _cell(field: admin_fields.AnyField) -> str | Cell:
    """Give a column: its field, or where that leads to another row, a link to the page of that row."""
    if not field.remote_field or field.primary_key:
        return field.name

    @admin.display(description=field.verbose_name)
    def link(row: Model) -> str:
        other = getattr(row, field.name)
        if other is None:
            return "-"
        page = reverse(f"admin:{other._meta.app_label}_{other._meta.model_name}_change", args=[quote(other.pk)])
        return format_html('<a href="{}">{}</a>', page, other)

    link.field_name = field.name  # type: ignore[attr-defined]  # a function may carry what it was made of
    return link


class ReadOnlyAdmin(_OfItsFields):
    """Show a table; whatever writes it is an operation, elsewhere."""

    actions = None

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Show all that a row holds, what only the database writes as well, and lead to what belongs to it."""
        held = [*self.opts.concrete_fields, *self.opts.many_to_many]
        return [
            *(_held(field) for field in held),
            *([_belonging] if any(admin_fields.children(self.model)) else []),
        ]

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[Any]:
        """Show everything, and ask for nothing."""
        return self.get_fields(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def _held(field: admin_fields.AnyField) -> str | Cell:
    kept = field.output_field if isinstance(field, models.GeneratedField) else field
    if not isinstance(kept, models.BinaryField):
        return field.name

    @admin.display(description=field.verbose_name, empty_value="-")
    def hexadecimal(row: Model) -> str | None:
        value = getattr(row, field.name)
        return None if value is None else bytes(value).hex()

    return hexadecimal


@admin.display(description="What belongs to it")
def _belonging(row: Model) -> str:
    def links() -> Any:
        for field in admin_fields.children(type(row)):
            other = field.model._meta
            page = reverse(f"admin:{other.app_label}_{other.model_name}_changelist")
            yield page, field.name, quote(row.pk), capfirst(other.verbose_name_plural)

    return format_html_join(", ", '<a href="{}?{}__exact={}">{}</a>', links())


class AuditedAdmin(_OfItsFields):
    """Let superusers make plain edits, each with its sentence in the audit; nothing is deleted.

    *Shape*: `adds` where rows are added here too.
    """

    adds = False
    # Numbers are read here as in all other forms.
    formfield_overrides = {
        models.DecimalField: {"form_class": fields.AmountField, "min_value": 0},
        models.IntegerField: {"form_class": fields.CountField},
    }

    def has_add_permission(self, request: HttpRequest) -> bool:
        return self.adds and super().has_add_permission(request)

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
            f"record.{done}",
            sentence=f"“{obj}” was {done}. {how}".strip(),
            app=names.of_table(obj._meta.db_table),
            label=f"{kind[0].upper()}{kind[1:]} {done} in the admin",
            data={"table": obj._meta.db_table, "key": str(obj.pk), "name": str(obj), "how": how},
            by=frame.Actor.of(cast(Request, request).user),
            at=timezone.now(),
        )
