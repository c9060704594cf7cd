"""Training goes on from a restored checkpoint, with the real frameworks."""
import math
import os
import random
import tempfile
from functools import cache

import torch
from safetensors.torch import load_file
from transformers import PreTrainedTokenizerFast, PrinterCallback, Trainer, TrainerCallback

from checks import require
from fixtures import HF_RUN, hf, hf_order, odd

STEPS = 10
# The text is that of the Python that runs the checks, not of the one that made the run: so much may the loss differ.
TEXT = 0.5


@cache
def data():
    return hf.dataset(PreTrainedTokenizerFast.from_pretrained(os.path.join(HF_RUN, f"checkpoint-{hf.EVERY}")))


class Resumed(Trainer):
    """The Trainer, keeping each step's loss."""

    def training_step(self, *arguments, **named):
        loss = super().training_step(*arguments, **named)
        self.losses.append(loss.item())
        return loss


class StopAt(TrainerCallback):
    def __init__(self, step):
        self.step = step

    def on_step_end(self, args, state, control, **_):
        control.should_training_stop = state.global_step >= self.step


def trainer_losses(checkpoint):
    """Losses of the next steps, by the Trainer resuming from the directory; beside them what the run logged there."""
    start = int(checkpoint.rstrip("/").rsplit("-", 1)[1])
    with tempfile.TemporaryDirectory() as output:
        trainer = Resumed(model=hf.model(), train_dataset=data(), callbacks=[StopAt(start + STEPS)],
                          args=hf.arguments(output, save_strategy="no"))
        trainer.remove_callback(PrinterCallback)
        trainer.losses = []
        trainer.train(resume_from_checkpoint=checkpoint)
    counts = {int(state["step"]) for state in trainer.optimizer.state_dict()["state"].values()}
    require(counts == {start + STEPS}, f"{checkpoint}: the optimizer's step counters are {counts}")
    require(len(trainer.losses) == STEPS, f"{checkpoint}: resumed for {len(trainer.losses)} steps")
    require(all(bool(p.isfinite().all()) for p in trainer.model.parameters()), f"{checkpoint}: weights not finite")
    logged = [e["loss"] for e in trainer.state.log_history if e.get("step") == start and "loss" in e]
    return trainer.losses, logged[0]


def plain_losses(checkpoint, start):
    """The same by a plain loop: AdamW.load_state_dict from optimizer.pt."""
    model, rows = hf.model(), data()
    model.load_state_dict(load_file(os.path.join(checkpoint, "model.safetensors")))
    state = torch.load(os.path.join(checkpoint, "optimizer.pt"), map_location="cpu", weights_only=True)
    parameters, order = dict(model.named_parameters()), hf_order()
    groups = [[parameters[order[i]] for i in group["params"]] for group in state["param_groups"]]
    adam = torch.optim.AdamW([{"params": group} for group in groups])
    adam.load_state_dict(state)
    losses, pick = [], random.Random(start)
    for _ in range(STEPS):
        batch = torch.stack([rows[pick.randrange(len(rows))]["input_ids"] for _ in range(16)])
        loss = model(input_ids=batch, labels=batch).loss
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        losses.append(loss.item())
    return losses


def odd_losses(path, step):
    """The odd run's own loop, from one restored file."""
    stored = torch.load(path, map_location="cpu", weights_only=False)
    model = odd.Odd(step)
    model.load_state_dict(stored["model"])
    adam = odd.optimizer(model)
    adam.load_state_dict(stored["optimizer"])
    random.setstate(stored["random"])
    return odd.train(model, adam, odd.text(), STEPS)


def near_the_original(losses, original, what, margin):
    """The mean loss is at most `margin` nats above that of resuming from the original."""
    require(all(map(math.isfinite, losses)), f"{what}: losses {losses}")
    means = [sum(x) / len(x) for x in (losses, original)]
    require(means[0] - means[1] < margin, f"{what}: mean loss {means[0]:.4f}, from the original {means[1]:.4f}")
    return f"{what}: mean loss {means[0]:.4f}, from the original {means[1]:.4f}"


def with_trainer(restored, margin):
    notes = []
    for step in (2 * hf.EVERY, 4 * hf.EVERY):
        folders = [os.path.join(root, f"checkpoint-{step}") for root in (restored, HF_RUN)]
        (losses, logged), (original, _) = map(trainer_losses, folders)
        require(abs(sum(original) / STEPS - logged) < TEXT,
                f"step {step}: the run logged {logged}, the original resumes at {original}")
        notes.append(near_the_original(losses, original, f"step {step}", margin))
    return "; ".join(notes)


def with_torch(restored, margin):
    step = 4 * hf.EVERY
    losses, original = (plain_losses(os.path.join(root, f"checkpoint-{step}"), step) for root in (restored, HF_RUN))
    return near_the_original(losses, original, f"step {step}", margin)


def odd_run(restored, run, margin):
    step = odd.STEPS[-1]
    losses, original = (odd_losses(os.path.join(root, f"ckpt_{step}.pt"), step) for root in (restored, run))
    return near_the_original(losses, original, f"step {step}", margin)
