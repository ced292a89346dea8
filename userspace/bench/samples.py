# SPDX-License-Identifier: GPL-2.0
"""What programs told, kept in a file, and what comes out of it."""

import json
import os
import statistics

from turns import Turn

# What a result has besides its time, if at all.
FIGURES = ["bytes_per_entry", "ns_alone", "ns_writer", "ns_p50", "ns_p99", "ns_p999"]


def read_json(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def write_json(path, value):
    with open(path + ".new", "w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(json.dumps(each) for each in value) + "\n]\n")
    os.replace(path + ".new", path)


class Samples:
    """The results of turns. They are written at once, so that a run can go on later."""

    def __init__(self, path):
        self.path = path
        self.results = {}
        for each in read_json(path):
            turn = Turn(**{**each["turn"], "steps": tuple(each["turn"]["steps"])})
            self.results[turn] = each["results"]

    def write(self):
        write_json(self.path, [{"turn": turn._asdict(), "results": results}
                               for turn, results in self.results.items()])

    def forget(self, settings):
        self.results = {turn: results for turn, results in self.results.items()
                        if turn.setting not in settings}

    def settings(self):
        return {turn.setting for turn in self.results}

    def add(self, turn, results):
        self.results[turn] = results
        self.write()

    def __contains__(self, turn):
        return turn in self.results

    def summarize(self):
        """Returns medians over the rounds: the list that results.json has."""
        rounds = {}
        for turn, results in self.results.items():
            for result in results:
                what = (turn.setting, turn.system, result["workload"], turn.keys, turn.entries,
                        result["batch"])
                rounds.setdefault(what, []).append(result)
        return [summary(what, each) for what, each in rounds.items()]


def summary(what, rounds):
    names = ("setting", "system", "workload", "keys", "entries", "batch")
    times = [each["ns_per_op"] for each in rounds]
    result = {
        **dict(zip(names, what)),
        "ns_per_op": round(statistics.median(times), 2),
        "ns_min": min(times), "ns_max": max(times),
        "ops": rounds[0]["ops"], "runs": len(rounds),
    }
    for name in FIGURES:
        if name in rounds[0]:
            result[name] = round(statistics.median(each[name] for each in rounds), 2)
    return result
