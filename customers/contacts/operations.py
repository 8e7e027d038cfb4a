"""Change an organisation's contacts."""

from __future__ import annotations

import uuid as uuids
from dataclasses import asdict, dataclass
from datetime import datetime

from customers import writer
from customers.models import Organisation, SearchKey
from portal import frame
from portal.audit import operations as audit_operations
from portal.lib import text

LABELS = {
    "name": "Name",
    "owner_email": "Owner e-mail",
    "billing_email": "Billing e-mail",
    "customer_reference": "Customer reference",
}
_KINDS = {
    "name": SearchKey.Kind.NAME,
    "owner_email": SearchKey.Kind.OWNER_EMAIL,
    "billing_email": SearchKey.Kind.BILLING_EMAIL,
    "customer_reference": SearchKey.Kind.REFERENCE,
}
LONGEST_KEY = 400


@dataclass(frozen=True)
class Contacts:
    """Hold what may be changed of an organisation; all but the name may be empty."""

    name: str
    owner_email: str
    billing_email: str
    customer_reference: str


@dataclass(eq=False)
class ContactsChanged(frame.Refused):
    """Somebody changed the contacts since the page was shown. *Shape*: `current` is what they are now."""

    code = "contacts_changed"

    current: Contacts


def contacts_of(organisation: Organisation) -> Contacts:
    """Take the contacts of an organisation. No query."""
    return Contacts(**{name: getattr(organisation, name) for name in LABELS})


def change_contacts(
    *,
    organisation_uuid: uuids.UUID,
    seen: Contacts,
    values: Contacts,
    by: frame.Actor,
    at: datetime,
) -> bool:
    """Change the contacts, with what the search knows them by; tell whether there was anything to change.

    The fingerprint of an imported row stays: the same row again is unchanged, whatever was done here.
    *Raises*: Organisation.DoesNotExist; ContactsChanged.
    """
    with frame.operation("change_contacts"):
        organisation = Organisation.objects.select_for_update(no_key=True).get(uuid=organisation_uuid)
        before = contacts_of(organisation)
        # Also the same form sent twice: the second one finds what the first one wrote.
        if before == values:
            return False
        if before != seen:
            raise ContactsChanged(before)
        changed = {name: value for name, value in asdict(values).items() if value != getattr(before, name)}
        for name, value in changed.items():
            setattr(organisation, name, value)
        organisation.save(update_fields=list(changed))
        _write_keys(organisation, changed=changed)
        told = "; ".join(
            f"{LABELS[name]}: {_said(getattr(before, name))} → {_said(value)}" for name, value in changed.items()
        )
        audit_operations.record(
            "contacts.changed",
            sentence=f"{told}.",
            subject=audit_operations.Subject("organisation", organisation.uuid),
            data={name: {"was": getattr(before, name), "is": value} for name, value in changed.items()},
            by=by,
            at=at,
            organisation=audit_operations.Affected(organisation.uuid, organisation.name),
        )
    return True


def _write_keys(organisation: Organisation, *, changed: dict[str, str]) -> None:
    kinds = [_KINDS[name] for name in changed]
    SearchKey.objects.filter(organisation=organisation, kind__in=kinds).delete()
    folded = {_KINDS[name]: text.fold(value)[:LONGEST_KEY].strip() for name, value in changed.items()}
    writer.SEARCH_KEYS.write(
        {"organisation_id": organisation.pk, "kind": kind, "text": key} for kind, key in folded.items() if key
    )


def _said(value: str) -> str:
    return f"“{value}”" if value else "nothing"
