"""Write new organisations with their accounts, new members, and what the search knows them by."""

from __future__ import annotations

from portal.importing.shapes import Declared

STATEMENTS = (
    """
    INSERT INTO customers_organisation
        (uuid, name, status, country, currency, timezone, payment_mode, owner_email, billing_email,
         customer_reference, created_on, row_sha256)
    SELECT uuid, name, status, country, currency, timezone, payment_mode, coalesce(owner_email, ''),
           coalesce(billing_email, ''), coalesce(customer_reference, ''), created_on, sha256
    FROM import_organisations WHERE known_id IS NULL ORDER BY line
    """,
    """
    CREATE TEMPORARY TABLE new_organisations ON COMMIT DROP AS
    SELECT k.id, a.today, s.* FROM import_organisations s
    JOIN customers_organisation k ON k.uuid = s.uuid
    JOIN all_organisations a ON a.uuid = s.uuid
    WHERE s.known_id IS NULL
    """,
    # The account's balance and head follow its first entry.
    """
    INSERT INTO customers_creditaccount (organisation_id, currency, balance, credit_limit, reserved)
    SELECT id, currency, 0, credit_limit, 0 FROM new_organisations ORDER BY line
    """,
    """
    INSERT INTO customers_ledgerentry
        (account_id, seq, currency, before, amount, after, kind, is_unbilled, at, "on", description, actor)
    SELECT a.id, 1, n.currency, 0, n.opening_balance, n.opening_balance, 'opening_balance', false, r.at, n.today,
           'Opening balance', r.actor
    FROM new_organisations n JOIN customers_creditaccount a ON a.organisation_id = n.id CROSS JOIN import_run r
    WHERE n.opening_balance <> 0 ORDER BY n.line
    """,
    """
    INSERT INTO customers_member (organisation_id, email, name, role, row_sha256)
    SELECT o.id, s.email, s.name, s.role, s.sha256
    FROM import_members s JOIN customers_organisation o ON o.uuid = s.organisation_uuid
    WHERE s.known_id IS NULL ORDER BY s.line
    """,
)

ADDED_KEYS = "search keys"
"""Under this name apps above add a query of keys that are not there: organisation_id, kind, text."""


def _search_keys(declared: Declared) -> str:
    """Write all keys in one statement, so that the text made of an organisation's is written once.

    Not ON CONFLICT, which takes twice the time.
    """
    added = "".join(f"{query} UNION ALL" for query in declared.added_to(ADDED_KEYS))
    return f"""
    INSERT INTO customers_searchkey (organisation_id, kind, text)
    SELECT n.id, k.kind, k.text FROM new_organisations n
    CROSS JOIN LATERAL (VALUES ('name', n.folded_name), ('uuid', n.uuid::text),
        ('owner_email', n.folded_owner_email), ('billing_email', n.folded_billing_email),
        ('reference', n.folded_customer_reference)) k (kind, text)
    WHERE k.text <> ''
    UNION ALL
    {added}
    SELECT DISTINCT o.id, k.kind, k.text
    FROM import_members m JOIN customers_organisation o ON o.uuid = m.organisation_uuid
    CROSS JOIN LATERAL (VALUES ('member', m.folded_name), ('member_email', m.folded_email)) k (kind, text)
    WHERE m.known_id IS NULL AND k.text <> '' AND NOT EXISTS (
        SELECT FROM customers_searchkey h
        WHERE h.organisation_id = o.id AND h.kind = k.kind AND h.text = k.text)
    ORDER BY 1
    """  # noqa: S608 - from the declarations


SEARCH_KEYS = (
    _search_keys,
    # What still waits beside an index would be read by every search until somebody sorts it in.
    """
    SELECT portal_sort_in(name::regclass)
    FROM unnest(ARRAY['search_text_trigrams', 'search_text_words', 'search_word_trigrams']) name
    """,
)
