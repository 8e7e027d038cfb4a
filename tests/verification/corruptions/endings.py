"""Corruptions of terminations: the quote, days, settings, whose it is, and what was told."""

from tests.verification.corruptions.planted import (
    ENTRY,
    EXPIRED_AUDIT,
    FIT,
    ITS_ENTRY,
    QUOTE,
    REFUNDED,
    REFUNDED_AUDIT,
    REOPENED,
    TERMINATION,
    TOLD_NOTHING,
    WAIVED,
    Planted,
)

CORRUPTIONS = (
    # The quote, and what was applied of it.
    Planted(
        "a refund's tax split", "UPDATE invoicing_chargerefund SET net = net + 1, tax = tax - 1", "quote_refunds"
    ),
    Planted(
        "a refund moved to another charge",
        "UPDATE invoicing_chargerefund SET line_id = %(plain_line)s WHERE line_id = %(second_line)s;"
        "UPDATE invoicing_chargeline SET refunded = 13.08 - refunded WHERE id IN (%(plain_line)s, %(second_line)s)",
        "quote_refunds",
    ),
    Planted(
        "a refund taken back with its entry and all sums",
        "DELETE FROM invoicing_chargerefund WHERE cause_id = %(refunded_uuid)s;"
        "UPDATE invoicing_chargeline SET refunded = 0 WHERE id IN (%(refund_line)s, %(second_line)s);"
        f"{TERMINATION} settlement = 'nothing_due', entry_id = NULL, credited = NULL {REFUNDED};"
        f"{ENTRY} kind = 'charge', cause_id = NULL {ITS_ENTRY};{FIT}",
        "quote_refunds",
    ),
    Planted(
        "a waiver deleted with its sums",
        "DELETE FROM invoicing_chargewaiver;"
        "UPDATE invoicing_chargeline SET waived = 0 WHERE id = %(waived_line)s;"
        "UPDATE invoicing_invoice i SET waived = 0, status = 'awaiting_payment' FROM invoicing_chargeline l"
        " WHERE l.invoice_id = i.id AND l.id = %(waived_line)s;"
        f"{TERMINATION} waived = 0 {WAIVED}",
        "quote_waivers",
    ),
    Planted("a quote's lines emptied", f"{QUOTE} '{{lines}}', '[]') {REFUNDED}", "quote_charges"),
    Planted(
        "a quote's cycle left out",
        f"{TERMINATION} quote = quote #- '{{lines,0,charges,1}}' {REFUNDED}",
        "quote_charges",
    ),
    Planted("a quote's day", f"""{QUOTE} '{{on}}', '"2026-03-09"') {REFUNDED}""", "quote_head"),
    Planted("a quote's case", f"""{QUOTE} '{{case}}', '"expired"') {REFUNDED}""", "quote_head"),
    Planted("a quote's method", f"""{QUOTE} '{{terms,refund_method}}', '"full"') {REFUNDED}""", "quote_terms"),
    Planted("a quote's days", f"{QUOTE} '{{terms,full_refund_days}}', '30') {REFUNDED}", "quote_terms"),
    Planted("a quote taken away", f"{TERMINATION} quote = NULL {REFUNDED}", "quote_missing"),
    Planted("a quote that is none", f"""{TERMINATION} quote = '{{"on": 3}}' {REFUNDED}""", "quote_unreadable"),
    Planted(
        "an amount of a quote's charge",
        f"""{QUOTE} '{{lines,0,charges,0,value}}', '"1.00"') {REFUNDED}""",
        "quote_lines",
    ),
    Planted("a reason of a quote", f"""{QUOTE} '{{lines,0,reason}}', '"over"') {REFUNDED}""", "quote_lines"),
    Planted("a sum of a quote", f"""{QUOTE} '{{left}}', '"1.00"') {REFUNDED}""", "quote_sums"),
    Planted("the choice", f"{TERMINATION} choice = 'credit_note' {REFUNDED}", "quote_settlement"),
    Planted(
        "a taken-off hold deleted and the note voided",
        "DELETE FROM invoicing_creditnotehold WHERE credit_note_id = %(taken_off)s;"
        "UPDATE invoicing_creditnote SET status = 'void', holds = 0 WHERE id = %(taken_off)s;"
        "UPDATE invoicing_chargeline SET noted = 0 WHERE id = %(waived_line)s",
        "quote_holds",
    ),
    Planted(
        "another note held as taken off",
        "INSERT INTO invoicing_creditnotehold (credit_note_id, kind, cause_id)"
        " VALUES (%(own_note)s, 'taken_off', %(waived_uuid)s);"
        "UPDATE invoicing_creditnote SET holds = 1 WHERE id = %(own_note)s",
        "quote_holds",
    ),
    Planted(
        "links of two terminations swapped with their holds",
        f"{TERMINATION} credit_note_id = NULL WHERE id = %(other_linked)s;"
        f"{TERMINATION} credit_note_id = %(other_linked_note)s WHERE id = %(linked)s;"
        f"{TERMINATION} credit_note_id = %(linked_note)s WHERE id = %(other_linked)s;"
        "UPDATE invoicing_creditnotehold SET cause_id = gen_random_uuid() WHERE kind = 'settles';"
        "UPDATE invoicing_creditnotehold h SET cause_id = t.uuid FROM subscriptions_termination t"
        " WHERE t.credit_note_id = h.credit_note_id",
        "audit_says",
    ),
    Planted(
        "a note stands for more than was left",
        "INSERT INTO invoicing_creditnotestand (credit_note_id, line_id, currency, net, tax, cause_id)"
        " VALUES (%(linked_note)s, %(refund_line)s, 'SGD', 1, 0, %(linked_uuid)s);"
        "UPDATE invoicing_chargeline SET noted = noted + 1 WHERE id = %(refund_line)s",
        "quote_stands",
    ),
    Planted(
        "a settling note that names its charge no more",
        "UPDATE invoicing_creditnoteline SET line_id = NULL WHERE credit_note_id = %(linked_note)s;"
        "UPDATE invoicing_chargeline SET noted = 0 WHERE id = %(linked_line)s;"
        f"""{QUOTE} '{{left}}', '"50.00"') WHERE id = %(linked)s""",
        "settled_without_charges",
    ),
    Planted(
        "what stays owed after an expiry raised",
        f"""{QUOTE} '{{owed}}', '[{{"invoice": "TIN-1", "amount": "999.00"}}]') WHERE id = %(expired)s""",
        "quote_owed",
    ),
    Planted(
        "why nothing came back", f"{TERMINATION} nothing_reason = 'Agreed' WHERE id = %(expired)s", "quote_head"
    ),
    # Days and instants.
    Planted("terminated_on moved", f"{TERMINATION} terminated_on = '2026-03-09' {REFUNDED}", "quote_head"),
    Planted(
        "terminated_on moved with quote and entry",
        f"""{QUOTE} '{{on}}', '"2026-03-09"'), terminated_on = '2026-03-09' {REFUNDED};
        {ENTRY} "on" = '2026-03-09' {ITS_ENTRY}""",
        "termination_day",
    ),
    Planted(
        "terminated_at moved",
        f"{TERMINATION} terminated_at = terminated_at + interval '1 minute' {REFUNDED}",
        "termination_audit",
    ),
    Planted("an entry's day moved", f'{ENTRY} "on" = "on" - 1 {ITS_ENTRY}', "refund_told"),
    Planted("a correction's day moved", f"""{ENTRY} "on" = "on" - 1 WHERE kind = 'correction'""", "entry_day"),
    Planted("is_unbilled flipped", f"{ENTRY} is_unbilled = NOT is_unbilled {ITS_ENTRY}", "refund_unbilled"),
    Planted(
        "is_unbilled of a correction flipped",
        f"{ENTRY} is_unbilled = NOT is_unbilled WHERE kind = 'correction'",
        "entry_unbilled",
    ),
    Planted(
        "reserved_through moved",
        "UPDATE subscriptions_phonenumber SET reserved_through = reserved_through + 1"
        " WHERE subscription_id = %(refunded_subscription)s",
        "number_reserved",
    ),
    Planted(
        "a number freed too early",
        "UPDATE subscriptions_phonenumber SET status = 'free', reserved_through = NULL"
        " WHERE subscription_id = %(refunded_subscription)s",
        "number_free",
    ),
    Planted(
        "a place in a contract freed on another day",
        "UPDATE subscriptions_contractitem SET freed_on = freed_on - 1"
        " WHERE subscription_id = %(refunded_subscription)s",
        "ended_with",
    ),
    Planted(
        "an assignment that outlives",
        "UPDATE subscriptions_assignment SET ended_on = ended_on + 1",
        "ended_with",
    ),
    # Settings.
    Planted(
        "a settings version edited",
        "UPDATE settings_app_portalconfigversion SET full_refund_days = 3",
        "quote_terms",
    ),
    Planted("a fee edited", "UPDATE settings_app_administrativefee SET amount = 2", "quote_terms"),
    Planted("a fee deleted", "DELETE FROM settings_app_administrativefee", "quote_terms"),
    Planted(
        "an older settings version in force",
        "UPDATE settings_app_confighead SET version_id = (SELECT id FROM settings_app_portalconfigversion"
        " WHERE number = 1)",
        "settings_versions",
    ),
    # A termination that is gone.
    Planted("an expired termination deleted and the subscription reopened", REOPENED, "told_without_termination"),
    Planted("the same, history and message deleted too", f"{REOPENED};{TOLD_NOTHING}", "told_without_termination"),
    Planted(
        "the same, the run's count left",
        f"{REOPENED};{TOLD_NOTHING};DELETE FROM audit_auditentry {EXPIRED_AUDIT};"
        "UPDATE jobs_run SET counts = counts || '{\"terminated\": 1}'",
        "run_count",
    ),
    Planted(
        "a termination deleted with all that tells of it",
        f"{REOPENED};{TOLD_NOTHING};DELETE FROM audit_auditentry {EXPIRED_AUDIT}",
        "seal_events",
    ),
    # Whose a thing is.
    Planted(
        "a subscription moved",
        "UPDATE subscriptions_subscription SET organisation_id = %(other)s WHERE id = %(plain)s",
        "subscription_organisation",
    ),
    Planted(
        "a terminated subscription moved",
        "UPDATE subscriptions_subscription SET organisation_id = %(other)s WHERE id = %(expired_subscription)s",
        "termination_organisation",
    ),
    Planted(
        "an invoice moved",
        "UPDATE invoicing_invoice SET organisation_id = %(other)s WHERE id = %(plain_invoice)s",
        "subscription_organisation",
    ),
    Planted(
        "a note moved",
        "UPDATE invoicing_creditnote SET organisation_id = %(other)s WHERE id = %(own_note)s",
        "note_organisation",
    ),
    Planted(
        "a contract moved",
        "UPDATE subscriptions_contract SET organisation_id = %(other)s WHERE id ="
        " (SELECT contract_id FROM subscriptions_contractitem WHERE subscription_id = %(plain)s)",
        "contract_organisation",
    ),
    Planted(
        "a member moved",
        "UPDATE customers_member SET organisation_id = %(other)s WHERE id IN"
        " (SELECT member_id FROM subscriptions_assignment)",
        "member_organisation",
    ),
    # What was told.
    Planted(
        "history deleted",
        "UPDATE audit_auditentry SET kind = '', schema = 0, subject_kind = '', subject_uuid = NULL"
        f" {REFUNDED_AUDIT}",
        "termination_history",
    ),
    Planted(
        "history edited",
        "UPDATE audit_auditentry SET data = jsonb_set(data, '{told}', to_jsonb(replace(data ->> 'told', '55.28',"
        f" '65.28'))) {REFUNDED_AUDIT}",
        "history_says",
    ),
    Planted(
        "the values of an event edited",
        f"UPDATE audit_auditentry SET data = jsonb_set(data, '{{waived}}', '\"1.00\"') {REFUNDED_AUDIT}",
        "event_says",
    ),
    Planted("an audit entry deleted", f"DELETE FROM audit_auditentry {REFUNDED_AUDIT}", "termination_audit"),
    Planted(
        "an audit entry edited",
        f"UPDATE audit_auditentry SET description = description || ' Agreed.' {REFUNDED_AUDIT}",
        "told_apart",
    ),
    Planted(
        "an audit entry of another customer",
        f"UPDATE audit_auditentry SET organisation_uuid = %(anybody)s {REFUNDED_AUDIT}",
        "termination_audit",
    ),
    Planted(
        "a message deleted", "DELETE FROM outbox_delivery WHERE cause_id = %(refunded_uuid)s", "termination_message"
    ),
    Planted(
        "a message edited",
        "UPDATE outbox_delivery SET body = 'SGD 65.28 in Available Credits' WHERE cause_id = %(refunded_uuid)s",
        "message_says",
    ),
    Planted(
        "a message to another customer",
        "UPDATE outbox_delivery SET organisation_uuid = %(anybody)s WHERE cause_id = %(refunded_uuid)s",
        "termination_message",
    ),
    Planted(
        "a message about another event",
        "UPDATE outbox_delivery SET event_id = 0 WHERE cause_id = %(refunded_uuid)s",
        "message_event",
    ),
    Planted("The other words of a message", "UPDATE outbox_delivery SET subject = subject || ' Bye.'"),
    Planted("an actor", f"{TERMINATION} actor = 'another' {REFUNDED}", "termination_history"),
    Planted("an entry's actor", f"{ENTRY} actor = 'another' {ITS_ENTRY}", "refund_told"),
    Planted("an explanation", f"{TERMINATION} explanation = 'Another' {REFUNDED}", "event_says"),
    Planted(
        "who asked, when, by which channel and ticket, and the reason",
        f"{TERMINATION} requested_by = 'Another', requested_on = requested_on - 1, channel = 'letter',"
        " ticket = 'T-2', reason_id = (SELECT max(id) FROM settings_app_terminationreason)"
        f" {REFUNDED}",
        "event_says",
    ),
    Planted(
        "what was acknowledged",
        f"{TERMINATION} acknowledgements = '[]', quote_id = gen_random_uuid()",
        "event_says",
    ),
    Planted(
        "the audit of a payment deleted",
        "DELETE FROM audit_auditentry WHERE event = 'Payment recorded'",
        "audit_count",
    ),
    Planted(
        "the audit of a correction deleted",
        "DELETE FROM audit_auditentry WHERE event = 'Correction posted'",
        "audit_count",
    ),
    Planted(
        "the audit of an allocation deleted",
        "DELETE FROM audit_auditentry WHERE event = 'Credit note allocated'",
        "audit_count",
    ),
    Planted(
        "the audit of a note that was put into Available Credits deleted",
        "DELETE FROM audit_auditentry WHERE event = 'Credit note put into Available Credits'",
        "audit_count",
    ),
    Planted(
        "a note put into Available Credits that the audit calls allocated",
        "UPDATE audit_auditentry SET event = 'Credit note allocated'"
        " WHERE event = 'Credit note put into Available Credits'",
        "audit_count",
    ),
    Planted(
        "A line of history about anything but a termination",
        "INSERT INTO subscriptions_historyentry (subscription_id, at, event, description, actor)"
        " VALUES (%(plain)s, now(), 'Unsubscribed', 'Agreed', 'another')",
    ),
)
