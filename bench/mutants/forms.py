"""What forms read, where they put the focus, and what Enter opens in the search."""

from bench.mutants.mutation import Mutation

_READ = "tests/lib/test_forms.py::test_what_is_typed_is_read"
_MISTAKE = "tests/lib/test_forms.py::test_a_mistake_says_what_is_wrong_and_what_would_be_right"
_FOCUS = "tests/lib/test_forms.py::test_the_first_field_has_the_focus_until_something_was_sent"
_ENTER = "tests/customers/search/test_opening.py::test_enter_opens_the_only_answer"
_TYPING = (
    "tests/customers/search/test_opening.py"
    "::test_the_search_sends_what_is_typed_and_what_is_sent_to_different_addresses"
)

MUTATIONS = (
    Mutation(
        "Enter opens one of several customers",
        "customers/search/opening.py",
        "if not listing.hits and len(listing.rows) == 1:",
        "if not listing.hits and listing.rows:",
        _ENTER,
    ),
    Mutation(
        "Enter opens the first of several documents",
        "customers/search/opening.py",
        'return hits[0].url if len(hits) == 1 else ""',
        'return hits[0].url if hits else ""',
        _ENTER,
    ),
    Mutation(
        "the whole number of a document opens nothing",
        "customers/search/opening.py",
        "if policies.folded_number(hit.text) == asked",
        "if hit.text == listing.query",
        _ENTER,
    ),
    Mutation(
        "typing asks what Enter asks",
        "templates/customers/search/list.html",
        'hx-get="{{ list_url }}" hx-trigger="input changed delay:250ms"',
        'hx-get="{{ open_url }}" hx-trigger="input changed delay:250ms"',
        _TYPING,
    ),
    Mutation(
        "a text is measured before it is cleaned",
        "portal/lib/forms/texts.py",
        "if self.max_length and len(cleaned) > self.max_length:",
        'if self.max_length and len(value or "") > self.max_length:',
        _READ,
    ),
    Mutation(
        "the first possible day is too early",
        "portal/lib/forms/picked.py",
        "if value and self.first and value < self.first:",
        "if value and self.first and value <= self.first:",
        _READ,
    ),
    Mutation(
        "the least amount is too little",
        "portal/lib/forms/numbers.py",
        "if amount < self._least:",
        "if amount <= self._least:",
        _READ,
    ),
    Mutation(
        "a wrong hidden field asks for what nobody can type",
        "portal/lib/forms/kit.py",
        "if self.widget.is_hidden:",
        "if not self.widget:",
        _MISTAKE,
    ),
    Mutation(
        "a form that came back wrong takes the focus from its summary",
        "portal/lib/forms/form.py",
        "if self.is_bound or not self.takes_focus:",
        "if not self.takes_focus:",
        _FOCUS,
    ),
    Mutation(
        "the last of a group of buttons has the focus",
        "portal/lib/forms/picked.py",
        'if option["index"] != "0":',
        'if option["index"] == "0":',
        _FOCUS,
    ),
)
