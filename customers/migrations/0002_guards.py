from django.db import migrations

TABLES = (
    "customers_organisation",
    "customers_member",
    "customers_searchkey",
    "customers_creditaccount",
    "customers_ledgerentry",
)

KEYS = """
ALTER TABLE customers_creditaccount
    ADD CONSTRAINT an_account_has_the_currency_of_its_organisation
        FOREIGN KEY (organisation_id, currency) REFERENCES customers_organisation (id, currency),
    -- The account shows the balance and the hash of its last entry: checked at commit, since each points at the
    -- other.
    ADD CONSTRAINT a_balance_is_that_of_the_last_entry
        FOREIGN KEY (id, last_seq, balance, head) REFERENCES customers_ledgerentry (account_id, seq, after, sha256)
        DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE customers_ledgerentry
    ADD CONSTRAINT an_entry_has_the_currency_of_its_account
        FOREIGN KEY (account_id, currency) REFERENCES customers_creditaccount (id, currency),
    ADD CONSTRAINT an_entry_follows_the_one_before
        FOREIGN KEY (account_id, previous_seq, before, previous_sha256)
        REFERENCES customers_ledgerentry (account_id, seq, after, sha256);
"""

DROP_KEYS = """
ALTER TABLE customers_ledgerentry
    DROP CONSTRAINT an_entry_follows_the_one_before,
    DROP CONSTRAINT an_entry_has_the_currency_of_its_account;
ALTER TABLE customers_creditaccount
    DROP CONSTRAINT a_balance_is_that_of_the_last_entry,
    DROP CONSTRAINT an_account_has_the_currency_of_its_organisation;
"""

NAME = "a_ledger_entry_is_never_changed"
BACK = "an_account_never_goes_back_to_an_earlier_entry"

# The keys above let an account point at any true entry. That it is the last one is kept here: a new entry
# takes its account along, whoever writes it, and no account is ever turned back. The function was written anew in 0003.
LAST_ENTRY = f"""
CREATE FUNCTION customers_take_account_along() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE customers_creditaccount a SET last_seq = d.seq, balance = d.after, head = d.sha256
    FROM (SELECT DISTINCT ON (account_id) account_id, seq, after, sha256 FROM new_rows
          ORDER BY account_id, seq DESC) d
    WHERE a.id = d.account_id AND (a.last_seq IS NULL OR a.last_seq < d.seq);
    RETURN NULL;
END $$;
CREATE TRIGGER take_account_along AFTER INSERT ON customers_ledgerentry
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION customers_take_account_along();
CREATE TRIGGER {BACK} BEFORE UPDATE ON customers_creditaccount
    FOR EACH ROW WHEN (NEW.last_seq < OLD.last_seq OR (NEW.last_seq IS NULL AND OLD.last_seq IS NOT NULL))
    EXECUTE FUNCTION portal_refuse_change('{BACK}');
"""
DROP_LAST_ENTRY = f"""
DROP TRIGGER {BACK} ON customers_creditaccount;
DROP FUNCTION customers_take_account_along() CASCADE;
"""

TEXT_IS_MADE = "a_search_text_is_made_of_its_keys"
WORD_IS_MADE = "a_search_word_is_made_of_a_search_text"

# A search text is written by its keys alone. The view says of what: the triggers, the benchmarks' database and the
# test that compares all read it.
SEARCH = f"""
CREATE FUNCTION customers_words(keys text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT word COLLATE "C"), '{{}}')
    FROM string_to_table(translate(keys, '@.+-/', '     '), ' ') word
    WHERE length(word) >= 3 AND word ~ '[a-z]'
$$;
CREATE VIEW customers_searchtext_made AS
SELECT organisation_id, name, '/ ' || plain || ' / =' || uuid AS text, customers_words(plain) AS words
FROM (
    SELECT organisation_id, coalesce(min(text) FILTER (WHERE kind = 'name'), '') AS name,
           coalesce(min(text) FILTER (WHERE kind = 'uuid'), '') AS uuid,
           coalesce(string_agg(text, ' / ' ORDER BY kind <> 'name', kind, text) FILTER (WHERE kind <> 'uuid'), '')
               AS plain
    FROM customers_searchkey GROUP BY organisation_id
) keys;

CREATE FUNCTION customers_write_search_texts(organisations bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Two who change keys of one organisation wait for each other; the statements below see what the first wrote.
    PERFORM FROM customers_searchtext WHERE organisation_id = ANY(organisations)
        ORDER BY organisation_id FOR NO KEY UPDATE;
    DELETE FROM customers_searchtext t WHERE organisation_id = ANY(organisations)
        AND NOT EXISTS (SELECT FROM customers_searchkey k WHERE k.organisation_id = t.organisation_id);
    INSERT INTO customers_searchtext AS t (organisation_id, name, text, words)
        SELECT organisation_id, name, text, words FROM customers_searchtext_made
        WHERE organisation_id = ANY(organisations) ORDER BY organisation_id
        ON CONFLICT (organisation_id) DO UPDATE
            SET name = EXCLUDED.name, text = EXCLUDED.text, words = EXCLUDED.words
            WHERE t.text <> EXCLUDED.text;
    -- A word stays when the last text that had it is gone: then it leads to nobody.
    INSERT INTO customers_searchword (word)
        SELECT DISTINCT unnest(words) AS word FROM customers_searchtext WHERE organisation_id = ANY(organisations)
        ORDER BY word ON CONFLICT DO NOTHING;
END $$;
CREATE FUNCTION customers_search_keys_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    organisations bigint[];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        organisations := ARRAY(SELECT organisation_id FROM new_rows UNION SELECT organisation_id FROM old_rows);
    ELSE
        organisations := ARRAY(SELECT DISTINCT organisation_id FROM changed_rows);
    END IF;
    IF cardinality(organisations) > 0 THEN
        PERFORM customers_write_search_texts(organisations);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER search_keys_added AFTER INSERT ON customers_searchkey
    REFERENCING NEW TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION customers_search_keys_changed();
CREATE TRIGGER search_keys_changed AFTER UPDATE ON customers_searchkey
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT
    EXECUTE FUNCTION customers_search_keys_changed();
CREATE TRIGGER search_keys_removed AFTER DELETE ON customers_searchkey
    REFERENCING OLD TABLE AS changed_rows FOR EACH STATEMENT EXECUTE FUNCTION customers_search_keys_changed();

CREATE TRIGGER {TEXT_IS_MADE} BEFORE INSERT OR UPDATE OR DELETE ON customers_searchtext
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION portal_refuse_change('{TEXT_IS_MADE}');
CREATE TRIGGER {WORD_IS_MADE} BEFORE INSERT OR UPDATE OR DELETE ON customers_searchword
    FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION portal_refuse_change('{WORD_IS_MADE}');
"""
DROP_SEARCH = f"""
DROP TRIGGER {WORD_IS_MADE} ON customers_searchword;
DROP TRIGGER {TEXT_IS_MADE} ON customers_searchtext;
DROP FUNCTION customers_search_keys_changed() CASCADE;
DROP FUNCTION customers_write_search_texts(bigint[]);
DROP VIEW customers_searchtext_made;
DROP FUNCTION customers_words(text);
"""

# What was posted stays; a correction is a further entry.
LEDGER = f"""
CREATE TRIGGER {NAME} BEFORE UPDATE OR DELETE ON customers_ledgerentry FOR EACH ROW
    EXECUTE FUNCTION portal_refuse_change('{NAME}');
"""
DROP_LEDGER = f"DROP TRIGGER {NAME} ON customers_ledgerentry;\n"

# A row that is written outside an operation leaves a plain entry in the audit.
UNMARKED = "".join(
    f"CREATE TRIGGER unmarked_{verb.lower()} AFTER {verb} ON {table} REFERENCING {rows} TABLE AS changed_rows "
    f"FOR EACH STATEMENT EXECUTE FUNCTION portal_note_unmarked_change();\n"
    for table in TABLES
    for verb, rows in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD"))
)
DROP_UNMARKED = "".join(
    f"DROP TRIGGER unmarked_{verb} ON {table};\n" for table in TABLES for verb in ("insert", "update", "delete")
)


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial"), ("audit", "0002_guards")]

    operations = [
        migrations.RunSQL(KEYS, DROP_KEYS),
        migrations.RunSQL(LAST_ENTRY, DROP_LAST_ENTRY),
        migrations.RunSQL(SEARCH, DROP_SEARCH),
        migrations.RunSQL(LEDGER + UNMARKED, DROP_LEDGER + DROP_UNMARKED),
    ]
