"""A small directory of files that is right, for tests to spoil, to add to and to import."""

# ruff: noqa: E501 - rows of a file are one line

import csv
import io
from datetime import UTC, datetime
from pathlib import Path

from django.db import connection

ACME, BETA = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
S1, S2, S3, S4 = (f"{n}{n}{n}{n}{n}{n}{n}{n}-0000-4000-8000-000000000000" for n in "abcd")

# Every column, one row of each kind. Line 2 is the first row.
RIGHT = {
    "organisations": [
        "uuid,name,country,currency,timezone,status,payment_mode,credit_limit,opening_balance,owner_email,"
        "billing_email,customer_reference,created_on",
        f"{ACME},Acmé Ltd,SG,SGD,Asia/Singapore,active,postpaid,100,-86.10148,o@acme.example,b@acme.example,A-1,2020-01-01",
        f"{BETA},ベータ,JP,JPY,Asia/Tokyo,,,,,,,,",
    ],
    "members": [
        "organisation_uuid,email,name,role",
        f"{ACME},ann@acme.example,Ann,owner",
        f"{ACME},bob@acme.example,Bob,",
    ],
    "plans": [
        "sku,product,name,currency,price_per_month",
        "SIP,SIP Trunk,SIP monthly,SGD,50.00",
        "FAX,Fax,Fax,JPY,900",
    ],
    "contracts": [
        "reference,organisation_uuid,billing_plan,starts_on,ends_on,status",
        f"CT-1,{ACME},as_incurred,2025-01-01,2026-12-31,in_progress",
        f"CT-2,{BETA},milestone,2025-01-01,2026-12-31,",
    ],
    "subscriptions": [
        "uuid,organisation_uuid,sku,status,started_on,auto_renew,trial,contract_reference,expires_on,terminated_on,"
        "termination_reason",
        f"{S1},{ACME},SIP,expired,2026-01-31,true,false,CT-1,,,",
        f"{S2},{BETA},FAX,active,2026-02-01,,,,2026-02-28,,",
        f"{S3},{ACME},SIP,terminated,2025-12-01,true,,,,2026-02-20,moved away",
        f"{S4},{ACME},SIP,terminated,2025-12-01,,,,2025-12-31,2025-12-31,",
    ],
    "cycles": [
        "subscription_uuid,starts_on,months,net,tax,paid,invoice_number,invoice_issued_on,activation_fee,external_invoice",
        f"{S1},2026-01-31,1,50.00,4.50,54.50,TIN-1,2026-01-31,10.00,",
        f"{S1},2026-02-28,1,50.00,4.50,20.00,TIN-2,,,true",
        f"{S3},2026-02-01,1,50.00,4.50,0,TIN-1,2026-01-31,,",
    ],
    "numbers": [
        "number,subscription_uuid,ported_in",
        f"+6531234567,{S1},true",
        f"+6531234568,{S3},true",
        f"+6531234567,{S4},false",
        f"+6531234569,{S3},",
    ],
    "credit_notes": [
        "number,organisation_uuid,net,tax,status,issued_on,subscription_uuid,cycle_starts_on",
        f"TCN-1,{ACME},25.00,2.25,sent,2026-02-05,{S1},2026-01-31",
        f"TCN-2,{ACME},20.00,1.80,applied,,{S1},2026-02-28",
        f"TCN-3,{BETA},100,0,draft,,,",
    ],
}
NOW = datetime(2026, 3, 10, 9, 0, tzinfo=UTC)
TABLES = [
    "customers_organisation",
    "customers_member",
    "customers_searchkey",
    "customers_creditaccount",
    "customers_ledgerentry",
    "subscriptions_product",
    "subscriptions_plan",
    "subscriptions_contract",
    "subscriptions_subscription",
    "subscriptions_contractitem",
    "subscriptions_cycle",
    "subscriptions_cyclecharge",
    "subscriptions_phonenumber",
    "subscriptions_termination",
    "invoicing_invoice",
    "invoicing_chargeline",
    "invoicing_payment",
    "invoicing_paymentline",
    "invoicing_creditnote",
    "invoicing_creditnoteline",
]


class Directory:
    """A directory of files as lines of text, line 1 being the header."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.files = {name: list(lines) for name, lines in RIGHT.items()}

    def set(self, file: str, line: int, column: str, value: str) -> None:
        """Write another value into one field."""
        place = self.files[file][0].split(",").index(column)
        fields = next(csv.reader([self.files[file][line - 1]]))
        fields[place] = value
        out = io.StringIO()
        csv.writer(out).writerow(fields)
        self.files[file][line - 1] = out.getvalue().removesuffix("\r\n")

    def add(self, file: str, *lines: str) -> None:
        """Add rows at the end of a file."""
        self.files[file] += lines

    def write(self) -> Path:
        for old in self.path.glob("*.csv"):
            old.unlink()
        for name, lines in self.files.items():
            (self.path / f"{name}.csv").write_bytes("".join(f"{line}\n" for line in lines).encode("utf-8"))
        return self.path


def row_counts() -> dict[str, int]:
    """Count the rows of every table an import writes."""
    tables = (*TABLES, "audit_auditentry")
    with connection.cursor() as cursor:
        cursor.execute("SELECT " + ", ".join(f"(SELECT count(*) FROM {table})" for table in tables))
        return dict(zip(tables, cursor.fetchone(), strict=True))


COUNTS = [
    "organisations.csv: 2 new, 0 unchanged",
    "members.csv: 2 new, 0 unchanged",
    "plans.csv: 2 new, 0 unchanged",
    "contracts.csv: 2 new, 0 unchanged",
    "subscriptions.csv: 4 new, 0 unchanged",
    "cycles.csv: 3 new, 0 unchanged",
    "numbers.csv: 4 new, 0 unchanged",
    "credit_notes.csv: 3 new, 0 unchanged",
]
