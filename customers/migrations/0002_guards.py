from django.db import migrations

from portal.audit import triggers

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
# takes its account along, whoever writes it, and no account is ever turned back.
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


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial"), ("audit", "0002_guards")]

    operations = [
        migrations.RunSQL(KEYS, DROP_KEYS),
        migrations.RunSQL(LAST_ENTRY, DROP_LAST_ENTRY),
        migrations.RunSQL(
            triggers.never_changed("customers_ledgerentry", NAME) + triggers.note_unmarked(*TABLES),
            triggers.drop_never_changed("customers_ledgerentry", NAME) + triggers.drop_note_unmarked(*TABLES),
        ),
    ]
