"""The results as text, Markdown, JSON and a plot."""
import json
import os

import plot
import tables


def aligned(header, rows):
    widths = [max(map(len, column)) for column in zip(header, *rows)]
    return "\n".join("  ".join(
        text.rjust(width) if i else text.ljust(width) for i, (text, width) in enumerate(zip(line, widths))).rstrip()
        for line in (header, *rows))


def markdown(found):
    facts = ", ".join(f"{name} {value}" for name, value in found["versions"].items())
    lines = [
        "# Fidelity", "",
        f"    {found['command']}", "",
        f"Form {found['plan']}, seed {found['seed']}; {facts}. One thread a process, deterministic algorithms.", "",
        "Chain ratio: original over stored bytes of weights and moments of the steps after the keyframe. Total: all",
        "files of the run over all files of the archive. Weight error: squared error of the restored weights over the",
        "squared change of the last step. The other columns are loss with the restored state minus loss with the",
        "original one (nats): evaluated at once, after 40 steps resumed at the last checkpoint, and as the mean",
        "training loss of the first 20 of them. Broken-off runs: final evaluation loss minus the undisturbed run's;",
        "the control has no archive, but its weights are rounded to bfloat16 at every break.", "",
        "Step: the ratio of weights and moments of that checkpoint. Largest weight error: of the tensor that has the",
        "largest in that checkpoint, as `varve report --by tensor --json` has it; of a first checkpoint that builds on",
        "no base it is over the squared weights. Kept: (loss of the weights that the run began from - loss of the",
        "restored ones) / (that loss - loss of the original ones): 1 where all that fine-tuning gained is there. After",
        "40 steps the same of training resumed at the last checkpoint, beside the original run resumed there.", "",
        "![Ratio against loss increase](loss-increase.svg)"]
    for title, header, rows in tables.every(found):
        lines += ["", f"## {title}", "", "| " + " | ".join(header) + " |"]
        lines += ["|---" + "|---:" * (len(header) - 1) + "|"]
        lines += ["| " + " | ".join(row) + " |" for row in rows]
    for name, why in found["skipped"].items():
        lines += ["", f"Skipped: {name}; this varve does not know it ({why})."]
    return "\n".join(lines) + "\n"


def write(found, output):
    """Prints the tables; writes results.md, results.json and loss-increase.svg."""
    for title, header, rows in tables.every(found):
        print(f"\n{title}\n{aligned(header, rows)}")
    for name, text in (("results.md", markdown(found)), ("results.json", json.dumps(found, indent=1) + "\n"),
                       ("loss-increase.svg", plot.svg(found))):
        with open(os.path.join(output, name), "w", encoding="utf-8") as file:
            file.write(text)
    print(f"\nresults.md, results.json and loss-increase.svg are in {output}", flush=True)
