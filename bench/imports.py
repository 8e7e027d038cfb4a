"""How quick `import_data` is beside COPY of the same files, and how much memory it takes.

The files are written from the bench's database in the import format: N organisations with all that hangs on them.
Ours is the whole command on a migrated, empty database: reading, checking, writing, search, audit, ANALYZE.

The floor copies the same files, byte for byte, into one table per file, in one transaction on the same server.
A table has the columns of its file and what ours has of them in PostgreSQL: an id as primary key, the unique keys,
the foreign keys (by UUID, sku or reference, as the files name things; deferred, as ours), the indexes of the
columns that are there, and of cycles the exclusion constraint. It checks nothing else, and writes nothing that is
not a row of a file: no invoices, charges and payments made of cycles, no accounts and entries, nothing for the
search.
"""

from __future__ import annotations

import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from psycopg import sql

from bench import figures, house
from bench.figures import Figure, Measured
from bench.world import World, say
from portal import embedded

FIGURES = (
    Figure(name="import_vs_copy", says="rows a second against COPY of the files", at_least=0.2),
    Figure(name="import_memory_mb", says="peak above importing an empty file", at_most=40),
    Figure(name="import_memory_growth", says="peak against that of a tenth of the rows", at_most=1.1),
)

_FEWER = 10
_LOOK_EVERY = 0.02


def measure(world: World) -> list[Measured]:
    """Import the files and copy them, in turns; then a tenth of them, and nothing, for the memory."""
    with tempfile.TemporaryDirectory(prefix="portal-import-") as place, world.empty() as empty:
        whole, tenth, nothing = (Path(place) / name for name in ("whole", "tenth", "nothing"))
        rows = write_files(world, whole, organisations=world.rows)
        write_files(world, tenth, organisations=world.rows // _FEWER)
        write_files(world, nothing, organisations=0)
        peaks = []

        def ours() -> float:
            seconds, peak = import_data(world, whole, into=empty)
            peaks.append(peak)
            return seconds

        mine, floor = figures.in_turns(ours, lambda: copy_files(world, whole, into=empty), turns=world.turns)
        _, fewer = import_data(world, tenth, into=empty)
        _, idle = import_data(world, nothing, into=empty)
    peak = max(peaks)
    return [
        Measured(
            name="import_vs_copy",
            value=floor / mine,
            ours=f"{rows:,} rows in {mine:.1f} s, {rows / mine:,.0f} a second",
            peer=f"{floor:.1f} s, {rows / floor:,.0f} a second",
        ),
        Measured(
            name="import_memory_mb", value=max(peak - idle, 0.1), ours=f"{peak:.1f} MB", peer=f"{idle:.1f} MB"
        ),
        Measured(
            name="import_memory_growth", value=peak / fewer, ours=f"{peak:.1f} MB", peer=f"a tenth {fewer:.1f} MB"
        ),
    ]


def import_data(world: World, directory: Path, *, into: str) -> tuple[float, float]:
    """Import a directory into a copy of a portal; give the seconds, and the command's highest memory in MB."""
    # Not a pipe: faults by the thousand would fill it, and nobody reads before the end.
    with world.copy(into) as url, tempfile.TemporaryFile() as said:
        started = time.monotonic()
        command = subprocess.Popen(
            [sys.executable, str(embedded.ROOT / "manage.py"), "import_data", str(directory)],
            cwd=embedded.ROOT,
            env=world.environment(url),
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            preexec_fn=house.die_with_parent,
        )
        try:
            peak = 0
            while command.poll() is None:
                peak = _peak(command.pid) or peak
                time.sleep(_LOOK_EVERY)
            seconds = time.monotonic() - started
        finally:
            command.kill()
            command.wait()
        if command.returncode:
            said.seek(0)
            raise RuntimeError(f"import_data ended with {command.returncode}: {said.read(2000).decode()}")
    say(f"    import_data {seconds:.1f} s")
    return seconds, peak / 1000


def _peak(pid: int) -> int:
    """Read how many kB a process has had at most; 0 when it is gone."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    return 0


def copy_files(world: World, directory: Path, *, into: str) -> float:
    """Copy a directory into tables that only keep it; give the seconds of the transaction that copies."""
    with world.copy(into) as url, world.connect(url) as connection:
        for statement in _FLOOR:
            connection.execute(statement)
        started = time.monotonic()
        with connection.transaction(), connection.cursor() as cursor:
            for name in _FILES:
                with (directory / f"{name}.csv").open("rb") as file:
                    columns = sql.SQL(file.readline().decode())
                    table = sql.Identifier("floor", name)
                    with cursor.copy(
                        sql.SQL("COPY {} ({}) FROM STDIN (FORMAT csv)").format(table, columns)
                    ) as copy:
                        while piece := file.read(1 << 16):
                            copy.write(piece)
        seconds = time.monotonic() - started
    say(f"    COPY {seconds:.1f} s")
    return seconds


def write_files(world: World, directory: Path, *, organisations: int, url: str = "") -> int:
    """Write the first organisations of the bench's database as an import; give the number of rows."""
    directory.mkdir()
    rows = 0
    with world.connect(url) as connection:
        for name, query in _FILES.items():
            with (directory / f"{name}.csv").open("wb") as file, connection.cursor() as cursor:
                only = sql.SQL(query).format(organisations)
                with cursor.copy(sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, HEADER)").format(only)) as copy:
                    for piece in copy:
                        file.write(piece)
                rows += cursor.rowcount
    return rows


# Amounts are kept with more decimals than their currency has, which an import refuses. Empty plans would leave
# nothing to subscribe to, but nobody subscribes then.
_FILES = {
    "organisations": """
        SELECT o.uuid, o.name, o.country, o.currency, o.timezone, o.status, o.payment_mode,
               trim_scale(a.credit_limit) AS credit_limit, trim_scale(e.amount) AS opening_balance,
               o.owner_email, o.billing_email, o.customer_reference, o.created_on
        FROM customers_organisation o
        JOIN customers_creditaccount a ON a.organisation_id = o.id
        LEFT JOIN customers_ledgerentry e ON e.account_id = a.id AND e.seq = 1
        WHERE o.id <= {} ORDER BY o.id
    """,
    "members": """
        SELECT o.uuid AS organisation_uuid, m.email, m.name, m.role
        FROM customers_member m JOIN customers_organisation o ON o.id = m.organisation_id
        WHERE o.id <= {} ORDER BY m.id
    """,
    "plans": """
        SELECT p.sku, r.name AS product, p.name, p.currency, trim_scale(p.price_per_month) AS price_per_month
        FROM subscriptions_plan p JOIN subscriptions_product r ON r.id = p.product_id WHERE {} > 0 ORDER BY p.id
    """,
    "contracts": """
        SELECT c.reference, o.uuid AS organisation_uuid, c.billing_plan, c.starts_on, c.ends_on, c.status
        FROM subscriptions_contract c JOIN customers_organisation o ON o.id = c.organisation_id
        WHERE o.id <= {} ORDER BY c.id
    """,
    "subscriptions": """
        SELECT s.uuid, o.uuid AS organisation_uuid, p.sku, s.status, s.started_on, s.auto_renew::text,
               s.is_trial::text AS trial, c.reference AS contract_reference, s.expires_on,
               t.terminated_on, CASE WHEN t.id IS NOT NULL THEN 'Moved away' END AS termination_reason
        FROM subscriptions_subscription s
        JOIN customers_organisation o ON o.id = s.organisation_id
        JOIN subscriptions_plan p ON p.id = s.plan_id
        LEFT JOIN subscriptions_termination t ON t.id = s.termination_ref
        LEFT JOIN subscriptions_contractitem i ON i.subscription_id = s.id
        LEFT JOIN subscriptions_contract c ON c.id = i.contract_id
        WHERE o.id <= {} ORDER BY s.id
    """,
    "cycles": """
        SELECT s.uuid AS subscription_uuid, c.first_day AS starts_on, c.months, trim_scale(l.net) AS net,
               trim_scale(l.tax) AS tax, trim_scale(l.paid) AS paid, i.number AS invoice_number,
               i.issued_on AS invoice_issued_on, cc.is_external_invoice::text AS external_invoice
        FROM subscriptions_cycle c
        JOIN subscriptions_subscription s ON s.id = c.subscription_id
        JOIN subscriptions_cyclecharge cc ON cc.cycle_id = c.id
        JOIN invoicing_chargeline l ON l.id = cc.line_id
        JOIN invoicing_invoice i ON i.id = l.invoice_id
        WHERE s.organisation_id <= {} ORDER BY c.id
    """,
    "numbers": """
        SELECT n.number, s.uuid AS subscription_uuid, n.is_ported_in::text AS ported_in
        FROM subscriptions_phonenumber n JOIN subscriptions_subscription s ON s.id = n.subscription_id
        WHERE s.organisation_id <= {} ORDER BY n.id
    """,
    "credit_notes": """
        SELECT n.number, o.uuid AS organisation_uuid, trim_scale(n.net) AS net, trim_scale(n.tax) AS tax, n.status,
               n.issued_on, s.uuid AS subscription_uuid, c.first_day AS cycle_starts_on
        FROM invoicing_creditnote n
        JOIN customers_organisation o ON o.id = n.organisation_id
        JOIN invoicing_creditnoteline k ON k.credit_note_id = n.id
        JOIN subscriptions_cyclecharge cc ON cc.line_id = k.line_id
        JOIN subscriptions_cycle c ON c.id = cc.cycle_id
        JOIN subscriptions_subscription s ON s.id = c.subscription_id
        WHERE o.id <= {} ORDER BY n.id
    """,
}

_ID = "id bigint GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
_OWNER = "organisation_uuid uuid NOT NULL REFERENCES floor.organisations (uuid) DEFERRABLE INITIALLY DEFERRED"
_SUBSCRIPTION = "subscription_uuid uuid {} REFERENCES floor.subscriptions (uuid) DEFERRABLE INITIALLY DEFERRED"

_FLOOR = (
    "CREATE SCHEMA floor",
    f"""
    CREATE TABLE floor.organisations ({_ID}, uuid uuid NOT NULL UNIQUE, name varchar NOT NULL,
        country varchar NOT NULL, currency varchar NOT NULL, timezone varchar NOT NULL, status varchar NOT NULL,
        payment_mode varchar NOT NULL, credit_limit numeric, opening_balance numeric, owner_email varchar,
        billing_email varchar, customer_reference varchar, created_on date, UNIQUE (id, currency))
    """,
    "CREATE INDEX ON floor.organisations (name, id)",
    f"""
    CREATE TABLE floor.members ({_ID}, {_OWNER}, email varchar NOT NULL, name varchar NOT NULL,
        role varchar NOT NULL, UNIQUE (organisation_uuid, email))
    """,
    f"""
    CREATE TABLE floor.plans ({_ID}, sku varchar NOT NULL UNIQUE, product varchar NOT NULL, name varchar NOT NULL,
        currency varchar NOT NULL, price_per_month numeric NOT NULL, UNIQUE (id, currency))
    """,
    "CREATE INDEX ON floor.plans (sku varchar_pattern_ops)",
    f"""
    CREATE TABLE floor.contracts ({_ID}, reference varchar NOT NULL UNIQUE, {_OWNER}, billing_plan varchar NOT NULL,
        starts_on date NOT NULL, ends_on date NOT NULL, status varchar NOT NULL)
    """,
    "CREATE INDEX ON floor.contracts (reference varchar_pattern_ops)",
    f"""
    CREATE TABLE floor.subscriptions ({_ID}, uuid uuid NOT NULL UNIQUE, {_OWNER},
        sku varchar NOT NULL REFERENCES floor.plans (sku) DEFERRABLE INITIALLY DEFERRED, status varchar NOT NULL,
        started_on date NOT NULL, auto_renew boolean NOT NULL, trial boolean NOT NULL,
        contract_reference varchar REFERENCES floor.contracts (reference) DEFERRABLE INITIALLY DEFERRED,
        expires_on date NOT NULL, terminated_on date, termination_reason varchar)
    """,
    "CREATE INDEX ON floor.subscriptions (expires_on, id) WHERE status <> 'terminated'",
    "CREATE INDEX ON floor.subscriptions (organisation_uuid, status, expires_on)",
    "CREATE INDEX ON floor.subscriptions (contract_reference)",
    f"""
    CREATE TABLE floor.cycles ({_ID}, {_SUBSCRIPTION.format("NOT NULL")}, starts_on date NOT NULL,
        months integer NOT NULL, net numeric NOT NULL, tax numeric NOT NULL, paid numeric NOT NULL,
        invoice_number varchar NOT NULL, invoice_issued_on date, external_invoice boolean NOT NULL,
        UNIQUE (subscription_uuid, starts_on),
        EXCLUDE USING gist (subscription_uuid WITH =,
            daterange(starts_on, (starts_on + make_interval(months => months))::date) WITH &&))
    """,
    "CREATE INDEX ON floor.cycles (invoice_number)",
    f"""
    CREATE TABLE floor.numbers ({_ID}, number varchar NOT NULL, {_SUBSCRIPTION.format("NOT NULL")},
        ported_in boolean NOT NULL, UNIQUE (number, subscription_uuid))
    """,
    "CREATE INDEX ON floor.numbers (number)",
    "CREATE INDEX ON floor.numbers (subscription_uuid)",
    f"""
    CREATE TABLE floor.credit_notes ({_ID}, number varchar NOT NULL, {_OWNER}, net numeric NOT NULL,
        tax numeric NOT NULL, status varchar NOT NULL, issued_on date, {_SUBSCRIPTION.format("")},
        cycle_starts_on date, UNIQUE (id, organisation_uuid),
        FOREIGN KEY (subscription_uuid, cycle_starts_on) REFERENCES floor.cycles (subscription_uuid, starts_on)
            DEFERRABLE INITIALLY DEFERRED)
    """,
    "CREATE UNIQUE INDEX ON floor.credit_notes (number varchar_pattern_ops)",
    "CREATE INDEX ON floor.credit_notes (organisation_uuid, id DESC)",
    "CREATE INDEX ON floor.credit_notes (status, id DESC)",
    "CREATE INDEX ON floor.credit_notes (subscription_uuid, cycle_starts_on)",
)
