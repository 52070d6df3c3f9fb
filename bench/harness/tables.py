"""Formats results as Markdown tables."""

from .contestants import BY_NAME as CONTESTANTS
from .figures import Spread, ratios
from .scenarios import BY_NAME as SCENARIOS


def requests(result: dict) -> str:
    """Returns the table of one engine at one number of connections."""
    mariadb = result["engine"] == "mariadb"
    head = ["scenario", "contestant", "requests/s", "p50 ms", "p99 ms", "CPU µs/request"]
    head += ["database CPU µs/request"] if mariadb else []
    head += ["peak MiB", "requests/s, Byline ÷ this", "CPU, Byline ÷ this"]
    lines = [row(head), row(["---"] * 2 + ["---:"] * (len(head) - 2))]
    for scenario, contestants in result["scenarios"].items():
        ours = contestants.get("byline")
        for number, (name, turns) in enumerate(contestants.items()):
            cells = ["" if number else SCENARIOS[scenario].label, _bold(label(name), name == "byline")]
            cells += [
                _median(turns, "rate", 1),
                _median(turns, "p50", 1e3),
                _median(turns, "p99", 1e3),
                _median(turns, "cpu", 1e6),
            ]
            if mariadb:
                cells.append(_median(turns, "database_cpu", 1e6))
            cells.append(f"{max(turn['memory'] for turn in turns):.0f}")
            if name == "byline" or not ours:
                cells += ["", ""]
            else:
                cells += [_ratio(ours, turns, "rate"), _ratio(ours, turns, "cpu")]
            faults = sum(turn["faults"] for turn in turns)
            if faults:
                cells[2] += f" ({faults} failed)"
            lines.append(row(cells))
    return "\n".join(lines)


def growth(result: dict) -> str:
    """Returns the cost of every request at the smallest and at the largest size."""
    sizes = [str(size) for size in result["sizes"]]
    first, last = sizes[0], sizes[-1]
    head = ["request", f"µs at {_count(first)}", f"µs at {_count(last)}", "ratio"]
    head += ["CPU µs", "CPU µs", "ratio", "last page ÷ first"]
    lines = [row(head), row(["---"] + ["---:"] * (len(head) - 1))]
    named = [(name, seen, None) for name, seen in result["reads"].items()]
    for name, pages in result["lists"].items():
        for side, seen in pages.items():
            beside = pages["first"] if side == "last" else None
            named.append((f"{name}, {side} page", seen, beside))
    named.append(("create a post", result["creates"], None))
    for name, seen, beside in named:
        small, large = by_size(seen, first), by_size(seen, last)
        cells = [f"`{name}`" if "/" in name else name]
        cells += [digits(small["time"] * 1e6), digits(large["time"] * 1e6), digits(large["time"] / small["time"])]
        cells += [digits(cost(small) * 1e6), digits(cost(large) * 1e6), digits(cost(large) / cost(small))]
        cells.append(digits(large["time"] / by_size(beside, last)["time"]) if beside else "")
        lines.append(row(cells))
    return "\n".join(lines)


def by_size(seen: dict, size: str | int) -> dict:
    """Returns the figures of a size. JSON turns numeric keys into strings."""
    return seen.get(str(size)) or seen[int(size)]


def cost(seen: dict) -> float:
    """Returns the CPU seconds of service and database."""
    return seen["cpu"] + seen["database_cpu"]


def footprint(result: dict) -> str:
    lines = [
        row(["contestant", "ms to the first answer", "slowest", "idle MiB"]),
        row(["---", "---:", "---:", "---:"]),
    ]
    for name, seen in result["contestants"].items():
        start, idle = Spread.of(seen["start"]), Spread.of(seen["idle"])
        cells = [digits(start.median * 1e3), digits(start.high * 1e3), digits(idle.median)]
        lines.append(row([_bold(label(name), name == "byline"), *cells]))
    return "\n".join(lines)


def overload(result: dict) -> str:
    head = ["offered", "sent/s", "served/s", "of capacity", "served p50, p99 ms", "refused p50, p99 ms"]
    head += ["`/livez` p99 ms", "without `Retry-After`", "MiB before, halfway, peak", "answers"]
    lines = [row(head), row(["---"] + ["---:"] * (len(head) - 2) + ["---"])]
    for times, seen in result["runs"].items():
        answers = ", ".join(f"{count:,} × {status}" for status, count in seen["answers"].items())
        lines.append(
            row(
                [
                    f"{times} × capacity, {seen['rate']:,}/s",
                    digits(seen["sent"]),
                    digits(seen["served"]),
                    digits(seen["goodput"]),
                    f"{_ms(seen['served_p50'])}, {_ms(seen['served_p99'])}",
                    f"{_ms(seen['refused_p50'])}, {_ms(seen['refused_p99'])}",
                    _ms(seen["alive_p99"]),
                    f"{seen['without_retry_after']} of {seen['refusals_looked_at']}",
                    f"{seen['memory_before']:.0f}, {seen['memory_first_half']:.0f}, {seen['memory_max']:.0f}",
                    answers,
                ]
            )
        )
    return "\n".join(lines)


def slow(result: dict) -> str:
    alone, beside = Spread.of(result["alone"]), Spread.of(result["beside"])
    kept = ratios(result["beside"], result["alone"])
    held, left = Spread.of(result["slow"]), Spread.of(result["slow_left"])
    return "\n".join(
        [
            row(["64 fast clients", "requests/s", "lowest", "highest"]),
            row(["---", "---:", "---:", "---:"]),
            row(["alone", digits(alone.median), digits(alone.low), digits(alone.high)]),
            row(["with 512 slow clients", digits(beside.median), digits(beside.low), digits(beside.high)]),
            row(["ratio", digits(kept.median), digits(kept.low), digits(kept.high)]),
            row(["slow connections at the start of a turn", f"{held.median:.0f}", f"{held.low}", f"{held.high}"]),
            row(["slow connections at its end", f"{left.median:.0f}", f"{left.low}", f"{left.high}"]),
        ]
    )


def telemetry(result: dict) -> str:
    """Compares each kind of telemetry with none, round by round."""
    head = ["telemetry", "reads/s", "CPU µs/read", "reads/s ÷ without", "CPU ÷ without"]
    lines = [row(head), row(["---"] + ["---:"] * 4)]
    none = result["kinds"]["off"]
    for kind, turns in result["kinds"].items():
        cells = [kind, _median(turns, "rate", 1), _median(turns, "cpu", 1e6)]
        cells += ["", ""] if kind == "off" else [_ratio(turns, none, "rate"), _ratio(turns, none, "cpu")]
        lines.append(row(cells))
    return "\n".join(lines)


def label(name: str) -> str:
    return CONTESTANTS[name].label if name in CONTESTANTS else "Byline before"


def _ratio(ours: list[dict], theirs: list[dict], figure: str) -> str:
    if not all(turn[figure] for turn in theirs):
        return ""
    spread = ratios([turn[figure] for turn in ours], [turn[figure] for turn in theirs])
    return f"{digits(spread.median)} ({digits(spread.low)}–{digits(spread.high)})"


def _median(turns: list[dict], figure: str, unit: float) -> str:
    return digits(Spread.of(turn[figure] for turn in turns).median * unit)


def _ms(seconds: float | None) -> str:
    return "–" if seconds is None else digits(seconds * 1e3)


def digits(value: float) -> str:
    """Formats a value with three significant digits."""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _count(size: str) -> str:
    return f"{int(size):,}"


def _bold(text: str, bold: bool) -> str:
    return f"**{text}**" if bold else text


def row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
