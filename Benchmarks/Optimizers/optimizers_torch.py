"""The optimizers of torch.optim, with averages of the weights and with weights in float8 beside AdamW."""
import torch

import averages
import float8
from entry import Entry, hidden_matrices, others

RATE = 1e-3


def plain(kind, name=None, **settings):
    """An optimizer over all parameters with torch's defaults but for these."""
    return Entry(name or kind, "torch", lambda model: getattr(torch.optim, kind)(model.parameters(), **settings))


def adamw(name, **facts):
    return Entry(name, "torch", lambda model: torch.optim.AdamW(model.parameters(), lr=RATE), **facts)


def muon(model):
    """For matrices of hidden layers alone, as torch says; the rest goes to AdamW."""
    return [torch.optim.Muon(hidden_matrices(model), lr=0.02), torch.optim.AdamW(others(model), lr=RATE)]


def sparse_adam(model):
    """For the embedding, whose gradient is sparse; the rest goes to AdamW."""
    model.tokens.sparse = True
    rest = [p for p in model.parameters() if p is not model.tokens.weight]
    return [torch.optim.SparseAdam([model.tokens.weight], lr=RATE), torch.optim.AdamW(rest, lr=RATE)]


def lbfgs(model):
    return torch.optim.LBFGS(model.parameters(), max_iter=4, history_size=4, line_search_fn="strong_wolfe")


ENTRIES = [
    plain("Adadelta", lr=1.0),
    plain("Adafactor", lr=1e-2),
    plain("Adagrad", lr=1e-2),
    plain("Adam", lr=RATE),
    plain("Adam", "Adam, amsgrad", lr=RATE, amsgrad=True),
    plain("AdamW", lr=RATE),
    plain("AdamW", "AdamW, amsgrad", lr=RATE, amsgrad=True),
    plain("Adamax", lr=2e-3),
    plain("ASGD", lr=0.3),
    Entry("LBFGS", "torch", lbfgs, closure=True, clips=False),
    Entry("Muon, AdamW for the rest", "torch", muon),
    plain("NAdam", lr=2e-3),
    plain("RAdam", lr=RATE),
    plain("RMSprop", lr=RATE),
    plain("RMSprop", "RMSprop, centered", lr=RATE, centered=True),
    plain("RMSprop", "RMSprop, momentum", lr=2e-4, momentum=0.9),
    plain("RMSprop", "RMSprop, centered, momentum", lr=2e-4, momentum=0.9, centered=True),
    plain("Rprop", lr=RATE),
    plain("SGD", lr=0.3),
    plain("SGD", "SGD, momentum", lr=0.1, momentum=0.9, nesterov=True),
    Entry("SparseAdam, AdamW for the rest", "torch", sparse_adam, clips=False),
    adamw("AdamW, EMA (AveragedModel)", average=averages.Averaged),
    adamw("AdamW, EMA (timm)", average=averages.Timm),
    adamw("AdamW, EMA (list of tensors)", average=averages.Shadows),
    adamw("AdamW, SWA", average=averages.Equal),
    Entry("AdamW, float8 weights", "torch", lambda model: float8.Rounded(model.parameters(), lr=RATE),
          model=float8.Float8GPT),
    Entry("AdamW, float8 weights, masters", "torch", lambda model: float8.Mastered(model.parameters(), lr=RATE),
          model=float8.Float8GPT),
]
