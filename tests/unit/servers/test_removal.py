from __future__ import annotations

import pytest

from bench.contracts import finish
from bench.errors import UnavailableError


class Removal:
    """Ends, one call after the other, as it is told."""

    def __init__(self, *ends: BaseException | None) -> None:
        self.left = list(ends)

    def __call__(self) -> None:
        end = self.left.pop(0)
        if end is not None:
            raise end


def test_what_is_not_interrupted_is_done_once() -> None:
    removal = Removal(None, None)
    finish(removal)
    assert removal.left == [None]


def test_an_interruption_is_raised_after_the_second_attempt() -> None:
    removal = Removal(KeyboardInterrupt(), None)
    with pytest.raises(KeyboardInterrupt):
        finish(removal)
    assert removal.left == []


def test_a_failure_without_interruption_is_itself() -> None:
    with pytest.raises(UnavailableError, match="left"):
        finish(Removal(UnavailableError("left")))


def test_a_failure_after_an_interruption_is_a_note_on_it() -> None:
    with pytest.raises(KeyboardInterrupt) as caught:
        finish(Removal(KeyboardInterrupt(), UnavailableError("left")))
    assert caught.value.__notes__ == ["left"]
