"""Varve's exact coder beside other lossless compressors, on the same checkpoints, in one run.

    make peers                                on the run in Fixtures
    make peers ARGUMENTS="--chain PATH"       on another: checkpoint-N/{model.safetensors, optimizer.pt}, float32, Adam

Prints ratios (original over stored bytes) of every step after the first, by role; of weights rounded to bfloat16; of a
keyframe, which has no predecessor; and speeds. A peer gets all tensors of a role as one array, or each for itself
where that takes fewer bytes, in the variant that takes fewest. It is decoded and compared each time. Varve's bytes are
those that an archive stores, checked with `varve verify --against`.

Speeds: one thread, processor time, median of five rounds over the weights of all steps, each with its predecessor; a
peer's time is that of its own code, not of what Python does to prepare its input. Varve's whole program goes by the
clock.

Exit codes: 0 Varve is ahead of every peer (zstd apart) in every step and role, and with --bench compresses faster than
pcodec at level 8; 1 it is not, or something failed; 2 usage.
"""
import argparse
import json
import os
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[1:1] = [os.path.join(os.path.dirname(HERE), "Interop")]
os.environ.update({name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")})

import numpy as np
import torch

import measure
import tables
from chain import Chain, ROLES
from checks import Failure
from coders import ROWS
from product import Product, in_memory

FIXTURE = os.path.join(os.path.dirname(os.path.dirname(HERE)), "Fixtures", "hf-trainer-run")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--chain", default=FIXTURE, metavar="PATH", help="the run (default: Fixtures/hf-trainer-run)")
    parser.add_argument("--json", metavar="PATH", help="write the results there as well")
    parser.add_argument("--options", default="--quality lossless", metavar="OPTIONS",
                        help="what makes varve compress exactly (default: --quality lossless)")
    parser.add_argument("--bench", metavar="COMMAND",
                        help="`COMMAND RUN` prints a JSON line of Varve's speeds in memory for each role")
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


def time_all(chain, results, product, bench):
    """{what: (compress, restore)}; each row in the variant that was best on the last step's weights."""
    found = {}
    if product:
        say("peers: speed of Varve")
        whole = product.whole_program(chain.path)
        if bench:
            found |= {f"{tables.VARVE}, {tables.NAMES.get(role, role)}, in memory": speeds
                      for role, speeds in in_memory(bench, chain.path).items()}
        found[f"{tables.VARVE}, whole program by the clock: all roles, reading, checksums, writing, fsync"] = whole
    say("peers: speeds of the peers")
    variants = results["chain", chain.steps[-1], "weight"]["variants"]
    bits, previous = (np.concatenate([chain.roles(step)["weight"].whole for step in steps])
                      for steps in (chain.steps[1:], chain.steps[:-1]))
    chosen = {f"{name} ({variant.name})": variant for name, variant in variants.items() if variant}
    return found | measure.speeds(chosen, bits, previous)


def report(chain, results, wrong, speeds):
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
        print(tables.speed_table(speeds))
    for line in wrong:
        print(f"Not exact: {line}")


def write_json(path, chain, results, speeds, behind):
    entries = [{"what": what, "step": step, "role": role, "originalBytes": entry["original"],
                "storedBytes": {name.strip("*"): stored for name, stored in entry["stored"].items()},
                "variants": {name: variant.name for name, variant in entry["variants"].items() if variant}}
               for (what, step, role), entry in results.items()]
    rates = {name.replace("*", ""): {"compressMBs": c, "restoreMBs": r} for name, (c, r) in speeds.items()}
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"chain": chain.path, "sizes": entries, "speeds": rates, "behind": behind}, file, indent=1)


def main():
    given, began = arguments(), time.time()
    torch.set_num_threads(1)
    chain = Chain(given.chain)
    results, wrong = compare(chain)
    with tempfile.TemporaryDirectory(prefix="varve-peers-") as scratch:
        product = None if given.peers_only else add_varve(chain, results, given.options, scratch)
        speeds = {} if given.no_speeds else time_all(chain, results, product, given.bench)
    report(chain, results, wrong, speeds)
    behind, compared = tables.behind(results, ROWS)
    behind += tables.slower(speeds)
    if given.json:
        write_json(given.json, chain, results, speeds, behind)
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
