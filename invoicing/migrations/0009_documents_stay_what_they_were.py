from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION invoicing_refuse_other_organisations() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    goes_across boolean;
BEGIN
    EXECUTE 'SELECT EXISTS (
        SELECT FROM new_rows r
        JOIN invoicing_creditnote n ON n.id = r.credit_note_id
        JOIN invoicing_chargeline l ON l.id = r.line_id
        JOIN invoicing_invoice i ON i.id = l.invoice_id
        WHERE i.organisation_id <> n.organisation_id)' INTO goes_across;
    IF goes_across THEN
        RAISE EXCEPTION 'refused: %', replace(TG_ARGV[0], '_', ' ')
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;

CREATE FUNCTION invoicing_refuse_lines_of_held_notes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    is_held boolean;
    touched text := CASE TG_OP
        WHEN 'INSERT' THEN 'SELECT credit_note_id FROM new_rows'
        WHEN 'DELETE' THEN 'SELECT credit_note_id FROM old_rows'
        -- A line may leave a note, and come to one.
        ELSE 'SELECT credit_note_id FROM old_rows UNION ALL SELECT credit_note_id FROM new_rows'
    END;
BEGIN
    EXECUTE format('SELECT EXISTS (
        SELECT FROM (%s) r JOIN invoicing_creditnote n ON n.id = r.credit_note_id
        WHERE n.holds > 0)', touched) INTO is_held;
    IF is_held THEN
        RAISE EXCEPTION 'refused: %', replace(TG_ARGV[0], '_', ' ')
            USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
"""
DROP_FUNCTIONS = """
DROP FUNCTION invoicing_refuse_lines_of_held_notes();
DROP FUNCTION invoicing_refuse_other_organisations();
"""

# A note gives back and pays what its own organisation was charged.
ACROSS = (
    ("invoicing_creditnoteline", "a_note_names_charges_of_its_own_organisation"),
    ("invoicing_creditnoteallocation", "a_note_pays_charges_of_its_own_organisation"),
)
OWN = "".join(
    f"CREATE TRIGGER {name}_{verb.lower()} AFTER {verb} ON {table} REFERENCING NEW TABLE AS new_rows "
    f"FOR EACH STATEMENT EXECUTE FUNCTION invoicing_refuse_other_organisations('{name}');\n"
    for table, name in ACROSS
    for verb in ("INSERT", "UPDATE")
)
DROP_OWN = "".join(
    f"DROP TRIGGER {name}_{verb} ON {table};\n" for table, name in ACROSS for verb in ("insert", "update")
)

# After the keys, which may have more to say; nothing is queued for a row that does not change so.
STAYS = (
    ("invoicing_invoice", "an_invoice_stays_with_its_organisation", "NEW.organisation_id <> OLD.organisation_id"),
    ("invoicing_creditnote", "a_note_stays_with_its_organisation", "NEW.organisation_id <> OLD.organisation_id"),
    ("invoicing_chargeline", "a_charge_stays_on_its_invoice", "NEW.invoice_id <> OLD.invoice_id"),
    (
        "invoicing_creditnote",
        "a_note_never_becomes_a_draft_again",
        "NEW.status = 'draft' AND OLD.status <> 'draft'",
    ),
    ("invoicing_creditnote", "a_void_note_stays_void", "NEW.status <> 'void' AND OLD.status = 'void'"),
    (
        "invoicing_creditnote",
        "the_sums_of_a_held_note_never_change",
        "OLD.holds > 0 AND (NEW.net <> OLD.net OR NEW.tax <> OLD.tax)",
    ),
)
STAY = "".join(
    f"CREATE TRIGGER {name} AFTER UPDATE ON {table} FOR EACH ROW WHEN ({changes}) "
    f"EXECUTE FUNCTION portal_refuse_change('{name}');\n"
    for table, name, changes in STAYS
)
DROP_STAY = "".join(f"DROP TRIGGER {name} ON {table};\n" for table, name, _ in STAYS)

# What a termination saw of a note stays as it was.
HELD = "the_lines_of_a_held_note_never_change"
TRANSITIONS = {"INSERT": "NEW TABLE AS new_rows", "DELETE": "OLD TABLE AS old_rows"}
TRANSITIONS["UPDATE"] = f"{TRANSITIONS['DELETE']} {TRANSITIONS['INSERT']}"
HOLD = "".join(
    f"CREATE TRIGGER {HELD}_{verb.lower()} AFTER {verb} ON invoicing_creditnoteline REFERENCING {rows} "
    f"FOR EACH STATEMENT EXECUTE FUNCTION invoicing_refuse_lines_of_held_notes('{HELD}');\n"
    for verb, rows in TRANSITIONS.items()
)
DROP_HOLD = "".join(f"DROP TRIGGER {HELD}_{verb.lower()} ON invoicing_creditnoteline;\n" for verb in TRANSITIONS)


class Migration(migrations.Migration):
    dependencies = [("invoicing", "0008_surplus_of_payments")]

    operations = [
        migrations.RunSQL(FUNCTIONS, DROP_FUNCTIONS),
        migrations.RunSQL(OWN, DROP_OWN),
        migrations.RunSQL(STAY, DROP_STAY),
        migrations.RunSQL(HOLD, DROP_HOLD),
    ]
