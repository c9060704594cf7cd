"""Varve's exact coder beside other lossless compressors, on the same checkpoints, in one run.

    make peers                                on the run in Fixtures
    make peers ARGUMENTS="--chain PATH"       on another: checkpoint-N/{model.safetensors, optimizer.pt}, float32, Adam

Prints ratios (original over stored bytes) of every step after the first, by role; of weights rounded to bfloat16; of a
keyframe, which has no predecessor; and speeds. A peer gets all tensors of a role as one array, or each for itself
where that takes fewer bytes, in the variant that takes fewest. It is decoded and compared each time. Varve's bytes are
those that an archive stores, checked with `varve verify --against`.

Speeds: one thread, processor time, in memory, over the tensors of the last step with their predecessors; the median of
five rounds that go over all coders in turn. A peer's time is that of its own code on whole arrays, in the variant that
stored least of the role, not of what Python does to prepare its input. Varve's is that of Benchmarks/LosslessBench (the
program that LOSSLESS_BENCH names; without it Varve's speed in memory is left out). Its whole program goes by the clock.

Exit codes: 0 Varve is ahead of every peer (zstd apart) in every step and role, and compresses weights faster than
pcodec at level 8 with its defaults, on floats and on differences; 1 it is not, or something failed; 2 usage.
"""
import argparse
import json
import os
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[1:1] = [os.path.join(ROOT, "Tests", "Interop")]
os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")})

import torch

import measure
import tables
from bench import SETS, Bench
from chain import Chain, ROLES
from checks import Failure
from coders import ROWS
from product import Product

# What each column of the speeds is made of.
PARTS = {"weights": ("weight",), "moments": ("firstMoment", "secondMoment"), "all three": ROLES,
         "bf16 weights": ("bf16",)}
TIMED = 60_000_000                                         # bytes that Varve codes in a round, so that it runs warm
FIXTURE = os.path.join(ROOT, "Fixtures", "hf-trainer-run")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chain", default=FIXTURE, metavar="PATH", help="the run (default: Fixtures/hf-trainer-run)")
    parser.add_argument("--json", metavar="PATH", help="write the results there as well")
    parser.add_argument("--options", default="--quality lossless", metavar="OPTIONS",
                        help="what makes varve compress exactly (default: --quality lossless)")
    parser.add_argument("--peers-only", action="store_true", help="leave Varve out")
    parser.add_argument("--no-speeds", action="store_true", help="ratios only")
    return parser.parse_args()


def say(text):
    print(text, file=sys.stderr, flush=True)


def compare(chain):
    """{(what, step, role): {"original", "stored": {row: bytes}, "variants": {row: variant}}}, and what went wrong."""
    keyframe, results, wrong = chain.steps[1], {}, []

    def note(what, step, role, array, previous):
        found = measure.sizes(ROWS, array, previous)
        results[what, step, role] = {"original": array.nbytes, "stored": {n: s.stored for n, s in found.items()},
                                     "variants": {n: s.variant for n, s in found.items()}}
        wrong.extend(w for s in found.values() for w in s.wrong)

    for before, step in zip(chain.steps, chain.steps[1:]):
        say(f"peers: step {step}")
        for role in ROLES:
            note("chain", step, role, chain.roles(step)[role], chain.roles(before)[role])
        note("bf16", step, "weight", chain.rounded(step), chain.rounded(before))
    alone = [("keyframe", role, chain.roles(keyframe)[role]) for role in ROLES]
    for what, role, array in [*alone, ("keyframe bf16", "weight", chain.rounded(keyframe))]:
        note(what, keyframe, role, array, None)
    return results, sorted(set(wrong))


def add_varve(chain, results, options, scratch):
    """Puts Varve's bytes beside the peers'."""
    product, runs = Product(options, scratch), {"chain": chain.path}
    for what, write in (("bf16", lambda path: chain.write_rounded(chain.steps, path)),
                        ("keyframe", lambda path: chain.write_alone(chain.steps[1], path)),
                        ("keyframe bf16", lambda path: chain.write_rounded(chain.steps[1:2], path))):
        runs[what] = os.path.join(scratch, what.replace(" ", "-"))
        write(runs[what])
    for what, run in runs.items():
        say(f"peers: Varve, {what}")
        wanted = {}
        for (kind, step, role), entry in results.items():
            if kind == what:
                wanted.setdefault(step, {})[role] = entry["original"]
        for step, roles in product.stored(run, wanted).items():
            for role, stored in roles.items():
                results[what, step, role]["stored"][tables.VARVE] = stored
    return product


def best_rows(results, key):
    """{peer: the name of its row that stores least}"""
    stored, found = results[key]["stored"], {}
    for row in ROWS:
        if stored.get(row.name) and (row.peer not in found or stored[row.name] < stored[found[row.peer]]):
            found[row.peer] = row.name
    return found


def time_all(chain, results, bench):
    """{name: {column of bench.SETS: (compress, restore)}} in MB/s: Varve, each row, each peer in its best modes."""
    step, before = chain.steps[-1], chain.steps[-2]
    arrays = {role: (chain.roles(step)[role], chain.roles(before)[role]) for role in ROLES}
    arrays["bf16"] = (chain.rounded(step), chain.rounded(before))
    keys = {what: ("bf16", step, "weight") if what == "bf16" else ("chain", step, what) for what in arrays}
    own, peers = {name: [] for name in SETS}, {}
    for number in range(measure.ROUNDS):
        say(f"peers: speeds, round {number + 1} of {measure.ROUNDS}")
        for name in SETS if bench else ():
            nbytes = sum(arrays[what][0].nbytes for what in PARTS[name])
            own[name].append(bench.run(name, max(3, TIMED // nbytes))[0])
        for what, (array, previous) in arrays.items():
            for name, variant in results[keys[what]]["variants"].items():
                if variant:
                    took = measure.seconds(variant, array.whole, previous.whole)
                    peers.setdefault(name, {}).setdefault(what, []).append(took)
    taken = {name: {what: measure.medians(rounds) for what, rounds in found.items()} for name, found in peers.items()}
    best = {what: best_rows(results, key) for what, key in keys.items()}
    for peer in dict.fromkeys(row.peer for row in ROWS if row.counts):
        names = {what: best[what].get(peer) for what in arrays}
        taken[f"{peer}, best mode of each role"] = {what: taken[name][what] for what, name in names.items() if name}
    speeds = {tables.VARVE: {name: measure.medians(rounds) for name, rounds in own.items()}} if bench else {}
    for name, found in taken.items():
        speeds[name] = {}
        for column, parts in PARTS.items():
            if all(part in found for part in parts):
                megabytes = sum(arrays[part][0].nbytes for part in parts) / 1e6
                speeds[name][column] = tuple(megabytes / sum(found[part][i] for part in parts) for i in (0, 1))
    return speeds


def report(chain, results, wrong, speeds, program):
    steps, keyframe = chain.steps[1:], chain.steps[1]
    print(f"Original / stored bytes; best of a column in bold. {os.path.basename(os.path.abspath(chain.path))}, "
          f"steps {steps[0]} to {steps[-1]}, each after its predecessor.\n")
    for role in ROLES:
        columns = {step: ("chain", step, role) for step in steps}
        print(tables.table(tables.NAMES[role], columns, tables.lines(results, ROWS, columns)))
    columns = {step: [("chain", step, role) for role in ROLES] for step in steps}
    print(tables.table("all three", columns, tables.totals(results, ROWS, columns)))
    columns = {step: ("bf16", step, "weight") for step in steps}
    print(tables.table("weights in bfloat16", columns, tables.lines(results, ROWS, columns)))
    columns = {tables.NAMES[role]: ("keyframe", keyframe, role) for role in ROLES}
    columns["weights in bfloat16"] = ("keyframe bf16", keyframe, "weight")
    print(tables.table(f"step {keyframe} without a predecessor", columns, tables.lines(results, ROWS, columns)))
    if speeds:
        print(tables.speed_table(speeds, chain.steps[-1], SETS))
        if tables.VARVE in speeds:
            print(tables.wanted(speeds))
    if program:
        print("Varve's whole program, one thread, by the clock: compress {:.0f}, restore {:.0f} MB/s of the run's "
              "bytes, reading, checksums, writing and fsync included.\n".format(*program))
    for line in wrong:
        print(f"Not exact: {line}")


def write_json(path, chain, results, speeds, program, behind):
    entries = [{"what": what, "step": step, "role": role, "originalBytes": entry["original"],
                "storedBytes": {name.strip("*"): stored for name, stored in entry["stored"].items()},
                "variants": {name: variant.name for name, variant in entry["variants"].items() if variant}}
               for (what, step, role), entry in results.items()]
    rates = {name.strip("*"): {column: {"compressMBs": c, "restoreMBs": r} for column, (c, r) in found.items()}
             for name, found in speeds.items()}
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"chain": chain.path, "sizes": entries, "speeds": rates,
                   "wholeProgramMBs": program, "behind": behind}, file, indent=1)


def main():
    given, began = arguments(), time.time()
    torch.set_num_threads(1)
    chain = Chain(given.chain)
    results, wrong = compare(chain)
    with tempfile.TemporaryDirectory(prefix="varve-peers-") as scratch:
        product = None if given.peers_only else add_varve(chain, results, given.options, scratch)
        speeds, program = {}, None
        if not given.no_speeds:
            command = os.environ.get("LOSSLESS_BENCH")
            speeds = time_all(chain, results, Bench(command, chain, scratch) if command and product else None)
            program = product and product.whole_program(chain.path)
    report(chain, results, wrong, speeds, program)
    behind, compared = tables.behind(results, ROWS)
    behind += tables.slower(speeds)
    if given.json:
        write_json(given.json, chain, results, speeds, program, behind)
    for line in behind:
        print(f"Behind: {line}")
    if compared and not behind:
        whom = "every peer, except where one is named above as not exact," if wrong else "every peer"
        print(f"Varve is ahead of {whom} in all {compared} comparisons.")
    say(f"peers: {time.time() - began:.0f} seconds")
    return 1 if behind else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as reason:
        sys.exit(f"peers: {reason}")
