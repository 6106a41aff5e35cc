"""``decision.md``: an architecture decision record in the form of MADR 4 (https://adr.github.io/madr/)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from bench.analysis.wording import figure, listed, quantity
from bench.decide._arguments import consequences, pros_and_cons
from bench.decide._sentences import (
    because,
    limits,
    sensitivity,
    solution,
)
from bench.decide._words import names
from bench.decide.result import Decision, Figure, Option
from bench.report.format import ABSENT
from bench.report.markdown_text import escaped

_HOW = (
    "How it is decided. What is shown to break a limit, and what was not measured, is "
    "*excluded*; what is *not shown* to keep what is required cannot be chosen either. An "
    "option is *dominated* if it is nowhere shown to be better than another one and somewhere "
    "shown to be worse, judged inside blocks. Of the rest the best *score* wins: the geometric "
    "mean, by the weights, of how many times the best remaining figure an option's is, over all "
    "places equally (1 is best in everything). It is decided only if the 95 % interval of the "
    "scores' ratio, repetition by repetition, excludes 1 for every rival, and the ratio exceeds "
    "what an A/A arm shows."
)
# Packages whose version does not change what a saver does.
_NOT_OF_SAVERS = ("numpy", "pandas", "scipy", "psutil", "pydantic", "checkpoint-bench")


def markdown(decision: Decision, date: str = "") -> str:
    """Return the whole record; ``date`` (ISO) is that of the run where it is empty."""
    parts = [
        *_head(decision, date),
        *_context(decision),
        *_drivers(decision),
        *_options(decision),
        *_outcome(decision),
        *_each_option(decision),
        *_more(decision),
    ]
    return "\n\n".join(parts) + "\n"


def _head(decision: Decision, date: str) -> Iterator[str]:
    day = date or decision.run.started_at[:10]
    yield "\n".join(
        (
            "---",
            'status: "proposed"',
            f"date: {day}",
            "decision-makers: # to be filled in by those who sign",
            "consulted:",
            "informed:",
            "---",
        )
    )
    yield f"# {escaped(decision.asked.title)}: {escaped(solution(decision))}"


def _context(decision: Decision) -> Iterator[str]:
    yield "## Context and Problem Statement"
    for paragraph in re.split(r"\n\s*\n", decision.asked.context.strip()):
        yield escaped(paragraph)
    yield (
        f"The evidence is the run `{decision.run.run_id}` of the scenario "
        f"`{decision.run.scenario_name}`. Of its cells those count that are like this system:"
    )
    yield _bullets(
        f"{escaped(place.name)}: {escaped(decision.place_texts[place.name])}"
        for place in decision.places
    )


def _drivers(decision: Decision) -> Iterator[str]:
    yield "## Decision Drivers"
    total = sum(driver.weight for driver in decision.asked.drivers)
    rows = [("driver", "weight", "share", "better", "why")]
    for driver in decision.asked.drivers:
        share = f"{100.0 * driver.weight / total:.3g} %"
        direction = decision.metrics[driver.metric].better
        why = escaped(driver.why) or escaped(decision.metrics[driver.metric].description)
        rows.append((f"`{driver.metric}`", f"{driver.weight:g}", share, direction, why))
    yield _table(rows, numeric=(1, 2))
    if decision.cautions:
        yield _bullets(escaped(caution) for caution in decision.cautions)
    kept = [*limits(decision)]
    if kept:
        yield "An option must keep, in every place that counts:"
        yield _bullets(kept)


def _options(decision: Decision) -> Iterator[str]:
    yield "## Considered Options"
    yield _bullets(
        f"`{option.subject}` ({escaped(option.text)}; {option.durability}): {_standing(option)}"
        for option in decision.options
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


def _outcome(decision: Decision) -> Iterator[str]:
    yield "## Decision Outcome"
    yield because(decision)
    metrics = [driver.metric for driver in decision.asked.drivers]
    rows = [("option", "standing", "durability", "score", *(f"`{name}`" for name in metrics))]
    ranked = sorted(decision.options, key=_rank)
    rows += [
        (
            f"`{option.subject}`",
            option.standing,
            option.durability,
            ABSENT if option.score is None else figure(option.score),
            *(figure(option.costs[name]) if name in option.costs else ABSENT for name in metrics),
        )
        for option in ranked
    ]
    yield _table(rows, numeric=range(3, 4 + len(metrics)))
    yield _HOW
    if not decision.choice:
        return
    yield "### Consequences"
    if decision.outcome != "decided":
        yield f"If `{decision.choice}` were taken:"
    yield _bullets(consequences(decision))
    changes = [*sensitivity(decision)]
    if changes:
        yield "### Sensitivity"
        yield _bullets(changes)
    yield "### Confirmation"
    yield (
        f"Run the scenario `{decision.run.scenario_name}` again on the machine, servers and "
        "versions that will be used, and let `bench decide` judge that run with the same drivers "
        f"(digest `{decision.asked.digest()}`): it confirms this record if it ends with 0 and "
        "names the same option. Once in use, watch the metrics that the limits are about."
    )


def _rank(option: Option) -> tuple[bool, bool, float]:
    out = option.standing in ("excluded", "not shown")
    return (out, option.standing == "dominated", option.score or float("inf"))


def _each_option(decision: Decision) -> Iterator[str]:
    yield "## Pros and Cons of the Options"
    for option in decision.options:
        yield f"### {option.subject}"
        yield _bullets(pros_and_cons(decision, option))


def _more(decision: Decision) -> Iterator[str]:
    yield "## More Information"
    yield "### Evidence"
    yield (
        "Values with 95 % intervals over trials; struck-out numbers must not be used. The times "
        "are those of the machine that measured."
    )
    for place in decision.places:
        yield f"**{escaped(place.name)}**"
        figures = {
            (option.subject, each.metric.name): each
            for option in decision.options
            for each in option.figures
            if each.place == place
        }
        metrics = list(decision.metrics)
        rows = [("option", "durability", *(f"`{name}`" for name in metrics))]
        rows += [
            (
                f"`{option.subject}`",
                option.durability,
                *(_figure(figures.get((option.subject, name))) for name in metrics),
            )
            for option in decision.options
        ]
        yield _table(rows, numeric=range(2, 2 + len(metrics)))
    yield "### What was not measured"
    yield _bullets(f"{escaped(text)}." for text in decision.not_measured)
    yield "### When to measure again"
    yield _bullets(_occasions(decision))
    yield "### Where it comes from"
    yield _bullets(_provenance(decision))


def _figure(each: Figure | None) -> str:
    if each is None:
        return ABSENT
    if each.value is None:
        return f"{ABSENT} ({escaped(each.why_not)})"
    unit = each.metric.unit
    text = quantity(each.value, unit)
    if each.low is not None and each.high is not None:
        text += f" [{quantity(each.low, unit)}, {quantity(each.high, unit)}]"
    else:
        text += f" ({each.why_not or 'no interval'})"
    text = escaped(text)
    return f"~~{text}~~" if each.struck else text


def _occasions(decision: Decision) -> Iterator[str]:
    environment = decision.run.environment
    packages = [
        f"{name} {version}"
        for name, version in environment.packages.items()
        if not name.startswith(_NOT_OF_SAVERS)
    ]
    servers = [text for text in environment.servers.values() if text]
    yield escaped(
        "a saver, driver or server of another version: "
        f"{', '.join([*servers, *packages]) or 'versions were not recorded'}."
    )
    host = environment.host
    known = [host[key] for key in ("cpu_model", "machine", "system", "filesystem") if key in host]
    cores = [f"{host['cores']} cores"] if "cores" in host else []
    python = environment.python.get("version", "")
    yield escaped(
        f"another kind of machine than {', '.join([*known, *cores]) or 'the one that measured'}"
        + (f", or another Python than {python}." if python else ".")
    )
    yield (
        "the scenario changes what it measures "
        f"(digest `{decision.run.scenario_digest}`), or the drivers "
        f"(digest `{decision.asked.digest()}`)."
    )
    yield "the load or the payloads of the system leave the places that count."
    if decision.flips:
        yield "a weight is thought to pass one of the values under Sensitivity."


def _provenance(decision: Decision) -> Iterator[str]:
    run = decision.run
    dirty = " with uncommitted changes" if run.environment.dirty else ""
    started = escaped(run.started_at)
    yield f"run `{run.run_id}`, started {started}, {run.trials_planned} trials planned"
    yield f"question of the scenario: {escaped(decision.question)}"
    commit = run.environment.commit[:12] or "unknown"
    yield f"measured by checkpoint-bench at commit `{commit}`{dirty}"


def _bullets(lines: Iterable[str]) -> str:
    return "\n".join(f"* {line}" for line in lines)


def _table(rows: Sequence[Sequence[str]], numeric: Iterable[int] = ()) -> str:
    right = set(numeric)
    rules = ["---:" if column in right else "---" for column in range(len(rows[0]))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (rows[0], rules, *rows[1:]))
