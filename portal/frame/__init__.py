"""What every write stands on: its transaction, who acts, the key that makes it happen once, and its refusals."""

from portal.frame.actors import IMPORT, SYSTEM, Actor
from portal.frame.keys import KEPT, Key, KeyReused
from portal.frame.keys import forget as forget_keys
from portal.frame.operation import operation
from portal.frame.refusals import Refused, declare, put_into

__all__ = [
    "IMPORT",
    "KEPT",
    "SYSTEM",
    "Actor",
    "Key",
    "KeyReused",
    "Refused",
    "declare",
    "forget_keys",
    "operation",
    "put_into",
]
