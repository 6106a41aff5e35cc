"""Comparing a thread with its history: each kind of fault is counted as often as it is there."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bench.contracts import ExpectedCheckpoint, ExpectedThread
from bench.verify.differences import FaultKind, FoundCheckpoint, added_up, compare_thread

Found = list[FoundCheckpoint]


def history(length: int, *, ids: bool = True) -> tuple[ExpectedCheckpoint, ...]:
    return tuple(
        ExpectedCheckpoint(
            checkpoint_id=f"id{number:03}" if ids else "",
            parent_id=f"id{number - 1:03}" if ids and number else "",
            content_hash=f"content {number}",
            writes=frozenset({(f"task {number}" if ids else "", "channel", f"value {number}")}),
        )
        for number in range(length)
    )


def stored(length: int) -> Found:
    return [
        FoundCheckpoint(
            checkpoint_id=f"id{number:03}",
            parent_id=f"id{number - 1:03}" if number else "",
            content_hash=f"content {number}",
            writes=((f"task {number}", "channel", f"value {number}"), ("other", "branch", "none")),
        )
        for number in range(length)
    ]


def compared(
    length: int, found: Found, *, ids: bool = True, indeterminate: tuple[str, ...] = ()
) -> dict[FaultKind, int]:
    thread = ExpectedThread(
        length, len(indeterminate), "", "", indeterminate_ids=indeterminate if ids else ()
    )
    comparison = compare_thread("t", thread, history(length, ids=ids), found)
    return dict(added_up(comparison.faults))


lengths = st.integers(min_value=1, max_value=12)


@given(lengths, st.booleans(), st.randoms(use_true_random=False))
def test_what_is_all_there_has_no_fault_in_whatever_order_it_is_listed(
    length: int, ids: bool, order: object
) -> None:
    found = stored(length)
    order.shuffle(found)  # type: ignore[attr-defined] # a random.Random

    assert compared(length, found, ids=ids) == {}


@given(st.data())
def test_each_fault_is_counted_once(data: st.DataObject) -> None:
    """Every checkpoint is left alone or has one fault; each counts for itself."""
    length = data.draw(lengths)
    kinds = ("", "lost", "duplicated", "corrupted", "broken_parents", "lost_writes")
    drawn = data.draw(st.lists(st.sampled_from(kinds), min_size=length, max_size=length))
    found: Found = []
    for row, kind in zip(stored(length), drawn, strict=True):
        found += {
            "": [row],
            "lost": [],
            "duplicated": [row, row],
            "corrupted": [replace(row, content_hash="another")],
            "broken_parents": [replace(row, parent_id="another")],
            "lost_writes": [replace(row, writes=row.writes[1:])],
        }[kind]
    strangers = data.draw(st.integers(min_value=0, max_value=3))
    found += [FoundCheckpoint(f"new{number}", "", "new", ()) for number in range(strangers)]

    expected = {kind: drawn.count(kind) for kind in kinds if kind in drawn and kind}
    expected |= {"unexpected": strangers} if strangers else {}
    assert compared(length, found) == expected


@given(lengths, st.integers(min_value=0, max_value=11), st.booleans())
def test_a_missing_checkpoint_is_lost_exactly_once(length: int, which: int, ids: bool) -> None:
    found = stored(length)
    del found[which % length]

    assert compared(length, found, ids=ids)["lost"] == 1


@given(lengths, lengths, st.booleans())
def test_what_is_indeterminate_may_be_there_and_nothing_more(
    length: int, more: int, ids: bool
) -> None:
    indeterminate = tuple(row.checkpoint_id for row in stored(length + more)[length:])

    assert compared(length, stored(length), ids=ids, indeterminate=indeterminate) == {}
    assert compared(length, stored(length + more), ids=ids, indeterminate=indeterminate) == {}
    too_many = stored(length + more + 1)
    found = compared(length, too_many, ids=ids, indeterminate=indeterminate)
    assert found == {"unexpected": 1}


def test_the_same_content_under_a_new_id_is_a_duplicate() -> None:
    found = stored(3)

    assert compared(3, [*found, replace(found[1], checkpoint_id="id0015")]) == {"duplicated": 1}


def test_a_write_that_is_listed_twice_is_a_duplicate_unless_it_was_tried_twice() -> None:
    (row,) = stored(1)
    found = [replace(row, writes=(*row.writes, row.writes[0]))]
    thread = ExpectedThread(1, 0, "", "", writes=1, indeterminate_writes=1)

    assert compared(1, found) == {"duplicated": 1}
    assert compare_thread("t", thread, history(1), found).faults == ()


def test_without_ids_contents_are_matched_in_order_and_the_chain_is_followed() -> None:
    found = stored(4)
    swapped = [replace(found[1], content_hash="content 2"), replace(found[2], parent_id="id000")]

    faults = compared(4, [found[0], *swapped, found[3]], ids=False)

    assert faults == {"corrupted": 1, "broken_parents": 1}


def test_without_a_history_checkpoints_are_counted() -> None:
    thread = ExpectedThread(3, 1, "", "")

    def faults(length: int) -> dict[FaultKind, int]:
        return dict(added_up(compare_thread("t", thread, (), stored(length)).faults))

    assert [faults(length) for length in (1, 3, 4, 6)] == [
        {"lost": 2},
        {},
        {},
        {"unexpected": 2},
    ]
