"""Has one subject's saver tested for conformance, in a process and on a server of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

from bench.checks.trials import CheckTrials
from bench.checks.worker import CONFORMANCE_FILE
from bench.handover.interpreter import OWN, Interpreter
from bench.measure.site import Site
from bench.records.check import Conformance, FailedTest
from bench.records.files import from_json
from bench.subjects._factories.factory import subject_of

_PROGRAM = "bench.checks.worker"
# A saver that holds the loop for good is ended with its process.
LIMIT_S = 60.0

Answer = tuple[Conformance, str]
"""What was found, and what could not be removed from a user's server, if so; without secrets."""


def conformance(
    trials: CheckTrials,
    label: str,
    environment: Mapping[str, str],
    interpreter: Interpreter = OWN,
    limit_s: float = LIMIT_S,
) -> Answer:
    """Test the subject with this ``label``, and wait for it; see :func:`conformance_test`."""
    with conformance_test(trials, label, environment, interpreter, limit_s) as answer:
        return answer.result()


@contextmanager
def conformance_test(
    trials: CheckTrials,
    label: str,
    environment: Mapping[str, str],
    interpreter: Interpreter = OWN,
    limit_s: float = LIMIT_S,
) -> Iterator[Future[Answer]]:
    """Test the subject with this ``label`` meanwhile, in a thread.

    One that takes longer than ``limit_s`` seconds is ended; so is what is under way as the context
    is left by an exception.
    """
    if not subject_of(trials.scenario.resolve(label)).conforms:
        answered = Future[Answer]()
        why_not = "it only stands in for a saver, by design"
        answered.set_result((Conformance(not_checked=why_not), ""))
        yield answered
        return
    site = Site(trials.scenario, trials.of(label)[0], environment, interpreter, _PROGRAM)
    with ThreadPoolExecutor(1) as executor:
        try:
            yield executor.submit(_answer, site, limit_s)
        except BaseException:
            site.give_up()
            raise


def _answer(site: Site, limit_s: float) -> Answer:
    try:
        with site:
            site.begin()
            found = _result(site, limit_s)
    except Exception as error:  # noqa: BLE001 - a result of this subject; others are tested
        found = Conformance(not_checked=f"{type(error).__name__}: {error}")

    def shown(failed: Sequence[FailedTest]) -> tuple[FailedTest, ...]:
        return tuple(replace(test, reason=site.shown(test.reason)) for test in failed)

    capabilities = tuple(replace(one, failed=shown(one.failed)) for one in found.capabilities)
    found = replace(
        found,
        capabilities=capabilities,
        not_checked=site.shown(found.not_checked),
        changed_types=shown(found.changed_types),
    )
    return found, site.shown(site.left_behind)


def _result(site: Site, limit_s: float) -> Conformance:
    for _ in site.worker.stages(limit_s):
        pass
    path = site.directory / CONFORMANCE_FILE
    if path.exists():
        return from_json(path.read_bytes(), Conformance)
    failure = site.worker.result().failure
    reason = f"{failure.sentence}\n{failure.details}" if failure else "it left no result"
    return Conformance(not_checked=" ".join(reason.split()))
