# SPDX-License-Identifier: GPL-2.0
"""What the memtable is meant to reach, and whether it does.

A ratio tells how many times as long a peer takes, or by how much of its
throughput a reader is left; for memory, how many times as much ours takes.
"""

from turns import KEYS, SMALL

AT_LEAST, AT_MOST = "at least", "at most"


class Target:
    """One row: what is asked of which setting, and how the ratio comes about."""

    def __init__(self, name, ratio, asked, bound=AT_LEAST, small=False):
        self.name = name
        self.ratio = ratio
        self.asked = asked
        self.bound = bound
        self.small = small

    def reached(self, setting, ratio):
        if self.bound == AT_MOST:
            return ratio <= self.asked[setting]
        return ratio >= self.asked[setting]


def times(peer, workload, batch=1):
    """How many times as long as the memtable a peer takes."""
    def ratio(find):
        ours, theirs = find("memtable", workload, batch), find(peer, workload, batch)
        return theirs["ns_per_op"] / ours["ns_per_op"] if ours and theirs else None
    return ratio


def memory(find):
    ours, theirs = find("memtable", "add", 1), find("leveldb", "add", 1)
    return ours["bytes_per_entry"] / theirs["bytes_per_entry"] if ours and theirs else None


def beside_writer(find):
    mixed = find("memtable", "mixed", 1)
    return mixed["ns_alone"] / mixed["ns_per_op"] if mixed else None


def both(native, vm):
    return {"native": native, "vm": vm}


# Beside LevelDB's memtable, where no other peer is named.
TARGETS = [
    Target("get", times("leveldb", "get"), both(3.5, 2.2)),
    Target("get, 256 at once", times("leveldb", "get", 256), both(6, 3)),
    Target("add", times("leveldb", "add"), both(3, 1.8)),
    Target("add, 256 at once", times("leveldb", "add", 256), both(4, 2.5)),
    Target("add-sorted", times("leveldb", "add-sorted"), both(4, 2.5)),
    Target("add-sorted, 256 at once", times("leveldb", "add-sorted", 256), both(4, 2.5)),
    Target("scan", times("leveldb", "scan"), both(5, 2)),
    Target("scan: lmdb", times("lmdb", "scan"), {"native": 1}),
    Target("scan-reverse", times("leveldb", "scan-reverse"), both(5, 4)),
    Target("get", times("leveldb", "get"), both(3, 1.5), small=True),
    Target("bytes an entry", memory, both(1.12, 1.15), bound=AT_MOST),
    Target("get: bpf-hash", times("bpf-hash", "get"), {"vm": 1}),
    Target("add: bpf-hash", times("bpf-hash", "add"), {"vm": 1}),
    Target("get: redis", times("redis", "get"), {"vm": 10}),
    Target("add: redis", times("redis", "add"), {"vm": 10}),
    Target("reader beside a writer", beside_writer, both(0.9, 0.9)),
]


def evaluate(results, setting):
    """Yields (target, entries, {keys: ratio}) for what there are results of."""
    known = {(each["system"], each["workload"], each["batch"], each["keys"], each["entries"]): each
             for each in results if each["setting"] == setting}
    sizes = sorted({key[4] for key in known})
    for target in TARGETS:
        entries = SMALL if target.small else max(sizes, default=0)
        if setting not in target.asked or entries not in sizes:
            continue
        ratios = {}
        for keys in KEYS:
            ratio = target.ratio(lambda system, workload, batch, keys=keys:
                                 known.get((system, workload, batch, keys, entries)))
            if ratio is not None:
                ratios[keys] = ratio
        if ratios:
            yield target, entries, ratios
