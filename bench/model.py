#!/usr/bin/env python3
"""What Byline costs and how quick it is at a size that nobody here can try.

    python3 bench/model.py
    python3 bench/model.py --posts 5e9 --read-rate 100000 --round-trip-ms 2

Every assumption is an option, printed with its value and where it comes from: a
document of this repository, the schema (bytes counted, not measured), or nowhere
("assumed"): those are yours to replace. `bench/cluster` measures rates.
Standard library only.
"""

import argparse
import dataclasses
import math
from dataclasses import dataclass, field


def given(default: float, what: str, source: str) -> float:
    return field(default=default, metadata={"what": what, "source": source})


@dataclass
class Assumptions:
    posts: float = given(1e9, "posts", "assumed")
    posts_per_user: float = given(100, "posts for each user", "assumed")
    # Load
    read_rate: float = given(20_000, "reads a second at the peak", "assumed")
    write_rate: float = given(400, "writes a second at the peak", "assumed")
    # Rows
    post_bytes: float = given(700, "bytes of a post with title and content", "assumed")
    row_overhead: float = given(95, "bytes InnoDB adds to a post: ids, times, version, token", "schema")
    post_index_bytes: float = given(300, "bytes in secondary indexes for a post", "schema")
    user_bytes: float = given(300, "bytes of a user with all indexes", "schema")
    fill: float = given(0.69, "how full B-tree pages are after random inserts (ln 2)", "textbook")
    key_bytes: float = given(200, "bytes of an idempotency key with its answer", "schema")
    # One database node. The rates were measured with the service on the same two
    # cores, so a node of its own does more.
    node_cores: float = given(8, "cores of a database node", "assumed")
    core_reads: float = given(4_000, "point reads a second for each core of a node", "docs/adr/0006")
    core_writes: float = given(1_700, "writes a second for each core of the writing node", "docs/adr/0006")
    apply_share: float = given(0.4, "of a write's work, what every other node does too", "assumed")
    node_memory_gib: float = given(64, "memory of a node", "assumed")
    hot_share: float = given(0.05, "share of the data that is read at all in a day", "assumed")
    most_load: float = given(0.6, "how busy a node may be at the peak", "rule of thumb")
    # Instances of the service, 2 cores each
    instance_rate: float = given(8_000, "requests a second of an instance on two cores", "docs/adr/0006")
    # Latency
    round_trip_ms: float = given(0.3, "between machines of one data centre", "assumed")
    read_ms: float = given(0.15, "a point read at the node, from memory", "assumed")
    disk_ms: float = given(0.2, "one random read of a fast disk", "assumed")
    fsync_ms: float = given(0.5, "one fsync", "assumed")
    # Shards, where there are some
    shard_gib: float = given(250, "data of a shard of Vitess that is still handy", "vendor")
    # Cost a month
    node_cost: float = given(420, "a database node of 8 cores and 64 GiB", "assumed")
    instance_cost: float = given(60, "an instance of 2 cores", "assumed")
    gib_cost: float = given(0.12, "a GiB of fast disk", "assumed")

    @property
    def users(self) -> float:
        return self.posts / self.posts_per_user


def gib(size: float) -> float:
    return size / 2**30


def data_bytes(a: Assumptions) -> float:
    post = (a.post_bytes + a.row_overhead + a.post_index_bytes) / a.fill
    keys = a.write_rate * 86_400 * a.key_bytes / a.fill
    return a.posts * post + a.users * a.user_bytes / a.fill + keys


def read_latency(a: Assumptions, misses: float, hops: int, causal: bool) -> float:
    """A point read: the hops to the database and back, the group's word on what
    is the latest (Galera, wsrep_sync_wait), and the disk if need be."""
    wait = a.round_trip_ms if causal else 0
    return hops * a.round_trip_ms + wait + a.read_ms + misses * a.disk_ms


def one_server(a: Assumptions) -> list[tuple[str, str]]:
    load = a.read_rate / a.core_reads + a.write_rate / a.core_writes
    return verdict(a, "cores that the peak takes", load, a.node_cores)


def galera(a: Assumptions, nodes: int = 3) -> list[tuple[str, str]]:
    writes = a.write_rate / a.core_writes
    reads = a.read_rate / a.core_reads / nodes
    writer, others = writes + reads, writes * a.apply_share + reads
    lines = verdict(a, "cores at the node that writes", writer, a.node_cores)
    lines += verdict(a, "cores at each other node", others, a.node_cores)
    ceiling = a.node_cores * a.most_load * a.core_writes
    lines.append(("writes a second, at most, whatever the number of nodes", f"{ceiling:,.0f}"))
    return lines


def verdict(a: Assumptions, what: str, need: float, have: float) -> list[tuple[str, str]]:
    fits = "fits" if need <= have * a.most_load else "does not fit"
    return [(what, f"{need:.1f} of {have:.0f}: {fits}")]


def sharded(a: Assumptions) -> dict[str, float]:
    by_size = gib(data_bytes(a)) / a.shard_gib
    by_writes = a.write_rate / (a.node_cores * a.most_load * a.core_writes)
    by_reads = a.read_rate / (3 * a.node_cores * a.most_load * a.core_reads)
    shards = max(1, math.ceil(max(by_size, by_writes, by_reads)))
    return {"shards": shards, "nodes": 3 * shards}


def sections(a: Assumptions) -> list[tuple[str, list[tuple[str, str]]]]:
    size = data_bytes(a)
    hot = gib(size) * a.hot_share
    misses = max(0.0, 1 - a.node_memory_gib * 0.75 / hot)
    instances = math.ceil((a.read_rate + a.write_rate) / (a.instance_rate * a.most_load)) + 1
    shards = sharded(a)
    years = (2**53 - a.posts) / a.write_rate / 86_400 / 365.25
    steps = (2**53 - a.posts) / a.write_rate / 3 / 86_400 / 365.25
    copies = {"three nodes": 3, "shards": shards["nodes"]}
    cost = {
        name: nodes * a.node_cost
        + instances * a.instance_cost
        + gib(size) * (3 if name == "shards" else nodes) * a.gib_cost
        for name, nodes in copies.items()
    }
    return [
        ("Size", [
            ("users", f"{a.users:,.0f}"),
            ("data with indexes, one copy", f"{gib(size):,.0f} GiB"),
            ("hot data", f"{hot:,.0f} GiB, of which {100 * misses:.0f} % beyond memory"),
            ("pages of B-tree above a post", f"{math.ceil(math.log(a.posts, 500))}"),
        ]),
        ("Ids", [
            ("years until 2^53 at the peak rate", f"{years:,.0f}"),
            ("the same, with Galera's steps of three", f"{steps:,.0f}"),
        ]),
        ("Instances", [("instances, one of them to spare", f"{instances}")]),
        ("One server", one_server(a)),
        ("Galera, three nodes", galera(a)),
        ("Vitess or TiDB", [
            ("shards, or their worth", f"{shards['shards']:.0f}"),
            ("nodes with three copies", f"{shards['nodes']:.0f}"),
        ]),
        ("Latency of a point read at the median", [
            ("one server", f"{read_latency(a, misses, 1, False):.2f} ms"),
            ("Galera, any node", f"{read_latency(a, misses, 1, True):.2f} ms"),
            ("through a router of shards", f"{read_latency(a, misses, 2, False):.2f} ms"),
        ]),
        ("Latency of a write at the median", [
            ("one server", f"{a.round_trip_ms + a.fsync_ms + a.read_ms:.2f} ms"),
            ("Galera", f"{3 * a.round_trip_ms + a.fsync_ms + a.read_ms:.2f} ms"),
            ("in a transaction, Galera", f"{5 * a.round_trip_ms + a.fsync_ms + 3 * a.read_ms:.2f} ms"),
            ("TiDB, two phases of consensus", f"{5 * a.round_trip_ms + 2 * a.fsync_ms + a.read_ms:.2f} ms"),
        ]),
        ("Cost a month", [(name, f"{amount:,.0f}") for name, amount in cost.items()]),
    ]


def parse() -> Assumptions:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for one in dataclasses.fields(Assumptions):
        option = "--" + one.name.replace("_", "-")
        parser.add_argument(option, type=float, default=one.default, metavar="N",
                            help=f"{one.metadata['what']} [{one.default:g}, {one.metadata['source']}]")
    return Assumptions(**vars(parser.parse_args()))


def main() -> None:
    assumptions = parse()
    print("Assumptions")
    for one in dataclasses.fields(assumptions):
        value = getattr(assumptions, one.name)
        print(f"  {one.name:<18} {value:>14,.10g}  {one.metadata['what']} ({one.metadata['source']})")
    for title, lines in sections(assumptions):
        print(f"\n{title}")
        for what, value in lines:
            print(f"  {what:<58} {value}")


if __name__ == "__main__":
    main()
