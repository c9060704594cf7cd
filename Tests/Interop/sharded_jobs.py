"""What several ranks do for the checks of sharded checkpoints: train small models; load, or resume, what came back."""
import os
import traceback

import torch
import torch.distributed as dist

import distributed
from ranks import fact, whole
from sharded_models import Named, llama, loss_of, rows, small

STEPS = (4, 8, 12)


def begin(rank, world):
    dist.init_process_group("gloo", rank=rank, world_size=world)
    return torch.distributed.device_mesh.init_device_mesh("cpu", (world,))


def facts(found):
    """{parameter: {role: what fact says}}"""
    return {name: {role: fact(tensor) for role, tensor in roles.items()} for name, roles in found.items()}


def tried(folders, load):
    """{folder: {"tensors"} or {"error"}}: of one folder that does not load the others are still read."""
    found = {}
    for folder in folders:
        try:
            found[folder] = load(folder)
        except Exception:
            found[folder] = {"error": traceback.format_exc()[-2000:]}
    return found


# ---------------------------------------------------------------- FSDP2 and torch.distributed.checkpoint
def fsdp_model(mesh):
    from torch.distributed.fsdp import fully_shard
    model = small()
    for layer in model.layers:
        fully_shard(layer, mesh=mesh)
    fully_shard(model, mesh=mesh)
    return model, torch.optim.AdamW(model.parameters(), lr=3e-3)


def train(model, optimizer, generator, steps):
    losses = []
    for _ in range(steps):
        loss = loss_of(model, rows(generator))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def make_fsdp(rank, world, request):
    """step-N/ as FSDP2's ranks write it."""
    from torch.distributed.checkpoint import save
    from torch.distributed.checkpoint.state_dict import get_state_dict
    mesh, generator = begin(rank, world), torch.Generator().manual_seed(20 + rank)
    model, optimizer = fsdp_model(mesh)
    done = 0
    for step in STEPS:
        train(model, optimizer, generator, step - done)
        done = step
        weights, moments = get_state_dict(model, optimizer)
        save({"model": weights, "optimizer": moments, "step": step},
             checkpoint_id=os.path.join(request["run"], f"step-{step}"))


def whole_states(model, optimizer):
    """{parameter: {role: whole tensor}} of what the ranks hold of model and optimizer."""
    from torch.distributed.checkpoint.state_dict import get_state_dict
    weights, moments = get_state_dict(model, optimizer)
    found = {name: {"weight": whole(tensor)} for name, tensor in weights.items()}
    for name, state in moments["state"].items():
        for key, role in distributed.MOMENTS.items():
            found[name][role] = whole(state[key])
    return found


def load_distributed(rank, world, request):
    """Folders of torch.distributed.checkpoint in parts, and FSDP2 resumed from those of make_fsdp."""
    mesh = begin(rank, world)
    distributed.read_later_metadata()

    def in_parts(checkpoint):
        tensors = {}
        for folder in distributed.folders(checkpoint):
            tensors |= distributed.load_sharded(folder, mesh)
        return {"tensors": {name: fact(tensor) for name, tensor in tensors.items()}}

    def resumed(checkpoint):
        from torch.distributed.checkpoint import load
        from torch.distributed.checkpoint.state_dict import get_state_dict, set_state_dict
        model, optimizer = fsdp_model(mesh)
        weights, moments = get_state_dict(model, optimizer)
        state = {"model": weights, "optimizer": moments, "step": None}
        load(state, checkpoint_id=checkpoint)
        set_state_dict(model, optimizer, model_state_dict=state["model"], optim_state_dict=state["optimizer"])
        return {"tensors": facts(whole_states(model, optimizer)), "step": state["step"],
                "losses": train(model, optimizer, torch.Generator().manual_seed(90 + rank), 3)}

    return {"parts": tried(request["checkpoints"], in_parts), "resumed": tried(request["resume"], resumed)}


# ---------------------------------------------------------------- the Trainer with FSDP2
def trainer_of(folder, callback, **settings):
    """A Trainer on this rank. accelerate refuses FSDP on CPUs, so it is told that these are several GPUs."""
    import transformers
    from accelerate.state import PartialState
    from accelerate.utils import DistributedType
    from transformers import PrinterCallback, Trainer, TrainingArguments
    transformers.logging.set_verbosity_error()
    arguments = TrainingArguments(
        output_dir=folder, per_device_train_batch_size=4, learning_rate=2e-3, weight_decay=0.1, use_cpu=True,
        report_to=[], disable_tqdm=True, seed=11, dataloader_pin_memory=False, fsdp=True, logging_steps=1,
        fsdp_config={"version": 2, "state_dict_type": "SHARDED_STATE_DICT",
                     "transformer_layer_cls_to_wrap": ["LlamaDecoderLayer"]}, **settings)
    arguments.device                                         # asking for it starts the ranks
    PartialState._shared_state["distributed_type"] = DistributedType.MULTI_GPU
    data = [{"input_ids": row, "labels": row} for row in rows(torch.Generator().manual_seed(4), 256)]
    trainer = Trainer(model=llama(), args=arguments, train_dataset=data, callbacks=[callback])
    trainer.remove_callback(PrinterCallback)
    return trainer


def make_trainer(rank, world, request):
    from transformers import TrainerCallback
    trainer = trainer_of(request["run"], TrainerCallback(), max_steps=STEPS[-1], save_steps=STEPS[0],
                         save_strategy="steps")
    trainer.train()


def resume_trainer(rank, world, request):
    """The Trainer resumes from each checkpoint; what model and optimizer are before the first step, and the losses."""
    from transformers import TrainerCallback

    class Loaded(TrainerCallback):
        def on_train_begin(self, args, state, control, model=None, optimizer=None, **_):
            while hasattr(optimizer, "optimizer"):
                optimizer = optimizer.optimizer
            self.found = facts(whole_states(trainer.model_wrapped, optimizer))

    def resumed(checkpoint):
        nonlocal trainer
        loaded, start = Loaded(), int(checkpoint.rsplit("-", 1)[1])
        trainer = trainer_of(request["work"], loaded, max_steps=start + 3, save_strategy="no")
        trainer.train(resume_from_checkpoint=checkpoint)
        losses = [e["loss"] for e in trainer.state.log_history if e.get("step", 0) > start and "loss" in e]
        return {"tensors": loaded.found, "losses": losses, "step": trainer.state.global_step - 3}

    trainer = None
    return tried(request["checkpoints"], resumed)


# ---------------------------------------------------------------- DeepSpeed
def begin_deepspeed():
    import deepspeed
    # It would compile a helper for ranks that share memory; gloo alone does.
    deepspeed.ops.__compatible_ops__["deepspeed_shm_comm"] = False
    deepspeed.init_distributed(dist_backend="gloo", verbose=False)


def engine_of(model, groups, stage):
    import deepspeed
    settings = {"train_micro_batch_size_per_gpu": 8, "bf16": {"enabled": True}, "zero_allow_untested_optimizer": True,
                "zero_optimization": {"stage": stage, "overlap_comm": False}, "steps_per_print": 10**9}
    parameters = dict(model.named_parameters())
    optimizer = torch.optim.AdamW([{"params": [parameters[name] for name in group]} for group in groups], lr=3e-3)
    return deepspeed.initialize(model=model, optimizer=optimizer, config=settings)[0]


def small_groups(model):
    """With and without decay, as most trainings have them."""
    names = {name: value.dim() for name, value in model.named_parameters()}
    return [[name for name, sides in names.items() if sides > 1], [name for name, sides in names.items() if sides < 2]]


def train_engine(engine, generator, steps):
    losses = []
    for _ in range(steps):
        loss = loss_of(engine, rows(generator))
        engine.backward(loss)
        engine.step()
        losses.append(loss.item())
    return losses


def make_deepspeed(rank, world, request):
    """global_stepN/ of ZeRO 1, 2 and 3 in runs of their own."""
    begin_deepspeed()
    for stage, run in enumerate(request["runs"], 1):
        model = small()
        engine = engine_of(model, small_groups(model), stage)
        generator, done = torch.Generator().manual_seed(30 + rank), 0
        for step in STEPS:
            train_engine(engine, generator, step - done)
            done = step
            engine.save_checkpoint(run)
        engine.destroy()


def engine_states(engine, stage):
    """{parameter: {role: whole tensor}}, masters too; the weights that the model computes with below ZeRO 3."""
    from deepspeed.utils import safe_get_full_fp32_param, safe_get_full_optimizer_state
    if stage < 3:                                            # ties parameters to their parts anew
        engine.optimizer._hp_optimizer_states_linked = False
        engine.optimizer._lazy_init_hp_params_optimizer_state()
    found = {}
    for name, value in engine.module.named_parameters():
        found[name] = {"master": safe_get_full_fp32_param(value)}
        for key, role in distributed.MOMENTS.items():
            found[name][role] = safe_get_full_optimizer_state(value, key)
        if stage < 3:
            found[name]["weight"] = value.detach()
    return found


def resume_deepspeed(rank, world, request):
    begin_deepspeed()

    def resumed(checkpoint):
        root, tag = os.path.split(checkpoint)
        asked = request["checkpoints"][checkpoint]
        groups, shapes = [list(group) for group in asked["groups"]], {}
        for group in asked["groups"]:
            shapes |= group
        model = small() if asked["trains"] else Named(shapes)
        engine = engine_of(model, groups, asked["stage"])
        path, _ = engine.load_checkpoint(root, tag=tag)
        if path is None:
            raise RuntimeError("DeepSpeed found nothing to load")
        found = facts(engine_states(engine, asked["stage"]))
        losses = train_engine(engine, torch.Generator().manual_seed(90 + rank), 3) if asked["trains"] else []
        engine.destroy()
        return {"tensors": found, "losses": losses}

    return tried(request["checkpoints"], resumed)


# ---------------------------------------------------------------- Megatron-Core
def load_megatron(rank, world, request):
    """Whole tensors by every rank, and each rank's half of those that can be halved, by Megatron's own loader."""
    begin(rank, world)
    distributed.read_later_metadata()
    from megatron.core import dist_checkpointing
    from megatron.core.dist_checkpointing.mapping import ShardedTensor

    def loaded(checkpoint):
        plain = {name: value for name, value in dist_checkpointing.load_plain_tensors(checkpoint).items()
                 if isinstance(value, torch.Tensor)}
        halves, cut = {}, {}
        for name, tensor in plain.items():
            cut[name] = next((side for side, size in enumerate(tensor.shape) if size % world == 0 and size), None)
            if cut[name] is not None:
                part = torch.zeros_like(tensor.chunk(world, cut[name])[rank]).contiguous()
                halves[name] = ShardedTensor.from_rank_offsets(name, part, (cut[name], rank, world))
        halves = dist_checkpointing.load(halves, checkpoint)
        for name, part in ((name, part) for name, part in halves.items() if cut.get(name) is not None):
            parts = [torch.empty_like(part) for _ in range(world)]
            dist.all_gather(parts, part.contiguous())
            if not torch.equal(torch.cat(parts, cut[name]).reshape(-1).view(torch.uint8),
                               plain[name].reshape(-1).view(torch.uint8)):
                raise RuntimeError(f"{name}: loaded in parts it is not what it is loaded whole")
        if rank == 0:
            torch.save(plain, request["checkpoints"][checkpoint])
        return {"tensors": len(plain), "parts": sum(side is not None for side in cut.values()),
                "common": sorted(dist_checkpointing.load_common_state_dict(checkpoint))}

    return tried(request["checkpoints"], loaded)
