"""Corruptions of invoices, payments, notes, take-backs and entries."""

from tests.verification.corruptions.planted import ENTRY, FIT, TAKEN_BACK, Planted

CORRUPTIONS = (
    Planted(
        "a payment deleted with all sums",
        "DELETE FROM invoicing_paymentline WHERE payment_id = %(payment)s;"
        "DELETE FROM invoicing_payment WHERE id = %(payment)s;"
        "UPDATE invoicing_chargeline SET paid = paid - 30 WHERE id = %(plain_line)s;"
        "UPDATE invoicing_invoice SET paid = paid - 30 WHERE id = %(plain_invoice)s",
        "audit_count",
    ),
    Planted(
        "A payment's day, method, reference or actor",
        "UPDATE invoicing_payment SET received_on = received_on - 1, method = 'cheque', reference = 'R-2',"
        " actor = 'another' WHERE id = %(payment)s",
    ),
    Planted(
        "a charge of an ended subscription raised with its invoice",
        "UPDATE invoicing_chargeline SET net = net + 1 WHERE id = %(second_line)s;"
        "UPDATE invoicing_invoice i SET charged = i.charged + 1, status = 'awaiting_payment'"
        " FROM invoicing_chargeline l WHERE l.invoice_id = i.id AND l.id = %(second_line)s",
        "quote_lines",
    ),
    Planted(
        "A charge raised with its invoice",
        "UPDATE invoicing_chargeline SET net = net + 1 WHERE id = %(plain_line)s;"
        "UPDATE invoicing_invoice SET charged = charged + 1 WHERE id = %(plain_invoice)s",
    ),
    Planted(
        "a cycle of an ended subscription moved with charge and expiry",
        "UPDATE subscriptions_cycle SET first_day = '2026-02-01', day_after = '2026-03-01'"
        " WHERE subscription_id = %(refunded_subscription)s;"
        "UPDATE subscriptions_cyclecharge SET first_day = '2026-02-01', day_after = '2026-03-01' WHERE cycle_id ="
        " (SELECT id FROM subscriptions_cycle WHERE subscription_id = %(refunded_subscription)s);"
        "UPDATE subscriptions_subscription SET expires_on = '2026-02-28' WHERE id = %(refunded_subscription)s",
        "quote_charges",
    ),
    Planted(
        "A cycle moved with charge and expiry",
        "UPDATE subscriptions_cycle SET first_day = '2026-02-01', day_after = '2026-03-01'"
        " WHERE subscription_id = %(plain)s;"
        "UPDATE subscriptions_cyclecharge SET first_day = '2026-02-01', day_after = '2026-03-01' WHERE cycle_id ="
        " (SELECT id FROM subscriptions_cycle WHERE subscription_id = %(plain)s);"
        "UPDATE subscriptions_subscription SET expires_on = '2026-02-28' WHERE id = %(plain)s",
    ),
    Planted(
        "a charge called external",
        "UPDATE subscriptions_cyclecharge SET is_external_invoice = true WHERE line_id = %(refund_line)s",
        "quote_lines",
    ),
    Planted(
        "a contract's plan",
        "UPDATE subscriptions_contract SET billing_plan = 'milestone'",
        "quote_lines",
    ),
    Planted(
        "an amount below the minor unit",
        "UPDATE invoicing_chargeline SET net = net + 0.001 WHERE id = %(plain_line)s;"
        "UPDATE invoicing_invoice SET charged = charged + 0.001 WHERE id = %(plain_invoice)s",
        "minor_unit",
    ),
    Planted(
        "a take-back below the minor unit, with its parts",
        "UPDATE invoicing_takebackline SET amount = amount + 0.001 WHERE payment_line_id IS NOT NULL;"
        "UPDATE invoicing_takeback SET amount = amount + 0.001 WHERE payment_id IS NOT NULL;"
        "UPDATE invoicing_paymentline SET taken_back = taken_back + 0.001 WHERE taken_back > 0",
        "minor_unit",
    ),
    *(
        Planted(
            f"{column} of {table} below the minor unit",
            f"UPDATE invoicing_{table} SET {column} = {column} + 0.001 WHERE {column} <> 0",
            "minor_unit",
        )
        for table, columns in (
            ("payment", ("surplus", "surplus_taken_back")),
            ("paymentline", ("taken_back",)),
            ("creditnoteputinline", ("taken_back",)),
            ("takeback", ("amount", "surplus", "moved")),
            ("takebackline", ("amount",)),
        )
        for column in columns
    ),
    Planted(
        "what is taken back of an allocation below the minor unit",
        "UPDATE invoicing_creditnoteallocation SET taken_back = 0.001",
        "minor_unit",
    ),
    Planted(
        "a top-up without a cause",
        f"{ENTRY} kind = 'top_up', cause_id = NULL WHERE kind = 'correction';{FIT}",
        "top_up_cause",
    ),
    Planted("a take-back of another amount", "UPDATE invoicing_takeback SET amount = amount + 1", "taken_back_sum"),
    Planted(
        "a payment that says nothing was taken back of it",
        "UPDATE invoicing_paymentline SET taken_back = 0 WHERE taken_back > 0",
        "taken_back_part",
    ),
    Planted(
        "a surplus that says nothing was taken back of it",
        "UPDATE invoicing_payment SET surplus_taken_back = 0 WHERE surplus_taken_back > 0",
        "taken_back_part",
    ),
    Planted(
        "a take-back that left Available Credits alone",
        "UPDATE invoicing_takeback SET moved = NULL, entry_id = NULL",
        "taken_back_entry",
    ),
    Planted(
        "a payment by Available Credits that nothing was taken for",
        "UPDATE invoicing_payment SET method = 'credits' WHERE id = %(payment)s",
        "charge_entry",
    ),
    Planted(
        "a charge for nothing",
        f"{ENTRY} kind = 'charge', cause_id = gen_random_uuid() WHERE kind = 'correction';{FIT}",
        "charge_cause",
    ),
    Planted("a top-up of another amount", "UPDATE customers_topup SET amount = 6", "top_up_entry"),
    Planted("a top-up whose row is gone", "DELETE FROM customers_topup", "top_up_cause"),
    Planted(
        "a payment that put something into Available Credits",
        "UPDATE invoicing_payment SET surplus = 1, amount = amount + 1 WHERE id = %(payment)s",
        "surplus_entry",
    ),
    Planted(
        "a part of a payment called taken back with all sums",
        "UPDATE invoicing_paymentline SET taken_back = 1 WHERE payment_id = %(payment)s;"
        "UPDATE invoicing_chargeline SET paid = paid - 1 WHERE id = %(plain_line)s;"
        "UPDATE invoicing_invoice SET paid = paid - 1 WHERE id = %(plain_invoice)s",
        "taken_back_part",
    ),
    Planted(
        "a take-back of a surplus that is called a charge",
        f"{ENTRY} kind = 'charge' WHERE id = (SELECT entry_id FROM invoicing_takeback WHERE surplus > 0);{FIT}",
        "taken_back_entry",
    ),
    Planted(
        "a take-back of a note that is called a top-up",
        f"{ENTRY} kind = 'top_up' WHERE id ="
        f" (SELECT entry_id FROM invoicing_takeback WHERE credit_note_id IS NOT NULL);{FIT}",
        "taken_back_entry",
    ),
    Planted("a take-back without its parts", TAKEN_BACK.format(moved="NULL"), "taken_back_sum"),
    Planted("a take-back that moved what no entry did", TAKEN_BACK.format(moved="-3"), "taken_back_entry"),
    Planted(
        "a correction that mends another customer's termination",
        "UPDATE subscriptions_termination SET uuid = gen_random_uuid() WHERE id = %(refunded)s",
        "correction_cause",
    ),
    Planted(
        "corrections above what was charged",
        f"{ENTRY} amount = amount + 50, after = after + 50 WHERE kind = 'correction';{FIT}",
        "corrections_above_charges",
    ),
    Planted("The words of an entry", f"{ENTRY} description = 'Another' WHERE kind = 'correction'"),
    Planted("A note's reason", "UPDATE invoicing_creditnote SET reason = 'Another' WHERE id = %(own_note)s"),
)
