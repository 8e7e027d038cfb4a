"""Look at the refusals of an app: what a program and what a person is told."""

from portal import frame


def told(refusal: frame.Refused) -> tuple[str, int, str, str]:
    """Give code, status, field and words."""
    return refusal.code, refusal.status, refusal.field, str(refusal)


def coded(prefix: str) -> set[type[frame.Refused]]:
    """Find the refusals with a code whose modules begin so."""
    return {one for one in _under(frame.Refused) if one.__module__.startswith(prefix) and "code" in vars(one)}


def _under(above: type[frame.Refused]) -> set[type[frame.Refused]]:
    return {sub for direct in above.__subclasses__() for sub in {direct, *_under(direct)}}
