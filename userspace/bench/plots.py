# SPDX-License-Identifier: GPL-2.0
"""Results as pictures, by gnuplot: SVG and PNG."""

import os
import shutil
import subprocess

from report import figures, name_of
from settings import fail
from turns import KEYS, PROGRAMS, SYSTEMS, WORKLOADS

COLOURS = {"memtable": "#b2182b", "leveldb": "#2166ac", "lmdb": "#4d9221", "rocksdb": "#92c5de",
           "bpf-hash": "#762a83", "redis": "#e08214", "empty-ioctl": "#878787"}
TERMINALS = {"svg": "svg font 'sans,13' background 'white'", "png": "pngcairo font 'sans,10'"}
WIDTH, PANEL_HEIGHT = 1000, 260

# Beside the time of each workload of one thread.
READER = {"ns_alone": "alone", "ns_per_op": "beside a writer", "ns_p50": "50%", "ns_p99": "99%",
          "ns_p999": "99.9%"}


def panel(title, unit, rows, systems, logarithmic, first):
    """One of the charts in a picture: for each row a bar for each system."""
    lines = [f"$data{first} << END", " ".join(["-"] + systems)]
    for name, row in rows:
        lines.append(" ".join([f'"{name}"'] + [str(row.get(system, "?")) for system in systems]))
    lines += ["END", f"set title '{title}'", f"set ylabel '{unit}'",
              "set logscale y" if logarithmic else "unset logscale y; set yrange [0:*]",
              "set key outside right top" if first == 0 else "unset key"]
    bars = [f"$data{first} using {column}:xtic(1) linecolor rgb '{COLOURS[system]}' "
            f"title '{system}'" for column, system in enumerate(systems, 2)]
    return lines + ["plot " + ", ".join(bars)]


def draw(path, panels):
    """Panels are (title, unit, rows, logarithmic), rows (name, {system: figure})."""
    systems = [system for system in SYSTEMS
               if any(system in row for _, _, rows, _ in panels for _, row in rows)]
    for kind, terminal in TERMINALS.items():
        script = [f"set terminal {terminal} size {WIDTH},{PANEL_HEIGHT * len(panels)}",
                  f"set output '{path}.{kind}'", "set datafile missing '?'",
                  "set style data histograms", "set style fill solid noborder", "set grid ytics",
                  "set rmargin 20", "set lmargin 13", "set xtics nomirror rotate by -20 scale 0",
                  f"set multiplot layout {len(panels)},1"]
        for first, (title, unit, rows, logarithmic) in enumerate(panels):
            script += panel(title, unit, rows, systems, logarithmic, first)
        done = subprocess.run(["gnuplot"], input="\n".join(script) + "\n", text=True,
                              stderr=subprocess.PIPE)
        if done.returncode:
            fail(f"gnuplot: {done.stderr}")
    mark(f"{path}.svg")


def mark(path):
    """Says under which licence a picture is."""
    with open(path, encoding="utf-8") as file:
        first, rest = file.read().split("\n", 1)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"{first}\n<!-- SPDX-License-Identifier: GPL-2.0 -->\n{rest}")


def rows_of(group, names):
    """Rows for (workload, batch, field) -> name, where there are any."""
    rows = [(name, figures(group, field, workload=workload, batch=batch))
            for (workload, batch, field), name in names.items()]
    return [(name, row) for name, row in rows if row]


def draw_all(results, folder):
    """Draws what there is, and leaves nothing else: times, memory, readers."""
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    times = {(workload, batch, "ns_per_op"): name_of(workload, batch)
             for workload, batch in WORKLOADS if workload != "mixed"}
    memory = {(workload, batch, "bytes_per_entry"): name_of(workload, batch)
              for workload, batch in WORKLOADS}
    readers = {("mixed", 1, field): name for field, name in READER.items()}
    for setting in PROGRAMS:
        for entries in sorted({each["entries"] for each in results if each["setting"] == setting}):
            groups = [(keys, [each for each in results if each["setting"] == setting and
                              each["entries"] == entries and each["keys"] == keys])
                      for keys in KEYS]
            for kind, names, unit, logarithmic in (
                    ("time", times, "ns an operation", True),
                    ("memory", memory, "bytes an entry", False),
                    ("reader", readers, "ns a get", True)):
                panels = [(f"{setting}, {entries} entries, {keys} keys", unit, rows_of(group, names),
                           logarithmic) for keys, group in groups]
                panels = [each for each in panels if each[2]]
                if panels:
                    draw(f"{folder}/{setting}-{entries}-{kind}", panels)
