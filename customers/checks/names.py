"""How checks name entries of the ledger, and read them."""

ENTRY = "format('organisation %%s, entry %%s', o.uuid, e.seq)"
ENTRIES = """
    customers_ledgerentry e
    JOIN customers_creditaccount a ON a.id = e.account_id
    JOIN customers_organisation o ON o.id = a.organisation_id
"""
# The day of an instant where organisation `o` lives; unknown where PostgreSQL does not know its zone.
DAY = "CASE WHEN o.timezone = ANY(%(zones)s) AND isfinite({at}) THEN ({at} AT TIME ZONE o.timezone)::date END"
