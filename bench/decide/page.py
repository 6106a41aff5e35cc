"""The decision as an architecture decision record of one page, and in short on a screen.

The record has the parts of MADR 4 (https://adr.github.io/madr/): its caveats stand first, and what
is only looked up is folded.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bench.analysis.wording import counted
from bench.decide._sentences import because, caveats, consequences, limits, sensitivity, solution
from bench.decide.result import Decision, Figure, Option, Standing
from bench.report.page import Block, Box, Bullets, Details, Page, Section, Text
from bench.report.table import Column, Entry, Table, table
from bench.report.text import code, emphasis
from bench.scenario.quantity import ABSENT, interval, number, quantity_and_interval

_STANDINGS: dict[Standing, str] = {
    "chosen": "chosen",
    "leading": "in the lead",
    "remains": "behind",
    "dominated": "dominated",
    "not shown": "not shown to keep a must",
    "excluded": "excluded",
}
_SCORE = (
    "1 is the best figure of the options that keep every must, 2 is twice as much (for rates: half "
    "as much). The score is the geometric mean by the weights, over all places equally."
)
_HOW = {
    "Excluded": "shown to break a must, or not measured.",
    "Not shown to keep a must": "the interval crosses a limit, or there is none. Such an option "
    "cannot be chosen either.",
    "Dominated": "shown to be worse than another option somewhere, and better nowhere.",
    "Chosen": "the best score, if the 95 % interval of its ratio to every rival's, repetition by "
    "repetition, excludes 1, and the ratio is larger than that of a subject to itself (A/A).",
}
_RIVALS = (
    "Ratio: the option's figure ÷ that of the choice, with its 95 % interval. Better and worse: in "
    "how many places that is shown."
)
_FRONT_MATTER = (
    "decision-makers: # who signs",
    "review-by: # when to look at this again",
    "supersedes: # the record that this one replaces",
)
# Packages whose version does not change what a saver does.
_OTHER_PACKAGES = ("numpy", "pandas", "scipy", "psutil", "pydantic", "checkpoint-bench")


def page(decision: Decision, date: str = "") -> Page:
    """Return the whole record; ``date`` (ISO) is that of the run where it is empty."""
    day = date or decision.run.started_at[:10]
    parts: dict[str, Iterator[Block]] = {
        "Context and Problem Statement": _context(decision),
        "Decision Drivers": _drivers(decision),
        "Considered Options": _options(decision),
        "Decision Outcome": _outcome(decision),
        "More Information": _more(decision),
    }
    return Page(
        f"{decision.asked.title}: {solution(decision)}",
        (
            Box("Before you sign", tuple(caveats(decision)), "doubt"),
            *(Section(title, tuple(blocks)) for title, blocks in parts.items()),
        ),
        front_matter=('status: "proposed"', f"date: {day}", *_FRONT_MATTER),
    )


def screen(decision: Decision) -> tuple[Block, ...]:
    """Return the outcome, why, and where each option stands."""
    rows = (
        (each.subject, _STANDINGS[each.standing], each.durability, _score(each))
        for each in sorted(decision.options, key=_rank)
        if not each.reasons
    )
    columns = ("option", "standing", "durability", Column("score"))
    return (
        Text(f"{decision.asked.title}: {solution(decision)}", "lead"),
        Text(because(decision)),
        table("", columns, rows),
        *_excluded(decision),
    )


def _context(decision: Decision) -> Iterator[Block]:
    yield from map(Text, re.split(r"\n\s*\n", decision.asked.context.strip()))
    run = decision.run
    yield Text(
        f"Measured on {run.environment.machine}: run {code(run.run_id)} of the scenario "
        f"{code(run.scenario_name)}. These of its conditions count:"
    )
    yield Bullets(
        tuple(f"{place.name}: {decision.place_texts[place.name]}" for place in decision.places)
    )


def _drivers(decision: Decision) -> Iterator[Block]:
    total = sum(driver.weight for driver in decision.asked.drivers)
    rows = (
        (
            code(driver.metric),
            f"{driver.weight:g}",
            f"{100.0 * driver.weight / total:.0f} %",
            decision.metrics[driver.metric].better,
            driver.why or decision.metrics[driver.metric].description,
        )
        for driver in decision.asked.drivers
    )
    yield table("", ("driver", Column("weight"), Column("share"), "better", "why"), rows)
    if kept := tuple(limits(decision)):
        yield Text("An option must, in every place:")
        yield Bullets(kept)


def _options(decision: Decision) -> Iterator[Block]:
    kept = sorted((each for each in decision.options if not each.reasons), key=_rank)
    if kept:
        yield _scores(decision, kept)
    yield from _excluded(decision)


def _excluded(decision: Decision) -> Iterator[Block]:
    out = sorted((each for each in decision.options if each.reasons), key=_rank)
    if out:
        yield Text("Cannot be chosen:")
        lines = (f"{code(one.subject)}: {_STANDINGS[one.standing]}, {_why(one)}" for one in out)
        yield Bullets(tuple(lines))


def _why(option: Option) -> str:
    if option.dominated_by:
        return f"by {', '.join(option.dominated_by)}"
    more = len(option.reasons) - 1
    first = option.reasons[0].text if option.reasons else ""
    return f"{first} (and {more} more)" if more > 0 else first


def _scores(decision: Decision, options: list[Option]) -> Table:
    metrics = [driver.metric for driver in decision.asked.drivers]
    rows = (
        (
            code(option.subject),
            " ".join(filter(None, (_STANDINGS[option.standing], _why(option)))),
            option.durability,
            _score(option),
            *(number(option.costs[name]) if name in option.costs else ABSENT for name in metrics),
        )
        for option in options
    )
    costs = (Column(code(name)) for name in metrics)
    columns: tuple[Column | str, ...] = (
        *("option", "standing", "durability"),
        Column("score"),
        *costs,
    )
    return table("", columns, rows, caption=_SCORE)


def _score(option: Option) -> str:
    return ABSENT if option.score is None else number(option.score)


def _rank(option: Option) -> tuple[bool, bool, bool, float]:
    standing = option.standing
    score = option.score or float("inf")
    return standing == "excluded", standing == "not shown", standing == "dominated", score


def _outcome(decision: Decision) -> Iterator[Block]:
    yield Text(because(decision))
    if not decision.choice:
        return
    told: list[Block] = [Bullets(tuple(consequences(decision)))]
    if decision.outcome != "decided":
        told.insert(0, Text(f"If {code(decision.choice)} were taken:"))
    yield Section("Consequences", tuple(told))
    confirmation = (
        f"Run the scenario {code(decision.run.scenario_name)} on the machine, servers and versions "
        f"that will be used, and {code('checkpoint-bench decide')} with the same drivers (digest "
        f"{code(decision.asked.digest())}). If it ends with 0 and names the same option, this "
        "record is confirmed. In use, watch the metrics that the limits are about."
    )
    yield Section("Confirmation", (Text(confirmation),))


def _more(decision: Decision) -> Iterator[Block]:
    for title, lines in {
        "What would change the choice": sensitivity(decision),
        "How it is decided": (f"{emphasis(word)}: {text}" for word, text in _HOW.items()),
        "When to measure again": _occasions(decision),
        "Provenance": _provenance(decision),
    }.items():
        if told := tuple(lines):
            yield Details(title, (Bullets(told),))
    if decision.rivalries:
        yield Details(f"Each rival against {decision.choice}", (_rivals(decision),))
    count = counted(len(decision.options) * len(decision.places), "row")
    yield Details(f"Evidence: every figure ({count})", tuple(_evidence(decision)))


def _rivals(decision: Decision) -> Table:
    rows: list[tuple[Entry | str, ...]] = []
    for rivalry in decision.rivalries:
        for each in rivalry.differences:
            ends: tuple[float | None, ...] = (each.ratio, each.low, each.high)
            if decision.metrics[each.metric].better == "higher":
                ends = tuple(
                    1.0 / end if end else None for end in (each.ratio, each.high, each.low)
                )
            ratio, low, high = ends
            # The places are told from the choice's side.
            shown = (
                f"{len(places)} of {len(decision.places)}" for places in (each.worse, each.better)
            )
            factor = Entry(ABSENT if ratio is None else number(ratio), interval(low, high))
            rows.append((code(rivalry.rival), code(each.metric), factor, *shown))
    columns = (Column("ratio"), Column("better in"), Column("worse in"))
    return table("", ("option", "driver", *columns), rows, caption=_RIVALS)


def _evidence(decision: Decision) -> Iterator[Block]:
    yield Text("Values with 95 % intervals over trials. Do not use a number that is crossed out.")
    metrics = list(decision.metrics)
    columns: list[Column | str] = ["option", "durability"]
    columns += [Column(code(name)) for name in metrics]
    for place in decision.places:
        figures = {
            (option.subject, each.metric.name): each
            for option in decision.options
            for each in option.figures
            if each.place == place
        }
        rows = (
            [Entry(code(option.subject)), Entry(option.durability)]
            + [_figure(figures.get((option.subject, name))) for name in metrics]
            for option in decision.options
        )
        yield table(place.name, columns, rows)


def _figure(each: Figure | None) -> Entry:
    if each is None:
        return Entry(ABSENT)
    if each.value is None:
        return Entry(f"{ABSENT} ({each.why_not})")
    text, between = quantity_and_interval(each.value, each.low, each.high, each.metric.unit)
    if not between:
        text += f" ({each.why_not or 'no interval'})"
    return Entry(text, between, struck=each.struck)


def _occasions(decision: Decision) -> Iterator[str]:
    environment = decision.run.environment
    packages = [
        f"{name} {version}"
        for name, version in environment.packages.items()
        if not name.startswith(_OTHER_PACKAGES)
    ]
    servers = [text for text in environment.servers.values() if text]
    yield (
        "a new version of a saver, driver or server: "
        f"{', '.join([*servers, *packages]) or 'the versions were not recorded'}"
    )
    host = environment.host
    known = [environment.machine, *(host[key] for key in ("system", "filesystem") if key in host)]
    python = environment.python.get("version", "")
    known += [f"Python {python}"] if python else []
    yield f"another kind of machine than {', '.join(known)}"
    yield (
        f"the scenario measures something else (digest {code(decision.run.scenario_digest)}), or "
        f"the drivers change (digest {code(decision.asked.digest())})"
    )
    yield "the load or the states of the system are no longer like the places that count"
    if decision.flips:
        yield "a weight passes one of the values under: What would change the choice"


def _provenance(decision: Decision) -> Iterator[str]:
    run = decision.run
    dirty = " with uncommitted changes" if run.environment.dirty else ""
    commit = run.environment.commit[:12] or "unknown"
    yield f"run {code(run.run_id)}, started {run.started_at}, {run.trials_planned} trials planned"
    yield f"question of the scenario: {decision.question}"
    yield f"measured by checkpoint-bench at commit {code(commit)}{dirty}"
