"""What was measured, a file for each piece, with the day and the machine."""

import json

from . import machine
from .places import RESULTS


def keep(piece: str, result: dict, built_from: str | None) -> None:
    RESULTS.mkdir(exist_ok=True)
    facts = machine.facts()
    facts["commit"] = built_from or facts["commit"]
    document = {"facts": facts, **_rounded(result)}
    (RESULTS / f"{piece}.json").write_text(json.dumps(document, indent=1) + "\n")


def load(piece: str) -> dict | None:
    file = RESULTS / f"{piece}.json"
    return json.loads(file.read_text()) if file.is_file() else None


def load_all(prefix: str) -> list[dict]:
    return [json.loads(file.read_text()) for file in sorted(RESULTS.glob(f"{prefix}-*.json"))]


def _rounded(value):
    """Four significant digits: more would be noise, and a longer file."""
    match value:
        case float():
            return float(f"{value:.4g}")
        case dict():
            return {key: _rounded(inner) for key, inner in value.items()}
        case list():
            return [_rounded(inner) for inner in value]
        case _:
            return value
