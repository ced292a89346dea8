# SPDX-License-Identifier: GPL-2.0
"""Results as text: what there is, what was meant to be reached, what is lost."""

import targets
from turns import KEYS, PROGRAMS, SYSTEMS, WORKLOADS

# Peers of one table: what else lives in a process, and what does not.
INSIDE = ["leveldb", "lmdb", "rocksdb"]
OUTSIDE = ["bpf-hash", "redis", "empty-ioctl"]

# Rows that "mixed" has.
MIXED = {"ns_per_op": "get beside a writer", "ns_alone": "  without it",
         "ns_p50": "  half take at most", "ns_p99": "  99%", "ns_p999": "  99.9%",
         "ns_writer": "add beside a reader"}

# A figure that is less than this part of ours is a loss, not noise.
LOSS = 0.97


def name_of(workload, batch):
    return workload if batch == 1 else f"{workload}, {batch} at once"


def figures(results, name, **wanted):
    return {result["system"]: result[name] for result in results if name in result and
            all(result[key] == value for key, value in wanted.items())}


def cell(ours, theirs):
    """A peer's figure, and how many times as much it is as ours."""
    if theirs is None:
        return f"{'':18}"
    ratio = f"{theirs / ours:.2f}x" if ours else ""
    return f" {theirs:9.1f} {ratio:>7}"


def table(title, rows, peers):
    """Rows are (name, {system: figure}). One that no peer has is left out."""
    peers = [peer for peer in peers if any(peer in row for _, row in rows)]
    if not peers:
        return []
    lines = [title, f"  {'':24} {'memtable':>9}" +
             "".join(f"{f'{peer:>10}':18}" for peer in peers).rstrip()]
    for name, row in rows:
        if any(peer in row for peer in peers):
            ours = row.get("memtable")
            line = f"  {name:24} " + (f"{ours:9.1f}" if ours is not None else f"{'':9}")
            lines.append((line + "".join(cell(ours, row.get(peer)) for peer in peers)).rstrip())
    return lines + [""]


def group_tables(setting, entries, keys, group):
    """The tables of what differs in system and workload only."""
    title = f"{setting}, {entries} entries, {keys} keys"
    times, memory = [], []
    for workload, batch in WORKLOADS:
        wanted = {"workload": workload, "batch": batch}
        names = MIXED if workload == "mixed" else {"ns_per_op": name_of(workload, batch)}
        times += [(name, figures(group, field, **wanted)) for field, name in names.items()]
        memory.append((f"after {name_of(workload, batch)}",
                       figures(group, "bytes_per_entry", **wanted)))
    return table(f"{title}: ns an operation", times, INSIDE) + \
        table(f"{title}: ns an operation", times, OUTSIDE) + \
        table(f"{title}: bytes an entry", memory, SYSTEMS[1:])


def setting_tables(results, setting):
    lines = []
    groups = dict.fromkeys((each["entries"], each["keys"]) for each in results
                           if each["setting"] == setting)
    for entries, keys in groups:
        lines += group_tables(setting, entries, keys,
                              [each for each in results if each["setting"] == setting and
                               each["entries"] == entries and each["keys"] == keys])
    return lines


def target_table(results):
    """What was meant to be reached, beside LevelDB's memtable if no other is named."""
    lines = []
    for setting in PROGRAMS:
        rows = list(targets.evaluate(results, setting))
        if not rows:
            continue
        lines += [f"{setting}: how many times as fast as LevelDB's memtable, or what is named",
                  f"  {'':24} {'entries':>8} {'target':>7}" +
                  "".join(f" {keys:>8}" for keys in KEYS)]
        for target, entries, ratios in rows:
            sign = "<=" if target.bound == targets.AT_MOST else ">="
            short = [keys for keys, ratio in ratios.items() if not target.reached(setting, ratio)]
            cells = [f"{ratios[keys]:8.2f}" if keys in ratios else f"{'':8}" for keys in KEYS]
            lines.append(f"  {target.name:24} {entries:8} {sign}{target.asked[setting]:5} " +
                         " ".join(cells) + ("  short" if short else "  reached"))
        lines.append("")
    return lines


def losses(results):
    """Where a peer is faster, or takes less memory: how often, and how much at most."""
    found = {}
    known = {(each["setting"], each["entries"], each["keys"], each["workload"], each["batch"]): each
             for each in results if each["system"] == "memtable"}
    for each in results:
        place = (each["setting"], each["entries"], each["keys"], each["workload"], each["batch"])
        if each["system"] in ("memtable", "empty-ioctl") or place not in known:
            continue
        for name, what in (("ns_per_op", "time"), ("bytes_per_entry", "memory")):
            if name not in each or name not in known[place]:
                continue
            row = (each["setting"], what, name_of(each["workload"], each["batch"]), each["system"])
            found.setdefault(row, []).append(each[name] / known[place][name])
    lines = [f"  {'':33} {'peer':>8} {'cases':>6}  what it takes of ours"]
    for (setting, what, workload, peer), ratios in sorted(found.items()):
        lost = [ratio for ratio in ratios if ratio < LOSS]
        if lost:
            most, least = max(lost), min(lost)
            span = f"{least:.2f}" if f"{most:.2f}" == f"{least:.2f}" else f"{least:.2f} to {most:.2f}"
            lines.append(f"  {setting:6} {workload:19} {what:6} {peer:>8} "
                         f"{len(lost):2} of {len(ratios)}  {span}")
    return ["where a peer takes less, over keys and sizes"] + lines + [""] if lines[1:] else []


def instruction_tables(counts):
    lines = []
    for keys in KEYS:
        rows = [(name_of(workload, batch),
                 figures(counts, "instructions_per_op", keys=keys, workload=workload, batch=batch))
                for workload, batch in WORKLOADS]
        entries = next((each["entries"] for each in counts), 0)
        lines += table(f"{entries} entries, {keys} keys: instructions an operation", rows, ["leveldb"])
    return lines


def machine_lines(machine):
    return [f"{what:10} {which}" for what, which in machine] + [""]


def whole(machine, results, counts):
    """All of it, as lines."""
    lines = machine_lines(machine)
    for setting in PROGRAMS:
        lines += setting_tables(results, setting)
    return lines + instruction_tables(counts) + losses(results) + target_table(results)
