"""Declare what the refusals of the settings say."""

from portal import frame
from settings_app import operations

frame.declare(
    {
        operations.ConfigChanged: lambda refusal: (
            f"Version {refusal.seen_version} was shown, version {refusal.current.number} is in force."
        ),
        operations.ReasonChanged: lambda refusal: f"The reason {refusal.current.code} was changed meanwhile.",
        operations.CodeTaken: "Another reason has this code.",
        operations.LabelTaken: "Another reason has this label.",
    }
)
