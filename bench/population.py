"""A database of any size, alike every time: organisations with all that hangs on them, written set by set.

Names, and what is folded from them, are made in Python (the product's own `fold`); the rest is dealt by PostgreSQL
from hashes of the row's number. Everything is one transaction: constraints and indexes are put aside, the rows
written, and every constraint checked again when it comes back. Sums that triggers keep are written as such, and
`verify_ledger` agrees with them (tests/bench/test_population.py).
"""

from __future__ import annotations

import hashlib
import itertools
import random
import uuid
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg

from portal.demo import names
from portal.lib import money, text

TABLES = (
    "customers_organisation",
    "customers_member",
    "customers_searchkey",
    "customers_searchtext",
    "customers_searchword",
    "customers_creditaccount",
    "customers_ledgerentry",
    "invoicing_invoice",
    "invoicing_chargeline",
    "invoicing_payment",
    "invoicing_paymentline",
    "invoicing_creditnote",
    "invoicing_creditnoteline",
    "subscriptions_product",
    "subscriptions_plan",
    "subscriptions_contract",
    "subscriptions_subscription",
    "subscriptions_addon",
    "subscriptions_contractitem",
    "subscriptions_cycle",
    "subscriptions_cyclecharge",
    "subscriptions_phonenumber",
    "subscriptions_assignment",
    "subscriptions_historyentry",
    "subscriptions_termination",
    "audit_auditentry",
)

_WITHOUT_ID = {"customers_searchtext", "customers_searchword"}

# Made-up words, as companies like to be called: rare words are what people search for.
_WRITTEN = {
    "latin": (
        "ba be bi bo bra cor da del di do dra fen fi flo ga gen gra ha hel jo ka kel ki kra la len li lo "
        "lu ma mar mi mon na nel ni no nor o pa pel pi pra qua ra ren ri ro sa sel si sol sta ta tel ti "
        "tor tra u va vel vi vo wa wen xa ya zel zi zo"
    ),
    "cyrillic": (
        "ба бел ви во га гор да ден до жи за зор ка кра ла ле лу ма мир на но о па пол ра рус са свет се "
        "ста та тор у фа хо ча ше ю я"
    ),
    "greek": "α βα γε δη ελ ζη θα ι κα κρι λα με νι ξε ο πα ρο σα τη υ φι χα ψι ω",
    "arabic": "با تا ثم جا حس خل دا را زه سم شا صف طي عا غد فا قم كا لو ما نو ها ور يا",
    "cjk": (
        "永 和 新 华 东 方 金 龙 天 海 大 信 达 盛 隆 昌 泰 安 康 福 瑞 星 辰 云 山 川 森 林 水 火 "
        "光 明 春 秋 百 千 万 里 风 雷 宝 玉"
    ),
    "kana": "ア イ ウ エ カ キ ク サ シ タ チ ナ ニ ハ ヒ マ ミ ヤ ユ ラ リ ル ワ",
    "hangul": "가 나 다 라 마 바 사 아 자 차 하 강 민 서 우 진 현 대 동 한 국 신 일 세 성 정 유 경 태",
}
_SYLLABLES = {script: written.split() for script, written in _WRITTEN.items()}
_SCRIPTS = {
    "UA": "cyrillic",
    "KZ": "cyrillic",
    "GR": "greek",
    "KW": "arabic",
    "BH": "arabic",
    "SA": "arabic",
    "CN": "cjk",
    "TW": "cjk",
    "HK": "cjk",
    "JP": "kana",
    "KR": "hangul",
}
_SHARED_DOMAINS = ("mail.example", "post.example", "office.example", "inbox.example")

_ROOT = Path(__file__).resolve().parents[1]
Tell = Callable[[str], None]


def key(*, rows: int, today: date) -> str:
    """Name what a database holds: it is built anew when the schema, what fills it or the day is another."""
    files = [Path(__file__), _ROOT / "portal/demo/names.py", _ROOT / "portal/lib/text.py"]
    return _digest(f"{rows} {today} {schema_key()}", files)


def schema_key() -> str:
    """Name the schema, and what makes the bench's people."""
    files = [_ROOT / "bench/world.py"]
    files += _ROOT.glob("*/migrations/*.py")
    files += _ROOT.glob("portal/*/migrations/*.py")
    return _digest("", files)


def _digest(words: str, files: list[Path]) -> str:
    digest = hashlib.sha256(words.encode())
    for file in sorted(files):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def build(connection: psycopg.Connection[Any], *, rows: int, today: date, tell: Tell) -> None:
    """Fill a migrated, empty database, in one transaction of a connection that commits by itself."""
    with connection.transaction(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('portal.operation', 'bench', true)")
        cursor.execute("SET LOCAL work_mem = '256MB'")
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
        cursor.execute(f"CREATE TEMPORARY TABLE run ON COMMIT DROP AS SELECT '{today}'::date AS today")
        cursor.execute(_DEAL)
        tell(f"naming {rows:,} organisations")
        _copy_names(cursor, rows=rows)
        aside = _put_aside(cursor)
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for what, statements in itertools.groupby(_STATEMENTS, key=lambda step: step[0]):
            tell(what)
            for _, statement in statements:
                cursor.execute(statement)
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")
            if table not in _WITHOUT_ID:
                cursor.execute(
                    f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), greatest(max(id), 1)) FROM {table}"
                )
        tell("checking every constraint, building the indexes")
        for statement in aside:
            cursor.execute(statement)
    tell("vacuum and analyze")
    connection.execute("VACUUM (ANALYZE)")


def _put_aside(cursor: psycopg.Cursor[Any]) -> list[str]:
    """Drop keys, unique and exclusion constraints and plain indexes; give the statements that bring them back."""
    cursor.execute(
        """
        SELECT conrelid::regclass::text, conname, contype, pg_get_constraintdef(oid) FROM pg_constraint
        WHERE contype IN ('u', 'x') AND conrelid::regclass::text = ANY(%(tables)s)
           OR contype = 'f' AND (conrelid::regclass::text = ANY(%(tables)s)
                                 OR confrelid::regclass::text = ANY(%(tables)s))
        ORDER BY contype = 'f' DESC, conname
        """,
        {"tables": list(TABLES)},
    )
    constraints = cursor.fetchall()
    for table, name, _, _ in constraints:
        cursor.execute(f'ALTER TABLE {table} DROP CONSTRAINT "{name}"')
    cursor.execute(
        """
        SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index
        WHERE indrelid::regclass::text = ANY(%s) AND NOT indisprimary
        """,
        [list(TABLES)],
    )
    indexes = cursor.fetchall()
    for name, _ in indexes:
        cursor.execute(f"DROP INDEX {name}")
    added = [
        (kind, f'ALTER TABLE {table} ADD CONSTRAINT "{name}" {definition}')
        for table, name, kind, definition in constraints
    ]
    return [
        *(definition for _, definition in indexes),
        *(statement for kind, statement in added if kind != "f"),
        *(statement for kind, statement in added if kind == "f"),
    ]


# ---- Names ---------------------------------------------------------------------------------------------------


def _copy_names(cursor: psycopg.Cursor[Any], *, rows: int) -> None:
    cursor.execute(
        """
        CREATE TEMPORARY TABLE named (
            id bigint, uuid uuid, name text, folded_name text, country text, currency text, digits int,
            unit numeric, timezone text, tax_rate numeric, calling_code text, owner_name text, owner_email text,
            billing_email text, reference text, folded_reference text, second_name text, second_email text
        ) ON COMMIT DROP
        """
    )
    with cursor.copy("COPY named FROM STDIN") as copy:
        for row in named(rows):
            copy.write_row(row)
    cursor.execute("ALTER TABLE named ADD PRIMARY KEY (id)")
    cursor.execute("ANALYZE named")


def named(rows: int) -> Iterator[tuple[object, ...]]:
    """Make the organisations that have names, addresses and references: the first ones alike for any number."""
    rng = random.Random(20)
    # Most customers of a portal are around its home: some countries have many.
    weights = [4 if place < 6 else 1 for place in range(len(names.LOCALES))]
    for number in range(1, rows + 1):
        locale = rng.choices(names.LOCALES, weights)[0]
        core, slug = _core(locale, rng)
        name = rng.choice(locale.forms).format(core)
        given, family = rng.choice(locale.given), rng.choice(locale.family)
        owner = f"{family} {given}" if locale.family_first else f"{given} {family}"
        person = text.fold(f"{given}.{family}").replace(" ", "")
        domain = rng.choice(_SHARED_DOMAINS) if rng.random() < 0.25 else f"{slug}.{locale.country.lower()}.example"
        reference = f"{locale.country}-{number:06d}" if rng.random() < 0.9 else ""
        second = rng.random() < 0.4
        other = rng.choice(locale.given)
        yield (
            number,
            uuid.UUID(int=rng.getrandbits(128), version=4),
            name,
            text.fold(name),
            locale.country,
            locale.currency,
            money.minor_digits(locale.currency),
            _UNITS.get(money.minor_digits(locale.currency), 1),
            rng.choice(locale.timezones),
            locale.tax_rate,
            locale.calling_code,
            owner,
            f"{person}{number % 97}@{domain}",
            f"billing@{domain}" if rng.random() < 0.6 else "",
            reference,
            text.fold(reference),
            f"{other} {family}" if second else None,
            f"{text.fold(other).replace(' ', '')}{number}@{domain}" if second else None,
        )


# What a price of 1 is in a currency without decimals, and with three.
_UNITS = {0: 100, 3: "0.3"}


def _core(locale: names.Locale, rng: random.Random) -> tuple[str, str]:
    """Make the middle of a company's name, and the part of its domain."""
    brand = _brand(_SCRIPTS.get(locale.country, "latin"), rng)
    kind = rng.random()
    if kind < 0.5:
        core = brand
    elif kind < 0.7:
        core = f"{rng.choice(locale.stems)} {brand}"
    elif kind < 0.85:
        core = f"{rng.choice(locale.family)} & {brand}"
    elif kind < 0.95:
        core = f"{rng.choice(locale.stems)} {rng.choice(locale.family)}"
    else:
        core = f"{rng.choice(locale.family)} & {rng.choice(locale.family)}"
    slug = "".join(c for c in text.fold(brand) if c.isalnum())
    return core, slug


def _brand(script: str, rng: random.Random) -> str:
    made = "".join(rng.choices(_SYLLABLES[script], k=rng.choice((2, 3)) if script != "arabic" else 3))
    return made.capitalize()


# ---- Rows ----------------------------------------------------------------------------------------------------

# deal(number, salt, n): 0 to n - 1, the same for the same number and salt.
_DEAL = """
CREATE FUNCTION pg_temp.deal(number bigint, salt bigint, n bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
'SELECT (hashint8extended(number, salt) & 9223372036854775807) % n'
"""

_STATEMENTS: tuple[tuple[str, str], ...] = (
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
        "invoices",
        """
        INSERT INTO invoicing_invoice
            (id, uuid, number, series_id, sequence_number, organisation_id, currency, kind, status, issued_on,
             created_at, charged, paid, waived)
        SELECT b.id, md5('invoice ' || b.id)::uuid,
               n.prefix || lpad(b.id::text, greatest(n.length, length(b.id::text)), '0'), n.id, b.id,
               b.organisation_id, b.currency, 'tax',
               CASE WHEN paid = charged THEN 'paid' ELSE 'awaiting_payment' END, b.first_day,
               b.first_day::timestamp AT TIME ZONE 'UTC', b.charged, b.paid, 0
        FROM billed b JOIN invoicing_numberseries n ON n.document = 'invoice' ORDER BY b.id
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
    # One charge in forty is given back by a note of a quarter; some of these notes are drafts or void.
    (
        "dealing credit notes",
        """
        CREATE TEMPORARY TABLE noted ON COMMIT DROP AS
        SELECT row_number() OVER (ORDER BY id) AS note_id, id AS line_id, organisation_id, currency, first_day,
               round(net / 4, digits) AS net, round(tax / 4, digits) AS tax,
               (ARRAY['sent', 'sent', 'applied', 'applied', 'draft', 'void'])[1 + pg_temp.deal(id, 61, 6)] AS status
        FROM billed WHERE pg_temp.deal(id, 60, 40) = 0 AND net >= 8
        """,
    ),
    (
        "charges",
        """
        INSERT INTO invoicing_chargeline
            (id, invoice_id, currency, kind, description, net, tax, paid, noted, waived, refunded)
        SELECT b.id, b.id, b.currency, 'plan',
               p.name || ', ' || to_char(b.first_day, 'FMDD FMMonth YYYY') || ' to '
                      || to_char(b.day_after - 1, 'FMDD FMMonth YYYY'),
               b.net, b.tax, b.paid,
               CASE WHEN d.status IN ('sent', 'applied') THEN d.net + d.tax ELSE 0 END, 0, 0
        FROM billed b
        JOIN subscriptions_subscription s ON s.id = b.subscription_id
        JOIN subscriptions_plan p ON p.id = s.plan_id
        LEFT JOIN noted d ON d.line_id = b.id ORDER BY b.id
        """,
    ),
    (
        "charges",
        """
        INSERT INTO subscriptions_cyclecharge (cycle_id, line_id, first_day, day_after, is_external_invoice)
        SELECT id, id, first_day, day_after, false FROM billed ORDER BY id
        """,
    ),
    (
        "payments",
        """
        INSERT INTO invoicing_payment
            (id, uuid, invoice_id, currency, amount, method, received_on, reference, created_at, actor)
        SELECT id, md5('payment ' || id)::uuid, id, currency, paid,
               (ARRAY['bank_transfer', 'card', 'cheque'])[1 + pg_temp.deal(id, 62, 3)], first_day, '',
               first_day::timestamp AT TIME ZONE 'UTC', 'bench-billing'
        FROM billed WHERE paid > 0 ORDER BY id
        """,
    ),
    (
        "payments",
        """
        INSERT INTO invoicing_paymentline (payment_id, line_id, currency, amount)
        SELECT id, id, currency, paid FROM billed WHERE paid > 0 ORDER BY id
        """,
    ),
    (
        "credit notes",
        """
        INSERT INTO invoicing_creditnote
            (id, uuid, number, series_id, sequence_number, organisation_id, invoice_id, currency, status, reason,
             net, tax, allocated, allocated_outside, holds, issued_on, sent_at, created_at, row_sha256)
        SELECT d.note_id, md5('note ' || d.note_id)::uuid,
               n.prefix || lpad(d.note_id::text, greatest(n.length, length(d.note_id::text)), '0'), n.id, d.note_id,
               d.organisation_id, d.line_id, d.currency, d.status, 'Outage', d.net, d.tax, a.amount, a.amount, 0,
               d.first_day, CASE WHEN d.status <> 'draft' THEN d.first_day::timestamp AT TIME ZONE 'UTC' END,
               d.first_day::timestamp AT TIME ZONE 'UTC', ''
        FROM noted d JOIN invoicing_numberseries n ON n.document = 'credit_note'
        CROSS JOIN LATERAL (SELECT CASE WHEN d.status = 'applied' THEN d.net + d.tax ELSE 0 END AS amount) a
        ORDER BY d.note_id
        """,
    ),
    (
        "credit notes",
        """
        INSERT INTO invoicing_creditnoteline (credit_note_id, line_id, currency, description, net, tax)
        SELECT note_id, line_id, currency, 'Outage', net, tax FROM noted ORDER BY note_id
        """,
    ),
    (
        "series",
        """
        UPDATE invoicing_numberseries SET last_number = CASE document
            WHEN 'invoice' THEN (SELECT count(*) FROM billed) ELSE (SELECT count(*) FROM noted) END
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
)
