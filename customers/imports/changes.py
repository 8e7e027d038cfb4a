"""Change the contacts of known organisations, with what the search knows them by."""

from customers import writer

# The row is kept as the last one that was imported, with all its contacts: those of the portal are replaced.
STATEMENTS = (
    """
    UPDATE customers_organisation k
    SET name = s.name, owner_email = coalesce(s.owner_email, ''), billing_email = coalesce(s.billing_email, ''),
        customer_reference = coalesce(s.customer_reference, ''), row_sha256 = s.sha256
    FROM changed_organisations s WHERE k.id = s.known_id
    """,
    """
    CREATE TEMPORARY TABLE changed_keys ON COMMIT DROP AS
    SELECT s.known_id AS organisation_id, k.kind, k.text FROM changed_organisations s
    CROSS JOIN LATERAL (VALUES ('name', s.folded_name), ('owner_email', s.folded_owner_email),
        ('billing_email', s.folded_billing_email), ('reference', s.folded_customer_reference)) k (kind, text)
    """,
    """
    DELETE FROM customers_searchkey h USING changed_keys k
    WHERE h.organisation_id = k.organisation_id AND h.kind = k.kind AND h.text <> k.text
    """,
    writer.SEARCH_KEYS.over("""(
    SELECT k.organisation_id, k.kind, k.text FROM changed_keys k
    WHERE k.text <> '' AND NOT EXISTS (
        SELECT FROM customers_searchkey h
        WHERE h.organisation_id = k.organisation_id AND h.kind = k.kind AND h.text = k.text)
    ORDER BY 1, 2)"""),
)
