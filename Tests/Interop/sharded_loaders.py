"""Sharded checkpoints loaded in one process, as each framework loads them: {parameter: {role: whole tensor}}.

Roles are weight, firstMoment, secondMoment, master (the weight in full precision beside one in half precision) and copy
(the weight once more, in another file).
Where a framework has no loader that works on CPUs, its files are loaded one by one, and joined by its own rules.
"""
import contextlib
import glob
import io
import math
import os
import re
import zipfile

import numpy as np
import torch
from safetensors.torch import load_file

import distributed
from checks import require
from distributed import MOMENTS
from state import lenient, local


def torch_file(path):
    """Classes that are not installed are made up: only tensors are looked at."""
    return torch.load(path, map_location="cpu", weights_only=False, pickle_module=lenient)


def dcp(checkpoint):
    tensors = {}
    for folder in distributed.folders(checkpoint):
        distributed.load_other_values(folder)
        tensors |= distributed.load_whole(folder)
    return distributed.by_parameter(tensors)


# ---------------------------------------------------------------- DeepSpeed
def tag_of(checkpoint):
    """The folder with a tag's files: the checkpoint itself, or in the Trainer's checkpoint what `latest` names."""
    latest = os.path.join(checkpoint, "latest")
    if not os.path.exists(latest):
        return checkpoint
    with open(latest, encoding="utf-8") as file:
        return os.path.join(checkpoint, file.read().strip())


def model_states(folder):
    return [torch_file(path) for path in sorted(glob.glob(os.path.join(folder, "*mp_rank_*_model_states.pt")))]


def stage_of(folder):
    return int(partition(optimizer_files(folder)[0])["zero_stage"])


def optimizer_files(folder, stage="*"):
    found = glob.glob(os.path.join(folder, f"*zero_pp_rank_*_mp_rank_{stage}_optim_states.pt"))
    return sorted(found, key=lambda path: int(re.search(r"zero_pp_rank_(\d+)_", path)[1]))


def zero(checkpoint):
    """Masters and moments joined from the ranks' partitions; with ZeRO 1 and 2 also what the model computes with, which
    ZeRO 3 has in no file as a whole."""
    folder = tag_of(checkpoint)
    states, ranks = model_states(folder)[0], [partition(path) for path in optimizer_files(folder)]
    found = whole_parameters(states["param_shapes"], ranks)
    if "fp32_flat_groups" not in ranks[0]:
        for name in found:
            found[name]["weight"] = states["module"][name]
    return found


def partition(path):
    return torch_file(path)["optimizer_state_dict"]


def whole_parameters(shapes_of_groups, ranks):
    """ZeRO 1 and 2 cut a group's parameters, one behind the other, into a part for each rank; ZeRO 3 cuts each
    parameter, rounded up, and a rank has its part of every one."""
    third, found = "fp32_flat_groups" in ranks[0], {}
    for group, shapes in enumerate(shapes_of_groups):
        moments = [rank["optimizer_state_dict" if third else "base_optimizer_state"]["state"][group] for rank in ranks]
        parts = {role: [moment[key] for moment in moments] for key, role in MOMENTS.items()}
        parts["master"] = [rank["fp32_flat_groups" if third else "single_partition_of_fp32_groups"][group]
                           for rank in ranks]
        flat, at = {role: torch.cat(values) for role, values in parts.items()}, 0
        for name, shape in shapes.items():
            count = math.prod(shape)
            if third:
                count = -(-count // len(ranks))
                whole = {role: torch.cat([part[at:at + count] for part in values]) for role, values in parts.items()}
            else:
                whole = {role: values[at:at + count] for role, values in flat.items()}
            found[name] = {role: values[:math.prod(shape)].view(shape) for role, values in whole.items()}
            at += count
    return found


def zero_to_fp32(checkpoint):
    """The weights in full precision, by DeepSpeed's script. The copy that lies in checkpoints needs the package too."""
    from deepspeed.utils.zero_to_fp32 import get_fp32_state_dict_from_zero_checkpoint
    root, tag = os.path.split(tag_of(checkpoint))
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        found = get_fp32_state_dict_from_zero_checkpoint(root, tag)
    return {name: {"master": tensor} for name, tensor in found.items()}


def pipeline(checkpoint):
    """Each stage of the pipeline is a model of its own under ZeRO 1, and each layer has a file."""
    found = {}
    for stage, states in enumerate(model_states(checkpoint)):
        ranks = [partition(path) for path in optimizer_files(checkpoint, f"{stage:02d}")]
        found |= whole_parameters(states["param_shapes"], ranks)
    for name in found:
        layer, inside = name.split(".", 1)
        path = os.path.join(checkpoint, f"layer_{int(layer):02d}-model_states.pt")
        found[name]["weight"] = torch_file(path)[inside]
    return found


def universal(checkpoint):
    found = {}
    for folder in glob.glob(os.path.join(checkpoint, "zero", "*", "")):
        roles = {"fp32": "weight"} | MOMENTS
        found[os.path.basename(folder[:-1])] = {
            role: torch_file(os.path.join(folder, key + ".pt"))["param"] for key, role in roles.items()}
    return found


# ---------------------------------------------------------------- Megatron-Core
# Parameters that tensor parallel ranks hold parts of, and along which dimension.
SPLIT = {"linear_qkv.weight": 0, "linear_qkv.bias": 0, "linear_fc1.weight": 0, "linear_fc1.bias": 0,
         "word_embeddings.weight": 0, "output_layer.weight": 0, "linear_proj.weight": 1, "linear_fc2.weight": 1}
FLAT = {"param": "master"} | MOMENTS


def split_of(name):
    return next((dimension for end, dimension in SPLIT.items() if name.endswith(end)), None)


def joined(name, parts):
    return parts[0] if split_of(name) is None else torch.cat(parts, split_of(name))


def flat_parameters(shapes, flat):
    """What a rank's flat buffers hold: the parameters from the last to the first, from multiples of 64 elements on."""
    found, at = {}, 0
    for name in reversed(shapes):
        at = -(-at // 64) * 64
        count = math.prod(shapes[name])
        found[name] = {role: flat[key][at:at + count].view(shapes[name]) for key, role in FLAT.items()}
        at += count
    return found


def megatron_files(checkpoint):
    """mp_rank_TT/: the files of Megatron before its distributed checkpoints."""
    models, ranks = [], []
    for folder in sorted(glob.glob(os.path.join(checkpoint, "mp_rank_*"))):
        model = torch_file(os.path.join(folder, "model_optim_rng.pt"))["model"]
        models.append({name: tensor for name, tensor in model.items() if isinstance(tensor, torch.Tensor)})
        buffers = torch_file(os.path.join(folder, "distrib_optim.pt"))[0]
        ranks.append(flat_parameters({name: tensor.shape for name, tensor in models[-1].items()},
                                     next(iter(buffers.values()))))
    return {name: {"weight": joined(name, [model[name] for model in models])} |
            {role: joined(name, [rank[name][role] for rank in ranks]) for role in FLAT.values()} for name in models[0]}


def stacked(name):
    """Under which name a distributed checkpoint has a parameter, and which slice of it is this layer's."""
    name = name.replace(".input_layernorm.", ".self_attention.linear_qkv.layer_norm_")
    name = name.replace(".pre_mlp_layernorm.", ".mlp.linear_fc1.layer_norm_")
    match = re.fullmatch(r"(.*decoder\.layers)\.(\d+)\.(.*)", name)
    return (f"{match[1]}.{match[3]}", int(match[2])) if match else (name, None)


def model_order(names):
    """The model has one layer after the other; `inspect` lists the layers that are stacked in one tensor together."""
    layers = [name for name in names if stacked(name)[1] is not None]
    first = names.index(layers[0])
    return (names[:first] + sorted(layers, key=lambda name: stacked(name)[1])
            + [name for name in names[first:] if stacked(name)[1] is None])


def megatron(tensors, names):
    """Of a distributed checkpoint's tensors; `names` are all parameters as `inspect` lists them."""
    def layer(key, name):
        key, index = key.format(stacked(name)[0]), stacked(name)[1]
        return tensors[key] if index is None else tensors[key][index]

    names = model_order(names)
    found = {name: {"weight": layer("{}", name)} for name in names}
    buffers = sorted({key.rsplit(".", 1)[0] for key in tensors if key.startswith("optimizer.distributed.")})
    if not buffers:
        for name in names:
            found[name] |= {role: layer("optimizer.state." + key + ".{}", name) for key, role in FLAT.items()}
        return found
    shapes = {name: [size // len(buffers) if side == split_of(name) else size
                     for side, size in enumerate(found[name]["weight"].shape)] for name in names}
    ranks = [flat_parameters(shapes, {key: tensors[f"{buffer}.{key}"] for key in FLAT}) for buffer in buffers]
    for name in names:
        found[name] |= {role: joined(name, [rank[name][role] for rank in ranks]) for role in FLAT.values()}
    return found


# ---------------------------------------------------------------- files of single ranks, and whole ones
def in_order(paths):
    return sorted(paths, key=lambda path: int(re.search(r"rank_(\d+)\.pt$", path)[1]))


def along(parts):
    """Parts of a tensor joined along the dimension that their placement names; others are the same on every rank."""
    if not hasattr(parts[0], "_spec"):
        return parts[0]
    placements = parts[0]._spec.placements
    require(len(placements) == 1, f"placed by {placements}")
    whole = torch.cat([local(part) for part in parts], placements[0].dim)
    require(whole.shape == parts[0].shape, f"parts make {tuple(whole.shape)}, not {tuple(parts[0].shape)}")
    return whole


def rank_files(checkpoint):
    """verl: model_world_size_W_rank_R.pt and optim_world_size_W_rank_R.pt, states by the model's order."""
    models, optimizers = ([torch.load(path, map_location="cpu", weights_only=False) for path in in_order(
        glob.glob(os.path.join(checkpoint, "actor", kind + "_world_size_*.pt")))] for kind in ("model", "optim"))
    found = {}
    for index, name in enumerate(models[0]):
        found[name] = {"weight": along([model[name] for model in models])}
        found[name] |= {role: along([optimizer["state"][index][key] for optimizer in optimizers])
                        for key, role in MOMENTS.items()}
    return found


def arrays(checkpoint):
    """MLX: NNNNNNN_model and NNNNNNN_optimizer, by numpy or safetensors."""
    def load(path):
        if path.endswith(".safetensors"):
            return load_file(path)
        with np.load(path) as found:
            return {name: torch.from_numpy(found[name]) for name in found.files}

    moments = load(checkpoint.replace("_model.", "_optimizer."))
    return {name: {"weight": tensor, "firstMoment": moments[name + ".m"], "secondMoment": moments[name + ".v"]}
            for name, tensor in load(checkpoint).items()}


def by_name(weights, states):
    return {name: {"weight": tensor} | {role: states[name][key] for key, role in MOMENTS.items()}
            for name, tensor in weights.items()}


def trainer_whole(checkpoint):
    """The Trainer with FSDP and FULL_STATE_DICT. It resumes from the second copy of the weights."""
    weights = load_file(os.path.join(checkpoint, "model.safetensors"))
    copies = torch.load(os.path.join(checkpoint, "pytorch_model_fsdp.bin"), map_location="cpu", weights_only=True)
    optimizer = torch.load(os.path.join(checkpoint, "optimizer.bin"), map_location="cpu", weights_only=True)
    found = by_name(weights, optimizer["state"])
    require(set(copies) == set(weights), "one of the weights' copies has other names")
    return {name: roles | {"copy": copies[name]} for name, roles in found.items()}


def composer(checkpoint):
    state = torch.load(checkpoint, map_location="cpu", weights_only=False)["state"]
    return by_name(state["model"], state["optimizers"]["AdamW"]["state"])


# ---------------------------------------------------------------- zip files
def check_zips(root):
    """Every torch and numpy file, and every piece in .distcp files, has the right CRCs; how many there are."""
    count = 0
    for folder, _, files in os.walk(root):
        if ".metadata" in files:
            count += distributed.check_pieces(folder)
        for path in (os.path.join(folder, name) for name in files if not name.endswith(".distcp")):
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    bad = archive.testzip()
                require(bad is None, f"{os.path.relpath(path, root)}: the CRC of {bad} is wrong")
                count += 1
    return count
