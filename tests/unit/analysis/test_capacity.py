"""The highest rate that meets an objective: picked on some trials, estimated on others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from bench.analysis.capacity import MISSES_THAT_END, highest
from bench.analysis.result import Capacity
from bench.records.outcome import Outcome
from bench.scenario.metric import CYCLE
from bench.scenario.plan import Trial
from tests.unit.analysis.synthetic import (
    MS,
    VERIFIED,
    Left,
    Load,
    Make,
    analysed,
    changed,
    failure,
    row,
    scenario_text,
)

RATES = (10.0, 20.0, 40.0, 80.0)
SEARCH = f'kind = "search"\nrates_per_s = {list(RATES)}\nobjective = "cycle.response.p50 <= 5 ms"'


def by_rate(*milliseconds: tuple[float, ...]) -> Make:
    """The response time in ms of each rate, for the repetitions in turn."""

    def make(trial: Trial) -> Left:
        rate = float(trial.arrival.partition("@")[2])
        times = milliseconds[RATES.index(rate)]
        service = round(times[trial.repetition % len(times)] * MS)
        put = service - MS // 2
        idle = round(1e9 / rate) - service
        return Left(Load(clients=1, cycles=60, put=put, get_tuple=MS // 2, idle=idle))

    return make


def searched(directory: Path, make: Make, repetitions: int = 4) -> Capacity:
    text = scenario_text(arrival=SEARCH, repetitions=repetitions)
    (found,) = analysed(directory, make, text).capacities
    return found


def test_the_highest_rate_within_the_objective_is_found_and_confirmed(tmp_path: Path) -> None:
    found = searched(tmp_path, by_rate((2,), (3,), (4,), (9,)))

    assert (found.rate_per_s, found.outcome) == (40.0, "confirmed")
    assert found.value is not None
    assert round(found.value) == 4 * MS
    assert (found.picked_on, found.estimated_on) == (2, 2)
    assert not found.is_highest_tried


def test_the_estimate_comes_from_trials_that_had_no_part_in_the_choice(tmp_path: Path) -> None:
    """The even repetitions were lucky at 80/s; the odd ones say what it is really like."""
    found = searched(tmp_path, by_rate((2,), (3,), (4,), (4.5, 7)))

    assert (found.rate_per_s, found.outcome) == (80.0, "not confirmed")
    assert found.value is not None
    assert round(found.value) == 7 * MS
    assert found.is_highest_tried


def test_one_miss_between_two_rates_that_are_met_does_not_end_the_search(tmp_path: Path) -> None:
    assert searched(tmp_path, by_rate((2,), (9,), (4,), (9,))).rate_per_s == 40.0


def test_two_misses_end_it_however_well_a_higher_rate_looks(tmp_path: Path) -> None:
    assert searched(tmp_path, by_rate((2,), (9,), (9,), (4,))).rate_per_s == 10.0


def test_a_subject_that_misses_everywhere_has_no_rate(tmp_path: Path) -> None:
    found = searched(tmp_path, by_rate((9,), (9,), (9,), (9,)))

    assert (found.rate_per_s, found.outcome) == (None, "below the lowest rate")


def test_a_rate_that_was_not_reached_is_missed_however_short_the_times(tmp_path: Path) -> None:
    full = by_rate((2,), (3,), (3,), (3,))

    def make(trial: Trial) -> Left:
        left = full(trial)
        assert left is not None
        if trial.arrival in ("some@40", "some@80"):
            load = left.load
            # Half as many cycles as were offered in that time.
            slow = Load(1, load.cycles, load.put, load.get_tuple, idle=load.idle + load.period)
            return Left(slow)
        return left

    assert searched(tmp_path, make).rate_per_s == 20.0


def test_a_single_failed_cycle_misses_the_objective(tmp_path: Path) -> None:
    full = by_rate((2,), (3,), (3,), (3,))

    def make(trial: Trial) -> Left:
        left = full(trial)
        assert left is not None
        if trial.arrival in ("some@40", "some@80"):
            failed = row(CYCLE, 5 * MS, MS, outcome=Outcome.FAILED)
            return Left(replace(left.load, extra=(failed,)))
        return left

    assert searched(tmp_path, make).rate_per_s == 20.0


def test_a_rate_whose_other_trials_failed_is_not_met(tmp_path: Path) -> None:
    """Those that drop out are the bad ones: what is left must not be quoted as if it were all."""
    full = by_rate((2,), (3,), (3,), (3,))

    def make(trial: Trial) -> Left:
        left = full(trial)
        assert left is not None
        if trial.arrival in ("some@40", "some@80") and trial.repetition in (0, 2):
            return Left(left.load, failure())
        return left

    assert searched(tmp_path, make, repetitions=6).rate_per_s == 20.0


def test_what_loses_writes_has_no_capacity(tmp_path: Path) -> None:
    full = by_rate((2,), (3,), (4,), (4,))
    lossy = replace(VERIFIED, lost=1, problems=("gone",))

    def make(trial: Trial) -> Left:
        left = full(trial)
        assert left is not None
        is_lossy = trial.arrival == "some@20" and trial.repetition == 1
        return Left(left.load, {"verification": lossy}) if is_lossy else left

    found = searched(tmp_path, make)

    assert (found.rate_per_s, found.outcome) == (None, "invalid")


def test_a_search_without_a_measured_trial_says_so(tmp_path: Path) -> None:
    found = searched(tmp_path, changed(status="failed", window=None, samples_file=None))

    assert (found.rate_per_s, found.outcome) == (None, "not measured")


def test_the_answer_says_it_first(tmp_path: Path) -> None:
    text = scenario_text(arrival=SEARCH, repetitions=4)
    analysis = analysed(tmp_path, by_rate((2,), (3,), (4,), (9,)), text)

    assert analysis.answer.sentences[0] == (
        "a on selector (fsync, 1k): 40 cycles/s with cycle.response.p50 <= 5 ms; confirmed by "
        "2 other trials, 4 ms there."
    )


@given(st.lists(st.floats(0.0, 1.0), max_size=12))
def test_the_rate_found_is_met_and_nothing_below_it_ended_the_search(
    shares: list[float],
) -> None:
    found = highest(shares)

    met = [share > 0.5 for share in shares]
    if found is None:
        assert not any(met[: MISSES_THAT_END - 1]) or not shares
        return
    assert met[found]
    missed_in_a_row = 0
    for is_met in met[:found]:
        missed_in_a_row = 0 if is_met else missed_in_a_row + 1
        assert missed_in_a_row < MISSES_THAT_END
