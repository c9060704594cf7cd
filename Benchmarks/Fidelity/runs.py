"""The original runs: trained once, kept in the output directory, used again while nothing changed."""
import hashlib
import json
import os
import shutil
from dataclasses import asdict
from functools import cache

import torch

import settings
from training import Training


def slug(name):
    return "".join(c if c.isalnum() or c in ".-" else "-" for c in name.replace(", ", "-").replace(" ", "-"))


@cache
def key(model, seed):
    """Changes with anything that the trained weights or the original's losses depend on."""
    facts = [asdict(model), seed, torch.__version__, Training(model, seed).task.fingerprint(), settings.RESUMED]
    for name in ("encoder.py", "models.py", "tasks.py", "training.py"):
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name), "rb") as file:
            facts.append(hashlib.sha256(file.read()).hexdigest())
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]


def folder(output, model, seed):
    return os.path.join(output, "runs", f"{slug(model.name)}-{key(model, seed)}")


def checkpoint(run, step):
    return os.path.join(run, "checkpoints", f"checkpoint-{step}")


def beginning(run):
    """The weights that a fine-tuned run began from, as a model kept elsewhere."""
    return os.path.join(run, "start")


def after_resuming(training, step):
    """Loss and accuracy after RESUMED further steps, and the mean training loss of the FIRST ones."""
    losses = training.run(step, step + settings.RESUMED)
    loss, accuracy = training.evaluate()
    return {"afterResuming": loss, "accuracyAfterResuming": accuracy,
            "firstSteps": sum(losses[:settings.FIRST]) / settings.FIRST}


def begin(output, model, seed, partial):
    """A training before its first step, and what it can do by then; the weights of a fine-tuned one are kept."""
    training = Training(model, seed)
    if model.start:
        training.model.load(checkpoint(folder(output, model.start, seed), model.start.steps[-1]))
    if model.tuned:
        os.makedirs(beginning(partial))
        training.model.save(beginning(partial))
    loss, accuracy = training.evaluate()
    return training, {"parameters": training.size(), "before": loss, "accuracyBefore": accuracy}


def prepare(output, model, seed):
    """The original's losses; trains the run unless it is there whole. The run that it begins from is there."""
    run = folder(output, model, seed)
    facts = os.path.join(run, "run.json")
    if os.path.exists(facts):
        with open(facts, encoding="utf-8") as file:
            return {**json.load(file), "trained": False}
    partial = run + ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    training, found = begin(output, model, seed, partial)
    losses, accuracies, start = {}, {}, 0
    for step in model.steps:
        training.run(start, step)
        training.save(checkpoint(partial, step), step)
        losses[str(step)], accuracies[str(step)] = training.evaluate()
        start = step
    found |= {"losses": losses, "accuracies": accuracies}
    found |= after_resuming(training.load(checkpoint(partial, start)), start)
    with open(os.path.join(partial, "run.json"), "w", encoding="utf-8") as file:
        json.dump(found, file, indent=1)
    os.rename(partial, run)
    return {**found, "trained": True}
