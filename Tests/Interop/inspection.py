"""`varve inspect RUN --json --hash` finds every parameter and ties every moment to the right one."""
import hashlib
import os

import torch
from safetensors.torch import load_file

from checks import Skip, require
from fixtures import HF_RUN, ODD_RUN, expected, hf, hf_order, odd, odd_order, shared_run
from state import DTYPES, raw
from varve import inspected

RUNS = ("hf_llama hf_llama_lora hf_llama_sharded hf_llama_bf16 hf_gpt2_bin hf_adafactor nanogpt_style lightning "
        "timm_vit torchvision_sgd adamw_amsgrad rmsprop adagrad adafactor muon_adamw torch_legacy_format "
        "plain_safetensors frozen grow tied").split()
ROLES = ("weight", "firstMoment", "secondMoment")


def agrees(run, wanted):
    """Every parameter and every role of every step: same name, shape, dtype and hash, none missing, none more.
    Buffers need not be listed, but where they are they must be right."""
    found = inspected(run, "--hash")
    steps = [[s["step"], s["checkpoint"]] for s in found]
    require(steps == [[s["step"], s["checkpoint"]] for s in wanted], f"steps {steps}")
    count, wrong = 0, []
    for have, want in zip(found, wanted):
        have_by_name = {p["name"]: p for p in have["parameters"]}
        if len(have_by_name) != len(have["parameters"]):
            wrong.append(f"step {want['step']}: a name twice")
        for parameter in want["parameters"]:
            mine = have_by_name.pop(parameter["name"], None)
            where = f"step {want['step']} {parameter['name']}"
            if mine is None:
                wrong += [] if parameter.get("buffer") else [f"{where}: not found"]
                continue
            if [mine["shape"], mine["dtype"]] != [parameter["shape"], parameter["dtype"]]:
                wrong.append(f"{where}: {mine['dtype']} {mine['shape']}")
            for role in ROLES:
                a, b = ([p[role]["dtype"], p[role]["sha256"]] if p.get(role) else None for p in (mine, parameter))
                if a != b:
                    wrong.append(f"{where} {role}: {describe(a)} instead of {describe(b)}")
                count += 1
        wrong += [f"step {want['step']} {name}: not in the run" for name in have_by_name]
    require(not wrong, f"{len(wrong)} differences, first: " + "; ".join(wrong[:4]))
    return f"{count} entries of {len(wanted)} steps"


def describe(entry):
    return f"{entry[0]} {entry[1][:8]}" if entry else "nothing"


def shared(name):
    if not os.path.isdir(shared_run(name)):
        raise Skip("../shared/runs is not here")
    return agrees(shared_run(name), expected(name))


def entry(tensor):
    return {"sha256": hashlib.sha256(raw(tensor)).hexdigest(), "dtype": DTYPES[tensor.dtype]}


def rows(weights, optimizer, order, buffers=()):
    """What torch itself says of a checkpoint, in the form of the expected files."""
    states = {order[index]: state for index, state in optimizer["state"].items()}
    found = []
    for name, weight in weights.items():
        row = {"name": name, "shape": list(weight.shape), "dtype": DTYPES[weight.dtype], "weight": entry(weight),
               "buffer": name in buffers}
        if name in states:
            row |= {"firstMoment": entry(states[name]["exp_avg"]), "secondMoment": entry(states[name]["exp_avg_sq"])}
        found.append(row)
    return found


def hf_run():
    order, steps = hf_order(), []
    for step in range(hf.EVERY, hf.STEPS + 1, hf.EVERY):
        folder = os.path.join(HF_RUN, f"checkpoint-{step}")
        state = torch.load(os.path.join(folder, "optimizer.pt"), map_location="cpu", weights_only=True)
        steps.append({"step": step, "checkpoint": f"checkpoint-{step}",
                      "parameters": rows(load_file(os.path.join(folder, "model.safetensors")), state, order)})
    return agrees(HF_RUN, steps)


def odd_run():
    steps = []
    for step in odd.STEPS:
        path = os.path.join(ODD_RUN, f"ckpt_{step}.pt")
        stored = torch.load(path, map_location="cpu", weights_only=False)
        steps.append({"step": step, "checkpoint": f"ckpt_{step}.pt", "parameters": rows(
            stored["model"], stored["optimizer"], odd_order(path), buffers=("seen", "mask"))})
    return agrees(ODD_RUN, steps)
