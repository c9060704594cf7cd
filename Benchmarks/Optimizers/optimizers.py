"""What an archive makes of the states of many optimizers: how each is stored, the ratio, and the loss of a resumed run.

    make optimizers                               all of them, in less than 20 minutes on two cores
    make optimizers ARGUMENTS="--only soap,muon"  those whose name contains soap or muon

Trains a GPT-like model of 0.39 M parameters on Python's own source text with each optimizer, at a constant learning
rate, and saves four checkpoints as `torch.save({'model': ..., 'optimizer': ..., 'step': n})`. Compresses them with the
default quality and with `--quality lossless`, restores the last one, and trains on from the original and from the
restored one, 40 steps with the same batches.

  states    what the optimizer keeps beside the weights, from the checkpoint itself; small: less than 2 % of the model
  stored    how the archive stores it, from `varve report --by tensor --json` and from a comparison of every tensor with
            its original; each with its ratio in the last checkpoint
  deltas    original over stored bytes of all checkpoints after the first keyframe, in all: files of the run over files
            of the archive; at the default quality (balanced) and without loss
  loss      on text that nothing is trained on, after the 40 steps, from the original and from the restored checkpoint;
            of the average, if one is kept; control: from the original with its weights rounded to bfloat16, a change
            that few would call harm

Writes table.md and results.json to the output directory. Exit codes: 0 done; 1 something could not be compressed,
restored or resumed, or a default archive is larger than a lossless one; 2 usage; 130 interrupted.
"""
import argparse
import json
import os
import shutil
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path[1:1] = [os.path.join(ROOT, "Benchmarks", "Fidelity")]          # models, tasks, program
# One thread each; what torchao would compile runs as it is.
os.environ |= {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "TORCHDYNAMO_DISABLE": "1"}
MARK = ".varve-optimizers"                                # a directory that has it is ours to delete in


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", metavar="WORDS", help="only optimizers whose name contains one of these: soap,muon")
    parser.add_argument("--list", action="store_true", help="print the names and end")
    parser.add_argument("--output", default="optimizers-output", help="where results go (default: optimizers-output)")
    parser.add_argument("--varve", default=os.environ.get("VARVE") or os.path.join(ROOT, ".build/release/varve"),
                        help="the program (default: $VARVE, then .build/release/varve of this repository)")
    parser.add_argument("--seed", type=int, default=0, help="of weights and batches (default: 0)")
    parser.add_argument("--jobs", type=int, default=min(4, os.cpu_count() or 1),
                        help="processes of one thread each (default: one a core, at most 4)")
    parser.add_argument("--keep", action="store_true", help="keep runs and archives")
    return parser.parse_args()


def claim(output):
    """Makes the output directory, or refuses one that holds something else."""
    if os.path.isdir(output) and os.listdir(output) and not os.path.exists(os.path.join(output, MARK)):
        sys.exit(f"optimizers: {output} is not empty and was not made by this program; choose another --output")
    os.makedirs(output, exist_ok=True)
    open(os.path.join(output, MARK), "a", encoding="utf-8").close()
    shutil.rmtree(os.path.join(output, "runs"), ignore_errors=True)


def larger(found):
    """Where the default quality takes more bytes than none of the loss."""
    return [f"{row['title']}: balanced takes {row['balanced']['bytes']} bytes, lossless {row['lossless']['bytes']}"
            for row in found["rows"] if row["balanced"]["bytes"] > row["lossless"]["bytes"]]


def main():
    options = arguments()
    options.output, options.varve = os.path.abspath(options.output), os.path.abspath(options.varve)
    import catalogue
    import experiment
    import table

    titles = catalogue.titles([word.strip() for word in (options.only or "").split(",") if word.strip()])
    if options.list:
        return print("\n".join(titles))
    if not titles:
        sys.exit(f"optimizers: no name contains any of {options.only}")
    if not os.access(options.varve, os.X_OK):
        sys.exit(f"optimizers: no program at {options.varve}; build it: swift build -c release --product varve")
    claim(options.output)
    try:
        found = experiment.run(options, titles)
    except KeyboardInterrupt:
        sys.exit(130)
    for name, text in (("table.md", table.markdown(found)), ("results.json", json.dumps(found, indent=1) + "\n")):
        with open(os.path.join(options.output, name), "w", encoding="utf-8") as file:
            file.write(text)
    print(table.text(found))
    for title, reason in found["notRun"].items():
        print(f"NOT RUN  {title}: {reason}")
    failures = [f"{title}: {reason}" for title, reason in found["failed"].items()] + larger(found)
    for failure in failures:
        print(f"FAILED   {failure}")
    print(f"\ntable.md and results.json are in {options.output}", flush=True)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
