"""The tensors of a checkpoint, and the names of the states that they belong to."""
import re
from collections import deque

import torch
from torch.utils._python_dispatch import is_traceable_wrapper_subclass

MODEL, OPTIMIZER = ("model", "state_dict"), ("optimizer", "optimizers")
# Keys on the way to a state that are no part of its name, and keys that number something.
CONTAINERS = {*OPTIMIZER, "state", "base_optimizer", "lookahead_state", "__bnb_optimizer_quant_state__"}
NUMBER = re.compile(r"[#()\d, ]*")


def every(value, path=()):
    """(path, tensor) of every tensor below a value; quantized tensors and objects of optimizers are taken apart."""
    if is_traceable_wrapper_subclass(value):
        for name in value.__tensor_flatten__()[0]:
            yield from every(getattr(value, name), (*path, name))
    elif isinstance(value, torch.Tensor):
        yield path, value.detach()
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from every(inner, (*path, str(key)))
    elif isinstance(value, (list, tuple, deque)):
        for index, inner in enumerate(value):
            yield from every(inner, (*path, str(index)))
    elif hasattr(value, "__dict__") and not isinstance(value, (type, torch.dtype)):
        yield from every(vars(value), path)


def state(path):
    """The name of a tensor's state: `exp_avg` of optimizer.state.3.exp_avg, `ema` of all that an average holds."""
    if path[0] in MODEL:
        return "weights"
    if path[0] not in OPTIMIZER:
        return path[0]
    parts = [part for key in path for part in key.split(".")]
    return ".".join(part for part in parts if part not in CONTAINERS and not NUMBER.fullmatch(part))
