"""The tables: which columns each has, and the rows."""
import math

LOSS_INCREASE = (
    ("method", "method", None), ("chain", "chainRatio", "ratio"), ("total", "totalRatio", "ratio"),
    ("weight error", "weightError", "plain"), ("keyframe", "keyframe", "loss"),
    ("at once, mean", "meanAtOnce", "loss"), ("at once, last", "lastAtOnce", "loss"),
    ("after 40 steps", "afterResuming", "loss"), ("first 20 steps", "firstSteps", "loss"))
BROKEN_OFF = (
    ("method", "method", None), ("chain", "chainRatio", "ratio"), ("total", "totalRatio", "ratio"),
    ("breaks", "breaks", None), ("final loss", "final", "loss"))
PER_STEP = (
    ("method", "method", None), ("checkpoint", "step", None), ("step", "ratio", "ratio"),
    ("weight error", "weightError", "plain"), ("largest weight error", "largestError", "plain"),
    ("gained since the last", "gained", "loss"), ("at once", "atOnce", "loss"))
TUNED = (
    ("lr", "rate", None), ("checkpoint", "step", None), ("quality", "method", None), ("step", "ratio", "ratio"),
    ("chain", "chainRatio", "ratio"), ("total", "totalRatio", "ratio"), ("kept", "kept", "share"),
    ("largest weight error", "largestError", "plain"))
RESUMED = (
    ("lr", "rate", None), ("quality", "method", None), ("kept at once", "kept", "share"),
    ("kept after 40 steps", "keptAfterResuming", "share"), ("after 40 steps", "afterResuming", "loss"),
    ("first 20 steps", "firstSteps", "loss"))


def cell(value, form):
    if value is None:
        return "-"
    if form is None or not math.isfinite(value):
        return str(value)
    if form == "ratio":
        return f"{value:.3g}x" if value < 1000 else f"{value:.0f}x"
    if form == "share":
        return f"{value:.3f}"
    return f"{value:+.4f}" if form == "loss" else f"{value:.3g}"


def filled(title, columns, rows):
    return title, [column[0] for column in columns], [[cell(row.get(key), form) for _, key, form in columns]
                                                      for row in rows]


def per_step(original, rows):
    """A row of every step of every method, with what training gained since the checkpoint before."""
    losses = list(original["losses"].values())
    gains = [None, *(before - after for before, after in zip(losses, losses[1:]))]
    return [{**row, **step, "gained": gain} for row in rows for step, gain in zip(row["steps"], gains)]


def tuned(found, what):
    """The tables of the runs that were fine-tuned from the same weights, one rate after the other."""
    models = {name: model for name, model in found["models"].items()
              if model["tuned"] and model["tuned"]["what"] == what}
    rows = [{**row, "rate": f"{models[row['model']]['tuned']['rate']:g}"}
            for row in found["lossIncrease"] if row["model"] in models]
    first = next(iter(models.values()))
    lasts = ", ".join(f"{list(model['losses'].values())[-1]:.4f} at {model['tuned']['rate']:g}"
                      for model in models.values())
    title = f"{what}, fine-tuned: {first['parameters']:,} parameters; loss {first['before']:.4f}, of the last {lasts}"
    by_step = [{**row, **step} for row in rows for step in row["steps"]]
    by_step.sort(key=lambda row: (list(models).index(row["model"]), row["step"]))
    yield filled(title, TUNED, by_step)
    yield filled(f"{what}, fine-tuned, resumed at the last checkpoint", RESUMED,
                [{**row, **row["steps"][-1]} for row in rows])


def counted(name, model, rows):
    """Loss and share of right answers at every checkpoint, of the original and of what each method restored."""
    def line(label, losses, shares):
        return [label, *(f"{loss:.4f}, {share:.3f}" for loss, share in zip(losses, shares))]

    losses = [*model["losses"].values(), model["afterResuming"]]
    lines = [line("original", losses, [*model["accuracies"].values(), model["accuracyAfterResuming"]])]
    for row in rows:
        increases = [*(step["atOnce"] for step in row["steps"]), row["afterResuming"]]
        shares = [*(step["accuracy"] for step in row["steps"]), row["accuracyAfterResuming"]]
        lines.append(line(row["method"], map(sum, zip(losses, increases)), shares))
    began = f" ({model['before']:.4f}, {model['accuracyBefore']:.3f} before)" if model["tuned"] else ""
    return f"{name}: loss and {model['counts']}{began}", ["method", *model["losses"], "after 40 steps"], lines


def every(found):
    """(title, header, rows) of every model's loss increase, of its broken-off runs, and what else its kind asks for."""
    for name, original in found["models"].items():
        steps, rows = list(original["losses"]), [row for row in found["lossIncrease"] if row["model"] == name]
        broken_off = [row for row in found["brokenOff"] if row["model"] == name]
        saved = f"{original['parameters']:,} parameters, checkpoints at {steps[0]}, {steps[1]} ... {steps[-1]}"
        if rows and not original["tuned"]:
            yield filled(f"{name}: {saved}; loss of the last {original['losses'][steps[-1]]:.4f}", LOSS_INCREASE, rows)
        if broken_off:
            yield filled(f"{name}, broken off and resumed from the archive at every checkpoint", BROKEN_OFF, broken_off)
        if rows and original["perStep"]:
            yield filled(f"{name}: per step", PER_STEP, per_step(original, rows))
        if rows and original["counts"]:
            yield counted(name, original, rows)
    for what in dict.fromkeys(model["tuned"]["what"] for model in found["models"].values() if model["tuned"]):
        yield from tuned(found, what)
