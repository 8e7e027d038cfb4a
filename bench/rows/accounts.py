"""Accounts with their entries, what is searched for, and the audit."""

STATEMENTS: tuple[tuple[str, str], ...] = (
    # The account's balance and head are those of its last entry, and each entry names the hash before it.
    (
        "credit entries",
        """
        INSERT INTO customers_ledgerentry
            (account_id, seq, currency, before, amount, after, kind, is_unbilled, at, "on", description, actor)
        SELECT id, 1, currency, 0, amount, amount, 'opening_balance', false,
               (today - 1800)::timestamp AT TIME ZONE 'UTC', today - 1800, 'Opening balance', 'import'
        FROM named CROSS JOIN run
        CROSS JOIN LATERAL (SELECT unit * (1 + pg_temp.deal(id, 80, 900000000)) / 1000000 AS amount) a
        WHERE pg_temp.deal(id, 81, 10) > 0 ORDER BY id
        """,
    ),
    *(
        (
            "credit entries",
            f"""
            INSERT INTO customers_ledgerentry
                (account_id, seq, currency, before, amount, after, kind, is_unbilled, at, "on", description, actor,
                 previous_sha256)
            SELECT account_id, {seq}, currency, after, moved, after + moved,
                   'charge', false,
                   (day + {seq * 400})::timestamp AT TIME ZONE 'UTC', day + {seq * 400},
                   CASE WHEN moved > 0 THEN 'Usage taken back' ELSE 'Usage of the month' END, 'system', sha256
            FROM customers_ledgerentry CROSS JOIN (SELECT today - 1800 AS day FROM run) r
            CROSS JOIN LATERAL (
                SELECT (1 + pg_temp.deal(account_id, 9{seq}, 100000000))::numeric / 1000000
                     * CASE WHEN pg_temp.deal(account_id, 11{seq}, 3) = 0 THEN 1 ELSE -1 END AS moved) a
            WHERE seq = {seq - 1} AND pg_temp.deal(account_id, 10{seq}, 10) < 7 ORDER BY account_id
            """,
        )
        for seq in (2, 3, 4)
    ),
    (
        "credit accounts",
        """
        INSERT INTO customers_creditaccount
            (id, organisation_id, currency, balance, credit_limit, reserved, last_seq, head)
        SELECT n.id, n.id, n.currency, coalesce(e.after, 0),
               CASE WHEN pg_temp.deal(n.id, 2, 100) < 30 THEN 500 * n.unit ELSE 0 END, 0, e.seq, e.sha256
        FROM named n LEFT JOIN (
            SELECT DISTINCT ON (account_id) account_id, seq, after, sha256 FROM customers_ledgerentry
            ORDER BY account_id, seq DESC) e ON e.account_id = n.id
        ORDER BY n.id
        """,
    ),
    (
        "search keys",
        """
        INSERT INTO customers_searchkey (organisation_id, kind, text)
        SELECT n.id, k.kind, k.text FROM named n
        CROSS JOIN LATERAL (VALUES ('name', n.folded_name), ('uuid', n.uuid::text), ('owner_email', n.owner_email),
            ('billing_email', n.billing_email), ('reference', n.folded_reference)) k (kind, text)
        WHERE k.text <> ''
        UNION ALL
        SELECT s.organisation_id, 'number', p.number FROM subscriptions_phonenumber p
        JOIN subscriptions_subscription s ON s.id = p.subscription_id
        ORDER BY 1
        """,
    ),
    (
        "search texts",
        """
        INSERT INTO customers_searchtext (organisation_id, name, text, words)
        SELECT organisation_id, name, text, words FROM customers_searchtext_made ORDER BY organisation_id
        """,
    ),
    (
        "search texts",
        "INSERT INTO customers_searchword (word) SELECT DISTINCT unnest(words) FROM customers_searchtext",
    ),
    (
        "audit",
        """
        INSERT INTO audit_auditentry (at, app, event, description, actor, organisation_uuid, organisation_name)
        SELECT (today - 1 - pg_temp.deal(n.id, 120 + e.number, 1900)::int)::timestamp AT TIME ZONE 'UTC'
                   + make_interval(secs => pg_temp.deal(n.id, 130 + e.number, 86400)),
               e.app, e.event, e.event || ' for ' || n.name || '.',
               'bench-agent-' || 1 + pg_temp.deal(n.id, 140 + e.number, 8), n.uuid, n.name
        FROM named n CROSS JOIN run
        CROSS JOIN (VALUES (1, 'Subscriptions', 'Purchased'), (2, 'Invoices', 'Invoice issued'),
                           (3, 'Subscriptions', 'Renewed')) e (number, app, event)
        ORDER BY 1
        """,
    ),
    (
        # Triggers are off, so none of these waits; what came before them may, and is numbered later.
        "positions of the audit",
        """
        INSERT INTO audit_position (position, event_id, numbered_at)
        SELECT l.last + row_number() OVER (ORDER BY e.id), e.id, now()
        FROM audit_auditentry e CROSS JOIN (SELECT coalesce(max(position), 0) AS last FROM audit_position) l
        WHERE NOT EXISTS (SELECT FROM audit_position p WHERE p.event_id = e.id)
          AND NOT EXISTS (SELECT FROM audit_unnumbered w WHERE w.event_id = e.id)
        """,
    ),
)
