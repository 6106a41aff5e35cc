"""The figures as tables, between the markers of ``docs/characteristics.md``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from scipy import stats

from bench.errors import InputError
from characteristics.decisions import Design
from characteristics.figures import (
    ALL_SAVERS,
    ALONE,
    AS_RECORDED,
    AUTOCORRELATION,
    BIAS,
    BIASED,
    BY_BLOCKS,
    DEFAULT,
    DEPENDENT,
    EFFECTS,
    EFFECTS_BY_BLOCKS,
    LEAST_CAUGHT,
    MOST_FALSE_ALARMS,
    ONE_RUN,
    OPERATION_WISE,
    Figures,
    Found,
)
from characteristics.recorded import AGAIN, Recorded
from characteristics.rivals import RIVALS

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
# What the gate of scenarios/gate.toml has to reach: exit 1 in at most, or at least, this share.


def with_figures(text: str, figures: Figures, recorded: Recorded, design: Design) -> str:
    """Return ``text`` with everything between the markers made again.

    Raises:
        InputError: the markers are not there.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise InputError(f"the page lacks {BEGIN} or {END}")
    made = "\n\n".join(_parts(figures, recorded, design))
    return f"{before}{BEGIN}\n\n{made}\n\n{END}{after}"


def reaches(figures: Figures) -> Iterator[tuple[str, Found, float, bool]]:
    """Yield what is asked of the default gate: in words, found, the share required, and if met."""
    equal = figures.of(DEFAULT)
    for words, kind in {
        "equal arms": DEFAULT,
        f"equal arms, a bias of {percent(BIAS)}": BIASED,
        f"the same, autocorrelation {AUTOCORRELATION:g}": DEPENDENT,
    }.items():
        found = figures.of(kind)
        yield words, found, MOST_FALSE_ALARMS, found.share(1) <= MOST_FALSE_ALARMS
    for effect, least in LEAST_CAUGHT.items():
        for saver in equal.cell.blocks:
            found = figures.of(DEFAULT, saver, effect)
            yield f"{saver} {percent(effect, 2)} slower", found, least, found.share(1) >= least


def percent(share: float, digits: int = 1) -> str:
    """Write ``share`` in percent, e.g. ``2.5 %``."""
    text = f"{100.0 * share:.{digits}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def _parts(figures: Figures, recorded: Recorded, design: Design) -> Iterator[str]:
    yield "### What a report finds"
    yield _simulated(figures)
    yield _table(_power_rows(figures))
    yield "### What the gate's figures rest on"
    yield _machine(recorded)
    yield _what(figures, recorded, design)
    yield "### What is asked of it"
    yield _table(_reach_rows(figures))
    yield "### Equal arms as they were recorded"
    yield _table(_recorded_rows(figures))
    yield "### Had other blocks been recorded"
    yield _table(_spread_rows(figures))
    yield "### Beside other rules"
    yield _table(_rival_rows(figures, next(iter(design.blocks))))
    yield "### The gate of `scenarios/gate.toml`"
    yield _table(_gate_rows(figures, DEFAULT))
    yield "### One saver alone"
    yield _table(_gate_rows(figures, ALONE))
    yield "### Really slowed"
    yield _table(_slowed_rows(figures, recorded))
    yield "### By the number of blocks"
    yield _table(_block_rows(figures))
    yield "### Other ways to ask"
    yield _table(_other_rows(figures))
    yield "### Noise of the recording"
    yield _table(_noise_rows(figures))
    yield "### Coverage of the intervals"
    yield _table(_coverage_rows(figures))


def _machine(recorded: Recorded) -> str:
    host = recorded.host
    packages = ", ".join(" ".join(each) for each in sorted(recorded.packages.items()))
    servers = ", ".join(" ".join(each) for each in sorted(recorded.servers.items()))
    return (
        f"Recorded as `{recorded.run_id}` at commit `{recorded.commit[:12]}` on "
        f"{host.get('cpu_model', 'an unknown processor')}, {host.get('cores', '?')} cores, "
        f"{host.get('system', '')}, Python {recorded.python}. Servers: {servers or 'none'}. "
        f"Packages: {packages}."
    )


def _what(figures: Figures, recorded: Recorded, design: Design) -> str:
    blocks = ", ".join(f"{count} of {saver}" for saver, count in design.blocks.items())
    kept = {
        each.saver: each.blocks
        for each in figures.noise
        if each.arm == AGAIN and each.saver != ALL_SAVERS
    }
    known = ", ".join(f"{count} of {saver}" for saver, count in kept.items())
    took = ", ".join(f"{saver} {seconds:.1f} s" for saver, seconds in recorded.trial_s.items())
    rule = design.rule
    return (
        f"Recorded blocks: {known}; windows of {recorded.window_s:g} s; a trial takes, all in all: "
        f"{took}. The gate has in its first run {blocks} blocks, in its second "
        f"{rule.second_run_factor:g} times as many of what is in question; metrics: "
        f"{', '.join(f'`{name}`' for name in design.metrics)}. Gates drawn: "
        f"{figures.of(DEFAULT).decisions} of equal arms, "
        f"{figures.of(DEFAULT, next(iter(design.blocks)), 0.05).decisions} of every slow-down."
    )


def _simulated(figures: Figures) -> str:
    first, savers = figures.power[0], figures.savers
    return (
        f"From `{savers.run_id}`: {len(savers.pairs)} pairs of the question under "
        f"{savers.conditions} conditions, {first.runs} runs with true ratios from 1.15 to 2, and "
        "as many without a difference. All but the noise's deviation is in percent."
    )


def _power_rows(figures: Figures) -> Iterator[Sequence[str]]:
    ratios = figures.power[0].found_by_ratio
    yield (
        "noise",
        "deviation",
        "blocks",
        "variances",
        "found",
        *(f"of {name}" for name in ratios),
        "runs with a false alarm",
        "equal ones told equivalent",
        "intervals hold the truth",
    )
    for each in figures.power:
        shares = (each.found, *each.found_by_ratio.values())
        shares = (*shares, each.alarms, each.equivalent, each.covered)
        way = "shared" if each.is_shared else "each its own"
        yield (
            each.noise,
            f"{each.deviation:.3f}",
            str(each.blocks),
            way,
            *(_per_hundred(share) for share in shares),
        )


def _reach_rows(figures: Figures) -> Iterator[Sequence[str]]:
    yield "reach", "exit code 1 in", "of 100 gates", "required", "met"
    for words, found, required, is_met in reaches(figures):
        sign = "at most" if required < 0.5 else "at least"
        share = f"{_per_hundred(found.share(1))} ({_interval(found)})"
        yield (
            words,
            f"{found.exit_codes.get(1, 0)} of {found.decisions}",
            share,
            f"{sign} {100 * required:g}",
            "met" if is_met else "missed",
        )


def _recorded_rows(figures: Figures) -> Iterator[Sequence[str]]:
    yield "head in every block", "exit 1", "exit 3", "exit 0", "minutes", "95 of 100 within"
    for each in _kind(figures, AS_RECORDED):
        yield f"the {each.cell.arm} arm", *_shares(each)


def _spread_rows(figures: Figures) -> Iterator[Sequence[str]]:
    yield "slower", "recordings", "exit 1, of 100: mean", "95 of 100 recordings", "below the reach"
    for each in figures.spread:
        yield (
            f"{each.saver} {percent(each.effect)}",
            str(each.recordings),
            _per_hundred(each.mean),
            f"{_per_hundred(each.low)} to {_per_hundred(each.high)}",
            f"{each.below} of {each.recordings} below {100 * each.required:g}",
        )


def _rival_rows(figures: Figures, saver: str) -> Iterator[Sequence[str]]:
    effects = (0.0, *EFFECTS)
    yield "rule: job fails, of 100", *(_slower(saver, effect) for effect in effects)
    found = [figures.of(DEFAULT, saver if effect else "", effect) for effect in effects]
    yield "this gate, exit code 1", *(_per_hundred(each.share(1)) for each in found)
    yield "this gate, 1 or 3", *(_per_hundred(1.0 - each.share(0)) for each in found)
    for name in RIVALS:
        yield name, *(_per_hundred(each.rivals.get(name, 0) / each.decisions) for each in found)


def _gate_rows(figures: Figures, kind: str) -> Iterator[Sequence[str]]:
    yield "slower", "by", "blocks", "exit 1", "exit 3", "exit 0", "minutes", "95 of 100 within"
    for each in _kind(figures, kind):
        cell = each.cell
        if not cell.arm:
            name = cell.saver if cell.effect else "none" + (f" ({cell.saver})" * bool(cell.saver))
            blocks = " + ".join(str(count) for count in cell.blocks.values())
            yield name, percent(cell.effect, 2), blocks, *_shares(each)


def _slowed_rows(figures: Figures, recorded: Recorded) -> Iterator[Sequence[str]]:
    yield (
        "arm",
        "measured against the first arm",
        "exit 1",
        "exit 3",
        "exit 0",
        "minutes",
        "95 in 100",
    )
    measured = {(n.saver, n.arm, n.metric): n for n in figures.noise}
    for each in _kind(figures, ALONE):
        if each.cell.arm:
            noise = measured[each.cell.saver, each.cell.arm, "cycle.response.p50"]
            ratio = f"{noise.ratio:.3f} ({noise.low:.3f} to {noise.high:.3f})"
            yield f"{each.cell.saver}, {each.cell.arm}", ratio, *_shares(each)
    if not any(recorded.slower_arms(saver) for saver in recorded.savers):
        yield ("none recorded", *[""] * 6)


def _block_rows(figures: Figures) -> Iterator[Sequence[str]]:
    heads = (f"{percent(effect)} slower: exit 1" for effect in EFFECTS_BY_BLOCKS)
    yield "saver alone", "blocks", *heads, "minutes"
    found = {
        (each.cell.saver, each.cell.blocks[each.cell.saver], each.cell.effect): each
        for each in _kind(figures, BY_BLOCKS)
    }
    for saver, blocks in dict.fromkeys((saver, blocks) for saver, blocks, _ in found):
        each = [found[saver, blocks, effect] for effect in EFFECTS_BY_BLOCKS]
        shares = (_per_hundred(of_effect.share(1)) for of_effect in each)
        yield saver, str(blocks), *shares, f"{each[0].minutes:.1f}"


def _other_rows(figures: Figures) -> Iterator[Sequence[str]]:
    yield "gate", "slower", "exit 1", "exit 3", "exit 0", "minutes", "95 of 100 within"
    names = {OPERATION_WISE: "put and get_tuple instead of the cycle", ONE_RUN: "`--no-confirm`"}
    for kind, name in names.items():
        for each in _kind(figures, kind):
            slower = f"{each.cell.saver} {percent(each.cell.effect)}" if each.cell.saver else "none"
            yield name, slower, *_shares(each)


def _noise_rows(figures: Figures) -> Iterator[Sequence[str]]:
    yield "saver", "arm ÷ first", "metric", "blocks", "deviation of the log-ratio", "ratio (97.5 %)"
    for n in figures.noise:
        ratio = f"{n.ratio:.3f} ({n.low:.3f} to {n.high:.3f})"
        yield n.saver, n.arm, f"`{n.metric}`", str(n.blocks), f"{n.deviation:.3f}", ratio


def _coverage_rows(figures: Figures) -> Iterator[Sequence[str]]:
    blocks = tuple(dict.fromkeys(each.blocks for each in figures.coverage))
    yield "95 % intervals hold the truth, of 100; blocks:", *(str(number) for number in blocks)
    found = {(each.distribution, each.blocks): each for each in figures.coverage}
    for name in dict.fromkeys(each.distribution for each in figures.coverage):
        row = [found[name, number] for number in blocks]
        yield name, *(f"{100.0 * each.covered / each.runs:.1f}" for each in row)


def _kind(figures: Figures, kind: str) -> list[Found]:
    return [each for each in figures.found if each.cell.gate == kind]


def _shares(found: Found) -> tuple[str, ...]:
    shares = (_per_hundred(found.share(code)) for code in (1, 3, 0))
    return (*shares, f"{found.minutes:.1f}", f"{found.minutes_95:.1f}")


def _slower(saver: str, effect: float) -> str:
    return f"{saver} {percent(effect, 2)} slower" if effect else "equal arms"


def _per_hundred(share: float) -> str:
    return f"{100.0 * share:.1f}"


def _interval(found: Found) -> str:
    """Return the exact 95 % interval (Clopper and Pearson 1934) of the share of exit code 1."""
    tested = stats.binomtest(found.exit_codes.get(1, 0), found.decisions)
    low, high = tested.proportion_ci(0.95)
    return f"{_per_hundred(low)} to {_per_hundred(high)}"


def _table(rows: Iterator[Sequence[str]]) -> str:
    head, *rest = rows
    line = ["---", *["---:"] * (len(head) - 1)]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, line, *rest))
