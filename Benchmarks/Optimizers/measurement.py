"""One optimizer: trained, compressed, restored, resumed."""
import filecmp
import json
import math
import os
import shutil
import time

import catalogue
import program
import storage
import training

QUALITIES = {"balanced": (), "lossless": ("--quality", "lossless")}


class NotRun(Exception):
    """The optimizer's own library failed; says how."""


def compress(binary, run, archive, options):
    """Bytes of the archive; ratios of the steps after the first and of all files."""
    try:
        program.varve(binary, "compress", run, archive, *options, "--threads", 1, "--quiet")
    except program.Unknown as error:
        raise program.Failed(f"compress ends with exit code 2: {error}") from None
    report = json.loads(program.varve(binary, "report", archive, "--by", "step", "--json"))
    deltas = [step for step in report["steps"] if not step["keyframe"]]
    original, stored = (sum(step[key] for step in deltas) for key in ("originalBytes", "storedBytes"))
    size = program.size(archive)
    return {"bytes": size, "deltas": original / stored if stored else None, "all": program.size(run) / size,
            "keyframes": [int(step["step"]) for step in report["steps"] if step["keyframe"]],
            "notes": sorted({note for step in report["steps"] for note in step["notes"]})}


def restored(binary, archive):
    """The last checkpoint, as the archive gives it back."""
    folder = archive + ".restored"
    program.restore(binary, archive, training.LAST, folder)
    return training.checkpoint(folder, training.LAST)


def originals(entry, seed, folder):
    """Trains the run of an optimizer and goes on from its last checkpoint; raises NotRun if that cannot be done."""
    try:
        parameters = training.train(entry, seed, folder)
        last = training.checkpoint(folder, training.LAST)
        losses = {"original": training.resume(entry, seed, last), "control": training.resume(entry, seed, last, True)}
    except Exception as error:
        first = str(error).strip().partition("\n")[0]
        raise NotRun(f"{type(error).__name__}: {first}") from None
    if not all(math.isfinite(loss) for loss in losses["original"]):
        raise NotRun("the training diverges")
    return {"parameters": parameters, **losses}


def measure(binary, output, title, seed, keep):
    """Everything that the table says of an optimizer."""
    began = time.process_time()
    training.start()
    entry = catalogue.entry(title)
    folder = os.path.join(output, "runs", catalogue.slug(title))
    run = os.path.join(folder, "run")
    shutil.rmtree(folder, ignore_errors=True)
    found = {"title": title, **originals(entry, seed, run)}
    for quality, options in QUALITIES.items():
        found[quality] = compress(binary, run, os.path.join(folder, quality + ".varve"), options)
    exact = restored(binary, os.path.join(folder, "lossless.varve"))
    if not filecmp.cmp(exact, training.checkpoint(run, training.LAST), shallow=False):
        raise program.Failed("a lossless archive gave back another file")
    archive = os.path.join(folder, "balanced.varve")
    path = restored(binary, archive)
    found["states"] = storage.states(binary, run, archive, path)
    try:
        found["restored"] = training.resume(entry, seed, path)
    except Exception as error:
        raise program.Failed(f"training does not go on from what was restored: {error}") from None
    if not keep:
        shutil.rmtree(folder)
    return found | {"seconds": time.process_time() - began}
