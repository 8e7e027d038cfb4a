"""Recompute everything that the ledger, the documents and the terminations say, and name what does not agree.

The database refuses most of this already; this is the second pair of eyes, for a database that was restored,
moved, or written by somebody with more rights than the portal. Apps declare what is checked, each in its package
`checks`; nothing here knows a table of theirs. docs/ledger.md says what this can show.
"""

from __future__ import annotations

from portal.verification import heads, schema
from portal.verification.heads import Head, Kept, SealHead
from portal.verification.running import faults, kinds
from portal.verification.shapes import Counted, Fault

__all__ = ["Counted", "Fault", "Head", "Kept", "SealHead", "faults", "heads", "kinds", "schema_faults"]

# Its faults are told before all others: what is off may be why the others are there.
schema_faults = schema.faults
