"""What random days draw: one of what there is, amounts, ways to end, contacts."""

from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

FEE, CENT = Decimal("21.40"), Decimal("0.01")

PICK = st.integers(0, 29)
OFTEN = st.sampled_from([True, True, True, False])
ENDING: dict[str, Any] = {
    "how": st.sampled_from(
        ["refund", "refund", "link", "new note", "new note", "new note", "popup", "popup", "link from a popup"]
    ),
    "pick": PICK,
    "note": PICK,
    "part": st.integers(1, 4),
    "confirms": OFTEN,
    "uses": st.booleans(),
}
# Cents: often small, sometimes all of a charge, sometimes too much.
AMOUNT = st.one_of(
    st.sampled_from([Decimal("54.50"), Decimal("10.90"), Decimal("63.50"), Decimal("0.01")]),
    st.integers(1, 20_000).map(lambda number: Decimal(number) / 100),
)
A_CONTACT = st.tuples(
    st.sampled_from(["Lim Trading", "Lim & Söhne"]),
    st.sampled_from(["owner@lim.example", ""]),
    st.sampled_from(["billing@lim.example", "office@lim.example", ""]),
    st.sampled_from(["L-1", "", "L-2"]),
)
