"""What is made of several measurements of one thing."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """The median of several figures, and the extremes."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, figures: Iterable[float]) -> "Spread":
        figures = list(figures)
        return cls(statistics.median(figures), min(figures), max(figures))


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Ours to theirs, round by round: what was measured side by side is compared,
    so that a machine that slows down in between disturbs both."""
    if len(ours) != len(theirs):
        raise ValueError(f"{len(ours)} rounds against {len(theirs)}")
    return Spread.of(our / their for our, their in zip(ours, theirs))


def percentile(figures: Iterable[float], percent: float) -> float:
    """The smallest figure that `percent` of all do not exceed (nearest rank)."""
    ordered = sorted(figures)
    if not ordered:
        raise ValueError("no figures")
    rank = -(-len(ordered) * percent // 100)
    return ordered[max(int(rank), 1) - 1]
