"""Several workers compress one run, with nothing but this machine's processes.

    python3 Tests/Clusters/parts.py [--kills N] [--seed N] [PATTERN]

Passes when every archive restores the bytes of one that one process made, whatever the number of workers, the order in which
they finish, and the moments at which they are killed. VARVE is the binary (default .build/release/varve).
"""
import argparse
import os
import random
import shutil
import sys
import tempfile
import time

from workers import (RUN, Failure, kill_at_random, leftovers, missing, parts, require, restored, run_all, start, tree,
                     varve)

METHODS = [[], ["--quality", "lossless"], ["--method", "excp"], ["--quality", "high", "--keyframe-every", "2"]]


def one_process(folder, run, *options):
    archive = os.path.join(folder, "one.varve")
    shutil.rmtree(archive, ignore_errors=True)
    varve("compress", run, archive, "-q", *options, expect=(0, 3))
    return restored(archive, folder)


def numbers_of_workers(folder, options):
    """N of 1, 2, 3, 16: the same restored bytes; the order of finishing changes no part."""
    for method in METHODS:
        expected = one_process(folder, RUN, *method)
        for count in (1, 2, 3, 16):
            names = []
            for order in (list(range(count)), list(reversed(range(count)))):
                archive = os.path.join(folder, "parts.varve")
                shutil.rmtree(archive, ignore_errors=True)
                rounds = run_all(RUN, archive, count, *method, order=order)
                require(restored(archive, folder) == expected, f"{method}, {count} workers: other bytes")
                names.append(parts(archive))
            require(names[0] == names[1], f"{method}, {count} workers: other parts in another order")
            print(f"  {' '.join(method) or 'default'}, {count} workers: {len(names[0])} parts, {rounds} rounds", flush=True)


def at_the_same_time(folder, options):
    """All workers at once, in one call: each waits for what it builds on."""
    expected = one_process(folder, RUN)
    for count in (2, 4):
        archive = os.path.join(folder, "gang.varve")
        shutil.rmtree(archive, ignore_errors=True)
        workers = [start("compress", RUN, archive, "--part", "auto", "-q",
                         environment={"RANK": str(index), "WORLD_SIZE": str(count)}) for index in range(count)]
        for worker in workers:
            said = worker.communicate()[0]
            require(worker.returncode == 0, f"exit {worker.returncode}: {said}")
        require(not leftovers(archive), f"receipts are left: {leftovers(archive)}")
        require(restored(archive, folder) == expected, f"{count} at once: other bytes")


def another_number_for_each_step(folder, options):
    expected = one_process(folder, RUN)
    archive = os.path.join(folder, "changing.varve")
    steps = sorted(int(name.split("-")[1]) for name in os.listdir(RUN) if name.startswith("checkpoint-"))
    for step, count in zip(steps, [2, 3, 1, 16, 4, 7]):
        run_all(RUN, archive, count, "--steps", str(step))
    require(restored(archive, folder) == expected, "other bytes")


def mixed_with_one_process(folder, options):
    """Steps of one process and steps of several in one archive."""
    expected = one_process(folder, RUN)
    archive = os.path.join(folder, "mixed.varve")
    steps = sorted(int(name.split("-")[1]) for name in os.listdir(RUN) if name.startswith("checkpoint-"))
    for number, step in enumerate(steps):
        if number % 2:
            run_all(RUN, archive, 3, "--steps", str(step))
        else:
            varve("compress", RUN, archive, "-q", "--steps", str(step), expect=(0, 3))
    require(restored(archive, folder) == expected, "other bytes")


def a_lost_part_is_asked_for(folder, options):
    expected = one_process(folder, RUN)
    archive = os.path.join(folder, "lost.varve")
    first = str(min(int(name.split("-")[1]) for name in os.listdir(RUN) if name.startswith("checkpoint-")))
    for index in (0, 1, 3):
        varve("compress", RUN, archive, "--part", f"{index}/4", "-q", "--steps", first)
    require(missing(archive) == ["2"], f"missing is {missing(archive)}")
    # A part that is gone although its receipt is there.
    victim = next(name for name in tree(archive) if "0000-of-0004-" in name and name.endswith(".part"))
    os.unlink(os.path.join(archive, victim))
    require(missing(archive) == ["0,2"], f"missing is {missing(archive)}")
    require(varve("commit", archive, expect=(3,)).returncode == 3, "committed without two parts")
    for index in (0, 2):
        varve("compress", RUN, archive, "--part", f"auto/4", "-q", "--steps", first,
              environment={"SLURM_ARRAY_TASK_ID": str(index), "SLURM_ARRAY_TASK_COUNT": "1"})
    require(not missing(archive), "something is missing")
    run_all(RUN, archive, 4)
    require(restored(archive, folder) == expected, "other bytes")


def commit_by_hand(folder, options):
    expected = one_process(folder, RUN)
    archive = os.path.join(folder, "hand.varve")
    for _ in range(8):
        for index in range(3):
            varve("compress", RUN, archive, "--part", f"{index}/3", "-q", "--no-commit", expect=(0, 3))
        varve("verify", archive, "-q")
        varve("commit", archive, "-q", expect=(0, 3))
    run_all(RUN, archive, 3)
    require(restored(archive, folder) == expected, "other bytes")


def contradictions_are_refused(folder, options):
    archive = os.path.join(folder, "two.varve")
    first = str(min(int(name.split("-")[1]) for name in os.listdir(RUN) if name.startswith("checkpoint-")))
    varve("compress", RUN, archive, "--part", "0/2", "-q", "--steps", first)
    said = varve("compress", RUN, archive, "--part", "1/2", "--quality", "lossless", "--steps", first, expect=(2,)).stderr
    require("lossless" in said and "balanced" in said and "part 0 of 2" in said, f"not both sides are named: {said}")
    # An ordinary writer takes nothing away.
    before = tree(archive)
    said = varve("compress", RUN, archive, "--steps", first, expect=None)
    require(said.returncode != 0 and "parts of step" in said.stderr, f"exit {said.returncode}: {said.stderr}")
    require({k: v for k, v in tree(archive).items() if "steps" in k} == {k: v for k, v in before.items() if "steps" in k},
            "an ordinary writer removed parts")
    varve("prune", archive, "-q")
    require(any(name.endswith(".receipt") for name in tree(archive)), "prune removed a receipt")
    varve("commit", archive, "--discard", "-q")
    require(not leftovers(archive), "discard left receipts")
    run_all(RUN, archive, 2, "--quality", "lossless")
    varve("verify", archive, "--against", RUN, "-q")


def run_twice_and_slow(folder, options):
    """The same part by two processes at once; one that is stopped for a while and comes after the commit."""
    expected = one_process(folder, RUN)
    archive = os.path.join(folder, "twice.varve")
    slow = start("compress", RUN, archive, "--part", "1/2", "-q")
    slow.send_signal(19)
    for _ in range(8):
        twice = [start("compress", RUN, archive, "--part", f"{index}/2", "-q", "--wait", 20) for index in (0, 0, 1, 1)]
        for worker in twice:
            said = worker.communicate()[0]
            require(worker.returncode in (0, 3), f"exit {worker.returncode}: {said}")
        if not leftovers(archive):
            break
    slow.send_signal(18)
    said = slow.communicate()[0]
    require(slow.returncode in (0, 3), f"the slow one: exit {slow.returncode}: {said}")
    require(restored(archive, folder) == expected, "other bytes")


def random_kills(folder, options):
    generator = random.Random(options.seed)
    expected = one_process(folder, RUN)
    archive = os.path.join(folder, "killed.varve")
    killed = 0
    began = time.monotonic()
    while killed < options.kills:
        shutil.rmtree(archive, ignore_errors=True)
        killed += kill_at_random(RUN, archive, generator.choice([2, 3, 4]), min(20, options.kills - killed), generator)
        require(restored(archive, folder) == expected, f"after {killed} kills: other bytes")
    print(f"  {killed} kills in {time.monotonic() - began:.0f} s", flush=True)


CHECKS = [numbers_of_workers, at_the_same_time, another_number_for_each_step, mixed_with_one_process,
          a_lost_part_is_asked_for, commit_by_hand, contradictions_are_refused, run_twice_and_slow, random_kills]

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pattern", nargs="?", default="")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    failures = 0
    for check in CHECKS:
        if options.pattern not in check.__name__:
            continue
        with tempfile.TemporaryDirectory(prefix="varve-parts-") as folder:
            try:
                check(folder, options)
                print(f"ok    {check.__name__}", flush=True)
            except Failure as failure:
                failures += 1
                print(f"FAIL  {check.__name__}: {failure}", flush=True)
    sys.exit(1 if failures else 0)
