"""What the checks know of the two fixture runs: their makers, and which moment belongs to which parameter."""
import json
import os
import sys
import tempfile

import torch
from transformers import Trainer

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
FIXTURES = os.path.join(ROOT, "Fixtures")
SHARED = os.path.join(os.path.dirname(ROOT), "shared")
sys.path.insert(0, FIXTURES)

import make_hf_trainer_run as hf
import make_odd_run as odd

HF_RUN, ODD_RUN = (os.path.join(FIXTURES, maker.NAME) for maker in (hf, odd))
sys.modules["__main__"].Settings = odd.Settings           # the class that the odd run's pickles name


def trainer_order(model, optimizer):
    """Parameter names in the order in which an optimizer numbers them."""
    names = {id(p): n for n, p in model.named_parameters()}
    return [names[id(p)] for group in optimizer.param_groups for p in group["params"]]


def hf_order():
    """The order of the Trainer itself."""
    with tempfile.TemporaryDirectory() as folder:              # the Trainer makes its output directory at once
        trainer = Trainer(model=hf.model(), args=hf.arguments(folder))
        return trainer_order(trainer.model, trainer.create_optimizer())


def odd_order(path):
    """The names that the odd run's optimizers carry themselves."""
    groups = torch.load(path, map_location="cpu", weights_only=False)["optimizer"]["param_groups"]
    names = {i: n for group in groups for i, n in zip(group["params"], group["param_names"])}
    return [names[i] for i in sorted(names)]


def index_of(leaf):
    """Index of the optimizer state in which a moment stands."""
    return leaf.path[leaf.path.index("state") + 1]


def shared_run(name):
    return os.path.join(SHARED, "runs", name)


def expected(name):
    with open(os.path.join(SHARED, "runs", "expected", name + ".json"), encoding="utf-8") as file:
        return json.load(file)["steps"]
