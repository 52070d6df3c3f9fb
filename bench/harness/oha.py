"""The open-loop load generator: oha, which sends at a rate whatever comes back."""

import json
from dataclasses import dataclass

from .places import OHA
from .processes import Failed, run


@dataclass(frozen=True)
class Arrivals:
    """What became of requests that came at a rate. Times are seconds; `answers` is
    by status."""

    offered: float
    seconds: float
    answers: dict[int, int]
    failures: dict[str, int]
    served_p50: float | None
    served_p99: float | None
    refused_p50: float | None
    refused_p99: float | None


def offer(url: str, rate: int, seconds: int, arguments: list[str], cpus: str) -> Arrivals:
    """Requests at `rate` per second. Enough connections that none waits for another's
    answer: those that are in the service's queues, and as many again."""
    output = run(
        "taskset", "-c", cpus, OHA, "--no-tui", "--output-format", "json", "--stats-success-breakdown",
        "--latency-correction", "--disable-compression", "-w", "-q", rate, "-z", f"{seconds}s", "-c", 3000,
        "-t", "30s", *arguments, url,
    )  # fmt: skip
    try:
        seen = json.loads(output)
    except ValueError:
        raise Failed(f"oha said:\n{output[:2000]}") from None
    answers = {int(status): count for status, count in seen["statusCodeDistribution"].items()}
    total = sum(answers.values())
    took = seen["summary"]["total"]
    served, refused = seen["latencyPercentilesSuccessful"], seen["latencyPercentilesNotSuccessful"]
    return Arrivals(
        offered=total / took,
        seconds=took,
        answers=answers,
        failures=seen["errorDistribution"],
        served_p50=served["p50"],
        served_p99=served["p99"],
        refused_p50=refused["p50"],
        refused_p99=refused["p99"],
    )
