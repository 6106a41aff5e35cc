"""Which runs are the reference is read from one file."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.errors import InputError
from bench.records.reference_runs import reference_runs
from bench.records.store import Store
from tests.unit.analysis.synthetic import make_run

RUN_ID = "20260101T000000Z-made-up"


def test_without_the_file_there_are_none(tmp_path: Path) -> None:
    assert reference_runs(Store(tmp_path)) == ()


def test_comments_and_empty_lines_do_not_count(tmp_path: Path) -> None:
    make_run(tmp_path)
    text = f"# the runs\n\n  {RUN_ID}  \n{RUN_ID}\n"
    (tmp_path / "reference.txt").write_text(text, encoding="utf-8")

    assert reference_runs(Store(tmp_path)) == (RUN_ID,)


def test_a_run_that_is_not_there_is_an_input_error(tmp_path: Path) -> None:
    (tmp_path / "reference.txt").write_text(RUN_ID, encoding="utf-8")

    with pytest.raises(InputError, match=f"reference.txt names the run '{RUN_ID}', which"):
        reference_runs(Store(tmp_path))
