"""Declare where messages about an organisation go. The outbox, which knows no organisation, asks by its UUID."""

from __future__ import annotations

import uuid as uuids

from customers.models import Organisation
from portal.outbox import kinds
from portal.outbox.policies import Addresses
from settings_app import selectors as settings_selectors


def notification_addresses(organisation_uuid: uuids.UUID) -> Addresses:
    """Find today's addresses: the billing e-mail, else the owner's; and the provider's of Portal Config."""
    organisation = Organisation.objects.filter(uuid=organisation_uuid).first()
    return Addresses(
        organisation_name=organisation.name if organisation else "",
        customer=(organisation.billing_email or organisation.owner_email) if organisation else "",
        provider=settings_selectors.current_config().notification_address,
    )


kinds.declare_addresses(notification_addresses)
