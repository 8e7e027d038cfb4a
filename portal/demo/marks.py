"""Tell a customer of the demo from a real one by its UUID, whatever was changed of it since.

The second half of the UUID follows from the first, so that no record of what was added has to be kept: a random one
looks like that once in some 10^18 times.
"""

import hashlib
import uuid

_SECRET_OF_NOBODY = b"a customer of the demo"
_HALF = 64


def mark(drawn: uuid.UUID) -> uuid.UUID:
    """Give the UUID of a demo customer that begins as the one that was drawn."""
    first = drawn.int >> _HALF
    digest = hashlib.sha256(_SECRET_OF_NOBODY + first.to_bytes(8)).digest()[:8]
    return uuid.UUID(int=first << _HALF | int.from_bytes(digest), version=4)


def is_marked(found: uuid.UUID) -> bool:
    """Say whether this is the UUID of a demo customer."""
    return mark(found) == found
