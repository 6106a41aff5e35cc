from __future__ import annotations

from dataclasses import replace

from bench.report.groups import groups_of, subject_text
from bench.report.ratios import invalid_because
from tests.unit.reporters import synthetic

FULL = synthetic.full_analysis()


def test_every_cell_is_in_one_group() -> None:
    names = [cell.name for group in groups_of(FULL) for cell in group.cells]
    assert sorted(cell.name for cell in FULL.cells) == sorted(names)


def test_rows_are_ordered_by_durability_then_by_the_first_primary_metric() -> None:
    cells = groups_of(FULL)[0].cells
    ranks = ["volatile", "relaxed", "fsync"]
    keys = [(ranks.index(cell.durability), cell.value("put.response.p50") or 0.0) for cell in cells]
    assert sorted(keys) == keys


def test_a_cell_without_value_comes_last_in_its_class() -> None:
    group = next(group for group in groups_of(FULL) if group.condition == synthetic.FAILED_CELL[1])
    relaxed = [cell.subject for cell in group.cells if cell.durability == "relaxed"]
    assert relaxed[-1] == synthetic.FAILED_CELL[0]


def test_labels_have_only_what_differs_and_are_unique() -> None:
    groups = groups_of(FULL)
    assert groups[0].label == "1k · one · selector"
    assert groups[0].title == "steps · 1k · one · selector"
    assert groups[-1].label == "1k · eight · proactor (emulated)"
    assert len(groups) == len({group.label for group in groups})


def test_conditions_that_differ_in_the_sweep_only_are_told_apart() -> None:
    cells = FULL.cells[:2]
    other = replace(FULL, cells=(cells[0], replace(cells[1], sweep="another")))
    assert [group.title.split(" · ")[0] for group in groups_of(other)] == ["load", "another"]
    assert len({group.label for group in groups_of(other)}) == 2


def test_one_condition_has_a_label_too() -> None:
    one = replace(FULL, cells=FULL.cells[:3])
    assert [group.label for group in groups_of(one)] == ["one"]


def test_the_second_arm_of_a_pair_is_marked() -> None:
    cell = next(cell for cell in FULL.cells if cell.aa_of)
    assert subject_text(cell) == "postgres-again (A/A of postgres)"


def test_a_ratio_with_an_invalid_side_is_invalid() -> None:
    invalid = [each for each in FULL.comparisons if invalid_because(each)]
    assert invalid
    assert {each.candidate for each in invalid} == {synthetic.INVALID_CELL[0]}
    assert all(synthetic.INVALID in invalid_because(each) for each in invalid)
