"""Each kind of fault of the ledger, and the statements that bring it about past every guard."""

import os

from portal.verification import registry
from portal.verification.check import Walk
from portal.verification.registry import Registry

IS_FULL = os.environ.get("TEST_FULL") == "1"


def checks_for(kind: str, *, number: int) -> Registry:
    """Give the checks that have to tell a kind of fault, and of each tenth case all; all of each with TEST_FULL=1.

    All of them also show that none ends the run because of what another one is about.
    """
    every = registry.declared()
    if not kind or number % 10 == 0 or IS_FULL:
        return every
    chosen = Registry()
    for order, part in enumerate(every.in_order()):
        telling = (
            check for check in part.checks if kind in (check.kinds if isinstance(check, Walk) else (check.kind,))
        )
        chosen.declare(part.by, order, *telling)
    chosen.declare_parameters(every.parameters)
    return chosen


# What the owner of the tables may do: no trigger fires, no foreign key looks.
OFF_GUARD = """DO $$ DECLARE found record; BEGIN
    FOR found IN SELECT DISTINCT tgrelid::regclass AS name FROM pg_trigger WHERE NOT tgisinternal LOOP
        EXECUTE format('ALTER TABLE %s DISABLE TRIGGER USER', found.name);
    END LOOP;
    FOR found IN SELECT conrelid::regclass AS name, conname FROM pg_constraint
                 WHERE contype = 'f' AND connamespace = 'public'::regnamespace LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.name, found.conname);
    END LOOP;
END $$
"""


def _drop(table: str, constraint: str) -> str:
    return f"ALTER TABLE {table} DROP CONSTRAINT {constraint};"


TERMINATION_OF = "subscription_id = %(refunded)s"
SUBSCRIPTION = "UPDATE subscriptions_subscription SET"
ENTRY = "UPDATE customers_ledgerentry SET"
LAST_ENTRY = "WHERE account_id = %(account)s AND seq = 2"
TERMINATION = "UPDATE subscriptions_termination SET"
NOTE = "UPDATE invoicing_creditnote SET"

# The hash of an entry that is edited is another one: what follows is made to fit, so that only the case's own
# fault is left.
RELINK = """;UPDATE customers_ledgerentry e SET previous_sha256 = p.sha256 FROM customers_ledgerentry p
    WHERE p.account_id = e.account_id AND p.seq = e.seq - 1 AND e.previous_sha256 <> p.sha256"""
FOLLOW = """;UPDATE customers_creditaccount a SET head = (SELECT e.sha256 FROM customers_ledgerentry e
    WHERE e.account_id = a.id ORDER BY e.seq DESC LIMIT 1)"""

# kind, what breaks it. CHECKs and unique indexes that are in the way are dropped first.
CASES: tuple[tuple[str, str], ...] = (
    (
        "entry_order",
        f"{ENTRY} seq = 3 {LAST_ENTRY};"
        f"UPDATE customers_creditaccount SET last_seq = 3 WHERE id = %(account)s{FOLLOW}",
    ),
    ("entry_link", f"{ENTRY} before = 101, amount = 19 {LAST_ENTRY}{FOLLOW}"),
    ("entry_sum", _drop("customers_ledgerentry", "an_entry_adds_up") + f"{ENTRY} amount = 21 {LAST_ENTRY}{FOLLOW}"),
    ("entry_currency", f"{ENTRY} currency = 'USD' {LAST_ENTRY}{FOLLOW}"),
    ("entry_chain", f"{ENTRY} previous_sha256 = sha256('another'::bytea) {LAST_ENTRY}{FOLLOW}"),
    (
        "entry_hash",
        "ALTER TABLE customers_ledgerentry ALTER COLUMN sha256 DROP EXPRESSION;"
        f"{ENTRY} at = at + interval '1 microsecond' {LAST_ENTRY}",
    ),
    ("account_currency", "UPDATE customers_creditaccount SET currency = 'USD' WHERE organisation_id = %(bare)s"),
    ("account_missing", "DELETE FROM customers_creditaccount WHERE organisation_id = %(bare)s"),
    ("account_balance", "UPDATE customers_creditaccount SET balance = balance + 0.000001 WHERE id = %(account)s"),
    ("account_head", "UPDATE customers_creditaccount SET head = sha256('another'::bytea) WHERE id = %(account)s"),
    (
        "entry_without_account",
        f"{ENTRY} account_id = -1 {LAST_ENTRY};"
        "UPDATE customers_creditaccount a SET (last_seq, balance, head) = (SELECT e.seq, e.after, e.sha256"
        " FROM customers_ledgerentry e WHERE e.account_id = a.id ORDER BY e.seq DESC LIMIT 1)"
        " WHERE id = %(account)s",
    ),
    (
        "refund_without_termination",
        f"{ENTRY} kind = 'refund', cause_id = %(anybody)s {LAST_ENTRY}{FOLLOW}",
    ),
    (
        "refund_twice",
        "DROP INDEX a_cause_is_refunded_once;"
        f"""{ENTRY} kind = 'refund', (cause_id, before, amount, after) = (
                SELECT t.uuid, 100, t.credited, 100 + t.credited FROM subscriptions_termination t
                WHERE {TERMINATION_OF}), account_id = %(refund_account)s, seq = 4
            {LAST_ENTRY};
        {ENTRY} (before, after) = (SELECT e.after, e.after + customers_ledgerentry.amount
                FROM customers_ledgerentry e WHERE e.account_id = %(refund_account)s AND e.seq = 3),
            previous_sha256 = (SELECT e.sha256 FROM customers_ledgerentry e
                WHERE e.account_id = %(refund_account)s AND e.seq = 3)
            WHERE account_id = %(refund_account)s AND seq = 4;
        UPDATE customers_creditaccount a SET (last_seq, balance) = (SELECT e.seq, e.after
            FROM customers_ledgerentry e WHERE e.account_id = a.id ORDER BY e.seq DESC LIMIT 1)
            WHERE id IN (%(account)s, %(refund_account)s)""" + FOLLOW,
    ),
    (
        "refund_entry",
        f"{ENTRY} kind = 'correction' WHERE id ="
        f" (SELECT entry_id FROM subscriptions_termination WHERE {TERMINATION_OF})" + RELINK + FOLLOW,
    ),
    ("refund_organisation", f"{TERMINATION} organisation_id = %(other_organisation)s WHERE {TERMINATION_OF}"),
    (
        "settlement",
        _drop("subscriptions_termination", "a_settlement_has_what_its_kind_says")
        + f"{TERMINATION} settlement = 'nothing_due' WHERE subscription_id = %(linked)s",
    ),
    ("quote_total", f"""{TERMINATION} quote = jsonb_set(quote, '{{total}}', '"1.00"') WHERE {TERMINATION_OF}"""),
    ("quote_total", f"""{TERMINATION} quote = jsonb_set(quote, '{{total}}', '"much"') WHERE {TERMINATION_OF}"""),
    ("quote_total", f"{TERMINATION} quote = NULL WHERE {TERMINATION_OF}"),
    ("refund_charges", f"""{TERMINATION} quote = jsonb_set(quote, '{{fee}}', '"1.00"') WHERE {TERMINATION_OF}"""),
    ("waiver_charges", f"{TERMINATION} waived = waived + 1 WHERE subscription_id = %(waived)s"),
    (
        "giveback_without_termination",
        "INSERT INTO invoicing_chargewaiver (line_id, currency, amount, cause_id)"
        " VALUES (%(unpaid)s, 'SGD', 1, %(anybody)s);"
        "UPDATE invoicing_chargeline SET waived = 1 WHERE id = %(unpaid)s;"
        "UPDATE invoicing_invoice SET waived = 1"
        " WHERE id = (SELECT invoice_id FROM invoicing_chargeline WHERE id = %(unpaid)s)",
    ),
    (
        "giveback_line",
        "UPDATE subscriptions_cyclecharge SET cycle_id = %(plain_cycle)s WHERE line_id = %(refund_line)s",
    ),
    ("hold_settles", "UPDATE invoicing_creditnotehold SET kind = 'taken_off' WHERE kind = 'settles'"),
    (
        "hold_without_termination",
        "UPDATE invoicing_creditnotehold SET cause_id = %(anybody)s WHERE kind = 'taken_off'",
    ),
    ("hold_count", f"{NOTE} holds = holds + 1 WHERE id = %(named)s"),
    (
        "charge_paid",
        "UPDATE invoicing_paymentline SET amount = 49 WHERE line_id = %(plain_line)s;"
        "UPDATE invoicing_payment SET amount = 49 WHERE id ="
        " (SELECT payment_id FROM invoicing_paymentline WHERE line_id = %(plain_line)s)",
    ),
    (
        "charge_noted",
        "UPDATE invoicing_creditnoteline SET net = 9 WHERE credit_note_id = %(named)s;"
        f"{NOTE} net = 9 WHERE id = %(named)s",
    ),
    (
        "charge_waived",
        "UPDATE invoicing_chargewaiver SET amount = amount - 1;"
        f"{TERMINATION} waived = waived - 1 WHERE subscription_id = %(waived)s",
    ),
    ("charge_refunded", "UPDATE invoicing_chargeline SET refunded = 1 WHERE id = %(plain_line)s"),
    (
        "charge_caps",
        _drop("invoicing_chargeline", "notes_waived_and_refunded_stay_within_the_charge")
        + "UPDATE invoicing_creditnoteline SET line_id = %(refund_line)s WHERE credit_note_id = %(named)s;"
        "UPDATE invoicing_chargeline SET noted = 0 WHERE id = %(plain_line)s;"
        "UPDATE invoicing_chargeline SET noted = 10 WHERE id = %(refund_line)s",
    ),
    (
        "invoice_sums",
        "UPDATE invoicing_invoice SET charged = charged + 1"
        " WHERE id = (SELECT invoice_id FROM invoicing_chargeline WHERE id = %(unpaid)s)",
    ),
    (
        "invoice_status",
        _drop("invoicing_invoice", "an_invoice_is_paid_when_nothing_is_open")
        + "UPDATE invoicing_invoice SET status = 'awaiting_payment'"
        " WHERE id = (SELECT invoice_id FROM invoicing_chargeline WHERE id = %(plain_line)s)",
    ),
    (
        "payment_sum",
        "UPDATE invoicing_payment SET amount = amount + 1 WHERE id ="
        " (SELECT payment_id FROM invoicing_paymentline WHERE line_id = %(plain_line)s)",
    ),
    (
        "payment_invoice",
        "UPDATE invoicing_payment SET invoice_id = %(own)s WHERE id ="
        " (SELECT payment_id FROM invoicing_paymentline WHERE line_id = %(plain_line)s)",
    ),
    (
        "charge_put_in",
        "UPDATE invoicing_chargeline SET put_in = 24 WHERE id = %(used_line)s",
    ),
    (
        "stand_without_hold",
        "INSERT INTO invoicing_creditnotestand (credit_note_id, line_id, currency, net, tax, cause_id)"
        " VALUES (%(partly)s, %(plain_line)s, 'SGD', 1, 0, %(anybody)s);"
        "UPDATE invoicing_chargeline SET noted = noted + 1 WHERE id = %(plain_line)s",
    ),
    (
        "stand_above_note",
        "INSERT INTO invoicing_creditnotestand (credit_note_id, line_id, currency, net, tax, cause_id)"
        " SELECT h.credit_note_id, %(plain_line)s, 'SGD', 1, 0, h.cause_id FROM invoicing_creditnotehold h"
        " WHERE h.kind = 'settles';"
        "UPDATE invoicing_chargeline SET noted = noted + 1 WHERE id = %(plain_line)s",
    ),
    (
        "put_in_sum",
        "UPDATE invoicing_creditnoteputinline SET amount = 24;"
        "UPDATE invoicing_chargeline SET put_in = 24 WHERE id = %(used_line)s",
    ),
    ("put_in_entry", "UPDATE invoicing_creditnoteputin SET uuid = %(anybody)s"),
    (
        "put_in_missing",
        f"{ENTRY} kind = 'credit_note', cause_id = %(anybody)s {LAST_ENTRY}{FOLLOW}",
    ),
    (
        "put_in_line",
        "UPDATE invoicing_creditnoteputinline SET line_id = %(plain_line)s;"
        "UPDATE invoicing_chargeline SET put_in = 25 - put_in WHERE id IN (%(plain_line)s, %(used_line)s)",
    ),
    ("note_sums", f"{NOTE} net = net + 1 WHERE id = %(named)s"),
    ("note_allocated", f"{NOTE} allocated = allocated + 1 WHERE id = %(partly)s"),
    (
        "note_status",
        _drop("invoicing_creditnote", "the_status_of_a_note_says_what_is_allocated")
        + f"{NOTE} status = 'sent' WHERE id = %(partly)s",
    ),
    ("series_gap", "DELETE FROM invoicing_invoice WHERE id = %(own)s"),
    ("series_number", "UPDATE invoicing_invoice SET number = 'IN-1' WHERE id = %(own)s"),
    (
        "termination_missing",
        _drop("subscriptions_subscription", "a_terminated_subscription_has_its_termination")
        + f"{SUBSCRIPTION} status = 'terminated', auto_renew = false WHERE id = %(plain)s",
    ),
    (
        "termination_not_applied",
        f"{SUBSCRIPTION} status = 'active', termination_ref = NULL WHERE id = %(waived)s",
    ),
    (
        "termination_renews",
        _drop("subscriptions_subscription", "a_terminated_subscription_does_not_renew")
        + f"{SUBSCRIPTION} auto_renew = true WHERE id = %(waived)s",
    ),
    ("status", f"{SUBSCRIPTION} status = 'expired' WHERE id = %(plain)s"),
    ("expiry", f"{SUBSCRIPTION} expires_on = expires_on + 1 WHERE id = %(plain)s"),
    ("cycle_length", "UPDATE subscriptions_cycle SET months = 2 WHERE id = %(plain_cycle)s"),
    ("cycle_without_charge", "DELETE FROM subscriptions_cyclecharge WHERE line_id = %(plain_line)s"),
    (
        "cycle_charge",
        "UPDATE subscriptions_cyclecharge SET first_day = first_day - 1 WHERE line_id = %(plain_line)s",
    ),
    ("cycle_charge_kind", "UPDATE invoicing_chargeline SET kind = 'usage' WHERE id = %(plain_line)s"),
    ("number_in_use", "UPDATE subscriptions_phonenumber SET status = 'in_use', reserved_through = NULL"),
    ("contract_item", "UPDATE subscriptions_contractitem SET freed_on = NULL"),
    ("assignment", "UPDATE subscriptions_assignment SET ended_on = NULL"),
    (
        "termination_hash",
        "ALTER TABLE subscriptions_termination ALTER COLUMN sha256 DROP EXPRESSION;"
        f"{TERMINATION} explanation = 'Another' WHERE {TERMINATION_OF}",
    ),
    (
        "audit_hash",
        "ALTER TABLE audit_auditentry ALTER COLUMN sha256 DROP EXPRESSION;"
        "UPDATE audit_auditentry SET organisation_name = 'Another' WHERE id = (SELECT min(id) FROM audit_auditentry"
        " WHERE event = 'Subscription terminated')",
    ),
)
