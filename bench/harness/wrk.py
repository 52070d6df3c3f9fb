"""The closed-loop load generator: wrk, one thread, a Lua script for each kind of request."""

import json
import os
from dataclasses import dataclass

from .places import LOAD
from .processes import Failed, run


@dataclass(frozen=True)
class Load:
    """What wrk saw. Times are seconds."""

    requests: int
    rate: float
    p50: float
    p99: float
    refused: int
    broken: int


def load(port: int, script: str, arguments, connections: int, seconds: int, cpus: str | None = None) -> Load:
    """Sends what `bench/load/<script>.lua` makes of the arguments."""
    pinned = ["taskset", "-c", cpus] if cpus else []
    output = run(
        *pinned, "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "20s",
        "-s", LOAD / f"{script}.lua", f"http://127.0.0.1:{port}", "--", *arguments,
        env={**os.environ, "BENCH_LOAD": str(LOAD)},
    )  # fmt: skip
    for line in output.splitlines():
        if line.startswith("RESULT "):
            seen = json.loads(line.removeprefix("RESULT "))
            if not seen["requests"]:
                raise Failed(f"not one {script} was answered in {seconds} s")
            return Load(
                requests=seen["requests"],
                rate=seen["requests"] / (seen["duration"] / 1e6),
                p50=seen["p50"] / 1e6,
                p99=seen["p99"] / 1e6,
                refused=seen["refused"],
                broken=seen["broken"],
            )
    raise Failed(f"wrk said nothing:\n{output}")
