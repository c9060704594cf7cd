"""A run of several times the parameters in tensors of the same sizes, from one of make_run.py: 1 B of 202 M.

python grow.py RUN OUT [--times 5] [--checkpoints 2]

Each layer is there so many times, the rows of a copy's tensors in another order: the same one in every checkpoint,
and in the weight and both moments. So the values, their spectra and how they move from one checkpoint to the next are
those of training, and no copy repeats the bytes of another in their places. Memory: 16 bytes a parameter of OUT.
"""
import argparse
import os
import re
import shutil
import sys
import zlib

import numpy as np
import torch
from safetensors.torch import load_file, save_file

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(1, os.path.join(ROOT, "Tests", "Interop"))
from sample import order, steps

LAYER = re.compile(r"gpt_neox\.layers\.(\d+)\.(.*)")


def permuted(tensor, copy, name):
    """The rows in an order that depends on the copy and the tensor's name, not on what it holds."""
    generator = np.random.default_rng([copy, zlib.crc32(name.encode())])
    return tensor[torch.from_numpy(generator.permutation(tensor.shape[0]))].clone()


def sources(names, times):
    """{name in the grown model: (name it comes from, copy)}"""
    layers = 1 + max(int(match[1]) for match in map(LAYER.match, names) if match)
    made = {}
    for name in names:
        match = LAYER.match(name)
        made[name] = (name, 0)
        for copy in range(1, times) if match else ():
            made[f"gpt_neox.layers.{int(match[1]) + copy * layers}.{match[2]}"] = (name, copy)
    return made


def grow(folder, out, times):
    weights = load_file(os.path.join(folder, "model.safetensors"))
    names = order({name: tuple(tensor.shape) for name, tensor in weights.items()})
    origin = sources(list(weights), times)
    grown = {name: weights[source] if copy == 0 else permuted(weights[source], copy, source)
             for name, (source, copy) in origin.items()}
    os.makedirs(out + ".partial")
    save_file(grown, os.path.join(out + ".partial", "model.safetensors"), metadata={"format": "pt"})
    places = order({name: tuple(tensor.shape) for name, tensor in grown.items()})
    matrices = sum(grown[name].ndim >= 2 for name in places)
    del grown
    state = torch.load(os.path.join(folder, "optimizer.pt"), weights_only=True)
    made, indices = {}, {name: index for index, name in enumerate(names)}
    for index, name in enumerate(places):
        source, copy = origin[name]
        made[index] = {
            key: permuted(value, copy, source) if copy and value.ndim and value.shape == weights[source].shape else
            value.clone() for key, value in state["state"][indices[source]].items()}
    groups = [dict(group) for group in state["param_groups"]]
    groups[0]["params"], groups[1]["params"] = list(range(matrices)), list(range(matrices, len(places)))
    torch.save({"state": made, "param_groups": groups}, os.path.join(out + ".partial", "optimizer.pt"))
    shutil.copy(os.path.join(folder, "trainer_state.json"), out + ".partial")
    os.rename(out + ".partial", out)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run")
    parser.add_argument("out")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--checkpoints", type=int, default=2, help="the newest so many (2)")
    given = parser.parse_args()
    for step in steps(given.run)[-given.checkpoints:]:
        name = f"checkpoint-{step}"
        grow(os.path.join(given.run, name), os.path.join(given.out, name), given.times)
        print(name, flush=True)


if __name__ == "__main__":
    main()
