"""What `restore --as safetensors` writes, loaded with safetensors and held against the restored checkpoint."""
import json
import os

import torch
from safetensors.torch import load_file

from checks import require
from fixtures import hf_order
from state import same_bits
from varve import varve

STEP = 1000


def loaded(folder, stem):
    """The tensors of a single file, or of all shards that the list names."""
    index = os.path.join(folder, f"{stem}.safetensors.index.json")
    if not os.path.exists(index):
        return load_file(os.path.join(folder, f"{stem}.safetensors"))
    with open(index, encoding="utf-8") as file:
        listed = json.load(file)
    tensors = {}
    for name in sorted(set(listed["weight_map"].values())):
        shard = load_file(os.path.join(folder, name))
        require(shard.keys() == {key for key, file in listed["weight_map"].items() if file == name}, f"{name}: keys")
        tensors.update(shard)
    total = sum(tensor.numel() * tensor.element_size() for tensor in tensors.values())
    require(listed["metadata"]["total_size"] == total, f"{stem}: total_size is not {total}")
    return tensors


def hf_run(trip, shard_size):
    """Weights as in model.safetensors, and the optimizer's state under the names of the parameters."""
    output = os.path.join(trip.folder, f"exported-{shard_size}")
    varve("restore", trip.archive, "--step", STEP, "--output", output, "--as", "safetensors", "--shard-size", shard_size)
    restored = os.path.join(trip.all, f"checkpoint-{STEP}")
    weights, wanted = loaded(output, "model"), load_file(os.path.join(restored, "model.safetensors"))
    require(weights.keys() == wanted.keys(), f"weights: {sorted(weights.keys() ^ wanted.keys())}")
    for name, tensor in wanted.items():
        require(same_bits(weights[name], tensor), f"{name} differs")
    states, order, count = loaded(output, "optimizer"), hf_order(), 0
    optimizer = torch.load(os.path.join(restored, "optimizer.pt"), map_location="cpu", weights_only=False)
    for index, state in optimizer["state"].items():
        for key, tensor in state.items():
            name = f"{order[index]}.{key}"
            require(name in states and same_bits(states[name], tensor), f"{name} differs")
            count += 1
    require(count == len(states), f"{len(states)} tensors of the optimizer, not {count}")
    return f"{len(weights)} weights, {count} states, {len(os.listdir(output))} files"
