"""The whole experiment: which pieces of work there are, and running them in processes of one thread each."""
import concurrent.futures as futures
import functools
import multiprocessing
import os
import platform
import shlex
import signal
import sys
import time
from importlib.metadata import version

import torch

import broken_off
import loss_increase
import program
import runs
import settings


def start_worker():
    """In every process: one thread, deterministic algorithms; SIGTERM ends the varve it waits for as well."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)         # the parent says when
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def chosen(options):
    """The plan, and the models and methods of it that the options ask for."""
    plan = settings.plan(options.full)
    models, methods = (
        [one for one in every if not texts or any(text in one.name for text in texts)]
        for every, texts in ((plan.models, options.model), (plan.methods, options.only)))
    for text in options.also:
        words = tuple(shlex.split(text))
        methods.append(settings.Method(text, "excp" if "excp" in words else "transform", words, text.lstrip("-")))
    if not methods or not models:
        raise program.Failed("--only or --model leaves nothing to do")
    return plan, models, methods


def methods_for(plan, model, methods):
    """Those that the model is compressed with; fine-tuned runs take few of the plan's, and what was asked for."""
    left_out = {method.name for method in plan.methods if model.tuned} - set(plan.tuned)
    return [method for method in methods if method.fits(model) and method.name not in left_out]


def facts(model, original):
    """What the results say of a run."""
    return {**original, "counts": model.counts, "perStep": model.falls == "to zero",
            "tuned": {"what": model.name.split(", tuned")[0], "rate": model.rate} if model.tuned else None}


def outcome(row):
    """The figure of a piece of work that is shown as soon as it is done."""
    if "final" in row:
        return f"final loss {row['final']:+.4f}"
    last = row["steps"][-1]["kept"] if row["tuned"] else None
    if last is not None:
        return f"kept {last:.3f} at the last"
    return f"loss increase right after restoring {row['meanAtOnce']:+.4f}"


def say(began, text):
    print(f"{time.monotonic() - began:6.0f} s  {text}", file=sys.stderr, flush=True)


class Work:
    """Pieces of work under way, and what becomes of their results."""

    def __init__(self, pool):
        self.pool, self.waiting = pool, {}

    def add(self, done, function, *values):
        self.waiting[self.pool.submit(function, *values)] = done

    def finish(self):
        while self.waiting:
            for future in futures.wait(self.waiting, return_when=futures.FIRST_COMPLETED).done:
                self.waiting.pop(future)(future)


def run(options):
    """Everything that was found, ready for results.write."""
    plan, models, methods = chosen(options)
    found = {
        "plan": plan.name, "seed": options.seed, "command": options.command, "versions": versions(options.varve),
        "models": {}, "lossIncrease": [], "brokenOff": [], "skipped": {},
        "families": {m.name: [m.family, m.label] for m in methods},
    }
    began = time.monotonic()

    def begin(model):
        work.add(functools.partial(trained, model), runs.prepare, options.output, model, options.seed)

    def trained(model, future):
        original = future.result()
        for follower in models:
            if follower.start == model:
                begin(follower)
        if model not in models:                          # only others begin from it
            return
        found["models"][model.name] = facts(model, original)
        verb = "trained" if original["trained"] else "already trained"
        say(began, f"{model.name}: {verb}, {original['parameters']:,} parameters, "
                   f"loss {original['losses'][str(model.steps[-1])]:.4f}")
        own = methods_for(plan, model, methods)
        shared = (options.output, model, options.seed, original)
        if model.name in plan.broken_off_models:
            work.add(functools.partial(measured, "brokenOff", model, broken_off.CONTROL), broken_off.control, *shared)
            for method in own:
                if method.name in plan.broken_off:
                    work.add(functools.partial(measured, "brokenOff", model, method.name),
                             broken_off.train, options.varve, *shared, method)
        for method in own:
            work.add(functools.partial(measured, "lossIncrease", model, method.name),
                     loss_increase.measure, options.varve, *shared, method)

    def measured(kind, model, method, future):
        try:
            row = future.result()
        except program.Unknown as answer:
            if method not in found["skipped"]:
                say(began, f"SKIPPED {method}: this varve does not know it ({answer})")
            found["skipped"][method] = str(answer)
            return
        row = {"model": model.name, "method": method, "tuned": model.tuned, **row}
        found[kind].append(row)
        say(began, f"{model.name}, {method}: {outcome(row)}"
                   + (f", chain ratio {row['chainRatio']:.1f}" if "chainRatio" in row else ""))

    with futures.ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn"), start_worker) as pool:
        work = Work(pool)
        try:
            for model in dict.fromkeys(model.start or model for model in models):
                begin(model)
            work.finish()
        except BaseException as error:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            if isinstance(error, futures.process.BrokenProcessPool):
                raise program.Failed("a process of the experiment was ended from outside (out of memory?)")
            raise
    if not found["lossIncrease"]:
        raise program.Failed("this varve knows none of the methods: " + "; ".join(
            f"{name} ({why})" for name, why in found["skipped"].items()))
    in_order = [broken_off.CONTROL, *(m.name for m in methods)]
    names = [m.name for m in models]
    for kind in ("lossIncrease", "brokenOff"):
        found[kind].sort(key=lambda row: (names.index(row["model"]), in_order.index(row["method"])))
    found["models"] = {name: found["models"][name] for name in names}
    return found


def versions(binary):
    return {
        "varve": program.version(binary), "Python": platform.python_version(),
        **{name: version(name) for name in ("torch", "numpy")},
        "system": f"{platform.system()} {platform.machine()}",
    }
