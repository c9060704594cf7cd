"""One line of the table: an optimizer, how it is made, and what it asks of the training loop."""
from collections.abc import Callable
from dataclasses import dataclass

from torch import nn

from models import GPT


@dataclass(frozen=True)
class Entry:
    name: str
    library: str
    optimizers: Callable                                 # from a model to the optimizer, or to a list of them
    model: Callable = GPT                                # from width, layers and length to a model
    average: Callable | None = None                      # from a model to what follows its weights (averages.py)
    closure: bool = False                                # step(closure) evaluates the loss itself
    second_order: bool = False                           # wants backward(create_graph=True)
    clips: bool = True                                   # gradients are clipped to a norm of 1


def hidden_matrices(model):
    """The matrices of the layers, without embeddings and head: what Muon and its kin are for."""
    return [p for name, p in model.named_parameters() if p.ndim == 2 and name.startswith("layers")]


def others(model):
    """All other parameters, which such optimizers leave to AdamW."""
    return [p for name, p in model.named_parameters() if p.ndim != 2 or not name.startswith("layers")]


def split(matrices, rest):
    """Two param groups: the matrices of the layers with these settings, and all other parameters with those."""
    def groups(model: nn.Module):
        return [{"params": hidden_matrices(model), **matrices}, {"params": others(model), **rest}]
    return groups
