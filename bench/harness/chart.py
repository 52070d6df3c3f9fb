"""The chart: requests per second of every contestant, as an SVG of bars."""

from html import escape

from .figures import Spread
from .scenarios import BY_NAME as SCENARIOS
from .tables import digits, label

SHOWN = ["read", "page", "create"]
WIDTH, LEFT, RIGHT = 760, 240, 90
BAR, GAP, HEAD = 18, 6, 34
COLOURS = {"byline": "#0969da", "bare": "#8c959f"}
OTHERS = "#bf8700"


def draw(result: dict) -> str:
    """Of one engine at one number of connections."""
    parts, y = [], 46
    for scenario in SHOWN:
        contestants = result["scenarios"].get(scenario)
        if not contestants:
            continue
        rates = {name: Spread.of(turn["rate"] for turn in turns) for name, turns in contestants.items()}
        most = max(spread.median for spread in rates.values())
        parts.append(_text(10, y + 16, SCENARIOS[scenario].label, "heading"))
        y += HEAD - 8
        for name in sorted(rates, key=lambda name: -rates[name].median):
            parts += _bar(y, name, rates[name], most)
            y += BAR + GAP
        y += 10
    facts = result["facts"]
    title = f"Requests per second, SQLite, {result['connections']} connections"
    below = f"{facts['date']}, commit {facts['commit']}; {facts['machine']}, load generator included"
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {y + 24}" font-family="sans-serif" '
            f'role="img" aria-label="{escape(title)}">',
            "<style>text{font-size:13px;fill:#1f2328}.heading{font-weight:bold}.title{font-size:16px;font-weight:bold}"
            ".small{font-size:11px;fill:#59636e}</style>",
            f'<rect width="{WIDTH}" height="{y + 24}" fill="#ffffff"/>',
            _text(10, 26, title, "title"),
            *parts,
            _text(10, y + 12, below, "small"),
            "</svg>\n",
        ]
    )


def _bar(y: int, name: str, rate: Spread, most: float) -> list[str]:
    length = max((WIDTH - LEFT - RIGHT) * rate.median / most, 1)
    colour = COLOURS.get(name, OTHERS)
    return [
        _text(LEFT - 8, y + 13, label(name), "", ' text-anchor="end"'),
        f'<rect x="{LEFT}" y="{y}" width="{length:.1f}" height="{BAR}" fill="{colour}"/>',
        _text(LEFT + length + 6, y + 13, digits(rate.median)),
    ]


def _text(x: float, y: float, text: str, kind: str = "", more: str = "") -> str:
    kind = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.0f}" y="{y:.0f}"{kind}{more}>{escape(text)}</text>'
