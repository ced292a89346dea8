# SPDX-License-Identifier: GPL-2.0
"""Where systems run: as programs here, or in a VM, or in User-Mode Linux."""

import glob
import json
import os
import signal
import subprocess
import sys
import tempfile

from turns import PROGRAMS

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
FOLDER_IN_MEMORY = "/dev/shm"

# What programs are told in each setting, see main.c.
FLAGS = {"native": ["-p"], "vm": ["-w", "-c"], "uml": ["-w", "-c", "-p"]}

# The kernels that guests have, what memory, and how long they may take.
KERNELS = {"vm": "stock", "uml": "uml"}
GUEST_MEMORY = 4096
GUEST_SECONDS = 20000
REDIS_SERVER = "/usr/bin/redis-check-rdb"


def fail(text):
    sys.exit(f"bench: {text}")


def build(output, settings):
    """Builds the programs, and says nothing if all is well."""
    source = subprocess.run([f"{HERE}/leveldb-source"], stdout=subprocess.PIPE, text=True)
    if source.returncode:
        fail("there is no source of LevelDB")
    user = f"{TOP}/build/user"
    targets = sorted({"native" if setting == "native" else "vm" for setting in settings})
    for command in [["-C", f"{TOP}/userspace", f"O={user}", "lib"],
                    ["-C", HERE, f"O={output}", f"USER_BUILD={user}",
                     f"LEVELDB={source.stdout.strip()}"] + targets]:
        made = subprocess.run(["make", "-j", str(os.cpu_count())] + command,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if made.returncode:
            sys.stderr.write(made.stdout)
            fail("the programs do not build")


def scratch_folder():
    kind = subprocess.run(["stat", "--file-system", "--format=%T", FOLDER_IN_MEMORY],
                          stdout=subprocess.PIPE, text=True).stdout.strip()
    if kind != "tmpfs":
        fail(f"{FOLDER_IN_MEMORY} is not in memory")
    return tempfile.TemporaryDirectory(prefix="memtable-bench-", dir=FOLDER_IN_MEMORY)


def run_program(command):
    """Runs a program that prints a line of JSON for each of its steps."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if done.returncode:
        sys.stderr.write(done.stderr)
        fail(f"{' '.join(command)}: status {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def command_of(turn, programs, folder):
    return [f"{programs}/bench-{PROGRAMS[turn.setting][turn.system]}"] + FLAGS[turn.setting] + \
           [turn.keys, str(turn.entries), str(turn.operations), folder] + list(turn.steps)


def run_native(output, turns, begin):
    """Yields each turn with its results, and calls @begin for it before."""
    for turn in turns:
        begin(turn)
        with scratch_folder() as folder:
            yield turn, run_program(command_of(turn, output, folder))


def guest_files(output, turns, folder):
    """What a guest gets: the programs, and the packages' files as one list."""
    programs = {PROGRAMS[turn.setting][turn.system] for turn in turns}
    files = [f"{folder}/script:/script", f"{folder}/list:/var/lib/dpkg/info/all.list"]
    files += [f"{output}/bench-{program}:/bench-{program}" for program in sorted(programs)]
    if "redis" in programs:
        files.append(f"{REDIS_SERVER}:{REDIS_SERVER}")
    with open(f"{folder}/list", "wb") as all_lists:
        for path in sorted(glob.glob("/var/lib/dpkg/info/*.list")):
            with open(path, "rb") as one_list:
                all_lists.write(one_list.read())
    return [argument for file in files for argument in ("--add", file)]


def write_script(turns, path):
    with open(path, "w", encoding="utf-8") as script:
        script.write("set -e\nmkdir -p /dev/shm/bench\n")
        for turn in turns:
            script.write(f"echo turn\n{' '.join(command_of(turn, '', '/dev/shm/bench'))}\n")
        script.write("echo turn\n")


def run_guest(output, turns, begin):
    """Likewise: one guest for all turns, which tells where it is."""
    with tempfile.TemporaryDirectory(prefix="memtable-bench-") as folder:
        write_script(turns, f"{folder}/script")
        command = [f"{TOP}/selftests/vm/run", "--kernel", KERNELS[turns[0].setting],
                   "--memory", str(GUEST_MEMORY), "--timeout", str(GUEST_SECONDS)] + \
            guest_files(output, turns, folder) + ["--", "sh", "/script"]
        left = list(turns)
        turn, results, others = None, [], []
        with subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL,
                              text=True, start_new_session=True) as guest:
            try:
                for line in guest.stdout:
                    line = line.strip()
                    if line == "turn":
                        if turn:
                            yield turn, results
                        turn, results = left.pop(0) if left else None, []
                        if turn:
                            begin(turn)
                    elif line.startswith("{"):
                        results.append(json.loads(line))
                    else:
                        others.append(line)
            except BaseException:
                # the emulator too, which the script waits for
                os.killpg(guest.pid, signal.SIGTERM)
                raise
        if guest.returncode or left or turn:
            sys.stderr.write("\n".join(others) + "\n")
            fail(f"the guest ended with status {guest.returncode}")


def run(output, turns, begin):
    if not turns:
        return iter(())
    return (run_native if turns[0].setting == "native" else run_guest)(output, turns, begin)
