"""When a message is tried again."""

import uuid
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.outbox import policies

ONE = uuid.UUID(int=1)


def test_a_pause_is_doubled_and_has_a_longest():
    base = [timedelta(minutes=min(2**n, 720)) for n in range(policies.MOST_ATTEMPTS)]
    pauses = [policies.pause_after(attempts=n + 1, message_id=ONE) for n in range(policies.MOST_ATTEMPTS)]
    assert all(abs(pause - wanted) <= wanted / 4 for pause, wanted in zip(pauses, base, strict=True))
    assert timedelta(hours=20) < sum(pauses[:-1], timedelta()) < timedelta(hours=40)


@given(attempts=st.integers(1, 10**6), message_id=st.uuids())
def test_a_pause_is_the_same_for_the_same_attempt_and_never_out_of_bounds(attempts, message_id):
    pause = policies.pause_after(attempts=attempts, message_id=message_id)
    assert pause == policies.pause_after(attempts=attempts, message_id=message_id)
    assert timedelta(seconds=45) <= pause <= timedelta(hours=15)


def test_messages_that_failed_together_do_not_come_back_together():
    assert len({policies.pause_after(attempts=3, message_id=uuid.UUID(int=n)) for n in range(50)}) == 50


@pytest.mark.parametrize(
    ("delivered_to", "waiting"),
    [
        ((), ("a@x.example", "b@x.example")),
        (("a@x.example",), ("b@x.example",)),
        (("a@x.example", "b@x.example"), ()),
    ],
)
def test_who_has_it_does_not_get_it_again(delivered_to, waiting):
    assert policies.recipients(to="a@x.example", cc="b@x.example", delivered_to=delivered_to) == waiting


def test_the_same_address_twice_is_one():
    assert policies.recipients(to="a@x.example", cc="a@x.example", delivered_to=()) == ("a@x.example",)


@pytest.mark.parametrize("text", ["a\r\nBcc: x", "a\nBcc: x", "a\x0bBcc: x", "a\u2028Bcc: x", "a\x85Bcc: x\x00"])
def test_a_line_stays_one(text):
    assert policies.one_line(text) == "a Bcc: x"


def test_only_a_5xx_stands():
    assert [policies.is_permanent(code) for code in (250, 421, 450, 499, 500, 550, 599, 600)] == [
        *([False] * 4),
        *([True] * 3),
        False,
    ]
