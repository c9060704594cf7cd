"""Checkpoints with the sizes of a large run, the same tensors as several frameworks lay them out.

python make_sharded.py OUT --layout dcp|zero2|zero3|megatron|plain [--parameters 1.3e9] [--ranks 64] [--steps 3]

    dcp     torch.distributed.checkpoint of FSDP: .metadata, and pieces of every tensor's rows in a file for each rank
    zero2   DeepSpeed ZeRO 2: a flat partition for each rank, and the model's bfloat16 weights
    megatron  Megatron-Core torch_dist, fully reshardable: layers stacked, bfloat16 weights beside their masters
    zero3   DeepSpeed ZeRO 3: a flat partition for each rank
    plain   model.safetensors and optimizer.pt, as the Hugging Face Trainer saves

float32 weights and both moments: 12 bytes a parameter, 15.6 GB a checkpoint by default. Speed and memory can be
measured with it, compression cannot: the values are drawn, with the spread and the changes of a training but not its
spectra. They depend on name, position and step alone, so they are the same in every layout and every call. Needs torch.
Memory: one tensor, or one rank's part of it, whatever the size of the checkpoint.
"""
import argparse
import dataclasses
import enum
import functools
import json
import os
import pickle
import struct
import sys
import types
import typing
import uuid
import zipfile
import zlib
from collections import OrderedDict

import numpy as np
import torch
from torch.distributed.checkpoint.filesystem import _StorageInfo
from torch.distributed.checkpoint.metadata import (BytesStorageMetadata, ChunkStorageMetadata, Metadata, MetadataIndex,
                                                   StorageMeta, TensorProperties, TensorStorageMetadata)
from torch.serialization import skip_data

FIRST, EVERY = 100, 100          # steps of the optimizer: the first checkpoint's, and between two
LR = 3e-4
GROUPS = (("matrices", 0.1), ("vectors", 0.0))


# MARK: Model


def model(parameters):
    """{name: shape} of a GPT-NeoX of about so many parameters, in the model's order."""
    vocabulary = 50304 if parameters >= 5e7 else 1024

    def shapes(width, layers):
        made = {"gpt_neox.embed_in.weight": (vocabulary, width)}
        for layer in range(layers):
            prefix = f"gpt_neox.layers.{layer}."
            for norm in ("input_layernorm", "post_attention_layernorm"):
                made[f"{prefix}{norm}.weight"] = made[f"{prefix}{norm}.bias"] = (width,)
            for name, rows, columns in (("attention.query_key_value", 3, 1), ("attention.dense", 1, 1),
                                        ("mlp.dense_h_to_4h", 4, 1), ("mlp.dense_4h_to_h", 1, 4)):
                made[f"{prefix}{name}.weight"] = (rows * width, columns * width)
                made[f"{prefix}{name}.bias"] = (rows * width,)
        made["gpt_neox.final_layer_norm.weight"] = made["gpt_neox.final_layer_norm.bias"] = (width,)
        made["embed_out.weight"] = (vocabulary, width)
        return made

    def size(pair):
        width, layers = pair
        return 2 * vocabulary * width + layers * 12 * width * width

    widths = [*range(16, 1024, 16), *range(1024, 16385, 64)]
    pairs = [(width, max(2, round(width / 85))) for width in widths]
    return shapes(*min(pairs, key=lambda pair: abs(size(pair) - parameters)))


def grouped(shapes):
    """The names with decay, and those without."""
    return ([name for name in shapes if len(shapes[name]) > 1], [name for name in shapes if len(shapes[name]) == 1])


def count(shape):
    return int(np.prod(shape, dtype=np.int64))


# MARK: Values


class Values:
    """Elements of weights and moments, any range of them without those before."""
    BLOCK = 1 << 16

    def __init__(self):
        generator = np.random.default_rng(1)
        self.normal = generator.standard_normal(1 << 21, dtype=np.float32)
        self.positive = np.exp(np.float32(0.7) * generator.standard_normal(1 << 21, dtype=np.float32))

    def _draw(self, pool, *key):
        """A block from the pool, and a factor from 0.75 to 1.25, so that no two blocks repeat each other's bytes."""
        random = np.random.default_rng(key)
        start = int(random.integers(len(pool) - self.BLOCK))
        return pool[start:start + self.BLOCK], np.float32(random.uniform(0.75, 1.25))

    def _block(self, kind, name, is_vector, number, step):
        key = zlib.crc32(name.encode())

        def update(at):
            """What the optimizer averages at a checkpoint: its weights follow it, and it is in the moments."""
            pool, factor = self._draw(self.normal, key, number, at, 1)
            return pool * factor

        if kind == "weight":
            pool, factor = self._draw(self.normal, key, number, 0)
            values = pool * (np.float32(0.02) * factor)
            if is_vector and name.endswith("weight"):
                values += 1
            for at in range(1, step + 1):
                values -= np.float32(LR) * update(at)
            return values
        if kind == "exp_avg":
            return np.float32(1e-4) * (np.float32(0.9) * update(step) + np.float32(0.4) * update(step - 1))
        first, factor = self._draw(self.positive, key, number, 0, 2)
        recent, _ = self._draw(self.positive, key, number, step, 2)
        return np.float32(1e-8) * factor * (np.float32(0.9) * first + np.float32(0.1) * recent)

    def blocks(self, kind, name, shape, step, start=0, end=None):
        """Arrays that are, one after the other, the elements from `start` to `end`."""
        end = count(shape) if end is None else end
        while start < end:
            number, inside = divmod(start, self.BLOCK)
            taken = min(self.BLOCK - inside, end - start)
            yield self._block(kind, name, len(shape) == 1, number, step)[inside:inside + taken]
            start += taken

    def tensor(self, kind, name, shape, step, rows=None):
        """All of a tensor, or some of its rows."""
        row = count(shape[1:])
        first, last = rows or (0, shape[0])
        parts = list(self.blocks(kind, name, shape, step, first * row, last * row))
        return torch.from_numpy(np.concatenate(parts)).reshape(last - first, *shape[1:])


# MARK: Files of torch that are larger than the memory


class LargeFile:
    """A file of torch.save whose tensors are filled in when it is there. They are made in the order that they are
    pickled in."""

    def __init__(self):
        self.contents = []

    def tensor(self, shape, blocks, dtype=torch.float32):
        made = torch.empty(shape, dtype=dtype)     # Never touched, so it takes no memory.
        self.contents.append((made.numel() * made.element_size(), blocks))
        return made

    def scalar(self, value):
        return self.tensor((), [np.array([value], np.float32)])

    def save(self, value, path):
        with skip_data():
            torch.save(value, path)
        with zipfile.ZipFile(path) as archive:
            records = {record.filename.split("/", 1)[1]: record for record in archive.infolist()}
            directory = archive.start_dir
        checksums = {}
        with open(path, "r+b") as file:
            for key, (size, blocks) in enumerate(self.contents):
                record = records.pop(f"data/{key}")
                assert record.file_size == size, (record.filename, size)
                file.seek(record.header_offset)
                header = file.read(30)
                file.seek(sum(struct.unpack("<HH", header[26:])), os.SEEK_CUR)
                checksum, written = 0, 0
                for block in blocks:
                    checksum, written = zlib.crc32(block, checksum), written + file.write(block)
                assert written == size and file.read(4) == b"PK\x07\x08"
                file.seek(0, os.SEEK_CUR)          # Between reading and writing.
                file.write(struct.pack("<I", checksum))
                checksums[record.filename] = checksum
            assert not any(name.startswith("data/") for name in records)
            file.seek(directory)
            while (header := file.read(46))[:4] == b"PK\x01\x02":
                name, extra, comment = struct.unpack("<HHH", header[28:34])
                rest = file.read(name + extra + comment)
                checksum = checksums.get(rest[:name].decode())
                if checksum is not None:
                    place = file.tell()
                    file.seek(place - len(rest) - 30)
                    file.write(struct.pack("<I", checksum))
                    file.seek(place)


def param_group(decay, **more):
    return {"lr": LR, "betas": (0.9, 0.95), "eps": 1e-8, "weight_decay": decay, "amsgrad": False, "maximize": False,
            "foreach": None, "capturable": False, "differentiable": False, "fused": None,
            "decoupled_weight_decay": True, **more}


# MARK: Layouts


class Stored(typing.NamedTuple):
    """A tensor of a DCP checkpoint, and what each rank has of it."""
    name: str
    path: tuple
    shape: tuple
    dtype: torch.dtype
    chunks: list          # (rank, offsets, shape, function that makes the elements)


def save_dcp(folder, step, ranks, objects, stored):
    """`objects` by path, all of rank 0; tensors, whose chunks are counted through."""
    entries = {".".join(map(str, path)): BytesStorageMetadata() for path in objects}
    paths = {".".join(map(str, path)): path for path in objects}
    for tensor in stored:
        chunks = [ChunkStorageMetadata(torch.Size(offsets), torch.Size(shape)) for _, offsets, shape, _ in tensor.chunks]
        properties = TensorProperties(dtype=tensor.dtype)
        entries[tensor.name] = TensorStorageMetadata(properties, torch.Size(tensor.shape), chunks)
        paths[tensor.name] = tensor.path
    storage = {}

    def put(file, index, value):
        start = file.tell()
        torch.save(value, file)
        storage[index] = _StorageInfo(os.path.basename(file.name), start, file.tell() - start)

    for rank in range(ranks):
        with open(f"{folder}/__{rank}_0.distcp", "wb") as file:
            for path, value in objects.items() if rank == 0 else ():
                put(file, MetadataIndex(".".join(map(str, path))), value)
            for tensor in stored:
                for number, (owner, offsets, shape, elements) in enumerate(tensor.chunks):
                    if owner == rank:
                        index = MetadataIndex(tensor.name, torch.Size(offsets), number)
                        put(file, index, elements().to(tensor.dtype).reshape(shape))
        if not os.path.getsize(file.name):
            os.remove(file.name)                   # A rank without a piece writes no file.
    metadata = Metadata(entries, paths, storage, StorageMeta(
        checkpoint_id=os.path.basename(folder), save_id=str(uuid.UUID(int=step))), "1.0.0")
    with open(f"{folder}/.metadata", "wb") as file:
        pickle.dump(metadata, file)


def rows_by_rank(shape, ranks):
    """(rank, first row, last row) as FSDP cuts: ceil(rows / ranks) for each, none for one that is past the end."""
    part = -(-shape[0] // ranks)
    return [(rank, first, min(first + part, shape[0])) for rank, first in enumerate(range(0, shape[0], part))]


def write_dcp(folder, step, shapes, values, ranks):
    """What FSDP leaves: rows of every tensor."""
    written = FIRST + (step - 1) * EVERY
    stored = []
    for name, shape in shapes.items():
        for kind in ("weight", "exp_avg", "exp_avg_sq"):
            path = ("model", name) if kind == "weight" else ("optimizer", "state", name, kind)
            chunks = [(rank, [first] + [0] * (len(shape) - 1), [last - first, *shape[1:]],
                       functools.partial(values.tensor, kind, name, shape, step, (first, last)))
                      for rank, first, last in rows_by_rank(shape, ranks)]
            stored.append(Stored(".".join(path), path, shape, torch.float32, chunks))
        path = ("optimizer", "state", name, "step")
        stored.append(Stored(".".join(path), path, (), torch.float32,
                             [(0, [], [], lambda: torch.tensor(float(written)))]))
    objects = {("step",): written}
    for index, (names, (_, decay)) in enumerate(zip(grouped(shapes), GROUPS)):
        for key, value in param_group(decay, params=names).items():
            objects["optimizer", "param_groups", index, key] = value
    save_dcp(folder, step, ranks, objects, stored)


MEGATRON = (("embed_in", "embedding.word_embeddings"), ("attention.query_key_value", "self_attention.linear_qkv"),
            ("attention.dense", "self_attention.linear_proj"), ("mlp.dense_h_to_4h", "mlp.linear_fc1"),
            ("mlp.dense_4h_to_h", "mlp.linear_fc2"), ("post_attention_layernorm.", "mlp.linear_fc1.layer_norm_"),
            ("input_layernorm.", "self_attention.linear_qkv.layer_norm_"),
            ("final_layer_norm", "decoder.final_layernorm"), ("embed_out", "output_layer"))


def megatron_name(name):
    """Megatron-Core's name, and which of the stacked layers it is; `None` for what is in no layer."""
    name = name.removeprefix("gpt_neox.")
    layer = None
    if name.startswith("layers."):
        _, layer, name = name.split(".", 2)
    for old, new in MEGATRON:
        if name.startswith(old):
            name = new + name.removeprefix(old)
            break
    return (name, None) if layer is None else (f"decoder.layers.{name}", int(layer))


def write_megatron(folder, step, shapes, values, ranks):
    """torch_dist, fully reshardable: layers stacked, tensor parallel over rows, bfloat16 weights beside their masters."""
    written = FIRST + (step - 1) * EVERY
    stacks = OrderedDict()
    for name in shapes:
        key, layer = megatron_name(name)
        stacks.setdefault(key, []).append((layer, name))
    stored = []
    for kind in ("weight", "param", "exp_avg", "exp_avg_sq"):
        for key, members in stacks.items():
            layered = members[0][0] is not None
            shape = shapes[members[0][1]]
            form = "{}" if kind == "weight" else f"optimizer.state.{kind}.{{}}"
            chunks = []
            for layer, name in members:
                for rank, first, last in rows_by_rank(shape, ranks):
                    lead = [layer] if layered else []
                    drawn = "weight" if kind == "param" else kind
                    chunks.append((rank, lead + [first] + [0] * (len(shape) - 1),
                                   [1] * layered + [last - first, *shape[1:]],
                                   functools.partial(values.tensor, drawn, name, shape, step, (first, last))))
            stored.append(Stored(form.format(key), (form.format(key),), (len(members),) * layered + shape,
                                 torch.bfloat16 if kind == "weight" else torch.float32, chunks))
    save_dcp(folder, step, ranks, {}, stored)
    groups = []
    for _, decay in GROUPS:
        group = param_group(0.1, wd_mult=1.0 if decay else 0.0, lr_mult=1.0, is_expert_parallel=False,
                            is_decoupled_lr=False, default_config=True, max_lr=LR, min_lr=LR / 10, step=float(written))
        groups.append(group)
    layers = 1 + max(layer or 0 for members in stacks.values() for layer, _ in members)
    arguments = argparse.Namespace(
        num_layers=layers, iteration=written, bf16=True, tensor_model_parallel_size=ranks,
        pipeline_model_parallel_size=1, use_distributed_optimizer=True, data_parallel_size=1, world_size=ranks)
    torch.save({
        "args": arguments, "checkpoint_version": 3.0, "iteration": written,
        "content_metadata": {"distrib_optim_sharding_type": "fully_reshardable", "singleton_local_shards": False,
                             "chained_optim_avoid_prefix": True},
        "optimizer": {"optimizer": {"param_groups": groups}, "param_state_sharding_type": "fully_reshardable"},
    }, f"{folder}/common.pt")
    with open(f"{folder}/metadata.json", "w") as file:
        json.dump({"sharded_backend": "torch_dist", "sharded_backend_version": 1, "common_backend": "torch",
                   "common_backend_version": 1}, file)


def deepspeed(module, name, made):
    """A class of DeepSpeed as its files name it, whether or not DeepSpeed is there."""
    for length in range(1, module.count(".") + 2):
        part = ".".join(module.split(".")[:length])
        sys.modules.setdefault(part, types.ModuleType(part))
    if not hasattr(sys.modules[module], name):
        setattr(sys.modules[module], name, made)
    return getattr(sys.modules[module], name)


def zero_stage(number):
    name = "deepspeed.runtime.zero.config"
    members = {"disabled": 0, "optimizer_states": 1, "gradients": 2, "weights": 3}
    return deepspeed(name, "ZeroStageEnum", enum.IntEnum("ZeroStageEnum", members, module=name))(number)


def fragment(numel, start):
    name = "deepspeed.utils.tensor_fragment"
    made = dataclasses.make_dataclass("fragment_address", [("numel", int), ("start", int)], namespace={"__module__": name})
    return deepspeed(name, "fragment_address", made)(numel, start)


def model_states(step, shapes, ranks, stage, module):
    written = FIRST + (step - 1) * EVERY
    return {
        "module": module, "buffer_names": [], "optimizer": None,
        "param_shapes": [OrderedDict((name, torch.Size(shapes[name])) for name in names) for names in grouped(shapes)],
        "frozen_param_shapes": OrderedDict(), "shared_params": {}, "frozen_param_fragments": OrderedDict(),
        "lr_scheduler": None, "data_sampler": None, "random_ltd": None, "skipped_steps": 0, "global_steps": written,
        "global_samples": written * ranks, "dp_world_size": ranks, "mp_world_size": 1,
        "checkpoint_parallel_dimensions": {"pp_degree": 1, "tp_degree": 1}, "ds_config": zero_config(stage),
        "ds_version": DEEPSPEED}


def zero_config(stage):
    return {"train_micro_batch_size_per_gpu": 1, "bf16": {"enabled": True}, "zero_optimization": {"stage": stage}}


DEEPSPEED = "0.19.8"


def write_zero2(folder, step, shapes, values, ranks):
    """Each group's parameters in a row, padded to an even number of elements for each rank, and the row cut up."""
    written, groups = FIRST + (step - 1) * EVERY, grouped(shapes)
    file = LargeFile()

    def halves(name):
        for block in values.blocks("weight", name, shapes[name], step):
            yield torch.from_numpy(np.array(block)).to(torch.bfloat16).view(torch.int16).numpy()

    module = OrderedDict((name, file.tensor(shapes[name], halves(name), torch.bfloat16)) for name in shapes)
    file.save(model_states(step, shapes, ranks, 2, module), f"{folder}/mp_rank_00_model_states.pt")

    def part(names, rank):
        """How many elements a rank has, and of each parameter: where in the part, and its first and last one."""
        total = sum(count(shapes[name]) for name in names)
        size = -(-total // (2 * ranks)) * 2
        position, taken = 0, []
        for name in names:
            first = max(position, rank * size)
            last = min(position + count(shapes[name]), (rank + 1) * size)
            if first < last:
                taken.append((name, first - rank * size, first - position, last - position))
            position += count(shapes[name])
        return size, taken, max(0, min(size, (rank + 1) * size - total))

    def flat(names, kind, rank):
        _, taken, padding = part(names, rank)
        for name, _, first, last in taken:
            yield from values.blocks(kind, name, shapes[name], step, first, last)
        if padding:
            yield np.zeros(padding, np.float32)

    for rank in range(ranks):
        file, state, masters, mappings = LargeFile(), {}, [], []
        for index, names in enumerate(groups):
            size, taken, _ = part(names, rank)
            state[index] = {"step": file.scalar(written)} | {
                kind: file.tensor((size,), flat(names, kind, rank)) for kind in ("exp_avg", "exp_avg_sq")}
            mappings.append(OrderedDict((name, fragment(last - first, at)) for name, at, first, last in taken))
        for names in groups:
            masters.append(file.tensor((part(names, rank)[0],), flat(names, "weight", rank)))
        paddings = [part(names, ranks - 1)[2] if rank == ranks - 1 else 0 for names in groups]
        optimizer = {
            "loss_scaler": None, "dynamic_loss_scale": False, "overflow": False, "clip_grad": 1.0,
            "base_optimizer_state": {"state": state, "param_groups": [
                param_group(decay, params=[index]) for index, (_, decay) in enumerate(GROUPS)]},
            "single_partition_of_fp32_groups": masters, "zero_stage": zero_stage(2), "group_paddings": paddings,
            "partition_count": [ranks] * len(groups), "ds_version": DEEPSPEED, "param_slice_mappings": mappings}
        file.save({"optimizer_state_dict": optimizer, "ds_config": zero_config(2), "ds_version": DEEPSPEED},
                  f"{folder}/bf16_zero_pp_rank_{rank}_mp_rank_00_optim_states.pt")


def write_zero3(folder, step, shapes, values, ranks):
    """Each parameter is cut into a part for each rank, the last one padded; a rank has its parts in a row."""
    written = FIRST + (step - 1) * EVERY
    groups = grouped(shapes)
    module = OrderedDict((name, torch.empty(0, dtype=torch.bfloat16)) for name in shapes)
    states = model_states(step, shapes, ranks, 3, module)

    def flat(names, kind, rank):
        for name in names:
            size = count(shapes[name])
            part = -(-size // ranks)
            start, end = min(rank * part, size), min((rank + 1) * part, size)
            yield from values.blocks(kind, name, shapes[name], step, start, end)
            if end - start < part:
                yield np.zeros(part - (end - start), np.float32)

    for rank in range(ranks):
        torch.save(states, f"{folder}/zero_pp_rank_{rank}_mp_rank_00_model_states.pt")
        file, moments = LargeFile(), {}
        sizes = [sum(-(-count(shapes[name]) // ranks) for name in names) for names in groups]
        for index, names in enumerate(groups):
            moments[index] = {"step": file.scalar(written)} | {
                kind: file.tensor((sizes[index],), flat(names, kind, rank)) for kind in ("exp_avg", "exp_avg_sq")}
        optimizer = {
            "zero_stage": zero_stage(3), "dynamic_loss_scale": False, "overflow": False, "partition_count": ranks,
            "optimizer_state_dict": {"state": moments, "param_groups": [
                param_group(decay, params=[index]) for index, (_, decay) in enumerate(GROUPS)]},
            "fp32_flat_groups": [
                file.tensor((size,), flat(names, "weight", rank)) for size, names in zip(sizes, groups)]}
        file.save({"optimizer_state_dict": optimizer, "ds_config": zero_config(3), "ds_version": DEEPSPEED},
                  f"{folder}/bf16_zero_pp_rank_{rank}_mp_rank_00_optim_states.pt")


def write_plain(folder, step, shapes, values, ranks):
    """As the Trainer: weights by name, states by the position in the optimizer's groups."""
    written = FIRST + (step - 1) * EVERY
    header, position = {"__metadata__": {"format": "pt"}}, 0
    for name in sorted(shapes):
        end = position + 4 * count(shapes[name])
        header[name] = {"dtype": "F32", "shape": list(shapes[name]), "data_offsets": [position, end]}
        position = end
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    with open(f"{folder}/model.safetensors", "wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for name in sorted(shapes):
            for block in values.blocks("weight", name, shapes[name], step):
                file.write(block)
    optimizer, state, groups, first = LargeFile(), {}, [], 0
    for names, (_, decay) in zip(grouped(shapes), GROUPS):
        groups.append(param_group(decay, params=list(range(first, first + len(names)))))
        for name in names:
            state[len(state)] = {"step": optimizer.scalar(written)} | {
                kind: optimizer.tensor(shapes[name], values.blocks(kind, name, shapes[name], step))
                for kind in ("exp_avg", "exp_avg_sq")}
        first += len(names)
    optimizer.save({"state": state, "param_groups": groups}, f"{folder}/optimizer.pt")
    with open(f"{folder}/trainer_state.json", "w") as file:
        json.dump({"global_step": written}, file)


LAYOUTS = {"dcp": (write_dcp, "step-{}"), "zero2": (write_zero2, "global_step{}"), "zero3": (write_zero3, "global_step{}"),
           "megatron": (write_megatron, "iter_{:07d}"), "plain": (write_plain, "checkpoint-{}")}


LATEST = {"zero2": ("latest", "global_step{}"), "zero3": ("latest", "global_step{}"),
          "megatron": ("latest_checkpointed_iteration.txt", "{}")}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--layout", choices=LAYOUTS, required=True)
    parser.add_argument("--parameters", type=float, default=1.3e9)
    parser.add_argument("--ranks", type=int, default=64)
    parser.add_argument("--steps", type=int, default=3, help="checkpoints (3)")
    given = parser.parse_args()
    shapes, values = model(given.parameters), Values()
    print(sum(map(count, shapes.values())), "parameters in", len(shapes), "tensors", flush=True)
    write, form = LAYOUTS[given.layout]
    for step in range(1, given.steps + 1):
        name = form.format(FIRST + (step - 1) * EVERY)
        folder = os.path.join(given.out, name)
        os.makedirs(folder + ".partial")
        write(folder + ".partial", step, shapes, values, given.ranks)
        os.rename(folder + ".partial", folder)
        if given.layout in LATEST:
            title, form_of_latest = LATEST[given.layout]
            with open(os.path.join(given.out, title), "w") as file:
                file.write(form_of_latest.format(FIRST + (step - 1) * EVERY))
        print(name, flush=True)


if __name__ == "__main__":
    main()
