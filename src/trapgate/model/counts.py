# SPDX-License-Identifier: BSD-2-Clause
"""How often a call was made and how long it took: what counting gives for each call and group.

Durations are kept as a histogram with four buckets to each power of two (`struct tg_count` of
core/bpf_state.h), so that a percentile is known to a quarter of its value or better, however many calls.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

BUCKETS = 160
GROUPS = ("call", "pid", "comm", "error", "cgroup")
"""What calls can be counted by; the index is `enum tg_count_by`."""


def find_bucket(ns: int) -> int:
    """The bucket of a duration.

    >>> [find_bucket(ns) for ns in (0, 3, 4, 7, 8, 9, 10, 1000)]
    [0, 3, 4, 7, 8, 8, 9, 35]
    """
    if ns < 4:
        return ns
    power = ns.bit_length() - 1
    return min((power - 1) * 4 + (ns >> (power - 2) & 3), BUCKETS - 1)


def bucket_bounds(index: int) -> tuple[int, int]:
    """The durations [low, high) in ns that bucket `index` holds.

    >>> bucket_bounds(3), bucket_bounds(8), bucket_bounds(35)
    ((3, 4), (8, 10), (896, 1024))
    """
    if index < 4:
        return index, index + 1
    shift = index // 4 - 1
    return (4 + index % 4) << shift, (5 + index % 4) << shift


@dataclass(slots=True)
class CallCount:
    """One call of one ABI, in one group (a pid, a comm, an errno, a cgroup's id; None without groups)."""

    abi: int
    """`enum tg_abi`."""
    nr: int
    group: int | str | None = None
    calls: int = 0
    """That returned."""
    errors: int = 0
    """Whose result was an error."""
    total_ns: int = 0
    max_ns: int = 0
    unfinished: int = 0
    """That never returned: the program ended in them."""
    buckets: list[int] = field(default_factory=lambda: [0] * BUCKETS)

    def add(self, result: int, duration_ns: int) -> None:
        """Count one call that returned `result`."""
        self.calls += 1
        self.errors += -4095 <= result < 0
        self.total_ns += duration_ns
        self.max_ns = max(self.max_ns, duration_ns)
        self.buckets[find_bucket(duration_ns)] += 1

    def merge(self, other: CallCount) -> None:
        """Count all that `other` counted, too."""
        self.calls += other.calls
        self.errors += other.errors
        self.total_ns += other.total_ns
        self.max_ns = max(self.max_ns, other.max_ns)
        self.unfinished += other.unfinished
        self.buckets = [a + b for a, b in zip(self.buckets, other.buckets, strict=True)]

    @property
    def mean_ns(self) -> float:
        """The mean duration; 0 when no call returned."""
        return self.total_ns / self.calls if self.calls else 0.0

    def percentile(self, share: float) -> float:
        """The duration in ns that `share` (0 … 1) of the calls did not exceed, to a quarter of its value."""
        wanted, seen = share * self.calls, 0
        for index, count in self.filled():
            if seen + count >= wanted:
                low, high = bucket_bounds(index)
                return min(low + (high - low) * (wanted - seen) / count, self.max_ns)
            seen += count
        return float(self.max_ns)

    def filled(self) -> Iterator[tuple[int, int]]:
        """The buckets that hold something, with how many, the shortest durations first."""
        return ((index, count) for index, count in enumerate(self.buckets) if count)
