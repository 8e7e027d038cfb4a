"""The list of renewals that failed."""

from __future__ import annotations

from customers import naming
from portal.lib import lists
from portal.lib.lists import cells, filters
from subscriptions.life.selectors import failed
from subscriptions.life.selectors.failed import FailedRow
from subscriptions.life.words import refused

STILL = "still"


class FailedFilters(filters.Filters):
    """What failed renewals can be filtered by."""

    more = ("tried_from", "tried_to")

    organisation = naming.OrganisationFilter("subscription__organisation_id")
    shown = filters.Choice(
        "Show",
        choices=((STILL, "Not renewed yet"),),
        default=STILL,
        ask_with=lambda value, asked: failed.still_failed(today=asked.today),
    )
    about = filters.Choice("Reason", "code", choices=tuple(refused.LABELS.items()))
    tried_from = filters.From("Tried from", "tried_on")
    tried_to = filters.To("Tried to", "tried_on")


FAILED: lists.List[FailedRow] = lists.List(
    name="failed_renewals",
    title="Failed to renew",
    about="Subscriptions that were due to renew and did not, by the last try. Each is tried again daily until it "
    "expires.",
    permission="subscriptions.view_subscription",
    rows=failed.tries,
    read=failed.failed_rows,
    columns=(
        lists.Column(
            "Subscription",
            lambda row: cells.Link(row.plan, cells.address("subscriptions:detail", row.subscription_uuid)),
            is_heading=True,
        ),
        lists.Column("UUID", lambda row: row.subscription_uuid),
        *naming.columns(lambda row: row.organisation),
        lists.Column("Reason", lambda row: refused.LABELS[row.code]),
        lists.Column("Why", lambda row: refused.told(row.code, data=row.data), css="text-break sentence"),
        lists.Column("Tried on", lambda row: row.tried_on, kind=cells.Day),
        lists.Column("Expiry date", lambda row: row.expires_on, kind=cells.Day),
    ),
    sorts=(lists.NEWEST,),
    filters=FailedFilters,
    empty=lists.Empty("No renewal has failed", "What is refused in the night is listed here until it is renewed."),
)
