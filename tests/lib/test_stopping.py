"""SIGTERM is a wish: remembered by whatever listens, and by what listens around it."""

import os
import signal

from portal.lib.stopping import Stop


def test_whatever_listens_around_learns_of_it() -> None:
    before = signal.getsignal(signal.SIGTERM)
    outer, inner, other = Stop(), Stop(), Stop()
    with outer.listening():
        with other.listening():
            pass
        with inner.listening():
            os.kill(os.getpid(), signal.SIGTERM)
            assert inner()
        assert outer()
    assert not other()
    assert signal.getsignal(signal.SIGTERM) is before


def test_one_that_was_stopped_says_nothing_of_the_next() -> None:
    first, second = Stop(), Stop()
    with first.listening():
        os.kill(os.getpid(), signal.SIGTERM)
    with second.listening():
        assert not second()
