"""Everything that happens to a subscription while it lives, one module per verb."""

from subscriptions.life.operations.auto_renewal import set_auto_renew
from subscriptions.life.operations.looking import Foreseen, foresee
from subscriptions.life.operations.recovering import Preview, Seen, preview_of, recover
from subscriptions.life.operations.renewing import Counts, renew_due

__all__ = [
    "Counts",
    "Foreseen",
    "Preview",
    "Seen",
    "foresee",
    "preview_of",
    "recover",
    "renew_due",
    "set_auto_renew",
]
