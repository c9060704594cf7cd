"""How an archive stores each state of an optimizer: what the report says, and what comes back."""
import hashlib
import json
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import torch

import program
import saved_tensors
import training

ROLES = {"weight": "as weights", "firstMoment": "as first moments", "secondMoment": "as second moments"}
EXACTLY, UNTIED = "exactly", "exactly, untied"
AVERAGE = "average:"                                      # what is stored like a weight and is none of the model's


@dataclass
class State:
    """All tensors of one name, such as `exp_avg`."""
    name: str
    elements: int = 0
    types: Counter = field(default_factory=Counter)      # elements by type, by shape, and by how they are stored
    shapes: Counter = field(default_factory=Counter)
    ways: Counter = field(default_factory=Counter)
    original: int = 0                                    # bytes of what has a record of its own in the archive
    stored: int = 0
    error: float = 0.0                                   # squared, and the sum of squares
    power: float = 0.0

    def add(self, tensor, back, way):
        count = tensor.numel()
        self.elements += count
        self.types[str(tensor.dtype).removeprefix("torch.")] += count
        self.shapes["x".join(map(str, tensor.shape)) or "scalar"] += count
        self.ways[way] += count
        if tensor.dtype.is_floating_point and tensor.dtype.itemsize > 1:
            self.error += (tensor.double() - back.double()).square().sum().item()
            self.power += tensor.double().square().sum().item()

    def facts(self):
        return {"name": self.name, "elements": self.elements, "types": self.types, "shapes": self.shapes,
                "ways": self.ways, "original": self.original, "stored": self.stored,
                "relativeSquaredError": self.error / self.power if self.power else 0}


def digest(tensor):
    return hashlib.sha256(tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes()).hexdigest()


class Ties:
    """What each tensor of the last step is to a parameter, by the hashes of `varve inspect`."""

    def __init__(self, binary, run):
        step = json.loads(program.varve(binary, "inspect", run, "--hash", "--json"))["steps"][-1]
        self.of_hash, self.untied = defaultdict(list), set()
        for parameter in step["parameters"]:
            values = [(role, "", parameter[role]) for role in ROLES if parameter.get(role)]
            values += [("other", key, value) for key, value in parameter.get("other", {}).items()
                       if isinstance(value, dict) and "sha256" in value]
            for role, key, value in values:
                self.of_hash[value["sha256"]].append((parameter["name"], role, key))
            if parameter["pairing"] == "ambiguous":
                self.untied.add(parameter["name"])

    def find(self, path, key):
        """(parameter, role, key) of a tensor; `None` if it belongs to no parameter. Equal tensors are told by path."""
        def fits(name, role, own):
            if role == "weight":
                return path[0] in saved_tensors.MODEL or name == ".".join(path)
            return path[0] in saved_tensors.OPTIMIZER and (role != "other" or own.split(".")[-1] == path[-1])
        return next((tie for tie in self.of_hash.get(key, []) if fits(*tie)), None)


class Report:
    """What `varve report` says of the tensors of the last step."""

    def __init__(self, binary, archive):
        step = json.loads(program.varve(binary, "report", archive, "--by", "tensor", "--json"))["steps"][-1]
        # A copy's key begins with its role.
        self.rows = {(row["name"], row["role"], row["key"].removeprefix("other:")): row for row in step["tensors"]}
        # Of tensors that no parameter claims: `checkpoint-#.pt:optimizer.state.0.GG.1`.
        self.unclaimed = defaultdict(list)
        for row in step["tensors"]:
            name = row["name"].removeprefix(AVERAGE)
            if row["role"] == "other" and ":" in name:
                path = name.partition(":")[2].split(".")
                self.unclaimed[saved_tensors.state(path)].append(row)


    def row(self, tie):
        """Of a tensor of a parameter."""
        if tie is None:
            return None
        name, _, key = tie
        return self.rows.get(tie) or self.rows.get((f"{AVERAGE}{name}.{key}", "other", ""))


def way(row, path):
    """How a tensor is stored that does not come back exactly, in words."""
    if row is None:
        return "quantized"
    if row["coding"] == "copy":
        return "as copies of weights"
    if row["name"].startswith(AVERAGE):
        return "like weights"
    if row["coding"] == "state":
        return "on their own"
    if row["role"] == "other":
        return "as second moments" if row["key"].endswith("_sq") else "quantized"
    if row["role"] == "weight" and path[0] not in saved_tensors.MODEL:
        return "like weights"
    return ROLES[row["role"]]


def states(binary, run, archive, restored):
    """Every state of the last checkpoint, largest first, the weights before all others."""
    ties, report, found, claimed = Ties(binary, run), Report(binary, archive), {}, set()
    backs = dict(saved_tensors.every(training.read(restored)))
    for path, tensor in saved_tensors.every(training.read(training.checkpoint(run, training.LAST))):
        key, name = digest(tensor), saved_tensors.state(path)
        state, tie = found.setdefault(name, State(name)), ties.find(path, key)
        row = report.row(tie)
        if tie and not row:                              # tied in the step alone, not in the run
            tie = (".".join(path[:-1]), *tie[1:])
            row = report.row(tie)
        if row and tie not in claimed:
            claimed.add(tie)
            state.original += row["originalBytes"]
            state.stored += row["storedBytes"]
        if digest(backs[path]) == key:
            how = UNTIED if row and (row["pairing"] == "ambiguous" or tie[0] in ties.untied) else EXACTLY
        else:
            how = way(row or next(iter(report.unclaimed[name]), None), path)
        state.add(tensor, backs[path], how)
    for name, state in found.items():
        state.original += sum(row["originalBytes"] for row in report.unclaimed[name])
        state.stored += sum(row["storedBytes"] for row in report.unclaimed[name])
    in_order = sorted(found.values(), key=lambda state: (state.name != "weights", -state.elements))
    return [state.facts() for state in in_order]
