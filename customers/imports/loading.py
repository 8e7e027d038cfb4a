"""Write new organisations with their accounts, new members, and what the search knows them by."""

from __future__ import annotations

from customers import writer
from portal.importing.shapes import Declared

STATEMENTS = (
    writer.ORGANISATIONS.over("""(
    SELECT uuid, name, status, country, currency, timezone, payment_mode, coalesce(owner_email, '') AS owner_email,
           coalesce(billing_email, '') AS billing_email, coalesce(customer_reference, '') AS customer_reference,
           created_on, sha256 AS row_sha256
    FROM import_organisations WHERE known_id IS NULL ORDER BY line)"""),
    """
    CREATE TEMPORARY TABLE new_organisations ON COMMIT DROP AS
    SELECT k.id, a.today, s.* FROM import_organisations s
    JOIN customers_organisation k ON k.uuid = s.uuid
    JOIN all_organisations a ON a.uuid = s.uuid
    WHERE s.known_id IS NULL
    """,
    writer.ACCOUNTS.over(
        "(SELECT id AS organisation_id, currency, credit_limit FROM new_organisations ORDER BY line)"
    ),
    writer.ENTRIES.over(
        writer.in_turn("""(
    SELECT n.id AS organisation_id, n.line AS place, n.opening_balance AS amount, 'opening_balance' AS kind,
           NULL::uuid AS cause_id, false AS is_unbilled, r.at, n.today AS "on", 'Opening balance' AS description,
           r.actor, NULL::uuid AS request_id
    FROM new_organisations n CROSS JOIN import_run r
    WHERE n.opening_balance <> 0)""")
    ),
    writer.MEMBERS.over("""(
    SELECT o.id AS organisation_id, s.email, s.name, s.role, s.sha256 AS row_sha256
    FROM import_members s JOIN customers_organisation o ON o.uuid = s.organisation_uuid
    WHERE s.known_id IS NULL ORDER BY s.line)"""),
)

ADDED_KEYS = "search keys"
"""Under this name apps above add a query of keys that are not there: organisation_id, kind, text."""


def _search_keys(declared: Declared) -> str:
    """Write all keys in one statement, so that the text made of an organisation's is written once.

    Not ON CONFLICT, which takes twice the time.
    """
    added = "".join(f"{query} UNION ALL" for query in declared.added_to(ADDED_KEYS))
    return writer.SEARCH_KEYS.over(
        f"""(
    SELECT n.id AS organisation_id, k.kind, k.text FROM new_organisations n
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
    ORDER BY 1)"""  # noqa: S608 - from the declarations
    )


SEARCH_KEYS = (
    _search_keys,
    # What still waits beside an index would be read by every search until somebody sorts it in.
    """
    SELECT portal_sort_in(name::regclass)
    FROM unnest(ARRAY['search_text_trigrams', 'search_text_words', 'search_word_trigrams']) name
    """,
)
