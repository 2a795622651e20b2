"""What holds time must not hold when time is over."""

from time import sleep

import pytest

from tests.pace import within


def test_what_takes_longer_is_told() -> None:
    with pytest.raises(AssertionError, match=r"0\.02 s allowed"), within(0.02):
        sleep(1)


def test_what_fails_says_its_own_fault() -> None:
    with pytest.raises(KeyError), within(0):
        raise KeyError
