"""Exempt an organisation from taxes, or no longer."""

from __future__ import annotations

import uuid as uuids
from dataclasses import dataclass
from datetime import datetime

from customers.models import Organisation
from portal import frame
from portal.audit import operations as audit_operations

WORDS = {True: "exempt", False: "charged"}


@dataclass(frozen=True)
class Exemption:
    """Hold what was shown."""

    is_tax_exempt: bool


@dataclass(eq=False)
class ExemptionChanged(frame.Refused):
    """Somebody changed it since the page was shown."""

    code = "tax_exemption_changed"

    is_tax_exempt: bool


def change_exemption(
    *,
    organisation_uuid: uuids.UUID,
    seen: Exemption,
    is_tax_exempt: bool,
    reason: str,
    by: frame.Actor,
    at: datetime,
) -> bool:
    """Say whether an organisation is exempt from taxes from now on; tell whether there was anything to change.

    What was charged keeps its tax.
    *Raises*: Organisation.DoesNotExist; ExemptionChanged.
    """
    with frame.operation("change_exemption"):
        organisation = Organisation.objects.select_for_update(no_key=True).get(uuid=organisation_uuid)
        # Also the same form sent twice: the second one finds what the first one wrote.
        if organisation.is_tax_exempt == is_tax_exempt:
            return False
        if organisation.is_tax_exempt != seen.is_tax_exempt:
            raise ExemptionChanged(organisation.is_tax_exempt)
        organisation.is_tax_exempt = is_tax_exempt
        organisation.save(update_fields=["is_tax_exempt"])
        audit_operations.record(
            "tax_exemption.changed",
            sentence=f"Taxes: {WORDS[not is_tax_exempt]} → {WORDS[is_tax_exempt]}. {reason}",
            subject=audit_operations.Subject("organisation", organisation.uuid),
            data={"was": not is_tax_exempt, "is": is_tax_exempt, "reason": reason},
            by=by,
            at=at,
            organisation=audit_operations.Affected(organisation.uuid, organisation.name),
        )
    return True
