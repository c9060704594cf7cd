"""A training run that can go on from any step with any weights and optimizer state."""
import json
import math
import os

import torch
from torch.nn import functional as F

from models import GPT, ConvNet
from tasks import EVALUATION, Digits, Text


def task_and_model(model, seed):
    """What is learned, and what learns it."""
    if model.kind == "gpt":
        return Text(model.text, seed, model.batch, model.length), GPT(model.width, model.layers, model.length)
    if model.kind == "encoder":
        from encoder import Encoder, Pairs               # the full form alone has the packages for it
        return Pairs(seed, model.batch), Encoder()
    return Digits(seed, model.batch), ConvNet(model.width)


class Training:
    """Batches, learning rate and initial weights are functions of the settings and the step alone."""

    def __init__(self, model, seed):
        self.settings, self.seed = model, seed
        torch.manual_seed(seed)
        self.task, self.model = task_and_model(model, seed)
        parameters = list(self.model.named_parameters())
        matrices, vectors = ([p for _, p in parameters if (p.ndim >= 2) == big] for big in (True, False))
        groups = [{"params": matrices, "weight_decay": model.decay}, {"params": vectors, "weight_decay": 0.0}]
        if model.optimizer == "adamw":
            self.optimizer = torch.optim.AdamW(groups, lr=model.rate, betas=(0.9, model.beta2))
        else:
            self.optimizer = torch.optim.SGD(groups, lr=model.rate, momentum=0.9)

    def rate(self, step):
        """Linear warm-up, then a cosine down to a tenth, a line down to zero, or no way down."""
        done = min(1, step / self.settings.schedule)
        whole = self.settings.rate * min(1, (step + 1) / max(1, self.settings.warmup))
        if self.settings.falls == "to a tenth":
            return whole * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * done)))
        return whole * (1 - done) if self.settings.falls == "to zero" else whole

    def set_rate(self, rate):
        for group in self.optimizer.param_groups:
            group["lr"] = rate

    def answers(self, number):
        """The scores of every answer and the right answers, of all places of a batch."""
        inputs, wanted = self.task.batch(number)
        scores = self.model(inputs)
        return scores.reshape(-1, scores.shape[-1]), wanted.reshape(-1)

    def run(self, start, stop):
        """Trains from step `start` to step `stop`; the training loss of each step.

        Where the rate has come to zero, who trains on sets a new one: here a tenth of the highest.
        """
        self.model.train()
        losses = []
        for step in range(start, stop):
            self.set_rate(self.rate(step) or self.settings.rate / 10)
            torch.manual_seed(self.seed * 1_000_003 + step)      # dropout, where a model has it
            loss = F.cross_entropy(*self.answers(step))
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            losses.append(loss.item())
        return losses

    @torch.no_grad()
    def evaluate(self):
        """The mean loss and the share of right answers over the evaluation batches, always the same ones."""
        self.model.eval()
        losses, right = [], []
        for i in range(self.settings.evaluation):
            scores, wanted = self.answers(EVALUATION + i)
            losses.append(F.cross_entropy(scores, wanted).item())
            right.append((scores.argmax(1) == wanted).float().mean().item())
        return sum(losses) / len(losses), sum(right) / len(right)

    def save(self, folder, step):
        """A checkpoint with the files that the Hugging Face Trainer would write for these."""
        os.makedirs(folder)
        self.model.save(folder)
        self.set_rate(self.rate(step))                   # a scheduler has set that of the next step by then
        torch.save(self.optimizer.state_dict(), os.path.join(folder, "optimizer.pt"))
        with open(os.path.join(folder, "trainer_state.json"), "w", encoding="utf-8") as file:
            json.dump({"global_step": step, "max_steps": self.settings.schedule}, file)

    def load(self, folder):
        self.model.load(folder)
        self.optimizer.load_state_dict(torch.load(os.path.join(folder, "optimizer.pt"), weights_only=True))
        return self

    def size(self):
        return sum(p.numel() for p in self.model.parameters())
