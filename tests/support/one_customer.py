"""Files of an import that is as small as one can be: one customer, with a subscription that is paid for a year."""

import datetime as dt
from pathlib import Path

ORGANISATION, SUBSCRIPTION = "0b0e7f0a-5f5b-4d0e-9a53-1d7a3f0f2a01", "0b0e7f0a-5f5b-4d0e-9a53-1d7a3f0f2a02"


def files() -> dict[str, list[str]]:
    """Give the lines of each file, by its name without the ending."""
    started = dt.datetime.now(dt.UTC).date().replace(day=1)
    return {
        "organisations": ["uuid,name,country,currency,timezone", f"{ORGANISATION},Away Ltd,SG,SGD,UTC"],
        "plans": ["sku,product,name,currency,price_per_month", "SKU,SIP Trunk,Ten,SGD,50"],
        "subscriptions": [
            "uuid,organisation_uuid,sku,status,started_on",
            f"{SUBSCRIPTION},{ORGANISATION},SKU,active,{started}",
        ],
        "cycles": [
            "subscription_uuid,starts_on,months,net,tax,paid,invoice_number",
            f"{SUBSCRIPTION},{started},12,600,0,600,A-1",
        ],
    }


def write(folder: Path, **more: list[str]) -> Path:
    """Write them into a folder that is made, with further files or with further lines of these."""
    folder.mkdir()
    lines = files()
    for name, added in more.items():
        lines[name] = lines.get(name, []) + added
    for name, whole in lines.items():
        (folder / f"{name}.csv").write_text("".join(f"{line}\n" for line in whole))
    return folder
