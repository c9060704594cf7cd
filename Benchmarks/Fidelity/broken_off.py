"""The paper's protocol: a run that breaks off at every checkpoint and goes on from the restored one.

Training continues from what the archive gives back; the next checkpoint it writes is appended to the same archive,
and so on. Beside it, as a yardstick, a control without an archive whose weights are rounded to bfloat16 at every
break: a change that few would call harm.
"""
import os
import shutil

import torch

import program
import runs
from training import Training

CONTROL = "control, bfloat16"


def train(binary, output, model, seed, original, method):
    """Final loss minus that of the undisturbed run, at the last step; ratios of the archive that was built."""
    work = os.path.join(output, "archives", runs.slug(model.name), "broken-off-" + runs.slug(method.name))
    run, archive, restored = (os.path.join(work, name) for name in ("newest", "run.varve", "restored"))
    shutil.rmtree(work, ignore_errors=True)
    first = f"checkpoint-{model.steps[0]}"
    shutil.copytree(os.path.join(runs.folder(output, model, seed), "checkpoints", first), os.path.join(run, first))
    training, written = Training(model, seed), 0
    for step, following in zip(model.steps, model.steps[1:]):
        written += program.size(run)
        program.compress(binary, method, run, archive)
        shutil.rmtree(run)                               # from here on there is only the archive
        program.restore(binary, archive, step, restored)
        training.load(restored).run(step, following)
        shutil.rmtree(restored)
        training.save(os.path.join(run, f"checkpoint-{following}"), following)
    final, _ = training.evaluate()
    written += program.size(run)
    program.compress(binary, method, run, archive)
    found = program.ratios(binary, archive, written, model.steps)
    shutil.rmtree(run)
    return found | {"breaks": len(model.steps) - 1, "final": final - original["losses"][str(model.steps[-1])]}


def control(output, model, seed, original):
    """The same without an archive: the weights rounded to bfloat16 at every break."""
    run = runs.folder(output, model, seed)
    training = Training(model, seed)
    training.load(runs.checkpoint(run, model.steps[0]))
    for step, following in zip(model.steps, model.steps[1:]):
        with torch.no_grad():
            for weight in training.model.parameters():
                weight.copy_(weight.bfloat16())
        training.run(step, following)
    final, _ = training.evaluate()
    return {"breaks": len(model.steps) - 1, "final": final - original["losses"][str(model.steps[-1])]}
