"""What a queue must do: service times, the recursion on a known schedule, closed forms.

Times are in seconds where a name ends in ``_s``, in integer nanoseconds where it ends in ``_ns``.
"""

from __future__ import annotations

import heapq
import math
import random
from collections.abc import Iterable, Iterator
from itertools import repeat
from typing import Literal

Distribution = Literal["fixed", "exponential"]

_NS_PER_S = 1_000_000_000


def service_times_ns(distribution: Distribution, mean_s: float, seed: int) -> Iterator[int]:
    """Yield service times without end, by the order of arrival; the same for the same seed."""
    if distribution == "fixed":
        yield from repeat(round(mean_s * _NS_PER_S))
    draw = random.Random(f"{seed}/service")  # noqa: S311 - a model, not a secret
    while True:
        yield round(mean_s * draw.expovariate(1.0) * _NS_PER_S)


class Servers:
    """Equal servers behind one queue, first come, first served, in virtual time.

    The recursion of Kiefer and Wolfowitz ("On the theory of queues with many servers", 1955); with
    one server that of Lindley (1952). No error adds up from one departure to the next.
    """

    def __init__(self, count: int, services_ns: Iterator[int]) -> None:
        self._free_ns = [0] * count
        self._services_ns = services_ns

    def departure_ns(self, arrival_ns: int) -> int:
        """Return when the one that arrives now leaves; arrivals are given in their order."""
        begun_ns = max(arrival_ns, heapq.heappop(self._free_ns))
        departure_ns = begun_ns + next(self._services_ns)
        heapq.heappush(self._free_ns, departure_ns)
        return departure_ns


def sojourns_ns(arrivals_ns: Iterable[int], servers: Servers) -> list[int]:
    """Return from arrival to departure, for each of the ascending arrivals at idle ``servers``."""
    return [servers.departure_ns(arrival_ns) - arrival_ns for arrival_ns in arrivals_ns]


def mean_sojourn_md1_s(rate_per_s: float, service_s: float) -> float:
    """Return the mean sojourn time of M/D/1: the formula of Pollaczek (1930) and Khinchine (1932).

    Raises:
        ValueError: the queue has no steady state.
    """
    utilisation = _utilisation(rate_per_s, service_s, 1)
    return service_s * (1.0 + utilisation / (2.0 * (1.0 - utilisation)))


def mean_sojourn_mmc_s(rate_per_s: float, service_s: float, servers: int) -> float:
    """Return the mean sojourn time of M/M/c: Erlang's C formula (1917).

    Raises:
        ValueError: the queue has no steady state.
    """
    utilisation = _utilisation(rate_per_s, service_s, servers)
    load = rate_per_s * service_s
    all_busy = load**servers / math.factorial(servers) / (1.0 - utilisation)
    fewer = math.fsum(load**busy / math.factorial(busy) for busy in range(servers))
    waits = all_busy / (fewer + all_busy)
    return service_s + waits * service_s / (servers * (1.0 - utilisation))


def _utilisation(rate_per_s: float, service_s: float, servers: int) -> float:
    utilisation = rate_per_s * service_s / servers
    if not 0.0 < utilisation < 1.0:
        raise ValueError(f"a queue with utilisation {utilisation:g} has no steady state")
    return utilisation


def stalled_quantile_s(probability: float, length_s: float, stall_s: float) -> float:
    """Return a quantile of the response time where everything stands still once for ``stall_s``.

    At a constant rate over ``length_s`` what is due during the stall waits for its end, and the
    rest takes no time: P(L > x) = (S − x) ÷ T (Tene's test of a load generator by stopping the
    server).
    """
    return max(0.0, stall_s - (1.0 - probability) * length_s)
