# SPDX-License-Identifier: GPL-2.0
"""What the figures were measured on."""

import glob
import os
import platform
import re
import subprocess

from settings import TOP

PACKAGES = ["libleveldb-dev", "liblmdb-dev", "librocksdb-dev", "redis-tools"]


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def output_of(*command):
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    return done.stdout.strip()


def field(text, name):
    found = re.search(rf"^{name}\s*[:=]\s*\"?([^\"\n]*)", text, re.MULTILINE)
    return found[1].strip() if found else ""


def caches():
    """The caches of the first processor, from the small to the large."""
    found = []
    for index in sorted(glob.glob("/sys/devices/system/cpu/cpu0/cache/index*")):
        kind = read(f"{index}/type").strip()
        name = f"L{read(f'{index}/level').strip()}"
        if kind != "Unified":
            name += f" {kind.lower()}"
        found.append(f"{name} {read(f'{index}/size').strip()}")
    return ", ".join(found)


def guests():
    """The kernels of guests that have been made ready, and what runs the VM's."""
    lines = []
    for setting, kernel in (("vm", "stock"), ("uml", "uml")):
        folder = output_of(f"{TOP}/selftests/vm/kernel", kernel)
        if folder:
            line = f"Linux {read(f'{folder}/release').strip()}"
            if setting == "vm":
                emulated = "tcg" in output_of(f"{TOP}/selftests/vm/accelerator")
                line += ", 2 processors, " + ("emulated" if emulated else "with KVM") + " by " + \
                    output_of("qemu-system-x86_64", "--version").split("\n")[0]
            lines.append((setting, line))
    return lines


def describe(settings):
    """Returns (what, which) for the machine and the programs that were compared."""
    cpu = read("/proc/cpuinfo")
    processors = f"{field(cpu, 'model name')}, {os.cpu_count()} processors"
    if re.search(r"^flags.*\bhypervisor\b", cpu, re.MULTILINE):
        processors += ", in a virtual machine"
    memory = int(field(read("/proc/meminfo"), "MemTotal").split()[0]) / (1 << 20)
    versions = output_of("dpkg-query", "-W", "-f=${Package} ${Version}, ", *PACKAGES)
    lines = [
        ("processor", processors),
        ("caches", caches()),
        ("memory", f"{memory:.0f} GiB"),
        ("system", f"{field(read('/etc/os-release'), 'PRETTY_NAME')}, "
                   f"Linux {re.match('[0-9.]+', platform.release())[0]}"),
        ("compiler", output_of("gcc", "--version").split("\n")[0]),
        ("peers", versions.rstrip(", ").replace("lib", "").replace("-dev", "")),
        ("source", output_of("git", "-C", TOP, "describe", "--always", "--dirty")),
    ]
    return lines + [(name, line) for name, line in guests() if name in settings]
