"""bench/RESULTS.md, from what is in bench/results."""

import sys

from . import chart, store, tables, targets
from .places import CHART, REPORT

HEAD = """\
# Results

Made by `scripts/bench`; [README.md](README.md) says how, and who the contestants
are. A ratio is the median of the rounds (lowest–highest), each round's figures
compared with those of the same round. CPU is that of the whole contestant, its
workers included. Each part says when it was measured, and which commit.
"""
PICTURE = "![requests per second](../docs/performance.svg)\n"

PARTS = {
    "growth": ("Growth", tables.growth),
    "footprint": ("Memory at rest, and start", tables.footprint),
    "overload": ("Overload", tables.overload),
    "slow": ("Slow clients", tables.slow),
    "telemetry": ("Telemetry", tables.telemetry),
}


def write() -> None:
    requests = sorted(store.load_all("requests"), key=_importance)
    main = store.load("requests-sqlite-64")
    text = [HEAD, *([PICTURE] if main else []), "## What Byline is to show\n", _targets()]
    text += [_part(_title(result), result, tables.requests(result)) for result in requests]
    for name, (title, table) in PARTS.items():
        single = store.load(name)
        for result in [single] if single else store.load_all(name):
            engine = targets.ENGINES[result["engine"]]
            what = f", {result['work']}" if "work" in result else ""
            text.append(_part(f"{title}, {engine}{what}", result, table(result)))
    REPORT.write_text("\n".join(text))
    if main:
        CHART.write_text(chart.draw(main))


def _importance(result: dict) -> tuple:
    return result["connections"] != 64, result["engine"] != "sqlite", result["connections"]


def _title(result: dict) -> str:
    connections = f"{result['connections']} connection{'s' if result['connections'] > 1 else ''}"
    return f"Requests, {targets.ENGINES[result['engine']]}, {connections}"


def _targets() -> str:
    reached = list(targets.all_targets())
    if not reached:
        return "Nothing has been measured yet.\n"
    lines = [tables.row(["", "what", "target", "measured", "met"]), tables.row(["---", "---", "---:", "---:", "---"])]
    lines += [tables.row(target.cells()) for target in reached]
    return "\n".join(lines) + "\n"


def _part(title: str, result: dict, table: str) -> str:
    facts = result["facts"]
    rounds = f" {result['rounds']} rounds of {result['seconds']} s." if "rounds" in result else ""
    if "capacity" in result:
        rounds = f" Capacity {tables.digits(result['capacity'])} requests/s; {result['seconds']} s each."
    head = f"{facts['date']}, commit {facts['commit']}.{rounds}"
    about = "; ".join(facts[name] for name in ("machine", "system", "compiler", "rust", "python", "mariadb", "load"))
    return f"## {title}\n\n{head}\n{about}.\n\n{table}\n"


def say(line: str) -> None:
    """What goes on, for whoever waits."""
    print(line, file=sys.stderr, flush=True)


def tell(engine, connections, turn, scenario, one, seen) -> None:
    """One turn of one contestant."""
    faults = f"  {seen['faults']} FAILED" if seen["faults"] else ""
    say(
        f"{engine} {connections:3} round {turn + 1} {scenario.name:13}{one.name:10}"
        f"{seen['rate']:9.0f}/s {seen['cpu'] * 1e6:8.1f} µs CPU{faults}"
    )
