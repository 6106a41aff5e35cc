"""A compact run reads as it did before, and nothing is removed that is not kept."""

from __future__ import annotations

import errno
import shutil
import sys
import zipfile
from pathlib import Path
from typing import IO

import pytest

from bench.errors import BenchError, InputError, UnavailableError
from bench.records import compaction
from bench.records.archive import ARCHIVE, holds, write_archive
from bench.records.compaction import compact
from bench.records.sample import write_samples
from bench.records.store import Run, Store
from tests.unit.analysis.synthetic import Left, Load, make_run, scenario_text, unsupported

RUN_ID = "20260101T000000Z-made-up"
needs_links = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")


def files_in(directory: Path) -> dict[str, bytes]:
    found = (path for path in directory.rglob("*") if path.is_file())
    return {str(path.relative_to(directory)): path.read_bytes() for path in found}


def contents(run: Run) -> list[object]:
    return [
        (trial, run.samples(trial).rows.tolist() if trial.samples_file else None)
        for trial in run.trials
    ]


def test_a_run_that_could_not_be_read_again_is_not_made_compact(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files_in(tmp_path)
    monkeypatch.setattr(compaction, "MOST_BYTES", 1000)

    with pytest.raises(InputError, match=r"records\.zip would be larger than what is read"):
        compact(Store(tmp_path), RUN_ID)

    assert files_in(tmp_path) == before


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A run of three trials, of which one was refused and has no samples."""
    return make_run(
        tmp_path,
        lambda trial: Left(
            Load(put=1_000_000 + 17 * trial.repetition),
            unsupported() if trial.repetition == 1 else {},
        ),
    )


def test_a_compact_run_reads_as_before(run: Run, tmp_path: Path) -> None:
    store = Store(tmp_path)
    expected, finished = contents(run), store.finished(RUN_ID)

    compact(store, RUN_ID)

    assert sorted(files_in(tmp_path / RUN_ID)) == [ARCHIVE, "run.json"]
    found = store.read(RUN_ID)
    assert expected == contents(found)
    assert run.record == found.record
    assert list(run.checks) == ["a"]
    assert run.checks == found.checks
    assert store.checked(RUN_ID, ["a", "b"]) == {"a"}
    assert finished == store.finished(RUN_ID)
    assert len(finished) == 3


def test_a_compact_run_takes_no_further_trial(run: Run, tmp_path: Path) -> None:
    store = Store(tmp_path)
    compact(store, RUN_ID)

    with pytest.raises(InputError, match="takes no further trials"):
        store.add(RUN_ID, run.trials[0], None)


def test_a_record_is_kept_byte_for_byte_under_its_id(run: Run, tmp_path: Path) -> None:
    trial_id = run.trials[0].trial.id
    expected = (run.directory / "trials" / f"{trial_id}.json").read_bytes()

    compact(Store(tmp_path), RUN_ID)

    with zipfile.ZipFile(run.directory / ARCHIVE) as archive:
        assert expected == archive.read(f"trials/{trial_id}.json")
        assert archive.testzip() is None


def test_the_same_run_becomes_the_same_bytes(run: Run, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(run.directory, other / RUN_ID)

    compact(Store(tmp_path), RUN_ID)
    compact(Store(other), RUN_ID)

    assert files_in(run.directory) == files_in(other / RUN_ID)


def test_it_takes_fewer_bytes(tmp_path: Path) -> None:
    make_run(tmp_path, lambda trial: Left(Load(cycles=400)))

    found = compact(Store(tmp_path), RUN_ID)

    assert found.bytes_after == (tmp_path / RUN_ID / ARCHIVE).stat().st_size
    assert found.bytes_after < found.bytes_before / 2


def test_a_run_that_is_compact_is_left_as_it_is(run: Run, tmp_path: Path) -> None:
    first = compact(Store(tmp_path), RUN_ID)
    before = files_in(tmp_path)

    again = compact(Store(tmp_path), RUN_ID)

    assert again.bytes_before == again.bytes_after == first.bytes_after
    assert before == files_in(tmp_path)


def test_a_run_that_lacks_trials_is_refused(tmp_path: Path) -> None:
    make_run(tmp_path, lambda trial: None if trial.repetition else Left())
    before = files_in(tmp_path)

    with pytest.raises(InputError, match="has 1 of 3 trials; complete it first"):
        compact(Store(tmp_path), RUN_ID)

    assert before == files_in(tmp_path)


@pytest.mark.parametrize(
    ("left", "is_complete"),
    [({3: "ab"}, True), ({}, True), ({3: "a"}, False), ({3: "ab", 4: "b"}, False)],
)
def test_a_block_that_is_optional_is_complete_or_not_begun(
    tmp_path: Path, left: dict[int, str], is_complete: bool
) -> None:
    text = scenario_text(
        "a b",
        tables='[baseline]\nsubjects = ["a"]\n'
        "[precision]\nhalf_width = 0.01\nmost_repetitions = 5\nbudget_s = 100.0",
    )
    measured = {0: "ab", 1: "ab", 2: "ab", **left}
    make_run(
        tmp_path,
        lambda trial: Left() if trial.subject in measured.get(trial.repetition, "") else None,
        text,
    )

    if is_complete:
        compact(Store(tmp_path), RUN_ID)
    else:
        with pytest.raises(InputError, match="complete it first, with"):
            compact(Store(tmp_path), RUN_ID)

    assert is_complete == (tmp_path / RUN_ID / ARCHIVE).exists()


def test_what_was_never_finished_is_no_part_of_a_run(run: Run, tmp_path: Path) -> None:
    (run.directory / "trials" / "abc.json.1.partial").write_bytes(b"{")

    compact(Store(tmp_path), RUN_ID)

    assert sorted(files_in(run.directory)) == [ARCHIVE, "run.json"]


def test_what_is_no_record_is_not_removed(run: Run, tmp_path: Path) -> None:
    (run.directory / "samples" / "notes.txt").write_bytes(b"{}")
    before = files_in(tmp_path)

    with pytest.raises(InputError, match=r"notes\.txt is no record of this run"):
        compact(Store(tmp_path), RUN_ID)

    assert before == files_in(tmp_path)


def test_a_run_whose_samples_are_gone_is_refused(run: Run, tmp_path: Path) -> None:
    next((run.directory / "samples").iterdir()).unlink()
    before = files_in(tmp_path)

    with pytest.raises(InputError, match="cannot read the samples"):
        compact(Store(tmp_path), RUN_ID)

    assert before == files_in(tmp_path)


def test_an_archive_that_gives_back_something_else_costs_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files_in(tmp_path)
    monkeypatch.setattr(compaction, "holds", lambda path, files: False)

    with pytest.raises(BenchError, match="would not give back what was put into it"):
        compact(Store(tmp_path), RUN_ID)

    assert before == files_in(tmp_path)


def test_what_is_altered_is_noticed(run: Run, tmp_path: Path) -> None:
    (samples,) = list((run.directory / "samples").glob("*"))[:1]
    archive = tmp_path / "a.zip"
    with archive.open("wb") as target:
        write_archive(target, [samples])
    assert holds(archive, [samples])

    rows = run.samples(run.trials[0]).rows.copy()
    rows[-1, 0] += 1
    write_samples(samples, rows)

    assert not holds(archive, [samples])


def test_a_disk_that_is_full_costs_nothing(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(target: IO[bytes], files: object) -> None:
        target.write(b"half of it")
        raise OSError(errno.ENOSPC, "No space left on device")

    before = files_in(tmp_path)
    monkeypatch.setattr(compaction, "write_archive", full)

    with pytest.raises(UnavailableError, match=r"records\.zip: .*: No space left on device"):
        compact(Store(tmp_path), RUN_ID)

    assert before == files_in(tmp_path)


def test_where_removing_was_interrupted_doing_it_again_ends_it(run: Run, tmp_path: Path) -> None:
    expected = contents(run)
    originals = tmp_path / "originals"
    shutil.copytree(run.directory, originals)
    compact(Store(tmp_path), RUN_ID)
    for part in ("trials", "samples"):
        shutil.copytree(originals / part, run.directory / part)
    next((run.directory / "trials").iterdir()).unlink()

    assert expected == contents(Store(tmp_path).read(RUN_ID))
    compact(Store(tmp_path), RUN_ID)

    assert sorted(files_in(run.directory)) == [ARCHIVE, "run.json"]
    assert expected == contents(Store(tmp_path).read(RUN_ID))


def test_files_that_the_archive_does_not_have_are_not_removed(run: Run, tmp_path: Path) -> None:
    compact(Store(tmp_path), RUN_ID)
    (run.directory / "trials").mkdir()
    (run.directory / "trials" / "0123456789ab.json").write_bytes(b"{}")
    before = files_in(tmp_path)

    with pytest.raises(InputError, match="does not have, or has otherwise"):
        compact(Store(tmp_path), RUN_ID)

    assert before == files_in(tmp_path)


@needs_links
@pytest.mark.parametrize("part", ["checks", "trials", "samples", "."])
def test_a_directory_that_is_a_link_is_refused(run: Run, tmp_path: Path, part: str) -> None:
    place, store = run.directory / part, Store(tmp_path)
    elsewhere = place.rename(tmp_path / "elsewhere")
    (elsewhere / "theirs.json.1.partial").write_bytes(b"{}")
    place.symlink_to(elsewhere, target_is_directory=True)
    before = files_in(tmp_path)

    with pytest.raises(InputError, match="is a link, expected a directory of its own"):
        compact(store, RUN_ID)
    with pytest.raises(InputError, match="is a link"), store.locked(RUN_ID):
        pass
    with pytest.raises(InputError, match="is a link"):
        store.read(RUN_ID)

    assert before == files_in(tmp_path)


@needs_links
@pytest.mark.parametrize("name", ["checks/a.json", "trials/0123456789ab.json", "checks/b.partial"])
def test_a_file_that_is_a_link_is_neither_packed_nor_removed(
    run: Run, tmp_path: Path, name: str
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"{}")
    link = run.directory / name
    link.unlink(missing_ok=True)
    link.symlink_to(secret)
    before = files_in(tmp_path)

    with pytest.raises(InputError):
        compact(Store(tmp_path), RUN_ID)

    assert link.is_symlink()
    assert before == files_in(tmp_path)


@pytest.mark.parametrize("name", ["checks/b.json", "trials/notes.json", "samples/notes.npz"])
def test_a_name_that_no_record_has_is_refused(run: Run, tmp_path: Path, name: str) -> None:
    (run.directory / name).write_bytes(b"{}")
    (run.directory / "checks" / "a.json.1.partial").write_bytes(b"{")
    before = files_in(tmp_path)

    with pytest.raises(InputError, match="is no record of this run"):
        compact(Store(tmp_path), RUN_ID)

    assert before == files_in(tmp_path)


@pytest.mark.parametrize("keep", [0, 100, -200])
def test_a_damaged_archive_is_an_input_error(run: Run, tmp_path: Path, keep: int) -> None:
    store = Store(tmp_path)
    compact(store, RUN_ID)
    path = run.directory / ARCHIVE
    path.write_bytes(path.read_bytes()[:keep])

    for read in (store.read, store.finished):
        with pytest.raises(InputError, match="the archive is damaged"):
            read(RUN_ID)


def test_samples_that_are_damaged_are_an_input_error(run: Run, tmp_path: Path) -> None:
    store = Store(tmp_path)
    compact(store, RUN_ID)
    found = store.read(RUN_ID)
    path = run.directory / ARCHIVE
    with zipfile.ZipFile(path) as archive:
        (name,) = [n for n in archive.namelist() if n.startswith("samples/")][:1]
        at = archive.getinfo(name).header_offset + 30 + len(name)
    content = bytearray(path.read_bytes())
    content[at + 5 : at + 25] = b"\xff" * 20
    path.write_bytes(content)
    trial = next(one for one in found.trials if one.trial.id in name)

    with pytest.raises(InputError, match=f"cannot read the samples of {trial.trial.id}"):
        found.samples(trial)
