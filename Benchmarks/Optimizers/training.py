"""A training run with one optimizer, which can go on from any checkpoint."""
import contextlib
import logging
import os
import random
import warnings

import torch
from torch.nn import functional as F
from torch.nn.attention import SDPBackend, sdpa_kernel

from tasks import EVALUATION, Text

WIDTH, LAYERS, LENGTH, BATCH = 96, 3, 32, 16
EVERY, CHECKPOINTS = 61, 4                               # a prime: optimizers do something every 5, 6 or 10 steps
LAST = EVERY * CHECKPOINTS
RESUMED = 40                                             # steps that are trained on from the last checkpoint
EVALUATED = 16                                           # batches that nothing is trained on


class Training:
    """Batches and initial weights are functions of the seed and the step alone; the learning rate is constant."""

    def __init__(self, entry, seed):
        self.entry, self.seed = entry, seed
        torch.manual_seed(seed)
        self.task, self.model = Text("Python", seed, BATCH, LENGTH), entry.model(WIDTH, LAYERS, LENGTH)
        made = entry.optimizers(self.model)
        self.optimizers = made if isinstance(made, list) else [made]
        self.average = entry.average(self.model) if entry.average else None

    def set_mode(self, name):
        """Schedule-free optimizers and their kin hold other weights for training than for evaluation."""
        for optimizer in self.optimizers:
            if callable(getattr(optimizer, name, None)):
                getattr(optimizer, name)()

    def loss(self, number, model=None):
        inputs, wanted = self.task.batch(number)
        scores = (model or self.model)(inputs)
        return F.cross_entropy(scores.reshape(-1, scores.shape[-1]), wanted.reshape(-1))

    def gradients(self, step):
        """The loss of a step's batch; gradients are computed and clipped."""
        for optimizer in self.optimizers:
            optimizer.zero_grad()
        # Only plain attention can be differentiated twice.
        twice = self.entry.second_order
        with sdpa_kernel(SDPBackend.MATH) if twice else contextlib.nullcontext():
            loss = self.loss(step)
            loss.backward(create_graph=twice)
        if self.entry.clips:
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        return loss

    def run(self, start, stop):
        """Trains from step `start` to step `stop`; every step has a seed, for optimizers that draw numbers."""
        self.set_mode("train")
        for step in range(start, stop):
            torch.manual_seed(self.seed * 1_000_003 + step)
            random.seed(self.seed * 1_000_003 + step)
            if self.entry.closure:
                with torch.enable_grad():
                    self.optimizers[0].step(lambda step=step: self.gradients(step))
            else:
                self.gradients(step)
                for optimizer in self.optimizers:
                    optimizer.step()
            if self.average:
                self.average.update(self.model)

    @torch.no_grad()
    def evaluate(self):
        """The mean loss on text that nothing is trained on; of the average of the weights, if there is one."""
        self.set_mode("eval")
        model = self.average.module() if self.average else self.model
        return sum(self.loss(EVALUATION + i, model).item() for i in range(EVALUATED)) / EVALUATED

    def state(self, step):
        """What a checkpoint holds. Several optimizers are a list, as loops with Muon write it."""
        states = [optimizer.state_dict() for optimizer in self.optimizers]
        saved = {self.model_key: self.model.state_dict()}
        if self.average:
            saved[self.average.key] = self.average.state_dict()
        return saved | ({"optimizer": states[0]} if len(states) == 1 else {"optimizers": states}) | {"step": step}

    @property
    def model_key(self):
        return self.average.model_key if self.average else "model"

    def save(self, folder, step):
        self.set_mode("eval")                            # as schedule-free asks for when a checkpoint is saved
        torch.save(self.state(step), checkpoint(folder, step))

    def load(self, path):
        saved = read(path)
        self.model.load_state_dict(saved[self.model_key])
        for optimizer, state in zip(self.optimizers, saved.get("optimizers") or [saved["optimizer"]], strict=True):
            optimizer.load_state_dict(state)
        if self.average:
            self.average.load_state_dict(saved[self.average.key])
        return self


def checkpoint(folder, step):
    return os.path.join(folder, f"checkpoint-{step}.pt")


def read(path):
    """A checkpoint of ours: some optimizers keep objects of their own in their state."""
    return torch.load(path, weights_only=False)


def train(entry, seed, folder):
    """Writes the checkpoints of a run; the number of the model's parameters."""
    os.makedirs(folder)
    training = Training(entry, seed)
    for step in range(EVERY, LAST + 1, EVERY):
        training.run(step - EVERY, step)
        training.save(folder, step)
    return sum(p.numel() for p in training.model.parameters())


def resume(entry, seed, path, rounded=False):
    """The loss of a checkpoint, and RESUMED steps later; as a yardstick, with weights rounded to bfloat16."""
    training = Training(entry, seed).load(path)
    if rounded:
        with torch.no_grad():
            for weight in training.model.parameters():
                weight.copy_(weight.bfloat16())
    before = training.evaluate()
    training.run(LAST, LAST + RESUMED)
    return before, training.evaluate()


def start():
    """What every process begins with: one thread, so that nothing depends on how many there are."""
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")                    # of libraries about their own use of torch, and about
    logging.disable(logging.WARNING)                     # parts of them that are for other machines
