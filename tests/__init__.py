"""Tests of the portal; an assert of what they share is told as one of theirs."""

import pytest

pytest.register_assert_rewrite("tests.support")
