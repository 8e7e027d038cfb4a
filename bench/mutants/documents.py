"""The pages of invoices and credit notes."""

from bench.mutants.mutation import Mutation

MUTATIONS = (
    Mutation(
        "the net of a charge stands under tax",
        "invoicing/selectors/invoice_details.py",
        "net=written(line.net)",
        "net=written(line.tax)",
        "tests/invoicing/test_documents_show.py::test_an_invoice_shows_each_amount_under_its_heading",
    ),
    Mutation(
        "what is waived of a charge stays open",
        "invoicing/selectors/invoice_details.py",
        "line.charged - line.paid - line.waived if is_charging",
        "line.charged - line.paid if is_charging",
        "tests/invoicing/test_documents_show.py::test_what_a_termination_waived_and_refunded_stands_in_its_columns",
    ),
    Mutation(
        "a payment is received when it was recorded",
        "invoicing/selectors/invoice_details.py",
        "on=days.display(payment.received_on)",
        "on=days.display(payment.created_at.date())",
        "tests/invoicing/test_documents_show.py::test_an_invoice_shows_each_amount_under_its_heading",
    ),
    Mutation(
        "a note gives back its whole sum of each invoice",
        "invoicing/selectors/invoice_details.py",
        "amount=money.display(sums[pk], currency=currency)",
        "amount=money.display(note.net + note.tax, currency=currency)",
        "tests/invoicing/test_documents_show.py::test_a_note_gives_back_of_an_invoice_what_its_lines_there_do",
    ),
    Mutation(
        "“Record payment” is shown to who may not",
        "templates/invoicing/invoice.html",
        "{% if invoice.takes_payments and perms.invoicing.record_payment %}",
        "{% if invoice.takes_payments %}",
        "tests/invoicing/test_documents_show.py::test_who_only_reads_is_offered_nothing",
    ),
    Mutation(
        "“Take back” is shown to who may not",
        "invoicing/views/reading.py",
        '"may_take_back": request.user.has_perm("invoicing.take_back")',
        '"may_take_back": request.user.has_perm("invoicing.view_invoice")',
        "tests/invoicing/test_documents_show.py::test_who_only_reads_is_offered_nothing",
    ),
    Mutation(
        "“Mark as Sent” is shown to who may not",
        "templates/invoicing/credit_note.html",
        "{% if note.is_sendable and perms.invoicing.send_creditnote %}",
        "{% if note.is_sendable %}",
        "tests/invoicing/test_documents_show.py::test_who_only_reads_is_offered_nothing",
    ),
    Mutation(
        "“Allocate” is shown to who may not",
        "templates/invoicing/credit_note.html",
        "{% if note.is_allocatable and perms.invoicing.allocate_creditnote %}{% include"
        ' "components/button.html" with label="Allocate"',
        '{% if note.is_allocatable %}{% include "components/button.html" with label="Allocate"',
        "tests/invoicing/test_documents_show.py::test_who_only_reads_is_offered_nothing",
    ),
    Mutation(
        "“Not allocated” shows what is allocated",
        "templates/invoicing/_credit_note.html",
        "with text=note.left only",
        "with text=note.allocated only",
        "tests/invoicing/test_documents_show.py::test_a_note_shows_each_amount_under_its_heading",
    ),
    Mutation(
        "an allocation is dated in UTC",
        "invoicing/selectors/note_details.py",
        "amount=money.display(row.amount, currency=row.currency),\n"
        "        on=days.display(days.today_in(note.organisation.timezone, at=row.created_at)),\n"
        "        actor=row.actor,\n"
        "        taken_back=lists.taken(row.taken_back, currency",
        "amount=money.display(row.amount, currency=row.currency),\n"
        "        on=days.display(row.created_at.date()),\n"
        "        actor=row.actor,\n"
        "        taken_back=lists.taken(row.taken_back, currency",
        "tests/invoicing/test_documents_show.py::test_a_note_shows_each_amount_under_its_heading",
    ),
    Mutation(
        "why a note was voided is told as why it was sent",
        "templates/invoicing/_credit_note.html",
        'term="Voided because" value=note.voiding_reason',
        'term="Voided because" value=note.sending_reason',
        "tests/invoicing/test_documents_show.py::test_a_void_note_says_why_it_was_sent_and_why_it_was_voided",
    ),
    Mutation(
        "a payment can be taken back that is taken back",
        "invoicing/selectors/invoice_details.py",
        "payment.surplus_taken_back < payment.amount else None",
        "payment.surplus_taken_back <= payment.amount else None",
        "tests/invoicing/test_documents_show.py::test_billing_staff_are_offered_what_a_document_allows",
    ),
)
