"""Declare what the refusals of the settings say."""

from portal import frame
from portal.lib import days
from settings_app import operations
from settings_app.operations import tax_rates

frame.declare(
    {
        operations.ConfigChanged: lambda refusal: (
            f"Version {refusal.seen_version} was shown, version {refusal.current.number} is in force."
        ),
        operations.ReasonChanged: lambda refusal: f"The reason {refusal.current.code} was changed meanwhile.",
        operations.CodeTaken: "Another reason has this code.",
        operations.LabelTaken: "Another reason has this label.",
        tax_rates.RateTaken: lambda refusal: (
            f"{refusal.country} has another rate from {days.display(refusal.begins_on)} on; expected another day, "
            "or withdraw that one first if it has not begun."
        ),
        tax_rates.RateHasBegun: lambda refusal: (
            f"The rate of {refusal.country} from {days.display(refusal.begins_on)} on has begun, in some time zone "
            "at least. It stays; add one that begins on a later day."
        ),
    }
)
