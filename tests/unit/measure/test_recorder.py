"""What is noted of an error."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from bench.measure.recorder import Recorder
from bench.records.outcome import Outcome

PASSWORD = "p@ss'word-42"  # noqa: S105 - made up


@pytest.mark.parametrize("written", [PASSWORD, repr(PASSWORD), quote(PASSWORD)])
@pytest.mark.parametrize("length", range(484, 501, 4))
def test_a_password_is_taken_out_before_the_text_is_cut(written: str, length: int) -> None:
    recorder = Recorder(("put",), (PASSWORD,))

    assert recorder.note(OSError("!" * length + written + "!" * 100)) == Outcome.FAILED

    text = recorder.error_texts["OSError"]
    assert set(text) <= set("!*\"'…")
    assert len(text) == 500
    assert text.endswith("…")


def test_the_first_text_of_a_class_is_kept() -> None:
    recorder = Recorder(("put",))

    for text in ("first", "second"):
        recorder.note(OSError(text))

    assert recorder.error_texts == {"OSError": "first"}
    assert recorder.errors == {"OSError": 2}
