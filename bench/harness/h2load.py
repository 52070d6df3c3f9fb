"""The open-loop load generator: h2load of nghttp2, which sends at a rate whatever
comes back, and writes down when each request was answered, and how."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from .figures import percentile
from .processes import Failed, run

# Each connection has one request in flight. So many that those which wait in the
# service's queues leave enough of them to keep the rate.
CONNECTIONS = 3000


@dataclass(frozen=True)
class Arrivals:
    """What became of requests that came at a rate. Times are seconds; `answers` is
    by status, -1 for none."""

    sent: float
    answers: dict[int, int]
    served_p50: float | None
    served_p99: float | None
    refused_p50: float | None
    refused_p99: float | None


def offer(url: str, rate: int, seconds: int, headers: list[str], body: str | None, folder: Path, cpus: str) -> Arrivals:
    """Requests at `rate` per second, each with `body` as JSON if there is one."""
    log = folder / "h2load.log"
    log.unlink(missing_ok=True)
    arguments = [f"--header={header}" for header in headers]
    if body is not None:
        (folder / "body").write_text(body)
        arguments += [f"--data={folder / 'body'}", "--header=Content-Type: application/json"]
    run(
        "taskset", "-c", cpus, "h2load", "--h1", "-t1", f"-c{CONNECTIONS}", f"--rps={rate / CONNECTIONS}",
        f"-D{seconds}", f"--log-file={log}", *arguments, url,
    )  # fmt: skip
    return read(log, seconds)


def read(log: Path, seconds: int) -> Arrivals:
    """A line for each request: when it was sent, its status, how long it took, in
    microseconds."""
    times: dict[int, list[int]] = {}
    with log.open() as lines:
        for line in lines:
            _, status, taken = line.split()
            times.setdefault(int(status), []).append(int(taken))
    if not times:
        raise Failed("h2load sent nothing")
    answers = Counter({status: len(of_status) for status, of_status in times.items()})
    served = [taken for status, of_status in times.items() if 200 <= status < 400 for taken in of_status]
    refused = [taken for status, of_status in times.items() if status >= 400 for taken in of_status]
    return Arrivals(
        sent=sum(answers.values()) / seconds,
        answers=dict(answers),
        served_p50=_seconds(served, 50),
        served_p99=_seconds(served, 99),
        refused_p50=_seconds(refused, 50),
        refused_p99=_seconds(refused, 99),
    )


def _seconds(micros: list[int], percent: float) -> float | None:
    return percentile(micros, percent) / 1e6 if micros else None
