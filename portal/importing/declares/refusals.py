"""Declare what a refused import says."""

from portal import frame
from portal.importing import refusals
from portal.lib import text


def _broken_off(refusal: refusals.BrokenOff) -> str:
    if refusal.may_be_written:
        what = "It was lost while all was being kept, so all is written or nothing; import again to know."
    else:
        what = "Nothing was written; import again."
    return f"The database could not go on: {refusal.why}. {what}"


frame.declare(
    {
        refusals.DirectoryFaulty: lambda refusal: f"{text.counted(refusal.count, 'fault')}. Nothing was written.",
        refusals.Interfered: lambda refusal: (
            f"The portal was changed meanwhile, and nothing was written; import again. ({refusal.why})"
        ),
        refusals.BrokenOff: _broken_off,
        refusals.FileUnreadable: lambda refusal: f"{refusal.path} can't be read: {refusal.why}.",
        refusals.ExceptionsUnwritable: lambda refusal: (
            f"The exceptions can't be written to {refusal.path}: {refusal.why}. Nothing was imported."
        ),
    }
)
