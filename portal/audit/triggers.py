"""SQL for migrations: tables that never change, and tables that notice a write from outside an operation."""

from portal.audit import names

# The same as `names.of_table`, in SQL.
_APP = (
    "CASE split_part(TG_TABLE_NAME, '_', 1) "
    + " ".join(f"WHEN '{table}' THEN '{name}'" for table, name in names.BY_TABLE.items())
    + f" ELSE '{names.PORTAL}' END"
)

FUNCTIONS = f"""
CREATE FUNCTION portal_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- The first argument of the trigger is the sentence that names the refusal.
    RAISE EXCEPTION 'refused: %', replace(TG_ARGV[0], '_', ' ')
        USING ERRCODE = 'restrict_violation', CONSTRAINT = TG_ARGV[0], TABLE = TG_TABLE_NAME;
END $$;

CREATE FUNCTION portal_note_unmarked_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    changed bigint;
BEGIN
    IF coalesce(current_setting('portal.operation', true), '') <> '' THEN
        RETURN NULL;
    END IF;
    SELECT count(*) INTO changed FROM changed_rows;
    IF changed > 0 THEN
        INSERT INTO audit_auditentry (at, app, event, description, actor, organisation_name)
        VALUES (clock_timestamp(), {_APP}, 'Changed outside an operation',
                format('%s: %s of %s row(s) outside an operation, by the database role %s',
                       TG_TABLE_NAME, lower(TG_OP), changed, session_user),
                session_user, '');
    END IF;
    RETURN NULL;
END $$;
"""  # noqa: S608 - from the names above

DROP_FUNCTIONS = """
DROP FUNCTION portal_note_unmarked_change();
DROP FUNCTION portal_refuse_change();
"""


def never_changed(table: str, name: str) -> str:
    """Refuse UPDATE and DELETE on a table; `name` is the refusal, a sentence with underscores."""
    return (
        f"CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW "
        f"EXECUTE FUNCTION portal_refuse_change('{name}');\n"
    )


def note_unmarked(*tables: str) -> str:
    """Add a plain audit row when one of the tables is written without an operation's mark."""
    sql = ""
    for table in tables:
        for verb, transition in (("INSERT", "NEW"), ("UPDATE", "NEW"), ("DELETE", "OLD")):
            sql += (
                f"CREATE TRIGGER unmarked_{verb.lower()} AFTER {verb} ON {table} "
                f"REFERENCING {transition} TABLE AS changed_rows FOR EACH STATEMENT "
                f"EXECUTE FUNCTION portal_note_unmarked_change();\n"
            )
    return sql


def drop_never_changed(table: str, name: str) -> str:
    """Undo `never_changed`."""
    return f"DROP TRIGGER {name} ON {table};\n"


def drop_note_unmarked(*tables: str) -> str:
    """Undo `note_unmarked`."""
    return "".join(
        f"DROP TRIGGER unmarked_{verb} ON {table};\n" for table in tables for verb in ("insert", "update", "delete")
    )
