"""The decision as an architecture decision record, and in short on a screen.

The record has the form of MADR 4 (https://adr.github.io/madr/).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from bench.analysis.wording import listed
from bench.decide._arguments import consequences, pros_and_cons
from bench.decide._sentences import because, limits, names, sensitivity, solution
from bench.decide.result import Decision, Figure, Option
from bench.report.page import Block, Bullets, Page, Section, Text
from bench.report.table import Column, Entry, Table, table
from bench.report.text import code, emphasis
from bench.scenario.quantity import ABSENT, number, quantity_and_interval

_HOW = (
    "How it is decided. What is shown to break a limit, and what was not measured, is "
    f"{emphasis('excluded')}; what is {emphasis('not shown')} to keep what is required cannot be "
    f"chosen either. An option is {emphasis('dominated')} if it is nowhere shown to be better than "
    "another one and somewhere shown to be worse, judged inside blocks. Of the rest the best "
    f"{emphasis('score')} wins: the geometric mean, by the weights, of how many times the best "
    "remaining figure an option's is, over all places equally (1 is best in everything). It is "
    "decided only if the 95 % interval of the scores' ratio, repetition by repetition, excludes 1 "
    "for every rival, and the ratio exceeds what an A/A arm shows."
)
_FRONT_MATTER = ("decision-makers: # to be filled in by those who sign", "consulted:", "informed:")
# Packages whose version does not change what a saver does.
_OTHER_PACKAGES = ("numpy", "pandas", "scipy", "psutil", "pydantic", "checkpoint-bench")


def page(decision: Decision, date: str = "") -> Page:
    """Return the whole record; ``date`` (ISO) is that of the run where it is empty."""
    day = date or decision.run.started_at[:10]
    parts: dict[str, Iterator[Block]] = {
        "Context and Problem Statement": _context(decision),
        "Decision Drivers": _drivers(decision),
        "Considered Options": iter((_options(decision),)),
        "Decision Outcome": _outcome(decision),
        "Pros and Cons of the Options": (
            Section(option.subject, (Bullets(tuple(pros_and_cons(decision, option))),))
            for option in decision.options
        ),
        "More Information": _more(decision),
    }
    return Page(
        f"{decision.asked.title}: {solution(decision)}",
        tuple(Section(title, tuple(blocks)) for title, blocks in parts.items()),
        front_matter=('status: "proposed"', f"date: {day}", *_FRONT_MATTER),
    )


def screen(decision: Decision) -> tuple[Block, ...]:
    """Return the outcome, why, and where each option stands."""
    rows = []
    for option in decision.options:
        more = len(option.reasons) - 1
        why = f"by {', '.join(option.dominated_by)}" if option.dominated_by else ""
        if option.reasons:
            why = option.reasons[0].text + (f" (and {more} more)" if more else "")
        rows.append((option.subject, option.standing, _score(option), why))
    return (
        Text(f"{decision.asked.title}: {solution(decision)}", "lead"),
        Text(because(decision)),
        table("", ("option", "standing", "score", "because"), rows, look="plain"),
    )


def _context(decision: Decision) -> Iterator[Block]:
    yield from map(Text, re.split(r"\n\s*\n", decision.asked.context.strip()))
    yield Text(
        f"The evidence is the run {code(decision.run.run_id)} of the scenario "
        f"{code(decision.run.scenario_name)}. Of its cells those count that are like this system:"
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
            f"{number(100.0 * driver.weight / total)} %",
            decision.metrics[driver.metric].better,
            driver.why or decision.metrics[driver.metric].description,
        )
        for driver in decision.asked.drivers
    )
    yield table("", ("driver", Column("weight"), Column("share"), "better", "why"), rows)
    if decision.cautions:
        yield Bullets(decision.cautions)
    if kept := tuple(limits(decision)):
        yield Text("An option must keep, in every place that counts:")
        yield Bullets(kept)


def _options(decision: Decision) -> Bullets:
    return Bullets(
        tuple(
            f"{code(option.subject)} ({option.text}; {option.durability}): {_standing(option)}"
            for option in decision.options
        )
    )


def _standing(option: Option) -> str:
    if option.dominated_by:
        return f"dominated by {names(option.dominated_by)}"
    if option.standing == "not shown":
        return "not shown to keep what is required"
    if option.standing == "excluded":
        kinds = dict.fromkeys(reason.kind for reason in option.reasons)
        return f"excluded ({listed(kind for kind in kinds if kind != 'not shown')})"
    return option.standing


def _outcome(decision: Decision) -> Iterator[Block]:
    yield Text(because(decision))
    yield _scores(decision)
    yield Text(_HOW)
    if not decision.choice:
        return
    told: list[Block] = [Bullets(tuple(consequences(decision)))]
    if decision.outcome != "decided":
        told.insert(0, Text(f"If {code(decision.choice)} were taken:"))
    yield Section("Consequences", tuple(told))
    if changes := tuple(sensitivity(decision)):
        yield Section("Sensitivity", (Bullets(changes),))
    confirmation = (
        f"Run the scenario {code(decision.run.scenario_name)} again on the machine, servers and "
        f"versions that will be used, and let {code('checkpoint-bench decide')} judge that run "
        f"with the same drivers (digest {code(decision.asked.digest())}): it confirms this record "
        "if it ends with 0 and names the same option. Once in use, watch the metrics that the "
        "limits are about."
    )
    yield Section("Confirmation", (Text(confirmation),))


def _scores(decision: Decision) -> Table:
    metrics = [driver.metric for driver in decision.asked.drivers]
    rows = (
        (
            code(option.subject),
            option.standing,
            option.durability,
            _score(option),
            *(number(option.costs[name]) if name in option.costs else ABSENT for name in metrics),
        )
        for option in sorted(decision.options, key=_rank)
    )
    costs = (Column(code(name)) for name in metrics)
    return table("", ("option", "standing", "durability", Column("score"), *costs), rows)


def _score(option: Option) -> str:
    return ABSENT if option.score is None else number(option.score)


def _rank(option: Option) -> tuple[bool, bool, float]:
    out = option.standing in ("excluded", "not shown")
    return (out, option.standing == "dominated", option.score or float("inf"))


def _more(decision: Decision) -> Iterator[Section]:
    yield Section("Evidence", tuple(_evidence(decision)))
    for title, lines in {
        "What was not measured": [f"{text}." for text in decision.not_measured],
        "When to measure again": _occasions(decision),
        "Where it comes from": _provenance(decision),
    }.items():
        yield Section(title, (Bullets(tuple(lines)),))


def _evidence(decision: Decision) -> Iterator[Block]:
    yield Text(
        "Values with 95 % intervals over trials; struck-out numbers must not be used. The times "
        "are those of the machine that measured."
    )
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
        "a saver, driver or server of another version: "
        f"{', '.join([*servers, *packages]) or 'versions were not recorded'}."
    )
    host = environment.host
    known = [host[key] for key in ("cpu_model", "machine", "system", "filesystem") if key in host]
    cores = [f"{host['cores']} cores"] if "cores" in host else []
    python = environment.python.get("version", "")
    yield (
        f"another kind of machine than {', '.join([*known, *cores]) or 'the one that measured'}"
        + (f", or another Python than {python}." if python else ".")
    )
    yield (
        f"the scenario changes what it measures (digest {code(decision.run.scenario_digest)}), or "
        f"the drivers (digest {code(decision.asked.digest())})."
    )
    yield "the load or the payloads of the system leave the places that count."
    if decision.flips:
        yield "a weight is thought to pass one of the values under Sensitivity."


def _provenance(decision: Decision) -> Iterator[str]:
    run = decision.run
    dirty = " with uncommitted changes" if run.environment.dirty else ""
    commit = run.environment.commit[:12] or "unknown"
    yield f"run {code(run.run_id)}, started {run.started_at}, {run.trials_planned} trials planned"
    yield f"question of the scenario: {decision.question}"
    yield f"measured by checkpoint-bench at commit {code(commit)}{dirty}"
