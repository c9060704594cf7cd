"""Speed of `varve` on a run with the sizes of a real one, beside that of others, as ratios in one run.

    make bench                                202 M parameters; the run is trained once (ten minutes) and kept
    make bench ARGUMENTS="--layers 1"         12.8 M parameters; 4 layers: 50 M
    make bench ARGUMENTS="--run PATH"         a run that make_run.py or grow.py has made
    make bench ARGUMENTS=--tables             time by parameters, by steps and by threads
    make bench ARGUMENTS=--memory             peak memory of every command

Varve's figures are those of `varve bench`: the whole program by the clock, from the checkpoints in the page cache to an
archive on the disk, fsync included, with all cores, in MB/s of checkpoint. The lossless peers are measured in memory,
on one thread, without files, which favours them; beside them stands Varve's whole program on one thread. The published
method (statement.py) uses the cores as its libraries do by themselves. Peers get a sample of the tensors. Rounds go
over everything in turn; medians count. Nothing here passes or fails: what is wanted stands beside what was seen.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[1:1] = [os.path.join(ROOT, "Tests", "Interop"), os.path.join(ROOT, "Benchmarks", "Peers")]

import linear
import machine
import memory
import report
from checks import Failure
from tool import COMMANDS, benched

OUTPUT = os.path.join(ROOT, "bench-output")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--run", metavar="PATH", help="a run of make_run.py; made in bench-output where it is left out")
    parser.add_argument("--layers", type=int, default=16, help="layers of width 1024 of the run that is made (16)")
    parser.add_argument("--checkpoints", type=int, default=3, help="checkpoints that are compressed, and made (3)")
    parser.add_argument("--rounds", type=int, default=2, help="how often everything is measured (2)")
    parser.add_argument("--share", type=float, default=0.25, help="share of the tensors that the peers get (.25)")
    parser.add_argument("--slow-share", type=float, default=0.06, help="that k-means and LZMA get (.06)")
    parser.add_argument("--no-peers", action="store_true", help="Varve alone")
    parser.add_argument("--tables", action="store_true", help="time by parameters, steps and threads instead")
    parser.add_argument("--memory", action="store_true", help="peak memory of every command instead")
    parser.add_argument("--scratch", metavar="DIRECTORY", default=OUTPUT, help="where work is done (bench-output)")
    parser.add_argument("--json", metavar="PATH", help="write the results there as well")
    given = parser.parse_args()
    if given.rounds < 1 or given.checkpoints < 2 or not (0 < given.slow_share <= given.share <= 1):
        parser.error("at least one round, two checkpoints, and 0 < --slow-share <= --share <= 1")
    return given


def say(text):
    print(f"bench: {text}", file=sys.stderr, flush=True)


def made(layers, checkpoints):
    """The path of such a run; it is trained where it is not there, once."""
    path = os.path.join(OUTPUT, f"run-{layers}")
    have = len([name for name in os.listdir(path) if name.startswith("checkpoint-")]) if os.path.isdir(path) else 0
    if have < checkpoints:
        shutil.rmtree(path, ignore_errors=True)
        say(f"training a run of {layers} layers, {checkpoints} checkpoints, into {os.path.relpath(path)}")
        command = [sys.executable, os.path.join(HERE, "make_run.py"), path, "--layers", str(layers), "--checkpoints",
                   str(checkpoints)]
        if subprocess.run(command, stdout=sys.stderr).returncode:
            raise Failure("make_run.py failed")
    return path


def compare(given, run):
    """{"varve": {threads: {quality: [rows]}}, "peers", "statement"}"""
    found = {"varve": {}, "two": [], "run": run}
    found["described"] = (f"{linear.parameters_of(run) / 1e6:.1f} M parameters, the newest {given.checkpoints} "
                          "checkpoints")
    limit = ("--limit", given.checkpoints)
    if not given.no_peers:
        from peers import Peers
        from sample import Sample
        import statement
        say("choosing what the peers do")
        peers, small = Peers(Sample(run, given.share)), Sample(run, given.slow_share)
        found["statement"] = []
        found["samples"] = {"lossless peers": str(peers.sample), "published method": str(small)}
    for number in range(given.rounds):
        for quality, threads in report.MEASURED:
            say(f"round {number + 1} of {given.rounds}: {quality}" + (f", {threads} thread" if threads else ""))
            rows = benched(run, given.scratch, "--qualities", quality, "--threads", threads, *limit)
            found["varve"].setdefault(f"{quality} {threads}", []).append(rows[quality])
        say(f"round {number + 1} of {given.rounds}: the step after a keyframe")
        found["two"].append(benched(run, given.scratch, "--qualities", "balanced", "--limit", 2)["balanced"])
        if not given.no_peers:
            say(f"round {number + 1} of {given.rounds}: ZipNN, OpenZL, pcodec, zstd")
            peers.round()
            say(f"round {number + 1} of {given.rounds}: NumPy, faiss, LZMA")
            stored, seconds, stages = statement.compress(small.now, small.before)
            found["statement"].append({"bytes": small.nbytes, "stored": stored, "seconds": seconds, "stages": stages})
    if not given.no_peers:
        found["peers"], found["modes"] = peers.results(), peers.described()
    return found


def main():
    given, began = arguments(), time.time()
    os.makedirs(given.scratch, exist_ok=True)
    results = {"machine": machine.described()}
    if given.tables:
        results["tables"] = linear.tables(given, made, say)
        text = linear.text(results["tables"])
    elif given.memory:
        results["memory"] = memory.table(given.run or made(given.layers, given.checkpoints), given.scratch, say)
        text = memory.text(results["memory"])
    else:
        run = given.run or made(given.layers, given.checkpoints)
        results.update(compare(given, run))
        text = report.text(results)
    results["commands"] = COMMANDS
    print(machine.text(results["machine"]) + "\n\n" + text)
    if given.json:
        with open(given.json, "w", encoding="utf-8") as file:
            json.dump(results, file, indent=1)
    say(f"{time.time() - began:.0f} seconds")


if __name__ == "__main__":
    try:
        main()
    except Failure as reason:
        sys.exit(f"bench: {reason}")
