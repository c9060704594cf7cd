"""Interop checks: what Varve restores is what torch, safetensors and the Trainer expect, and its archives are what
Docs/format.md says.

    make interop                                  or, in the environment that run.py makes:
    python Tests/Interop/interop.py [PATTERN]     only checks whose name contains PATTERN

VARVE is the binary (default .build/release/varve). Runs beside the repository (../shared/runs) are checked as well
where they are there.
"""
import os
import sys
import tempfile
import warnings

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import torch
import transformers

import decoding
import exporting
import inspection
import lossless_modes
import made_runs
import resume
import sharded
from checks import Checks, Skip, read, require
from fixtures import FIXTURES, HF_RUN, ODD_RUN, ROOT, SHARED, hf_order, index_of, odd, odd_order
from reader import EXCP, HALF_COPY, OPENING, PACKED, TRANSFORM
from roundtrip import Roundtrip
from state import same_bits

# Never coded with loss in the odd run: (step, parameter).
EXACT = [(200, "gate.weight")] + [(step, name) for step in odd.STEPS for name in ("frozen.weight", "seen", "mask")]
# Without a predecessor of their form: method transform begins a chain with them, excp stores them exactly.
EXACT_EXCP = [(200, "late.weight"), (300, "head.weight"), (300, "head.bias")]


def hf_names():
    order = hf_order()
    return lambda file, leaf: order[index_of(leaf)]


def odd_names(file, leaf):
    return odd_order(file)[index_of(leaf)]


def every_role_coded(trip):
    require(trip.roles == {"weight", "firstMoment", "secondMoment"}, f"with loss: {trip.roles or 'nothing'}")


def odd_values(trip):
    """What must not change in the odd run, by name."""
    for step in odd.STEPS:
        a, b = (torch.load(os.path.join(root, f"ckpt_{step}.pt"), map_location="cpu", weights_only=False)
                for root in (ODD_RUN, trip.all))
        exact = EXACT + (EXACT_EXCP if "excp" in trip.options else [])
        for name in [n for s, n in exact if s == step]:
            require(same_bits(a["model"][name], b["model"][name]), f"step {step}: {name} changed")
        require(type(b["settings"]) is odd.Settings and b["settings"].note == a["settings"].note, "settings")
        require(same_bits(a["settings"].table, b["settings"].table), f"step {step}: settings.table changed")
        require(a["random"] == b["random"] and same_bits(a["torch_random"], b["torch_random"]), "random states")
        require([(n, t.shape, t.dtype) for n, t in a["model"].items()]
                == [(n, t.shape, t.dtype) for n, t in b["model"].items()], f"step {step}: other parameters")
    require(os.readlink(os.path.join(trip.all, "last.pt")) == "ckpt_300.pt", "last.pt")
    require(read(os.path.join(trip.all, "notes.bin")) == read(os.path.join(ODD_RUN, "notes.bin")), "notes.bin")


def fixtures(checks, work):
    # Beside the options: how much worse a resumed run may start (nats). Alpha .01 is meant to hurt; a model of 0.1 M
    # parameters that has just begun to learn feels the default too (.08 to .10).
    excp = ("--method", "excp")
    for label, options, margin in (("", (), 0.15), (" high", ("--quality", "high"), 0.02),
                                   (" excp", excp, 0.1), (" excp alpha .01", (*excp, "--alpha", "0.01"), 1.0),
                                   (" excp element", (*excp, "--threshold", "element"), 0.1)):
        trip = Roundtrip(HF_RUN, work, hf_names(), options)
        for name, check in trip.checks():
            checks.run(f"hf-trainer-run{label}: {name}", check)
        for size in ("300kB", "5GB"):
            checks.run(f"hf-trainer-run{label}: safetensors of {size} load", exporting.hf_run, trip, size)
        checks.run(f"hf-trainer-run{label}: every role coded with loss", every_role_coded, trip)
        checks.run(f"hf-trainer-run{label}: the Trainer resumes", resume.with_trainer, trip.all, margin)
        checks.run(f"hf-trainer-run{label}: a plain torch loop resumes", resume.with_torch, trip.all, margin)
    for label, options in (("", ()), (" excp", excp)):
        trip = Roundtrip(ODD_RUN, work, odd_names, options)
        for name, check in trip.checks():
            checks.run(f"odd-run{label}: {name}", check)
        checks.run(f"odd-run{label}: nothing lost", odd_values, trip)
        checks.run(f"odd-run{label}: its own loop resumes", resume.odd_run, trip.all, ODD_RUN, 0.1)
    checks.run("inspect: hf-trainer-run", inspection.hf_run)
    checks.run("inspect: odd-run", inspection.odd_run)


def golden(checks, work):
    for name in decoding.golden_names():
        checks.run(f"golden {name}: an independent decoder restores it", decoding.golden, name, work)
    checks.run("golden kept-bases-1.0: all that it is made for occurs", decoding.golden_has, "kept-bases-1.0",
               {TRANSFORM, OPENING, HALF_COPY}, {"anew", "held F32", "held BF16", "a rule", "kept bases"})
    checks.run("golden excp-1.0: the decoder refuses damage", decoding.damaged, "excp-1.0", work)


def lossless_groups(checks, work):
    """The independent decoder on all that occurs in lossless groups."""
    run = made_runs.make_every_mode(os.path.join(work, "every-mode"))
    checks.run("lossless: every mode: an independent decoder agrees", lossless_modes.every_mode, run, work)


def transform(checks, work):
    """The independent decoder on methods transform and lossless."""
    run = made_runs.make_masters(os.path.join(work, "masters"))
    for label, options in decoding.TRANSFORM_OPTIONS.items():
        codings = {TRANSFORM} if "exact" in options else {TRANSFORM, OPENING}
        for name in decoding.TRANSFORM_RUNS:
            # Nothing tells how fine a keyframe of plain SGD must be: it is exact.
            here = codings - {OPENING} if "sgd" in name else codings
            checks.run(f"transform, {label}: {name}: an independent decoder agrees", decoding.transform,
                       os.path.join(FIXTURES, name), options, here, work)
        checks.run(f"transform, {label}: masters and copies: an independent decoder agrees", decoding.transform, run,
                   options, codings | {HALF_COPY}, work)
    run = made_runs.make_copies(os.path.join(work, "copies"))
    for method, coding in ("transform", TRANSFORM), ("excp", EXCP):
        checks.run(f"{method}: copies of all types: an independent decoder agrees", decoding.transform, run, (),
                   {coding, HALF_COPY}, work, frozenset(), method)
    checks.run("transform, small: a large matrix: an independent decoder agrees", decoding.transform,
               made_runs.make_large(os.path.join(work, "large")), ("--quality", "small"), {TRANSFORM}, work)
    for name in decoding.TRANSFORM_RUNS:
        checks.run(f"lossless: {name}: an independent decoder agrees", decoding.transform,
                   os.path.join(FIXTURES, name), ("--quality", "lossless"), {PACKED}, work)
    checks.run("lossless: masters and copies: an independent decoder agrees", decoding.transform,
               os.path.join(work, "masters"),
               ("--quality", "lossless"), {PACKED}, work)


def rules(checks, work):
    """The independent decoder on matrices whose bases are computed by a rule of their own."""
    run = made_runs.make_wide(os.path.join(work, "wide"))
    for label, options in decoding.WIDE_OPTIONS.items():
        checks.run(f"wide, {label}: an independent decoder agrees", decoding.transform, run, options, {TRANSFORM}, work,
                   {"a rule", "no rule"})
    run = made_runs.make_tiles(os.path.join(work, "tiles"))
    checks.run("wide, small: a matrix of two tiles: an independent decoder agrees", decoding.transform, run,
               ("--quality", "small"), {TRANSFORM}, work, {"a rule", "no rule"})
    checks.run("wide, effort low: a small run: an independent decoder agrees", decoding.transform, HF_RUN,
               ("--effort", "low"), {TRANSFORM}, work, {"a rule", "no rule"})


def partly(checks, work):
    """The independent decoder on weights that stand still in places, and on such as begin anew in the middle."""
    run = made_runs.make_partly(os.path.join(work, "partly"))
    for label, options in decoding.TRANSFORM_OPTIONS.items():
        checks.run(f"partly, {label}: held elements and new beginnings: an independent decoder agrees",
                   decoding.transform, run, options, {TRANSFORM}, work, decoding.PARTLY)


def forgotten(checks, work):
    """The independent decoder on archives of which something was pruned."""
    for method, options in (("transform", ()), ("exact keyframe", ("--keyframe", "exact")),
                            ("excp", ("--method", "excp")), ("lossless", ("--quality", "lossless"))):
        for label, rule in decoding.FORGOTTEN.items():
            checks.run(f"forgotten, {method}: {label}: an independent decoder agrees", decoding.forgotten, HF_RUN,
                       options, rule, work)


def rebased(checks, work):
    """The independent decoder on archives of which steps were taken again."""
    for method, options in (("transform", ()), ("high", ("--quality", "high")),
                            ("exact keyframe", ("--keyframe", "exact")), ("excp", ("--method", "excp")),
                            ("lossless", ("--quality", "lossless"))):
        for label in ("the oldest", "every other step"):
            checks.run(f"rebased, {method}: {label} forgotten: an independent decoder agrees", decoding.rebased, HF_RUN,
                       options, decoding.FORGOTTEN[label], method in ("excp", "lossless"), work)


def not_here():
    raise Skip("../shared/runs is not here; its runs were not checked")


def shared_runs(checks, work):
    root = os.path.join(SHARED, "runs")
    if not os.path.isdir(root):
        checks.run("runs beside the repository", not_here)
        return
    for name in inspection.RUNS:
        checks.run(f"inspect: {name}", inspection.shared, name)
    for name in sorted(os.listdir(root)):
        if name.split("-")[0] in ("expected", "make") or not os.path.isdir(os.path.join(root, name)):
            continue
        if name in sharded.STORED and name not in sharded.WHOLE:
            continue                                         # their files hold parts of tensors: checked in sharded.py
        trip = Roundtrip(os.path.join(root, name), work)
        checks.run(f"run {name}", trip.whole)


def main():
    os.environ["VARVE"] = os.path.abspath(os.environ.get("VARVE") or os.path.join(ROOT, ".build/release/varve"))
    if not os.access(os.environ["VARVE"], os.X_OK):
        sys.exit(f"interop: no varve at {os.path.relpath(os.environ['VARVE'], ROOT)}; build it: swift build -c release")
    warnings.filterwarnings("ignore")
    transformers.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)                             # the models are tiny
    print(f"interop: torch {torch.__version__}, transformers {transformers.__version__}", flush=True)
    checks = Checks(" ".join(sys.argv[1:]))
    with tempfile.TemporaryDirectory(prefix="varve-interop-") as work:
        golden(checks, work)
        lossless_groups(checks, work)
        transform(checks, work)
        rules(checks, work)
        partly(checks, work)
        forgotten(checks, work)
        rebased(checks, work)
        fixtures(checks, work)
        sharded.sharded(checks, work)
        shared_runs(checks, work)
    return checks.summary()


if __name__ == "__main__":
    sys.exit(main())
