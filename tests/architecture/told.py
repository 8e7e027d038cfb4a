"""Two events, the first of them sealed: the rows of the audit in the world of these tests."""

from datetime import datetime
from typing import Any

from portal.audit.models import AuditEntry, Position, Seal


def events(*, at: datetime) -> dict[str, Any]:
    """Leave two events, number both, seal the first."""
    first, second = (Position.objects.create(position=place, event=_event(at), numbered_at=at) for place in (1, 2))
    seal = Seal.objects.create(
        number=1, first_position=1, last_position=first, count=1, digest=first.event.sha256, sealed_at=at
    )
    return {"audit": first.event, "position": second, "seal": seal}


def _event(at: datetime) -> AuditEntry:
    return AuditEntry.objects.create(at=at, app="Tests", event="Built", description="Built a world.", actor="test")
