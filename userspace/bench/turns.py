# SPDX-License-Identifier: GPL-2.0
"""What is measured: systems, workloads, and who is next."""

import collections

KEYS = ["random", "decimal", "paths"]
PEERS = ["leveldb", "lmdb", "rocksdb"]

# The program of each system, in each setting.
PROGRAMS = {
    "native": {"memtable": "core", **{peer: peer for peer in PEERS}},
    "vm": {"memtable": "device", **{peer: peer for peer in PEERS},
           "bpf-hash": "bpf", "redis": "redis", "empty-ioctl": "ioctl"},
    "uml": {"memtable": "device", **{peer: peer for peer in PEERS}},
}
SYSTEMS = list(PROGRAMS["vm"])

# The order of rows.
WORKLOADS = [("add", 1), ("add", 256), ("add-sorted", 1), ("add-sorted", 256),
             ("get", 1), ("get", 256), ("get-miss", 1), ("get-miss", 256),
             ("scan", 1), ("scan-reverse", 1), ("mixed", 1), ("free", 1)]

SMALL, LARGE, LARGE_QUICK = 30000, 1000000, 100000

# What one process does, with one store after the other. None of the timed
# additions comes after another system's worth of freed memory, and only the
# first sequence looks at the store that it made.
SEQUENCES = [
    ["add", "get", "get/256", "get-miss", "get-miss/256", "scan", "scan-reverse", "free"],
    ["add/256"],
    ["add-sorted"],
    ["add-sorted/256"],
    ["mixed"],
]

# Where a request costs microseconds before it does anything.
BULK_SEQUENCES = [
    ["add/256", "get/256", "get-miss/256", "scan", "scan-reverse", "free"],
    ["add-sorted/256"],
]

BPF_SEQUENCES = [["add", "get", "free"], ["add/256"]]

# Redis takes so long for one look-up at a time that there are fewer of them.
REDIS_SEQUENCES = [["add/256", "get", "get/256", "free"], ["add"]]
REDIS_OPERATIONS = 3000

# How many operations are timed at least.
OPERATIONS = {"native": 300000, "vm": 50000, "uml": 300000}
OPERATIONS_QUICK = {"native": 100000, "vm": 50000, "uml": 100000}

# What one process does: some steps of one system, with one set of keys.
Turn = collections.namedtuple("Turn", "round setting system keys entries operations steps")


def describe(turn):
    return (f"{turn.setting}: {turn.system}, {turn.entries} {turn.keys} keys: "
            f"{' '.join(turn.steps)}")


def sequences_of(setting, system, keys, entries, quick):
    """The sequences that make sense for a system, and that there is time for."""
    if setting == "uml":
        return BULK_SEQUENCES
    if system == "bpf-hash":
        return [] if keys == "paths" else BPF_SEQUENCES
    if system == "redis":
        return REDIS_SEQUENCES if keys == "random" else []
    if system == "empty-ioctl":
        return [["get"]] if keys == "random" else []
    if setting == "vm" and quick:
        return SEQUENCES[:2]
    # An emulated processor takes minutes for each of these.
    if setting == "vm" and entries > SMALL and system == "rocksdb":
        return SEQUENCES[:2] if keys == "random" else []
    return SEQUENCES


def operations_of(setting, system, entries, quick):
    if system == "redis":
        return REDIS_OPERATIONS
    least = (OPERATIONS_QUICK if quick else OPERATIONS)[setting]
    return least if setting == "vm" else max(least, entries)


def turns_of(setting, number, systems, all_keys, sizes, quick):
    """All turns of a round; those that compare with each other are neighbours."""
    systems = [system for system in systems if system in PROGRAMS[setting]]
    turns = []
    for entries in sizes:
        for keys in all_keys:
            lists = {system: sequences_of(setting, system, keys, entries, quick)
                     for system in systems}
            for position in range(max(map(len, lists.values()))):
                first = (number + position) % len(systems)
                for system in systems[first:] + systems[:first]:
                    if position < len(lists[system]):
                        turns.append(Turn(number, setting, system, keys, entries,
                                          operations_of(setting, system, entries, quick),
                                          tuple(lists[system][position])))
    return turns
