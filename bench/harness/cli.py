"""The command line."""

import argparse
import shutil
import signal
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import contestants, footprint, growth, install, overload, report, rounds, slow, store, tables, telemetry
from .places import KEPT
from .processes import Failed
from .scenarios import BY_NAME as SCENARIOS

CONNECTIONS = [1, 16, 64, 512]
EPILOG = """\
examples:
  scripts/bench --quick
  scripts/bench requests --engine sqlite --connections 64 --scenario read page --rounds 5
  scripts/bench requests --contestant byline before --before /tmp/release-of-yesterday

Without a selection everything is measured, bench/results is written, and
bench/RESULTS.md and the chart are made from it. A selection is only printed,
unless --write says otherwise: what was not measured stays as it was.
"""


@dataclass
class Run:
    """What is asked for, and where it takes place."""

    options: argparse.Namespace
    folder: Path

    def scratch(self) -> Path:
        """A new empty folder on the disk that the databases are to be on."""
        return Path(tempfile.mkdtemp(dir=self.folder))

    def keep(self, piece: str, result: dict) -> None:
        if self.options.write:
            store.keep(piece, result, self.options.built_from)


def parser() -> argparse.ArgumentParser:
    of = argparse.ArgumentParser(
        prog="scripts/bench",
        description="Measures Byline beside what users would pick instead.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    of.add_argument("pieces", nargs="*", metavar="piece", help=f"of {', '.join(PIECES)}; default: all")
    of.add_argument("--quick", action="store_true", help="the most important figures, in two minutes")
    of.add_argument("--engine", nargs="+", choices=contestants.ENGINES, metavar="ENGINE")
    of.add_argument("--scenario", nargs="+", choices=list(SCENARIOS), metavar="SCENARIO")
    of.add_argument("--contestant", nargs="+", metavar="CONTESTANT")
    of.add_argument("--connections", nargs="+", type=int, metavar="N")
    of.add_argument("--rounds", type=int, metavar="N", help="how often each is measured (3)")
    of.add_argument("--seconds", type=int, metavar="N", help="how long each time (3)")
    of.add_argument("--before", type=Path, metavar="FOLDER", help="adds the contestant `before`, a `byline` in FOLDER")
    of.add_argument("--folder", type=Path, help="where the databases go (a folder under target/bench)")
    of.add_argument("--grown", type=Path, help="where the databases of `growth` are, and stay (6 GB)")
    of.add_argument("--no-build", action="store_true", help="takes what was built before")
    of.add_argument("--built-from", metavar="COMMIT", help="what --no-build takes, if that is not the commit checked out")
    of.add_argument("--write", action="store_true", help="writes the results of a selection, too")
    of.add_argument("--report", action="store_true", help="only writes the report from bench/results again")
    return of


def requests(run: Run) -> None:
    """Every scenario, engine and number of connections."""
    options = run.options
    everybody = [*contestants.CONTESTANTS]
    if options.before:
        everybody.insert(1, contestants.earlier(options.before.resolve()))
    names = options.contestant or [one.name for one in everybody]
    chosen = [one for one in everybody if one.name in names]
    scenarios = [SCENARIOS[name] for name in options.scenario or SCENARIOS]
    for engine in options.engine or contestants.ENGINES:
        for connections in options.connections or CONNECTIONS:
            # The ratios that are promised are those of 64 connections.
            settings = {
                "rounds": options.rounds or (3 if connections == 64 else 1),
                "seconds": options.seconds or (3 if connections == 64 else 2),
            }
            figures = rounds.measure(
                engine, chosen, scenarios, connections, **settings, folder=run.scratch(), tell=report.tell
            )
            result = {"engine": engine, "connections": connections, **settings, "scenarios": figures}
            print(tables.requests(result))
            run.keep(f"requests-{engine}-{connections}", result)


def grow(run: Run) -> None:
    """Growth; by engine."""
    folder = run.options.grown or run.scratch()
    folder.mkdir(parents=True, exist_ok=True)
    for engine in run.options.engine or contestants.ENGINES:
        result = growth.measure(engine, folder, report.say)
        print(tables.growth(result))
        run.keep(f"growth-{engine}", result)


def idle(run: Run) -> None:
    """Memory at rest, and the time from start to first answer."""
    result = footprint.measure(contestants.CONTESTANTS, run.scratch(), report.say)
    print(tables.footprint(result))
    run.keep("footprint", result)


def overloaded(run: Run) -> None:
    """Open loop, beyond capacity."""
    for work in overload.WORK:
        if overload.WORK[work].engine in (run.options.engine or contestants.ENGINES):
            result = overload.measure(work, run.options.seconds or overload.SECONDS, run.scratch(), report.say)
            print(tables.overload(result))
            run.keep(f"overload-{work}", result)


def slow_clients(run: Run) -> None:
    """Slow clients beside quick ones."""
    result = slow.measure(run.scratch(), report.say)
    print(tables.slow(result))
    run.keep("slow", result)


def telemetry_costs(run: Run) -> None:
    """Metrics, log and spans on and off."""
    options = run.options
    rounds_, seconds = options.rounds or telemetry.ROUNDS, options.seconds or telemetry.SECONDS
    result = telemetry.measure(rounds_, seconds, run.scratch(), report.say)
    print(tables.telemetry(result))
    run.keep("telemetry", result)


PIECES = {
    "requests": requests,
    "footprint": idle,
    "slow": slow_clients,
    "telemetry": telemetry_costs,
    "overload": overloaded,
    "growth": grow,
}


def quick(options: argparse.Namespace) -> None:
    options.pieces = ["requests"]
    options.scenario = options.scenario or ["read", "page", "create"]
    options.connections = options.connections or [64]
    options.rounds = options.rounds or 2
    options.seconds = options.seconds or 2


def main() -> int:
    options = parser().parse_args()
    unknown = [piece for piece in options.pieces if piece not in PIECES]
    if unknown:
        parser().error(f"there is no {unknown[0]}: {', '.join(PIECES)}")
    selected = [options.pieces, options.engine, options.scenario, options.contestant, options.connections]
    if options.quick:
        quick(options)
    elif not any(selected):
        options.write = True
    # Ends the servers and removes the databases then, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: told to end"))
    try:
        if not options.report:
            measure(options)
        if options.write or options.report:
            report.write()
    except Failed as failure:
        print(f"bench: {failure}", file=sys.stderr)
        return 1
    return 0


def measure(options: argparse.Namespace) -> None:
    install.programs()
    if not options.no_build:
        install.byline()
        install.rust_peers()
        install.python_peer()
    KEPT.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="run-", dir=options.folder or KEPT))
    try:
        for piece in options.pieces or PIECES:
            PIECES[piece](Run(options, folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
