"""What must never be in the database, whatever the order was: sentences about rows, beside `verify_ledger`."""

NEVER = """
    SELECT 'entries of one termination: ' || cause_id FROM customers_ledgerentry
    WHERE kind = 'refund' GROUP BY cause_id HAVING count(*) > 1
    UNION ALL
    SELECT 'terminations of one subscription: ' || subscription_id FROM subscriptions_termination
    GROUP BY subscription_id HAVING count(*) > 1
    UNION ALL
    SELECT 'terminations settled by one note: ' || credit_note_id FROM subscriptions_termination
    WHERE credit_note_id IS NOT NULL GROUP BY credit_note_id HAVING count(*) > 1
    UNION ALL
    SELECT 'half a termination: ' || s.uuid FROM subscriptions_subscription s
    LEFT JOIN subscriptions_termination t ON t.subscription_id = s.id
    WHERE (s.status = 'terminated') <> (t.id IS NOT NULL) OR s.termination_ref IS DISTINCT FROM t.id
    UNION ALL
    SELECT 'balance of account ' || a.id || ' is not the sum of its entries' FROM customers_creditaccount a
    WHERE a.balance <> (SELECT coalesce(sum(amount), 0) FROM customers_ledgerentry WHERE account_id = a.id)
    UNION ALL
    SELECT 'above a cap: charge ' || id FROM invoicing_chargeline
    WHERE noted + waived + refunded > net + tax OR paid + waived > net + tax OR refunded + put_in > paid
    UNION ALL
    SELECT 'Available Credits below the limit: account ' || id FROM customers_creditaccount
    WHERE balance + credit_limit < reserved
    UNION ALL
    -- What was renewed.
    SELECT 'a cycle of subscription ' || subscription_id || ' twice, from ' || first_day FROM subscriptions_cycle
    GROUP BY subscription_id, first_day HAVING count(*) > 1
    UNION ALL
    SELECT 'one thing charged twice in cycle ' || g.cycle_id FROM subscriptions_cyclecharge g
    JOIN invoicing_chargeline l ON l.id = g.line_id
    GROUP BY g.cycle_id, l.kind, g.add_on_id HAVING count(*) > 1
    UNION ALL
    SELECT 'a renewal that the last day does not know of: subscription ' || s.uuid
    FROM subscriptions_subscription s
    WHERE s.expires_on <> (SELECT max(day_after) - 1 FROM subscriptions_cycle c WHERE c.subscription_id = s.id)
    UNION ALL
    SELECT 'charged after its end, and not given back: subscription ' || s.uuid
    FROM subscriptions_termination t JOIN subscriptions_subscription s ON s.id = t.subscription_id
    JOIN subscriptions_cycle c ON c.subscription_id = s.id AND c.first_day > t.terminated_on
    JOIN subscriptions_cyclecharge g ON g.cycle_id = c.id JOIN invoicing_chargeline l ON l.id = g.line_id
    WHERE t.settlement <> 'credit_note_linked' AND (t.quote -> 'terms' ->> 'allow_refund')::boolean
      AND l.noted + l.waived + l.refunded < l.net + l.tax
    UNION ALL
    SELECT 'renewed and refused at once: subscription ' || r.subscription_id FROM subscriptions_renewalrefusal r
    JOIN subscriptions_cycle c ON c.subscription_id = r.subscription_id AND c.first_day = r.first_day
    JOIN subscriptions_cyclecharge g ON g.cycle_id = c.id JOIN invoicing_chargeline l ON l.id = g.line_id
    JOIN invoicing_invoice i ON i.id = l.invoice_id AND i.created_at <= r.at
    UNION ALL
    SELECT 'messages of one day about refused renewals: ' || organisation_uuid FROM outbox_delivery
    WHERE kind = 'renewal_refused' GROUP BY organisation_uuid HAVING count(*) > 1
    UNION ALL
    -- What was asked to end.
    SELECT 'open although ended: request ' || r.uuid FROM subscriptions_terminationrequest r
    JOIN subscriptions_termination t ON t.subscription_id = r.subscription_id WHERE r.state = 'open'
    UNION ALL
    SELECT 'requests open for subscription ' || subscription_id FROM subscriptions_terminationrequest
    WHERE state = 'open' GROUP BY subscription_id HAVING count(*) > 1
    UNION ALL
    SELECT 'carried out, and no termination says so: request ' || r.uuid FROM subscriptions_terminationrequest r
    LEFT JOIN subscriptions_termination t ON t.request_id = r.id
    WHERE (r.state = 'carried_out') <> (t.id IS NOT NULL) OR (t.id IS NOT NULL AND r.termination_id <> t.id)
    UNION ALL
    SELECT 'closed twice: request ' || (data ->> 'request') FROM audit_auditentry
    WHERE kind IN ('termination.withdrawn', 'termination.needs_person') GROUP BY kind, data ->> 'request'
    HAVING count(*) > 1
    UNION ALL
    -- What was told ahead.
    SELECT 'notices of one kind and day: ' || organisation_uuid FROM outbox_notice
    GROUP BY organisation_uuid, kind, "on" HAVING count(*) > 1
    UNION ALL
    SELECT 'told twice: ' || subject_uuid FROM outbox_noticeitem
    GROUP BY kind, subject_uuid, about, "on" HAVING count(*) > 1
    UNION ALL
    SELECT 'a notice without its one message: ' || n.uuid FROM outbox_notice n
    WHERE 1 <> (SELECT count(*) FROM outbox_delivery d WHERE d.cause_id = n.uuid)
"""
