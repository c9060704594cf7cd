"""What compression costs a run: every step restored and evaluated, the last one trained on."""
import os
import shutil

import program
import runs
from training import Training


def measure(binary, output, model, seed, original, method):
    """Compresses the run with one method; ratios and damage (loss with the restored state minus the original's)."""
    run = os.path.join(runs.folder(output, model, seed), "checkpoints")
    archive = os.path.join(output, "archives", runs.slug(model.name), runs.slug(method.name) + ".varve")
    shutil.rmtree(archive, ignore_errors=True)
    os.makedirs(os.path.dirname(archive), exist_ok=True)
    program.compress(binary, method, run, archive)
    found = program.ratios(binary, archive, program.size(run), model.steps)

    training, restored, at_once = Training(model, seed), archive + ".restored", {}
    for step in model.steps:
        shutil.rmtree(restored, ignore_errors=True)
        program.restore(binary, archive, step, restored)
        at_once[step] = training.load(restored).evaluate() - original["losses"][str(step)]
    resumed = runs.after_resuming(training.load(restored), model.steps[-1])
    shutil.rmtree(restored)

    chain = [at_once[step] for step in model.steps if step not in found["keyframes"]]
    return found | {
        "atOnce": at_once,
        "keyframe": at_once[model.steps[0]],
        "meanAtOnce": sum(chain) / len(chain),
        "lastAtOnce": chain[-1],
        "afterResuming": resumed["afterResuming"] - original["afterResuming"],
        "firstSteps": resumed["firstSteps"] - original["firstSteps"],
    }
