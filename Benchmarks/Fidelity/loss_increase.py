"""What compression costs a run: every step restored and evaluated, the last one trained on."""
import os
import shutil

import program
import runs
from training import Training


def kept(original, loss, restored):
    """How much of what training had gained from `before` to `loss` is in the restored weights; None of no gain."""
    gained = original["before"] - loss
    return (original["before"] - restored) / gained if gained > 0 else None


def resumed(training, model, original):
    """Training goes on from the last step's restored state with the run's own next batches, beside the original."""
    found = runs.after_resuming(training, model.steps[-1])
    return {
        "afterResuming": found["afterResuming"] - original["afterResuming"],
        "firstSteps": found["firstSteps"] - original["firstSteps"],
        "keptAfterResuming": kept(original, original["afterResuming"], found["afterResuming"]),
        "accuracyAfterResuming": found["accuracyAfterResuming"],
    }


def measure(binary, output, model, seed, original, method):
    """Compresses the run with one method; ratios and loss increase (the restored state's loss minus the original's)."""
    folder = runs.folder(output, model, seed)
    run, base = os.path.join(folder, "checkpoints"), runs.beginning(folder) if method.base else None
    archive = os.path.join(output, "archives", runs.slug(model.name), runs.slug(method.name) + ".varve")
    shutil.rmtree(archive, ignore_errors=True)
    os.makedirs(os.path.dirname(archive), exist_ok=True)
    program.compress(binary, method, run, archive, base)
    found = program.ratios(binary, archive, program.size(run), model.steps)

    training, restored = Training(model, seed), archive + ".restored"
    for step in found["steps"]:
        shutil.rmtree(restored, ignore_errors=True)
        program.restore(binary, archive, step["step"], restored, base)
        loss, step["accuracy"] = training.load(restored).evaluate()
        whole = original["losses"][str(step["step"])]
        step["atOnce"], step["kept"] = loss - whole, kept(original, whole, loss)
    found |= resumed(training.load(restored), model, original)
    shutil.rmtree(restored)

    chain = [step["atOnce"] for step in found["steps"] if not step["keyframe"]]
    return found | {
        "keyframe": found["steps"][0]["atOnce"],
        "meanAtOnce": sum(chain) / len(chain),
        "lastAtOnce": chain[-1],
    }
