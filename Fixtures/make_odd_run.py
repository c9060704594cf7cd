"""Makes odd-run: three checkpoints of a tiny model with everything a tidy run does not have.

    python make_odd_run.py                   writes odd-run beside this script

ckpt_100.pt, ckpt_200.pt, ckpt_300.pt, each one torch file with model, optimizer and the rest:
- `settings`: an object of a class that only this script (`__main__`) knows;
- `gate.weight`: NaN and infinite values at step 200 only;
- `late.weight`: appears at step 200; `early.weight`: gone at step 300; `head.*`: changes shape at step 300;
- `frozen.weight`: never trained, no optimizer state; `seen`: an int64 buffer; `mask`: a bool buffer;
- `bf16.weight`, `fp16.weight` and `fp64.weight` in those types, the rest fp32; moments of the same types;
- `random`: Python's generator (a tuple of 625 numbers), `torch_random`: torch's (bytes).
Beside them: notes.bin (an unknown binary file), log.json, last.pt -> ckpt_300.pt. Versions: requirements.txt.
"""
import json
import os
import random
import shutil
import sys
import sysconfig

os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import torch
from torch import nn

NAME = "odd-run"
STEPS = (100, 200, 300)
WIDTH = 12


class Settings:
    """What no reader of these files knows; its state holds a tensor, which must survive as well."""

    def __init__(self, note, scale):
        self.note, self.scale = note, scale
        self.table = torch.arange(6, dtype=torch.float32).reshape(2, 3)


class Odd(nn.Module):
    """A next-byte model of about 3,400 parameters; `step` decides which of them there are."""

    def __init__(self, step):
        super().__init__()
        generator = torch.Generator().manual_seed(5)
        linear = lambda *shape, dtype=torch.float32: Matrix(torch.randn(*shape, generator=generator).mul(0.2).to(dtype))
        self.embed = linear(96, WIDTH)
        self.frozen = linear(WIDTH, WIDTH)
        self.frozen.weight.requires_grad_(False)
        self.bf16 = linear(WIDTH, WIDTH, dtype=torch.bfloat16)
        self.fp16 = linear(WIDTH, WIDTH, dtype=torch.float16)
        self.fp64 = linear(WIDTH, WIDTH, dtype=torch.float64)
        self.gate = linear(WIDTH, WIDTH)
        if step < 300:
            self.early = linear(WIDTH, WIDTH)
        if step >= 200:
            self.late = linear(WIDTH, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.head = nn.Linear(WIDTH, 96 if step < 300 else 104)
        self.register_buffer("seen", torch.zeros(96, dtype=torch.int64))
        self.register_buffer("mask", torch.arange(WIDTH) % 5 != 0)

    def forward(self, tokens):
        self.seen += torch.bincount(tokens.flatten(), minlength=96)
        x = self.embed.weight[tokens]
        for matrix in (self.frozen, self.bf16, self.fp16, self.fp64, getattr(self, "early", None)):
            if matrix is not None:
                x = x + torch.tanh(x @ matrix.weight.to(x.dtype))
        x = x * torch.sigmoid(x @ self.gate.weight) * self.mask
        if hasattr(self, "late"):
            x = x + x @ self.late.weight
        return self.head(self.norm(x))


class Matrix(nn.Module):
    def __init__(self, weight):
        super().__init__()
        self.weight = nn.Parameter(weight)


def optimizer(model):
    """AdamW built from names; fp16 has a group of its own, whose eps fp16 can hold."""
    named = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    return torch.optim.AdamW([
        {"params": [(n, p) for n, p in named if p.dtype != torch.float16], "weight_decay": 0.01},
        {"params": [(n, p) for n, p in named if p.dtype == torch.float16], "weight_decay": 0.0, "eps": 1e-3}], lr=3e-3)


def text():
    """The source of textwrap as numbers below 96."""
    with open(os.path.join(sysconfig.get_paths()["stdlib"], "textwrap.py"), encoding="utf-8") as file:
        return torch.tensor([min(max(ord(c) - 32, 0), 95) for c in file.read()])


def train(model, adam, data, steps):
    """Losses of `steps` steps on batches drawn with Python's generator."""
    losses = []
    for _ in range(steps):
        starts = [random.randrange(len(data) - 33) for _ in range(16)]
        rows = torch.stack([data[i:i + 33] for i in starts])
        loss = nn.functional.cross_entropy(model(rows[:, :-1]).flatten(0, 1), rows[:, 1:].flatten())
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        losses.append(loss.item())
    return losses


def grown(step, model, adam):
    """The model and optimizer of `step`, with all that still fits carried over from the ones before."""
    new = Odd(step)
    names = {n: p for n, p in model.named_parameters()}
    kept = {n for n, p in new.named_parameters() if n in names and names[n].shape == p.shape}
    new.load_state_dict({n: t for n, t in model.state_dict().items()
                         if n in kept or n in dict(model.named_buffers())}, strict=False)
    new_adam = optimizer(new)
    for name, parameter in new.named_parameters():
        if name in kept and names[name] in adam.state:
            new_adam.state[parameter] = {k: v.clone() for k, v in adam.state[names[name]].items()}
    return new, new_adam


def main():
    torch.set_num_threads(1)
    os.chdir(os.path.dirname(os.path.abspath(__file__)))
    shutil.rmtree(NAME, ignore_errors=True)
    os.makedirs(NAME)
    random.seed(7)
    torch.manual_seed(7)
    data, log, model = text(), [], Odd(STEPS[0])
    adam = optimizer(model)
    for step in STEPS:
        if step != STEPS[0]:
            model, adam = grown(step, model, adam)
        losses = train(model, adam, data, 100)
        log.append({"step": step, "loss": round(sum(losses[-20:]) / 20, 4)})
        weights = {n: t.clone() for n, t in model.state_dict().items()}
        if step == 200:
            weights["gate.weight"][1, 2:5] = float("nan")
            weights["gate.weight"][3, 3] = float("-inf")
        torch.save({"step": step, "model": weights, "optimizer": adam.state_dict(), "loss": losses[-1],
                    "settings": Settings(f"saved at {step}", 0.5), "random": random.getstate(),
                    "torch_random": torch.get_rng_state()}, f"{NAME}/ckpt_{step}.pt")
    with open(f"{NAME}/log.json", "w") as file:
        json.dump(log, file, indent=1)
    with open(f"{NAME}/notes.bin", "wb") as file:
        file.write(b"\x00odd\xff" + random.Random(3).randbytes(3000))
    os.symlink(f"ckpt_{STEPS[-1]}.pt", f"{NAME}/last.pt")
    print(NAME, log, {f: os.path.getsize(f"{NAME}/{f}") for f in sorted(os.listdir(NAME))},
          sum(p.numel() for p in model.parameters()), file=sys.stderr)


if __name__ == "__main__":
    main()
