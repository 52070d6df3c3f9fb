"""Performance targets, and whether the results meet them."""

from collections.abc import Iterator
from dataclasses import dataclass

from . import store
from .figures import Spread, ratios
from .tables import by_size, cost, digits


@dataclass(frozen=True)
class Target:
    number: int
    what: str
    bound: float
    # Whether the bound is a minimum or a maximum.
    at_least: bool
    seen: float
    spread: str = ""

    @property
    def met(self) -> bool:
        return self.seen >= self.bound if self.at_least else self.seen <= self.bound

    def cells(self) -> list[str]:
        sign = "≥" if self.at_least else "≤"
        seen = digits(self.seen) + (f" ({self.spread})" if self.spread else "")
        return [str(self.number), self.what, f"{sign} {self.bound:g}", seen, "yes" if self.met else "**no**"]


# Number, scenario, engine, contestant, figure, bound, at least.
RATIOS = [
    (1, "read", "sqlite", "bare", "rate", 0.80, True),
    (1, "read", "sqlite", "bare", "cpu", 1.5, False),
    (1, "read", "sqlite", "axum-sqlx", "rate", 2.5, True),
    (1, "read", "sqlite", "fastapi", "rate", 60, True),
    (2, "page", "sqlite", "bare", "rate", 0.55, True),
    (2, "page", "sqlite", "axum-sqlx", "rate", 4, True),
    (3, "create", "sqlite", "usual", "rate", 8, True),
    (3, "create", "sqlite", "axum-sqlx", "rate", 12, True),
    (4, "read", "mariadb", "axum-sqlx", "rate", 1.0, True),
    (4, "create", "mariadb", "axum-sqlx", "rate", 1.0, True),
    (4, "read", "mariadb", "fastapi", "rate", 25, True),
    (4, "create", "mariadb", "fastapi", "rate", 25, True),
    (4, "read", "mariadb", "axum-sqlx", "cpu", 0.5, False),
    (4, "create", "mariadb", "axum-sqlx", "cpu", 0.5, False),
]
FIGURES = {"rate": "requests/s", "cpu": "CPU per request"}
ENGINES = {"sqlite": "SQLite", "mariadb": "MariaDB"}


def all_targets() -> Iterator[Target]:
    """Yields the targets that have results."""
    yield from _ratios()
    for result in store.load_all("growth"):
        yield from _growth(result)
    yield from _size()
    for result in store.load_all("overload"):
        yield from _overload(result)
    yield from _slow()


def _ratios() -> Iterator[Target]:
    for number, scenario, engine, other, figure, bound, at_least in RATIOS:
        result = store.load(f"requests-{engine}-64")
        turns = (result or {"scenarios": {}})["scenarios"].get(scenario, {})
        if "byline" in turns and other in turns:
            seen = ratios(*([turn[figure] for turn in turns[one]] for one in ("byline", other)))
            what = f"{scenario}, {ENGINES[engine]}: {FIGURES[figure]}, ratio to {other}"
            yield Target(number, what, bound, at_least, seen.median, f"{digits(seen.low)}–{digits(seen.high)}")


def _growth(result: dict) -> Iterator[Target]:
    small, large = result["sizes"][0], result["sizes"][-1]
    engine = ENGINES[result["engine"]]
    requests = dict(result["reads"])
    requests.update((f"{name}, {side}", seen) for name, sides in result["lists"].items() for side, seen in sides.items())
    for what, of in (("time", lambda seen: seen["time"]), ("CPU", cost)):
        grown = {name: of(by_size(seen, large)) / of(by_size(seen, small)) for name, seen in requests.items()}
        worst = max(grown, key=grown.get)
        label = f"{engine}: {what} at {large:,} rows, ratio to {small:,}, worst case (`{worst}`)"
        yield Target(5, label, 1.5, False, grown[worst], f"median {digits(Spread.of(grown.values()).median)}")
    last = {
        name: by_size(sides["last"], large)["time"] / by_size(sides["first"], large)["time"]
        for name, sides in result["lists"].items()
        if "last" in sides
    }
    worst = max(last, key=last.get)
    label = f"{engine}: time of the last page, ratio to the first, worst case (`{worst}`)"
    yield Target(5, label, 1.2, False, last[worst], f"median {digits(Spread.of(last.values()).median)}")


def _size() -> Iterator[Target]:
    result = store.load("footprint")
    if result:
        seen = result["contestants"]["byline"]
        yield Target(6, "idle memory, MiB", 30, False, max(seen["idle"]))
    peaks = [
        turn["memory"]
        for engine in ENGINES
        for turns in (store.load(f"requests-{engine}-512") or {"scenarios": {}})["scenarios"].values()
        for turn in turns.get("byline", [])
    ]
    if peaks:
        yield Target(6, "memory at 512 connections under load, MiB, any scenario and engine", 120, False, max(peaks))
    if result:
        yield Target(6, "start to first answer, ms", 100, False, max(result["contestants"]["byline"]["start"]) * 1e3)


def _overload(result: dict) -> Iterator[Target]:
    for times, seen in result["runs"].items():
        name = f"{result['work']}, {ENGINES[result['engine']]}, {times} × capacity"
        yield Target(7, f"{name}: goodput, ratio to capacity", 0.9 if times == "3" else 0.8, True, seen["goodput"])
        if seen["refused_p99"] is not None:
            yield Target(7, f"{name}: refusals p99, ms", 20, False, seen["refused_p99"] * 1e3)
        yield Target(7, f"{name}: refusals without `Retry-After`", 0, False, seen["without_retry_after"])
        grown = seen["memory_max"] / seen["memory_first_half"]
        yield Target(7, f"{name}: peak memory, ratio to the first half", 1.05, False, grown)
        yield Target(7, f"{name}: `/livez` p99, ms", 100, False, seen["alive_p99"] * 1e3)


def _slow() -> Iterator[Target]:
    result = store.load("slow")
    if result:
        kept = ratios(result["beside"], result["alone"])
        spread = f"{digits(kept.low)}–{digits(kept.high)}"
        yield Target(8, "64 fast clients with 512 slow ones: requests/s, ratio to without", 0.9, True, kept.median, spread)
