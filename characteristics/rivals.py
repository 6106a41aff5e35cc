"""What other tools' rules decide on the same trials.

Each gets the trials of a first run: one value per trial and arm, of every metric of every saver;
any of them that is too slow fails the job, as with these tools. They are favoured in that their
users measure the arms one after the other or on different days, while here they share every block;
and disfavoured in that the gate has its second run besides, where it asks for one.

- ``pytest-benchmark --benchmark-compare-fail=mean:5%`` (5.1): fails where head's mean over rounds,
  divided by base's, × 100 − 100 is above 5. A trial is a round.
- A ratio of 200 %, as ``github-action-benchmark`` has it by default: an alert where the current
  value divided by the previous one is above 2. The value is the mean, the reciprocal of what it
  reads of pytest-benchmark.
- asv's factor 1.1 (``asv continuous``, 0.6): worse where base's median < head's ÷ 1.1, and the
  samples differ by a two-sided Mann–Whitney U test at p < 0.002: exact with up to 20 samples each,
  else by the normal distribution without correction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from scipy import stats

from characteristics.recorded import Floats

_MOST_FOR_EXACT = 20
_ASV_P = 0.002
_ASV_FACTOR = 1.1


def mean_5_percent(base: Floats, head: Floats) -> bool:
    """Compare means as pytest-benchmark does."""
    return bool(float(np.mean(head)) / float(np.mean(base)) * 100.0 - 100.0 > 5.0)


def ratio_200_percent(base: Floats, head: Floats) -> bool:
    """Compare means as github-action-benchmark does."""
    return bool(float(np.mean(head)) / float(np.mean(base)) > 2.0)


def asv_factor(base: Floats, head: Floats) -> bool:
    """Compare medians, and test, as asv does."""
    if not float(np.median(base)) < float(np.median(head)) / _ASV_FACTOR:
        return False
    method = "exact" if max(base.size, head.size) <= _MOST_FOR_EXACT else "asymptotic"
    found = stats.mannwhitneyu(base, head, use_continuity=False, method=method)
    return bool(found.pvalue < _ASV_P)


RIVALS: Mapping[str, Callable[[Floats, Floats], bool]] = {
    "pytest-benchmark mean:5%": mean_5_percent,
    "asv factor 1.1": asv_factor,
    "ratio 200 %": ratio_200_percent,
}
