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
    -- The account shows the balance of its last entry: checked at commit, since each points at the other.
    ADD CONSTRAINT a_balance_is_that_of_the_last_entry
        FOREIGN KEY (id, last_seq, balance) REFERENCES customers_ledgerentry (account_id, seq, after)
        DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE customers_ledgerentry
    ADD CONSTRAINT an_entry_has_the_currency_of_its_account
        FOREIGN KEY (account_id, currency) REFERENCES customers_creditaccount (id, currency),
    ADD CONSTRAINT an_entry_follows_the_one_before
        FOREIGN KEY (account_id, previous_seq, before) REFERENCES customers_ledgerentry (account_id, seq, after);
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


class Migration(migrations.Migration):
    dependencies = [("customers", "0001_initial"), ("audit", "0002_guards")]

    operations = [
        migrations.RunSQL(KEYS, DROP_KEYS),
        migrations.RunSQL(
            triggers.never_changed("customers_ledgerentry", NAME) + triggers.note_unmarked(*TABLES),
            triggers.drop_never_changed("customers_ledgerentry", NAME)
            + triggers.drop_note_unmarked(*TABLES),
        ),
    ]
