#!/usr/bin/env python3
"""Calls kubephase as tools call kubeadm, and looks whether each caller finds what it reads.

usage (root): run.py --program FILE [--tried FILE] [--bless] [--jobs N] [--seconds N] FOLDER [CASE...]

FOLDER has a folder for each case; CASE is the beginning of its name. Prints a JSON object for each
call: case, key, problem (null if there is none), unrecorded (why no answer is expected).
`--tried` calls another program than the one that serves the cluster, and with `--bless` its answers
become the recorded ones.
"""
import argparse
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import threading
import time

from answers import problem
from case import Case, Variant
from machine import CALLER_ADDRESSES, PORTS, Machine, forward

# Calls whose answer by kubeadm was not recorded, and why.
UNRECORDED = {
    "an upgrade needs a running cluster of the older release": r"kubeadm(\s+-\S+)* upgrade",
}


def arguments():
    parser = argparse.ArgumentParser()
    parser.add_argument("--program", type=pathlib.Path, required=True)
    parser.add_argument("--tried", type=pathlib.Path)
    parser.add_argument("--bless", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--machine", help=argparse.SUPPRESS)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("cases", nargs="*")
    return parser.parse_args()


def say(case, key, why, unrecorded=None):
    line = {"case": case.name, "key": key, "problem": why, "unrecorded": unrecorded}
    print(json.dumps(line), flush=True)


def record(case, variant, answer):
    """Keeps an answer as the recorded one."""
    for end, text in (("rc", f"{answer.rc}\n"), ("stdout", answer.out)):
        (case.folder / f"{variant.key}.{end}").write_text(text)


def try_cases(given):
    """Tries the cases that standard input names, in a machine of this process."""
    tried = given.tried or given.program
    machine = Machine(given.program.resolve(), tried.resolve(), given.machine, given.seconds)
    try:
        for name in sys.stdin.read().split():
            case = Case(given.folder / name)
            variants = case.variants()
            if given.bless and not variants:
                is_live = (case.folder / "config.live.yaml").exists()
                first = ("live", "live.real.asis") if is_live else ("plain", "real.asis")
                variants = [Variant(*first)]
            for variant in variants:
                try:
                    answer = machine.call(case, variant)
                except (RuntimeError, OSError) as error:
                    say(case, variant.key, str(error))
                    continue
                if given.bless:
                    record(case, variant, answer)
                say(case, variant.key, problem(case, variant, answer), unrecorded(case))
    finally:
        machine.end()


def unrecorded(case):
    found = (why for why, calls in UNRECORDED.items() if re.search(calls, case.command))
    return next(found, None)


def start(given, names):
    """Starts a process with a machine of its own, which tries these cases."""
    folder = tempfile.mkdtemp(prefix="kubephase-callers-")
    inside = ["unshare", "-m", "-n", "-u", "-p", "-f", "--mount-proc", "--kill-child"]
    inside += ["--propagation", "private", sys.executable, os.path.realpath(__file__)]
    inside += [*sys.argv[1:], "--machine", folder]
    process = subprocess.Popen(inside, stdin=subprocess.PIPE, text=True)
    process.communicate("\n".join(names))
    os.rmdir(folder)
    return process.returncode


def main():
    if sys.argv[1:] == ["--forward"]:
        for address in CALLER_ADDRESSES:
            for port in PORTS[:2]:
                forward(address, port, 6443, "192.0.2.10")
        while True:
            time.sleep(100)
    given = arguments()
    if given.machine:
        return try_cases(given)
    cases = [Case(path) for path in sorted(given.folder.iterdir()) if (path / "cmd").is_file()]
    if given.cases:
        cases = [case for case in cases if case.name.startswith(tuple(given.cases))]
    if not given.bless:
        for case in cases:
            if not case.variants():
                say(case, None, "no answer was recorded", unrecorded(case))
        cases = [case for case in cases if case.variants()]
    # Calls that change the cluster come last, in order, and in one machine.
    changing = [case.name for case in cases if case.mode == "api"]
    others = [case.name for case in cases if case.mode != "api"]
    lots = [others[at :: given.jobs] for at in range(given.jobs)]
    lots[0] += changing
    codes = []
    threads = [
        threading.Thread(target=lambda lot=lot: codes.append(start(given, lot)))
        for lot in lots
        if lot
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.exit(1 if any(codes) else 0)


main()
