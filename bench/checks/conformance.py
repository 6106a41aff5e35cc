"""Has one subject's saver tested for conformance, in a process and on a server of its own."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from bench.checks.trials import CheckTrials
from bench.checks.worker import CONFORMANCE, CONFORMANCE_FILE
from bench.handover.interpreter import OWN, Interpreter
from bench.measure.site import Site
from bench.records.check import Conformance, FailedTest
from bench.subjects._factory import subject_class

_PROGRAM = "bench.checks.worker"
# A saver that holds the loop for good is ended with its process.
LIMIT_S = 60.0


def conformance(
    trials: CheckTrials,
    label: str,
    environment: Mapping[str, str],
    interpreter: Interpreter = OWN,
    limit_s: float = LIMIT_S,
) -> tuple[Conformance, str]:
    """Test the subject with this ``label``.

    Also say what could not be removed from a user's server, if so. A subject that takes longer than
    ``limit_s`` seconds is ended.
    """
    with Testing(trials, label, environment, interpreter, limit_s) as testing:
        return testing.result()


class Testing:
    """Tests a subject in a thread, from entering it on; leaving it ends what is under way."""

    def __init__(
        self,
        trials: CheckTrials,
        label: str,
        environment: Mapping[str, str],
        interpreter: Interpreter,
        limit_s: float = LIMIT_S,
    ) -> None:
        use = trials.scenario.resolve(label).use
        self._conforms = subject_class(use).conforms
        trial = trials.of(label)[0]
        self._site = Site(trials.scenario, trial, environment, interpreter, _PROGRAM)
        self._limit_s = limit_s
        self._found = Conformance(not_checked="it only stands in for a saver, by design")
        self._thread = threading.Thread(target=self._test)

    def __enter__(self) -> Self:
        if self._conforms:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        if error is not None:
            self._site.give_up()
        if self._conforms:
            self._thread.join()

    def result(self) -> tuple[Conformance, str]:
        """Wait for the end; say what was found and what could not be removed, without secrets."""
        if self._conforms:
            self._thread.join()
        found, shown = self._found, self._site.shown
        capabilities = tuple(
            replace(each, failed=self._shown(each.failed)) for each in found.capabilities
        )
        result = replace(
            found,
            capabilities=capabilities,
            not_checked=shown(found.not_checked),
            changed_types=self._shown(found.changed_types),
        )
        return result, shown(self._site.left_behind)

    def _shown(self, failed: Sequence[FailedTest]) -> tuple[FailedTest, ...]:
        """Take secrets out of the reasons."""
        return tuple(replace(test, reason=self._site.shown(test.reason)) for test in failed)

    def _test(self) -> None:
        try:
            with self._site as site:
                self._found = _result(site, self._limit_s)
        # That a saver cannot be tested is a result: the others are.
        except Exception as error:  # noqa: BLE001
            self._found = Conformance(not_checked=f"{type(error).__name__}: {error}")


def _result(site: Site, limit_s: float) -> Conformance:
    for _ in site.worker.stages(limit_s):
        pass
    path = site.directory / CONFORMANCE_FILE
    if path.exists():
        return CONFORMANCE.validate_json(path.read_bytes())
    failure = site.worker.result().failure
    told = f"{failure.message}, in its stage {failure.stage}" if failure else "it left no result"
    return Conformance(not_checked=" ".join(told.split()))
