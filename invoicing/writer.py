"""How money documents come into the portal, and the sums that they keep.

Sums follow by triggers from payments, notes, waivers and refunds. Whoever writes a charge that was paid before may
give `paid` with it, on the invoice and on the charge, and write the payment lines in the same transaction: they are
not counted twice. *Units*: amounts of the document's currency.
"""

from __future__ import annotations

from customers import writer as customers_writer
from portal.postgresql.writer import Writer

# Where `status` is NULL it follows from the sums. `charged` and `paid` are gross.
INVOICES = Writer(
    "invoicing_invoice",
    {
        "id": "bigint",
        "uuid": "uuid",
        "number": "varchar",
        "series_id": "bigint",
        "sequence_number": "bigint",
        "organisation_id": "bigint",
        "currency": "varchar",
        "kind": "varchar",
        "status": "varchar",
        "issued_on": "date",
        "created_at": "timestamptz",
        "charged": "numeric",
        "paid": "numeric",
    },
    made={
        "status": "coalesce(r.status, CASE WHEN r.charged = r.paid THEN 'paid' ELSE 'awaiting_payment' END)",
        "waived": "0",
    },
)
CHARGE_LINES = Writer(
    "invoicing_chargeline",
    {
        "id": "bigint",
        "invoice_id": "bigint",
        "currency": "varchar",
        "kind": "varchar",
        "description": "varchar",
        "net": "numeric",
        "tax": "numeric",
        "paid": "numeric",
    },
    made={"noted": "0", "waived": "0", "refunded": "0"},
)
# A payment of more than was open has its `surplus`, with the entry that put it into Available Credits.
PAYMENTS = Writer(
    "invoicing_payment",
    {
        "id": "bigint",
        "uuid": "uuid",
        "invoice_id": "bigint",
        "currency": "varchar",
        "amount": "numeric",
        "surplus": "numeric",
        "surplus_entry_id": "bigint",
        "method": "varchar",
        "received_on": "date",
        "reference": "varchar",
        "created_at": "timestamptz",
        "actor": "varchar",
        "request_id": "uuid",
    },
    made={"surplus": "coalesce(r.surplus, 0)"},
)
PAYMENT_LINES = Writer(
    "invoicing_paymentline",
    {"payment_id": "bigint", "line_id": "bigint", "currency": "varchar", "amount": "numeric"},
)
# What was applied outside the portal is allocated from the start.
CREDIT_NOTES = Writer(
    "invoicing_creditnote",
    {
        "uuid": "uuid",
        "number": "varchar",
        "series_id": "bigint",
        "sequence_number": "bigint",
        "organisation_id": "bigint",
        "invoice_id": "bigint",
        "currency": "varchar",
        "status": "varchar",
        "reason": "varchar",
        "net": "numeric",
        "tax": "numeric",
        "allocated_outside": "numeric",
        "issued_on": "date",
        "sent_at": "timestamptz",
        "created_at": "timestamptz",
        "request_id": "uuid",
        "row_sha256": "varchar",
    },
    made={"allocated": "r.allocated_outside", "holds": "0"},
)
# `line_id` is the charge that is given back; an imported note may name none.
CREDIT_NOTE_LINES = Writer(
    "invoicing_creditnoteline",
    {
        "credit_note_id": "bigint",
        "line_id": "bigint",
        "currency": "varchar",
        "description": "varchar",
        "net": "numeric",
        "tax": "numeric",
    },
)
ALLOCATIONS = Writer(
    "invoicing_creditnoteallocation",
    {
        "credit_note_id": "bigint",
        "line_id": "bigint",
        "currency": "varchar",
        "amount": "numeric",
        "created_at": "timestamptz",
        "actor": "varchar",
        "request_id": "uuid",
    },
)

# What is charged to Available Credits: a row for each charge, its `line_id` drawn before. `document` numbers the
# documents from 1 on, in the order of their numbers; what is said of a document (whose it is, its day, what for) is
# said by each of its charges alike.
CHARGES = {
    "line_id": "bigint",
    "document": "bigint",
    "organisation_id": "bigint",
    "currency": "varchar",
    "is_postpaid": "boolean",
    "on": "date",
    "reason": "varchar",
    "kind": "varchar",
    "description": "varchar",
    "net": "numeric",
    "tax": "numeric",
}


def documents_of(charges: str) -> str:
    """Write the query of the documents that charges make, with all that is drawn for them.

    *Shape*: `charges` is a relation of `CHARGES`; the statement has the parameters `series`, and `places` and
    `numbers` in it, one for each document in turn. The invoice's uuid is the cause of the ledger entry.
    """
    return f"""
    SELECT d.*, n.place, n.number, gen_random_uuid() AS uuid, nextval('invoicing_invoice_id_seq') AS invoice_id,
           nextval('invoicing_payment_id_seq') AS payment_id, %(series)s::bigint AS series_id
    FROM (SELECT document, organisation_id, currency, is_postpaid, "on", reason, sum(net + tax) AS charged
          FROM {charges} GROUP BY 1, 2, 3, 4, 5, 6 ORDER BY 1) d
    JOIN unnest(%(places)s::bigint[], %(numbers)s::text[]) WITH ORDINALITY n (place, number, document)
        ON n.document = d.document
    ORDER BY d.document
    """  # noqa: S608 - a relation of the caller's


def charging(charges: str, *, documents: str) -> dict[str, str]:
    """Write the statements that charge: documents of the series, paid whole by Available Credits.

    Prepaid: a tax invoice. Postpaid: a proforma, and its entry is unbilled, for the tax invoice is made elsewhere.
    The accounts and the series are locked, and Available Credits cover it. They may be parts of one statement.

    *Shape*: relations of `CHARGES` and of `documents_of`; the statements have the parameters `at` and `actor`.
    """
    lines = f"{charges} c JOIN {documents} d ON d.document = c.document"
    movements = f"""(
        SELECT organisation_id, document AS place, -charged AS amount, 'charge' AS kind, uuid AS cause_id,
               is_postpaid AS is_unbilled, %(at)s::timestamptz AS at, "on",
               concat_ws(', ', nullif(reason, ''), number) AS description, %(actor)s AS actor,
               NULL::uuid AS request_id
        FROM {documents})"""  # noqa: S608 - relations of the caller's
    return {
        "invoices": INVOICES.over(
            f"""(
    SELECT invoice_id AS id, uuid, number, series_id, place AS sequence_number, organisation_id, currency,
           CASE WHEN is_postpaid THEN 'proforma' ELSE 'tax' END AS kind, 'paid' AS status, "on" AS issued_on,
           %(at)s::timestamptz AS created_at, charged, charged AS paid
    FROM {documents} ORDER BY document)"""  # noqa: S608 - a relation of the caller's
        ),
        "lines": CHARGE_LINES.over(
            f"""(
    SELECT c.line_id AS id, d.invoice_id, c.currency, c.kind, c.description, c.net, c.tax, c.net + c.tax AS paid
    FROM {lines} ORDER BY c.line_id)"""  # noqa: S608 - relations of the caller's
        ),
        "payments": PAYMENTS.over(
            f"""(
    SELECT payment_id AS id, gen_random_uuid() AS uuid, invoice_id, currency, charged AS amount,
           'credits' AS method, "on" AS received_on, '' AS reference, %(at)s::timestamptz AS created_at,
           %(actor)s AS actor, {PAYMENTS.nothing("surplus", "surplus_entry_id", "request_id")}
    FROM {documents} ORDER BY document)"""  # noqa: S608 - a relation of the caller's
        ),
        "payment_lines": PAYMENT_LINES.over(
            f"""(
    SELECT d.payment_id, c.line_id, c.currency, c.net + c.tax AS amount FROM {lines} ORDER BY c.line_id)"""  # noqa: S608 - relations of the caller's
        ),
        "entries": customers_writer.ENTRIES.over(customers_writer.in_turn(movements)),
    }


def charge_more(added: str) -> str:
    """Write the UPDATE by which invoices grow by charges, and by what of them was paid already.

    *Shape*: `added` is a relation: number varchar, charged numeric, paid numeric, issued_on date, which counts
    where the invoice has none. Numbers of no invoice are passed over.
    """
    return f"""
    UPDATE invoicing_invoice i
    SET charged = i.charged + n.charged, paid = i.paid + n.paid, issued_on = coalesce(i.issued_on, n.issued_on),
        status = CASE WHEN i.charged + n.charged = i.paid + n.paid + i.waived
                      THEN 'paid' ELSE 'awaiting_payment' END
    FROM {added} n WHERE i.number = n.number
    """  # noqa: S608 - a relation of the caller's


def place_in_series(number: str, *, series: str) -> str:
    """Write the SQL of a number's place in a series; NULL when it is not of the series' form."""
    rest = f"substr({number}, length({series}.prefix) + 1)"
    return (
        f"(CASE WHEN starts_with({number}, {series}.prefix) AND length({rest}) = {series}.length "
        f"AND {rest} ~ '^[0-9]{{1,18}}$' THEN {rest}::bigint END)"
    )


def begin_series_above(numbers: str, *, document: str) -> str:
    """Write the UPDATE that lets a series, while it is unused, begin above the highest number of its form.

    *Shape*: `numbers` is a relation: number varchar. `document` is the series' one, `invoice` or `credit_note`.
    """
    return f"""
    UPDATE invoicing_numberseries n SET first_number = s.highest + 1
    FROM (SELECT max({place_in_series("d.number", series="x")}) AS highest
          FROM {numbers} d JOIN invoicing_numberseries x ON x.document = '{document}') s
    WHERE n.document = '{document}' AND n.last_number = 0 AND n.first_number <= s.highest
    """  # noqa: S608 - a relation of the caller's
