"""A chain of checkpoints as arrays of bits: what every coder of the comparison gets."""
import os
import re
import shutil

import numpy as np
import torch
from safetensors.torch import load_file, save_file

from checks import Failure

ROLES = ("weight", "firstMoment", "secondMoment")
MOMENTS = {"firstMoment": "exp_avg", "secondMoment": "exp_avg_sq"}


def bits(tensor):
    """The bit patterns of a float32 or bfloat16 tensor, in a row."""
    integers = {torch.float32: (torch.int32, np.uint32), torch.bfloat16: (torch.int16, np.uint16)}
    if tensor.dtype not in integers:
        raise Failure(f"a tensor of {tensor.dtype}: only float32 runs are compared")
    signed, unsigned = integers[tensor.dtype]
    return tensor.detach().contiguous().reshape(-1).view(signed).numpy().view(unsigned)


class Array:
    """All tensors of one role in one step, in a fixed order."""

    def __init__(self, tensors):
        tensors = list(tensors)
        self.shapes = [tuple(tensor.shape) for tensor in tensors]
        self.tensors = [bits(tensor) for tensor in tensors]
        self.whole = np.concatenate(self.tensors)

    @property
    def nbytes(self):
        return self.whole.nbytes


class Chain:
    """checkpoint-N/{model.safetensors, optimizer.pt} under a directory: the Hugging Face Trainer's layout."""

    def __init__(self, path):
        self.path, self.read = path, {}
        found = (re.fullmatch(r"checkpoint-(\d+)", name) for name in os.listdir(path))
        self.steps = sorted(int(match[1]) for match in found if match)
        if len(self.steps) < 2:
            raise Failure(f"{path}: fewer than two directories checkpoint-N")

    def folder(self, step):
        return os.path.join(self.path, f"checkpoint-{step}")

    def weights(self, step):
        return load_file(os.path.join(self.folder(step), "model.safetensors"))

    def optimizer(self, step):
        return torch.load(os.path.join(self.folder(step), "optimizer.pt"), weights_only=True)

    def beta2(self, step):
        """beta2 of each parameter of the optimizer, None where it is not there."""
        optimizer = self.optimizer(step)
        found = {index: group["betas"][1] for group in optimizer["param_groups"] if "betas" in group
                 for index in group["params"]}
        return [found.get(index) for index in sorted(optimizer["state"])]

    def roles(self, step):
        """{role: Array} of a step: weights in the file's order, moments in the optimizer's."""
        if step not in self.read:
            state = self.optimizer(step)["state"]
            arrays = {role: Array([state[index][key] for index in sorted(state)]) for role, key in MOMENTS.items()}
            arrays["weight"] = Array(self.weights(step).values())
            self.read[step] = {role: arrays[role] for role in ROLES}
        return self.read[step]

    def rounded(self, step):
        """The weights of a step in bfloat16, rounded to nearest, ties to even."""
        key = (step, "bf16")
        if key not in self.read:
            self.read[key] = Array([tensor.to(torch.bfloat16) for tensor in self.weights(step).values()])
        return self.read[key]

    def write_rounded(self, steps, path):
        """A run of those steps with nothing but bfloat16 weights."""
        for step in steps:
            folder = os.path.join(path, f"checkpoint-{step}")
            os.makedirs(folder)
            rounded = {name: tensor.to(torch.bfloat16) for name, tensor in self.weights(step).items()}
            save_file(rounded, os.path.join(folder, "model.safetensors"), metadata={"format": "pt"})

    def write_alone(self, step, path):
        """A run of that step alone."""
        shutil.copytree(self.folder(step), os.path.join(path, f"checkpoint-{step}"))
