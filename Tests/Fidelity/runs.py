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
    for name in ("models.py", "tasks.py", "training.py"):
        with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), name), "rb") as file:
            facts.append(hashlib.sha256(file.read()).hexdigest())
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]


def folder(output, model, seed):
    return os.path.join(output, "runs", f"{slug(model.name)}-{key(model, seed)}")


def checkpoint(run, step):
    return os.path.join(run, "checkpoints", f"checkpoint-{step}")


def after_resuming(training, step):
    """The loss after RESUMED further steps, and the mean training loss of the FIRST ones."""
    losses = training.run(step, step + settings.RESUMED)
    return {"afterResuming": training.evaluate(), "firstSteps": sum(losses[:settings.FIRST]) / settings.FIRST}


def prepare(output, model, seed):
    """The original's losses; trains the run unless it is there whole."""
    run = folder(output, model, seed)
    facts = os.path.join(run, "run.json")
    if os.path.exists(facts):
        with open(facts, encoding="utf-8") as file:
            return {**json.load(file), "trained": False}
    partial = run + ".partial"
    shutil.rmtree(partial, ignore_errors=True)
    training = Training(model, seed)
    losses, start = {}, 0
    for step in model.steps:
        training.run(start, step)
        training.save(checkpoint(partial, step), step)
        losses[str(step)], start = training.evaluate(), step
    found = {"parameters": training.size(), "losses": losses}
    found |= after_resuming(training.load(checkpoint(partial, start)), start)
    with open(os.path.join(partial, "run.json"), "w", encoding="utf-8") as file:
        json.dump(found, file, indent=1)
    os.rename(partial, run)
    return {**found, "trained": True}
