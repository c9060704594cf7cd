"""Runs made on the spot, for what no fixture has: bfloat16 weights beside their float32 masters, amsgrad's maxima, a
batch of matrices, sides long enough for tracked bases, rows whose gradients stop; and a large matrix, whose bases are
not refreshed in every step."""
import os

import torch

SHAPES = {"embedding.weight": (300, 48), "out.weight": (48, 300), "square.weight": (64, 48), "norm.weight": (48,),
          "experts.weight": (3, 16, 20)}
STEPS = (10, 20, 30, 40)


def make_masters(folder):
    os.makedirs(folder)
    generator = torch.Generator().manual_seed(1)

    def normal(shape):
        return torch.randn(shape, generator=generator)

    weights = {name: normal(shape) * 0.1 for name, shape in SHAPES.items()}
    first, second, maximum = ({name: torch.zeros(shape) for name, shape in SHAPES.items()} for _ in range(3))
    for step in range(1, STEPS[-1] + 1):
        for name, shape in SHAPES.items():
            rows = normal((shape[0],) + (1,) * (len(shape) - 1))
            gradient = rows * 0.02 + normal(shape) * 0.01 + weights[name] * 0.02
            if name == "embedding.weight" and step > 20:
                gradient[250:] = 0
            first[name].lerp_(gradient, 0.1)
            second[name].lerp_(gradient * gradient, 0.05)
            torch.maximum(maximum[name], second[name], out=maximum[name])
            mean, square = first[name] / (1 - 0.9**step), maximum[name] / (1 - 0.95**step)
            weights[name] -= 1e-3 * mean / (square.sqrt() + 1e-8)
        if step in STEPS:
            torch.save(checkpoint(step, weights, first, second, maximum), os.path.join(folder, f"ckpt_{step}.pt"))
    return folder


def checkpoint(step, weights, first, second, maximum):
    state = {index: {"step": torch.tensor(float(step)), "exp_avg": first[name].clone(),
                     "exp_avg_sq": second[name].clone(), "max_exp_avg_sq": maximum[name].clone(),
                     "master_param": weights[name].clone()} for index, name in enumerate(SHAPES)}
    group = {"lr": 1e-3, "betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": 0.0, "amsgrad": True,
             "params": list(range(len(SHAPES)))}
    return {"step": step, "model": {name: weights[name].bfloat16() for name in SHAPES},
            "optimizer": {"state": state, "param_groups": [group]}}


def make_large(folder):
    """A million weights, no optimizer."""
    os.makedirs(folder)
    generator = torch.Generator().manual_seed(2)
    weight = torch.randn(1024, 1024, generator=generator) * 0.02
    for step in range(1, 8):
        torch.save({"model": {"large.weight": weight.clone()}}, os.path.join(folder, f"ckpt_{step}.pt"))
        common = torch.randn(1024, 6, generator=generator) @ torch.randn(6, 1024, generator=generator)
        weight += (torch.randn(weight.shape, generator=generator) * 0.3 + common) * 5e-4
    return folder
