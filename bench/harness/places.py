"""Where things are."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BENCH = ROOT / "bench"
LOAD = BENCH / "load"
PEERS = BENCH / "peers"
RESULTS = BENCH / "results"
REPORT = BENCH / "RESULTS.md"
CHART = ROOT / "docs" / "performance.svg"

TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve()
RELEASE = TARGET / "release"
PEERS_TARGET = Path(os.environ.get("PEERS_TARGET_DIR", PEERS / "target")).resolve()
PEERS_RELEASE = PEERS_TARGET / "release"

# What is kept between runs: databases to copy from. On the disk that
# the build is on, because /tmp may be memory, where an fsync costs nothing.
KEPT = TARGET / "bench"
FASTAPI = KEPT / "fastapi"
