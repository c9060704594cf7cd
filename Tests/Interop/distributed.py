"""Folders of torch.distributed.checkpoint: loaded by one process and by several ranks, and what is in them by name."""
import io
import os
import re
import sys
import types
import zipfile

import torch
from torch.distributed.checkpoint import FileSystemReader, load
from torch.distributed.checkpoint import metadata as described

from checks import require

MOMENT_KEY = re.compile(r"(?:.+\.)?(?:optimizer|optim|optimizers\.\w+)\.state\.(.+)\.(exp_avg|exp_avg_sq)")
MOMENTS = {"exp_avg": "firstMoment", "exp_avg_sq": "secondMoment"}
# Since torch 2.15 a tensor's properties have its strides too; earlier ones refuse a `.metadata` with them, and loading
# needs them nowhere.
KNOWN = 5


def read_later_metadata():
    stand_in_for_olmo_core()
    set_state = described.TensorProperties.__setstate__
    described.TensorProperties.__setstate__ = lambda self, state: set_state(self, state[:KNOWN])


def stand_in_for_olmo_core():
    """OLMo-core's metadata name its own class for where a piece lies, which has the fields of torch's."""
    from torch.distributed.checkpoint.filesystem import _StorageInfo
    try:
        import olmo_core  # noqa: F401
    except ModuleNotFoundError:
        name = "olmo_core"
        for part in ("", ".distributed", ".checkpoint", ".filesystem"):
            name += part
            sys.modules[name] = types.ModuleType(name)
        sys.modules[name]._StorageInfo = _StorageInfo


def folders(checkpoint):
    """The folders of one checkpoint that torch.distributed.checkpoint has written."""
    return sorted(folder for folder, _, files in os.walk(checkpoint) if ".metadata" in files)


def tensors_of(folder):
    entries = FileSystemReader(folder).read_metadata().state_dict_metadata
    return {name: entry for name, entry in entries.items() if isinstance(entry, described.TensorStorageMetadata)}


def load_whole(folder):
    """{name: tensor}, by one process without a process group."""
    state = {name: torch.zeros(entry.size, dtype=entry.properties.dtype) for name, entry in tensors_of(folder).items()}
    load(state, checkpoint_id=folder, no_dist=True)
    return state


def load_other_values(folder):
    """What is no tensor, by torch's loader too."""
    entries = FileSystemReader(folder).read_metadata().state_dict_metadata
    state = {name: None for name, entry in entries.items() if isinstance(entry, described.BytesStorageMetadata)}
    load(state, checkpoint_id=folder, no_dist=True)
    return state


def load_sharded(folder, mesh):
    """{name: whole tensor} after every rank has loaded its part, along dimension 0, or along the last one."""
    from torch.distributed.tensor import Shard, zeros
    state = {}
    for index, (name, entry) in enumerate(sorted(tensors_of(folder).items())):
        dtype, size = entry.properties.dtype, tuple(entry.size)
        if size:
            along = Shard(len(size) - 1 if index % 3 == 0 else 0)
            state[name] = zeros(size, dtype=dtype, device_mesh=mesh, placements=[along])
        else:
            state[name] = torch.zeros((), dtype=dtype)
    load(state, checkpoint_id=folder)
    return {name: tensor.full_tensor() if tensor.dim() else tensor for name, tensor in state.items()}


def by_parameter(tensors):
    """{parameter: {role: tensor}} of {name in the checkpoint: tensor}, whatever wrote it."""
    found, rest = {}, {}
    for key, tensor in tensors.items():
        match = MOMENT_KEY.fullmatch(key)
        if match:
            found.setdefault(match[1], {})[MOMENTS[match[2]]] = tensor
        elif not re.match(r"(optimizer|optim|lr_scheduler|dataloader|train_state|step)\b", key):
            rest[key] = tensor
    for key, tensor in rest.items():
        name = key if key in found else key.removeprefix("model.")
        require(name in found, f"{key}: nothing in the checkpoint says which parameter this is")
        found[name]["weight"] = tensor
    return found


def check_pieces(folder):
    """Every piece is a zip file of its own, or plain bytes; its CRCs are right. Nothing is between the pieces."""
    count, ends = 0, {}
    for info in FileSystemReader(folder).read_metadata().storage_data.values():
        with open(os.path.join(folder, info.relative_path), "rb") as file:
            file.seek(info.offset)
            piece = file.read(info.length)
        require(len(piece) == info.length, f"{folder}: {info.relative_path} ends within a piece")
        ends[info.relative_path] = max(ends.get(info.relative_path, 0), info.offset + info.length)
        if piece.startswith(b"PK"):
            bad = zipfile.ZipFile(io.BytesIO(piece)).testzip()
            require(bad is None, f"{folder}: {info.relative_path} at {info.offset}: the CRC of {bad} is wrong")
            count += 1
    for path, end in ends.items():
        require(os.path.getsize(os.path.join(folder, path)) == end, f"{folder}: {path}: another length than its pieces")
    return count
