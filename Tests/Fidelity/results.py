"""The results as text, Markdown, JSON and a plot."""
import json
import math
import os

import plot

DAMAGE = (
    ("method", "method", None), ("chain", "chainRatio", "ratio"), ("total", "totalRatio", "ratio"),
    ("weight error", "weightError", "plain"), ("keyframe", "keyframe", "loss"),
    ("at once, mean", "meanAtOnce", "loss"), ("at once, last", "lastAtOnce", "loss"),
    ("after 40 steps", "afterResuming", "loss"), ("first 20 steps", "firstSteps", "loss"))
BROKEN_OFF = (
    ("method", "method", None), ("chain", "chainRatio", "ratio"), ("total", "totalRatio", "ratio"),
    ("breaks", "breaks", None), ("final loss", "final", "loss"))


def cell(value, form):
    if value is None:
        return "-"
    if form is None or not math.isfinite(value):
        return str(value)
    if form == "ratio":
        return f"{value:.3g}x" if value < 1000 else f"{value:.0f}x"
    return f"{value:+.4f}" if form == "loss" else f"{value:.3g}"


def tables(found):
    """(title, header, rows) of every model's damage and of its broken-off runs."""
    for name, original in found["models"].items():
        steps = list(original["losses"])
        kept = f"{original['parameters']:,} parameters, checkpoints at {steps[0]}, {steps[1]} ... {steps[-1]}"
        for kind, columns, title in (
                ("damage", DAMAGE, f"{name}: {kept}; loss of the last {original['losses'][steps[-1]]:.4f}"),
                ("brokenOff", BROKEN_OFF, f"{name}, broken off and resumed from the archive at every checkpoint")):
            rows = [[cell(row.get(key), form) for _, key, form in columns]
                    for row in found[kind] if row["model"] == name]
            if rows:
                yield title, [column[0] for column in columns], rows


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
        "![Ratio against damage](damage.svg)"]
    for title, header, rows in tables(found):
        lines += ["", f"## {title}", "", "| " + " | ".join(header) + " |", "|---" + "|---:" * (len(header) - 1) + "|"]
        lines += ["| " + " | ".join(row) + " |" for row in rows]
    for name, why in found["skipped"].items():
        lines += ["", f"Skipped: {name}; this varve does not know it ({why})."]
    return "\n".join(lines) + "\n"


def write(found, output):
    """Prints the tables; writes results.md, results.json and damage.svg."""
    for title, header, rows in tables(found):
        print(f"\n{title}\n{aligned(header, rows)}")
    for name, text in (("results.md", markdown(found)), ("results.json", json.dumps(found, indent=1) + "\n"),
                       ("damage.svg", plot.svg(found))):
        with open(os.path.join(output, name), "w", encoding="utf-8") as file:
            file.write(text)
    print(f"\nresults.md, results.json and damage.svg are in {output}", flush=True)
