"""Corruptions of rows that were imported."""

from tests.verification.corruptions.planted import TERMINATION, Planted

CORRUPTIONS = (
    Planted(
        "an imported customer's limit", "UPDATE customers_creditaccount SET credit_limit = 500", "imported_row"
    ),
    Planted(
        "A limit that was not imported, and what is reserved",
        "UPDATE customers_creditaccount SET credit_limit = 500, reserved = 3"
        " WHERE organisation_id = %(organisation)s",
    ),
    Planted(
        "an imported customer renamed",
        "UPDATE customers_organisation SET name = 'Another' WHERE row_sha256 <> ''",
        "imported_row",
    ),
    Planted("an imported member", "UPDATE customers_member SET role = 'admin'", "imported_row"),
    Planted("an imported price", "UPDATE subscriptions_plan SET price_per_month = 1", "imported_row"),
    Planted("an imported contract", "UPDATE subscriptions_contract SET ends_on = ends_on + 1", "imported_row"),
    Planted(
        "an imported subscription moved with all its documents",
        "UPDATE subscriptions_subscription SET organisation_id = %(organisation)s WHERE id = %(imported)s;"
        "UPDATE invoicing_invoice SET organisation_id = %(organisation)s WHERE number IN ('TIN-1', 'TIN-2')",
        "imported_row",
    ),
    Planted(
        "an imported trial",
        "UPDATE subscriptions_subscription SET is_trial = true WHERE id = %(imported)s",
        "imported_row",
    ),
    Planted(
        "an imported end moved",
        f"{TERMINATION} terminated_on = terminated_on - 1 WHERE actor_kind = 'import'",
        "imported_row",
    ),
    Planted(
        "an imported explanation",
        f"{TERMINATION} explanation = 'Another' WHERE actor_kind = 'import'",
        "imported_row",
    ),
    Planted(
        "an imported invoice renumbered",
        "UPDATE invoicing_invoice SET number = 'TIN-99' WHERE number = 'TIN-2'",
        "imported_row",
    ),
    Planted(
        "an imported invoice raised",
        "UPDATE invoicing_chargeline l SET net = net + 1 FROM invoicing_invoice i"
        " WHERE i.id = l.invoice_id AND i.number = 'TIN-2';"
        "UPDATE invoicing_invoice SET charged = charged + 1 WHERE number = 'TIN-2'",
        "imported_row",
    ),
    Planted(
        "an imported cycle moved with charge and expiry",
        "UPDATE subscriptions_cycle SET first_day = '2026-03-31', day_after = '2026-04-30'"
        " WHERE subscription_id = %(imported)s AND first_day = '2026-02-28';"
        "UPDATE subscriptions_cyclecharge h SET first_day = c.first_day, day_after = c.day_after"
        " FROM subscriptions_cycle c WHERE c.id = h.cycle_id AND c.subscription_id = %(imported)s;"
        "UPDATE subscriptions_subscription SET expires_on = '2026-04-29' WHERE id = %(imported)s",
        "imported_row",
    ),
    Planted(
        "an imported payment deleted with all sums",
        "DELETE FROM invoicing_paymentline r USING invoicing_payment p, invoicing_invoice i"
        " WHERE p.id = r.payment_id AND i.id = p.invoice_id AND i.number = 'TIN-2';"
        "DELETE FROM invoicing_payment p USING invoicing_invoice i"
        " WHERE i.id = p.invoice_id AND i.number = 'TIN-2';"
        "UPDATE invoicing_chargeline l SET paid = 0 FROM invoicing_invoice i"
        " WHERE i.id = l.invoice_id AND i.number = 'TIN-2';"
        "UPDATE invoicing_invoice SET paid = 0 WHERE number = 'TIN-2'",
        "imported_row",
    ),
    Planted(
        "an imported number called ported-in",
        "UPDATE subscriptions_phonenumber SET is_ported_in = NOT is_ported_in WHERE status = 'in_use'",
        "imported_row",
    ),
    Planted(
        "an imported note renumbered",
        "UPDATE invoicing_creditnote SET number = 'TCN-99' WHERE number = 'TCN-1'",
        "imported_row",
    ),
    Planted(
        "an imported note raised",
        "UPDATE invoicing_creditnote SET net = net + 1 WHERE number = 'TCN-3';"
        "UPDATE invoicing_creditnoteline l SET net = l.net + 1 FROM invoicing_creditnote n"
        " WHERE n.id = l.credit_note_id AND n.number = 'TCN-3'",
        "imported_row",
    ),
)
