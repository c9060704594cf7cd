"""A training run that can go on from any step with any weights and optimizer state."""
import json
import math
import os

import torch
from torch.nn import functional as F

from models import GPT, ConvNet
from tasks import EVALUATION, Digits, Text

WARMUP = 50


class Training:
    """Batches, learning rate and initial weights are functions of the settings and the step alone."""

    def __init__(self, model, seed):
        self.settings = model
        torch.manual_seed(seed)
        if model.kind == "gpt":
            self.task = Text(seed, model.batch, model.length)
            self.model = GPT(model.width, model.layers, model.length)
        else:
            self.task, self.model = Digits(seed, model.batch), ConvNet(model.width)
        parameters = list(self.model.named_parameters())
        matrices, vectors = ([p for _, p in parameters if (p.ndim >= 2) == big] for big in (True, False))
        groups = [{"params": matrices, "weight_decay": model.decay}, {"params": vectors, "weight_decay": 0.0}]
        if model.optimizer == "adamw":
            self.optimizer = torch.optim.AdamW(groups, lr=model.rate, betas=(0.9, model.beta2))
        else:
            self.optimizer = torch.optim.SGD(groups, lr=model.rate, momentum=0.9)

    def rate(self, step):
        """Linear warm-up, then a cosine down to a tenth."""
        cosine = 0.5 * (1 + math.cos(math.pi * min(1, step / self.settings.schedule)))
        return self.settings.rate * min(1, (step + 1) / WARMUP) * (0.1 + 0.9 * cosine)

    def loss(self, number):
        inputs, wanted = self.task.batch(number)
        scores = self.model(inputs)
        return F.cross_entropy(scores.reshape(-1, scores.shape[-1]), wanted.reshape(-1))

    def run(self, start, stop):
        """Trains from step `start` to step `stop`; the training loss of each step."""
        self.model.train()
        losses = []
        for step in range(start, stop):
            for group in self.optimizer.param_groups:
                group["lr"] = self.rate(step)
            loss = self.loss(step)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
            self.optimizer.step()
            losses.append(loss.item())
        return losses

    @torch.no_grad()
    def evaluate(self):
        """The mean loss over the evaluation batches, always the same ones."""
        self.model.eval()
        losses = [self.loss(EVALUATION + i).item() for i in range(self.settings.evaluation)]
        return sum(losses) / len(losses)

    def save(self, folder, step):
        """A checkpoint with the files that the Hugging Face Trainer would write for these."""
        os.makedirs(folder)
# In the order of the model, as torch.save keeps it: safetensors would sort it, and a model that no tool knows
        # could then not be tied to its optimizer before a second checkpoint shows what moved how.
        torch.save({name: value.detach().clone() for name, value in self.model.state_dict().items()},
                   os.path.join(folder, "pytorch_model.bin"))
        torch.save(self.optimizer.state_dict(), os.path.join(folder, "optimizer.pt"))
        with open(os.path.join(folder, "trainer_state.json"), "w", encoding="utf-8") as file:
            json.dump({"global_step": step, "max_steps": self.settings.schedule}, file)

    def load(self, folder):
        self.model.load_state_dict(torch.load(os.path.join(folder, "pytorch_model.bin"), weights_only=True))
        self.optimizer.load_state_dict(torch.load(os.path.join(folder, "optimizer.pt"), weights_only=True))
        return self

    def size(self):
        return sum(p.numel() for p in self.model.parameters())
