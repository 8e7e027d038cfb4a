"""What forms read, where they put the focus, and what Enter opens in the search."""

from bench.mutants.mutation import Mutation

_KIT = "tests/lib/test_forms.py"
_OPENING = "tests/customers/search/test_opening.py"

MUTATIONS = (
    Mutation(
        "Enter opens one of several customers",
        "customers/search/opening.py",
        "if not listing.hits and len(listing.rows) == 1:",
        "if not listing.hits and listing.rows:",
        _OPENING,
    ),
    Mutation(
        "Enter opens the first of several documents",
        "customers/search/opening.py",
        'return hits[0].url if len(hits) == 1 else ""',
        'return hits[0].url if hits else ""',
        _OPENING,
    ),
    Mutation(
        "the whole number of a document opens nothing",
        "customers/search/opening.py",
        "if policies.folded_number(hit.text) == asked",
        "if hit.text == listing.query",
        _OPENING,
    ),
    Mutation(
        "typing asks what Enter asks",
        "templates/customers/search/list.html",
        'hx-get="{{ list_url }}" hx-trigger="input changed delay:250ms"',
        'hx-get="{{ open_url }}" hx-trigger="input changed delay:250ms"',
        _OPENING,
    ),
    Mutation(
        "a text is measured before it is cleaned",
        "portal/lib/forms/texts.py",
        "if self.max_length and len(cleaned) > self.max_length:",
        'if self.max_length and len(value or "") > self.max_length:',
        _KIT,
    ),
    Mutation(
        "the first possible day is too early",
        "portal/lib/forms/picked.py",
        "if value and self.first and value < self.first:",
        "if value and self.first and value <= self.first:",
        _KIT,
    ),
    Mutation(
        "the least amount is too little",
        "portal/lib/forms/numbers.py",
        "if amount < self._least:",
        "if amount <= self._least:",
        _KIT,
    ),
    Mutation(
        "a wrong hidden field asks for what nobody can type",
        "portal/lib/forms/kit.py",
        "if self.widget.is_hidden:",
        "if not self.widget:",
        _KIT,
    ),
    Mutation(
        "a form that came back wrong takes the focus from its summary",
        "portal/lib/forms/form.py",
        "if self.is_bound or not self.takes_focus:",
        "if not self.takes_focus:",
        _KIT,
    ),
    Mutation(
        "the last of a group of buttons has the focus",
        "portal/lib/forms/picked.py",
        'if option["index"] != "0":',
        'if option["index"] == "0":',
        _KIT,
    ),
)
