"""Organisations with members, plans, and subscriptions with all that hangs on them but documents."""

STATEMENTS: tuple[tuple[str, str], ...] = (
    (
        "organisations",
        """
        INSERT INTO customers_organisation
            (id, uuid, name, status, country, currency, timezone, payment_mode, owner_email, billing_email,
             customer_reference, created_on, row_sha256)
        SELECT id, uuid, name, CASE WHEN pg_temp.deal(id, 1, 100) < 5 THEN 'suspended' ELSE 'active' END, country,
               currency, timezone, CASE WHEN pg_temp.deal(id, 2, 100) < 30 THEN 'postpaid' ELSE 'prepaid' END,
               owner_email, billing_email, reference, today - 1900 - pg_temp.deal(id, 3, 700)::int, ''
        FROM named CROSS JOIN run ORDER BY id
        """,
    ),
    (
        "members",
        """
        INSERT INTO customers_member (organisation_id, email, name, role, row_sha256)
        SELECT id, owner_email, owner_name, 'owner', '' FROM named
        UNION ALL SELECT id, second_email, second_name, 'member', '' FROM named WHERE second_name IS NOT NULL
        ORDER BY 1
        """,
    ),
    (
        "plans",
        """
        INSERT INTO subscriptions_product (id, name)
        VALUES (1, 'SIP Trunk'), (2, 'Contact Centre'), (3, 'Hosted PBX')
        """,
    ),
    (
        "plans",
        """
        INSERT INTO subscriptions_plan (sku, product_id, name, currency, price_per_month, row_sha256)
        SELECT p.code || '-' || c.currency, p.id, p.name, c.currency, round(p.price * c.unit, c.digits), ''
        FROM (SELECT DISTINCT currency, unit, digits FROM named) c
        CROSS JOIN (VALUES (1, 'SIP', 'SIP Trunk 10', 49.90), (2, 'CC', 'Contact Centre Team', 129.00),
                           (3, 'PBX', 'Hosted PBX Office', 24.50)) p (id, code, name, price)
        ORDER BY 1
        """,
    ),
    # A story for each subscription: what it is today. The last 2 in 12 end long ago, half of them terminated.
    (
        "dealing subscriptions",
        """
        CREATE TEMPORARY TABLE sold ON COMMIT DROP AS
        SELECT s.*, (today + make_interval(days => ends_in - s.length))::date AS first_day
        FROM (
            SELECT t.*, today, p.id AS plan_id, p.price_per_month * months AS price,
                   CASE WHEN story < 78 THEN 28 * months - pg_temp.deal(t.id, 7, 28 * months)::int
                        WHEN story < 84 THEN -1 - pg_temp.deal(t.id, 8, 25)::int
                        ELSE -31 - pg_temp.deal(t.id, 9, 200)::int END AS ends_in,
                   (today + make_interval(months => months * cycles))::date - today AS length
            FROM (
                SELECT row_number() OVER (ORDER BY o.id, nth) AS id, o.id AS organisation_id, o.currency, o.digits,
                       o.tax_rate, o.calling_code,
                       (ARRAY[1, 1, 1, 1, 1, 2, 3, 12])[1 + pg_temp.deal(o.id, 10 + nth, 8)] AS months,
                       1 + pg_temp.deal(o.id, 20 + nth, 5)::int AS cycles,
                       pg_temp.deal(o.id, 30 + nth, 100) AS story,
                       (ARRAY['SIP', 'CC', 'PBX'])[1 + pg_temp.deal(o.id, 40 + nth, 3)] AS code
                FROM named o
                CROSS JOIN LATERAL generate_series(1, CASE WHEN pg_temp.deal(o.id, 4, 10) < 2 THEN 2 ELSE 1 END) nth
            ) t JOIN subscriptions_plan p ON p.sku = t.code || '-' || t.currency CROSS JOIN run
        ) s
        """,
    ),
    (
        "dealing cycles",
        # What a cycle was charged, and what of it was paid: all of the past, most of the last one.
        """
        CREATE TEMPORARY TABLE billed ON COMMIT DROP AS
        SELECT c.*, c.net + c.tax AS charged,
               CASE WHEN number < cycles OR share < 80 THEN c.net + c.tax
                    WHEN share < 88 THEN round((c.net + c.tax) / 2, digits) ELSE 0 END AS paid,
               row_number() OVER (ORDER BY c.first_day, c.subscription_id) AS id
        FROM (
            SELECT s.id AS subscription_id, s.organisation_id, s.currency, s.digits, s.months, s.cycles, number,
                   (s.first_day + make_interval(months => s.months * (number - 1)))::date AS first_day,
                   (s.first_day + make_interval(months => s.months * number))::date AS day_after,
                   pg_temp.deal(s.id, 6, 100) AS share,
                   s.price AS net, round(s.price * s.tax_rate, s.digits) AS tax
            FROM sold s CROSS JOIN LATERAL generate_series(1, s.cycles) number
        ) c
        """,
    ),
    ("dealing cycles", "ANALYZE sold, billed"),
    (
        "subscriptions",
        """
        INSERT INTO subscriptions_subscription
            (id, uuid, organisation_id, plan_id, currency, status, started_on, expires_on, auto_renew, is_trial,
             termination_ref, row_sha256)
        SELECT s.id, md5('subscription ' || s.id)::uuid, s.organisation_id, s.plan_id, s.currency,
               CASE WHEN story >= 92 THEN 'terminated' WHEN b.day_after > today THEN 'active' ELSE 'expired' END,
               s.first_day, b.day_after - 1, story < 92 AND pg_temp.deal(s.id, 50, 4) > 0,
               story < 78 AND pg_temp.deal(s.id, 51, 50) = 0, CASE WHEN story >= 92 THEN s.id END, ''
        FROM sold s JOIN billed b ON b.subscription_id = s.id AND b.number = s.cycles ORDER BY s.id
        """,
    ),
    (
        "terminations",
        """
        INSERT INTO subscriptions_termination
            (id, uuid, subscription_id, organisation_id, currency, "case", terminated_at, terminated_on, actor_kind,
             actor, explanation, requested_by, channel, ticket, choice, settlement, waived, nothing_reason,
             acknowledgements)
        SELECT s.id, md5('termination ' || s.id)::uuid, s.id, s.organisation_id, s.currency, 'ended_before_move',
               today::timestamp AT TIME ZONE 'UTC', least(k.expires_on + 29, today), 'import', 'import', '', '', '',
               '', 'none', 'nothing_due', 0, 'the subscription ended before the move', '[]'
        FROM sold s JOIN subscriptions_subscription k ON k.id = s.id WHERE story >= 92 ORDER BY s.id
        """,
    ),
    (
        "cycles",
        """
        INSERT INTO subscriptions_cycle
            (id, subscription_id, first_day, day_after, months, row_sha256)
        SELECT id, subscription_id, first_day, day_after, months, '' FROM billed ORDER BY id
        """,
    ),
    (
        "numbers",
        """
        INSERT INTO subscriptions_phonenumber
            (number, subscription_id, is_ported_in, status, reserved_through, row_sha256)
        SELECT n.calling_code || lpad((n.id * 48271 % 100000000)::text, 8, '0'), n.id,
               pg_temp.deal(n.id, 71, 10) = 0,
               CASE WHEN t.id IS NULL THEN 'in_use' WHEN r.through >= today THEN 'reserved' ELSE 'free' END,
               CASE WHEN r.through >= today THEN r.through END, ''
        FROM sold n LEFT JOIN subscriptions_termination t ON t.id = n.id
        CROSS JOIN LATERAL (
            SELECT t.terminated_on + CASE WHEN pg_temp.deal(n.id, 71, 10) = 0 THEN 56 ELSE 28 END AS through) r
        WHERE pg_temp.deal(n.id, 70, 2) = 0 ORDER BY n.id
        """,
    ),
    (
        "assignments and add-ons",
        """
        INSERT INTO subscriptions_assignment (subscription_id, member_id, assigned_on, ended_on)
        SELECT s.id, m.id, s.started_on, t.terminated_on
        FROM subscriptions_subscription s
        JOIN customers_member m ON m.organisation_id = s.organisation_id AND m.role = 'owner'
        LEFT JOIN subscriptions_termination t ON t.subscription_id = s.id
        WHERE pg_temp.deal(s.id, 72, 10) < 4 ORDER BY s.id
        """,
    ),
    (
        "assignments and add-ons",
        """
        INSERT INTO subscriptions_addon (subscription_id, name, price_per_month)
        SELECT id, 'Call recording', 0 FROM sold WHERE pg_temp.deal(id, 73, 5) = 0 ORDER BY id
        """,
    ),
    (
        "contracts",
        """
        INSERT INTO subscriptions_contract
            (id, reference, organisation_id, billing_plan, status, starts_on, ends_on, row_sha256)
        SELECT id, 'CT-' || id, organisation_id,
               (ARRAY['as_incurred', 'milestone'])[1 + pg_temp.deal(id, 75, 2)], 'in_progress', first_day,
               first_day + 730, ''
        FROM sold WHERE pg_temp.deal(id, 74, 33) = 0 ORDER BY id
        """,
    ),
    (
        "contracts",
        """
        INSERT INTO subscriptions_contractitem (contract_id, subscription_id, freed_on)
        SELECT c.id, c.id, t.terminated_on
        FROM subscriptions_contract c LEFT JOIN subscriptions_termination t ON t.id = c.id ORDER BY c.id
        """,
    ),
    (
        "history",
        """
        INSERT INTO subscriptions_historyentry (subscription_id, at, event, description, actor)
        SELECT id, started_on::timestamp AT TIME ZONE 'UTC', 'Purchased', '', 'bench-agent-1'
        FROM subscriptions_subscription ORDER BY started_on
        """,
    ),
)
