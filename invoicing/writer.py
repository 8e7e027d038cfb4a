"""How money documents come into the portal, and the sums that they keep.

Sums follow by triggers from payments, notes, waivers and refunds. Whoever writes a charge that was paid before may
give `paid` with it, on the invoice and on the charge, and write the payment lines in the same transaction: they are
not counted twice. *Units*: amounts of the document's currency.
"""

from __future__ import annotations

from portal.postgresql.writer import Writer

# Where `status` is NULL it follows from the sums. `charged` and `paid` are gross.
INVOICES = Writer(
    "invoicing_invoice",
    {
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
