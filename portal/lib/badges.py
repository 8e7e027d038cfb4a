"""Draw a status as `components/badge.html` does; the tag of the templates and the cells of lists both ask here."""

from functools import lru_cache

from django.template.loader import render_to_string


@lru_cache(maxsize=256)
def badge(status: str, label: str = "", tone: str = "") -> str:
    """Show a status: word, colour and shape.

    A list has one in each of its rows, drawn by three templates inside one another, and few are different: each is
    rendered once.
    """
    return render_to_string("components/badge.html", {"status": status, "label": label, "tone": tone})
