# SPDX-License-Identifier: GPL-2.0
"""The last part of Documentation/performance.rst, and the plots beside it."""

import glob
import os
import shutil

from settings import TOP

PAGE = f"{TOP}/Documentation/performance.rst"
PLOTS = f"{TOP}/Documentation/performance"
MARK = ".. What follows is written by userspace/bench/run --document.\n"


def write(lines, plots):
    """Replaces what an earlier run has put there."""
    shutil.rmtree(PLOTS, ignore_errors=True)
    os.makedirs(PLOTS)
    names = []
    for path in sorted(glob.glob(f"{plots}/*.svg")):
        names.append(os.path.basename(path))
        shutil.copy(path, f"{PLOTS}/{names[-1]}")
    with open(PAGE, encoding="utf-8") as file:
        page = file.read().split(MARK)[0]
    with open(PAGE, "w", encoding="utf-8") as file:
        file.write(page + MARK + "\nTables\n======\n\n::\n\n")
        file.writelines(f"    {line}".rstrip() + "\n" for line in lines)
        file.write("\nPlots\n=====\n")
        file.writelines(f"\n.. image:: performance/{name}\n" for name in names)
