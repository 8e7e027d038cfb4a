"""Money documents in the admin: all of them to be read."""

from django.contrib import admin

from invoicing.models import (
    ChargeLine,
    ChargeRefund,
    ChargeWaiver,
    CreditNote,
    CreditNoteAllocation,
    CreditNoteHold,
    CreditNoteLine,
    CreditNotePutIn,
    CreditNotePutInLine,
    CreditNoteStand,
    Invoice,
    NumberSeries,
    Payment,
    PaymentLine,
    TakeBack,
    TakeBackLine,
)
from portal.audit.admin_base import ReadOnlyAdmin, ReadOnlyInline


class ChargeLineInline(ReadOnlyInline):
    model = ChargeLine


class CreditNoteLineInline(ReadOnlyInline):
    model = CreditNoteLine
    raw_id_fields = ["line"]


class PaymentLineInline(ReadOnlyInline):
    model = PaymentLine
    raw_id_fields = ["line"]


@admin.register(NumberSeries)
class NumberSeriesAdmin(ReadOnlyAdmin):
    list_display = ["document", "prefix", "length", "first_number", "last_number"]
    list_filter = ["document"]
    search_fields = ["prefix"]


@admin.register(Invoice)
class InvoiceAdmin(ReadOnlyAdmin):
    list_display = [
        "number",
        "organisation",
        "kind",
        "status",
        "issued_on",
        "currency",
        "charged",
        "paid",
        "waived",
    ]
    list_filter = ["status", "kind", "currency"]
    search_fields = ["number", "organisation__name"]
    uuid_fields = ["uuid"]
    date_hierarchy = "issued_on"
    list_select_related = ["organisation"]
    raw_id_fields = ["organisation", "series"]
    inlines = [ChargeLineInline]


@admin.register(ChargeLine)
class ChargeLineAdmin(ReadOnlyAdmin):
    list_display = [
        "id",
        "invoice",
        "kind",
        "description",
        "currency",
        "charged",
        "paid",
        "noted",
        "waived",
        "refunded",
        "put_in",
    ]
    list_filter = ["kind", "currency"]
    search_fields = ["invoice__number", "description"]
    list_select_related = ["invoice"]
    raw_id_fields = ["invoice"]
    ordering = ["-id"]


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ["received_on", "invoice", "currency", "amount", "method", "reference", "actor"]
    list_filter = ["method", "currency"]
    search_fields = ["invoice__number", "reference"]
    uuid_fields = ["uuid"]
    date_hierarchy = "received_on"
    list_select_related = ["invoice"]
    raw_id_fields = ["invoice"]
    inlines = [PaymentLineInline]
    ordering = ["-id"]


@admin.register(PaymentLine)
class PaymentLineAdmin(ReadOnlyAdmin):
    list_display = ["id", "payment", "line", "currency", "amount"]
    list_filter = ["currency"]
    search_fields = ["payment__invoice__number"]
    list_select_related = ["payment", "line"]
    raw_id_fields = ["payment", "line"]
    ordering = ["-id"]


@admin.register(CreditNote)
class CreditNoteAdmin(ReadOnlyAdmin):
    list_display = ["number", "organisation", "status", "issued_on", "currency", "total", "allocated", "holds"]
    list_filter = ["status", "currency"]
    search_fields = ["number", "organisation__name", "reason"]
    uuid_fields = ["uuid"]
    date_hierarchy = "issued_on"
    list_select_related = ["organisation"]
    raw_id_fields = ["organisation", "invoice", "series"]
    inlines = [CreditNoteLineInline]


@admin.register(CreditNoteLine)
class CreditNoteLineAdmin(ReadOnlyAdmin):
    list_display = ["id", "credit_note", "line", "description", "currency", "net", "tax"]
    list_filter = ["currency"]
    search_fields = ["credit_note__number", "description"]
    list_select_related = ["credit_note", "line"]
    raw_id_fields = ["credit_note", "line"]
    ordering = ["-id"]


@admin.register(CreditNoteAllocation)
class CreditNoteAllocationAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "credit_note", "line", "currency", "amount", "actor"]
    list_filter = ["currency"]
    search_fields = ["credit_note__number", "line__invoice__number", "actor"]
    date_hierarchy = "created_at"
    list_select_related = ["credit_note", "line"]
    raw_id_fields = ["credit_note", "line"]
    ordering = ["-id"]


@admin.register(CreditNoteHold)
class CreditNoteHoldAdmin(ReadOnlyAdmin):
    list_display = ["id", "credit_note", "kind", "cause_id"]
    list_filter = ["kind"]
    search_fields = ["credit_note__number"]
    uuid_fields = ["cause_id"]
    list_select_related = ["credit_note"]
    raw_id_fields = ["credit_note"]
    ordering = ["-id"]


@admin.register(CreditNoteStand)
class CreditNoteStandAdmin(ReadOnlyAdmin):
    list_display = ["id", "credit_note", "line", "currency", "amount", "cause_id"]
    list_filter = ["currency"]
    search_fields = ["credit_note__number", "line__invoice__number"]
    uuid_fields = ["cause_id"]
    list_select_related = ["credit_note", "line"]
    raw_id_fields = ["credit_note", "line"]
    ordering = ["-id"]


@admin.register(CreditNotePutIn)
class CreditNotePutInAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "credit_note", "currency", "amount", "actor"]
    list_filter = ["currency"]
    search_fields = ["credit_note__number", "actor"]
    uuid_fields = ["uuid"]
    date_hierarchy = "created_at"
    list_select_related = ["credit_note"]
    raw_id_fields = ["credit_note", "entry"]
    ordering = ["-id"]


@admin.register(CreditNotePutInLine)
class CreditNotePutInLineAdmin(ReadOnlyAdmin):
    list_display = ["id", "put_in", "line", "currency", "amount"]
    list_filter = ["currency"]
    search_fields = ["put_in__credit_note__number"]
    list_select_related = ["put_in", "line"]
    raw_id_fields = ["put_in", "line"]
    ordering = ["-id"]


@admin.register(ChargeWaiver)
class ChargeWaiverAdmin(ReadOnlyAdmin):
    list_display = ["id", "line", "currency", "amount", "cause_id"]
    list_filter = ["currency"]
    search_fields = ["line__invoice__number"]
    uuid_fields = ["cause_id"]
    list_select_related = ["line"]
    raw_id_fields = ["line"]
    ordering = ["-id"]


@admin.register(ChargeRefund)
class ChargeRefundAdmin(ReadOnlyAdmin):
    list_display = ["id", "line", "currency", "net", "tax", "amount", "cause_id"]
    list_filter = ["currency"]
    search_fields = ["line__invoice__number"]
    uuid_fields = ["cause_id"]
    list_select_related = ["line"]
    raw_id_fields = ["line"]
    ordering = ["-id"]


class TakeBackLineInline(ReadOnlyInline):
    model = TakeBackLine
    raw_id_fields = ["payment_line", "allocation", "put_in_line"]


@admin.register(TakeBack)
class TakeBackAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "payment", "credit_note", "currency", "amount", "reason", "actor"]
    list_filter = ["currency"]
    search_fields = ["payment__invoice__number", "credit_note__number", "reason"]
    uuid_fields = ["uuid"]
    date_hierarchy = "created_at"
    list_select_related = ["payment", "credit_note"]
    raw_id_fields = ["payment", "credit_note", "entry"]
    inlines = [TakeBackLineInline]
    ordering = ["-id"]


@admin.register(TakeBackLine)
class TakeBackLineAdmin(ReadOnlyAdmin):
    list_display = ["id", "take_back", "payment_line", "allocation", "put_in_line", "currency", "amount"]
    list_filter = ["currency"]
    list_select_related = ["take_back", "payment_line", "allocation", "put_in_line"]
    raw_id_fields = ["take_back", "payment_line", "allocation", "put_in_line"]
    ordering = ["-id"]
