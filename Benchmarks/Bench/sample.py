"""Parameters of two checkpoints of a run, as arrays: what the peers get.

A sample, because the slowest of them take minutes for a whole checkpoint: of every shape some parameters, spread over
the run's, at least one.
"""
import os
import re

import numpy as np
import torch
from safetensors import safe_open
from transformers import GPTNeoXConfig, GPTNeoXForCausalLM

from checks import Failure


def order(shapes):
    """Names of the parameters as the optimizer of make_run.py counts them: matrices, then vectors, each as in the
    model. `shapes`: {name: shape} of a GPT-NeoX model's file."""
    found = (re.match(r"gpt_neox\.layers\.(\d+)\.", name) for name in shapes)
    layers = 1 + max((int(match[1]) for match in found if match), default=-1)
    if layers == 0 or "gpt_neox.embed_in.weight" not in shapes:
        raise Failure("the run is none that make_run.py makes: it has no layers of GPT-NeoX")
    vocabulary, width = shapes["gpt_neox.embed_in.weight"]
    inner = shapes["gpt_neox.layers.0.mlp.dense_h_to_4h.weight"][0]
    with torch.device("meta"):
        model = GPTNeoXForCausalLM(GPTNeoXConfig(
            vocab_size=vocabulary, hidden_size=width, num_hidden_layers=layers, intermediate_size=inner,
            num_attention_heads=max(2, width // 64)))
    found = {name: tuple(parameter.shape) for name, parameter in model.named_parameters()}
    if found != {name: tuple(shape) for name, shape in shapes.items() if name in found}:
        raise Failure("the run is none that make_run.py makes: its parameters have other names or shapes")
    return sorted(found, key=lambda name: len(found[name]) < 2)


def steps(run):
    found = (re.fullmatch(r"checkpoint-(\d+)", name) for name in os.listdir(run))
    return sorted(int(match[1]) for match in found if match)


class Checkpoint:
    """One of them, its tensors read when they are asked for."""

    def __init__(self, run, step):
        folder = os.path.join(run, f"checkpoint-{step}")
        self.model = safe_open(os.path.join(folder, "model.safetensors"), "pt")
        self.state = torch.load(os.path.join(folder, "optimizer.pt"), weights_only=True, mmap=True)["state"]
        self.shapes = {name: tuple(self.model.get_slice(name).get_shape()) for name in self.model.keys()}
        self.names = order(self.shapes)

    def values(self, name):
        """(weight, first moment, second moment): float32, copies."""
        state = self.state[self.names.index(name)]
        if tuple(state["exp_avg"].shape) != self.shapes[name]:
            raise Failure(f"{name}: the optimizer has another shape; the run is none that make_run.py makes")
        tensors = (self.model.get_tensor(name), state["exp_avg"], state["exp_avg_sq"])
        return tuple(np.array(tensor.numpy(), dtype=np.float32) for tensor in tensors)


class Sample:
    """`share` of the parameters of each shape, in the last checkpoint and in that before it."""

    def __init__(self, run, share):
        found = steps(run)
        if len(found) < 2:
            raise Failure(f"{run}: fewer than two directories checkpoint-N")
        last, before = Checkpoint(run, found[-1]), Checkpoint(run, found[-2])
        shapes = {}
        for name in last.names:
            shapes.setdefault(last.shapes[name], []).append(name)
        self.names = []
        for names in shapes.values():
            count = max(1, round(len(names) * share))
            self.names += [names[round(index * (len(names) - 1) / max(1, count - 1))] for index in range(count)]
        self.names = sorted(set(self.names), key=last.names.index)
        self.now = [last.values(name) for name in self.names]
        self.before = [before.values(name) for name in self.names]
        self.parameters = sum(values[0].size for values in self.now)
        self.whole = sum(int(np.prod(last.shapes[name])) for name in last.names)

    @property
    def nbytes(self):
        return 12 * self.parameters

    def role(self, index):
        """All values of a role as one array of bit patterns: (now, before). 0 weights, 1 and 2 moments."""
        return tuple(np.concatenate([values[index].reshape(-1) for values in chosen]).view(np.uint32)
                     for chosen in (self.now, self.before))

    def __str__(self):
        return (f"{len(self.names)} tensors of each role, at least one of every shape, "
                f"{self.parameters / 1e6:.1f} of {self.whole / 1e6:.1f} M parameters")
