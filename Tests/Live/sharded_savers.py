"""How sharded trainings save: several files per checkpoint, from several ranks, at different times.

fsdp          step-N/ by torch.distributed.checkpoint from two FSDP2 ranks: their pieces, then .metadata
fsdp-trainer  checkpoint-N/ as the Hugging Face Trainer has it from two FSDP2 ranks: two folders of pieces, then small
              files; rank 1 writes its random state behind trainer_state.json, once seconds behind it
deepspeed     checkpoint-N/ of the Trainer with DeepSpeed's global_stepN/ in it, ZeRO 1 in bf16 over two ranks
zero          global_stepN/ as DeepSpeed alone has it, with `latest` beside it
slow          checkpoint-N/ whose trainer_state.json is in the middle, each file over seconds

The ranks of DeepSpeed are one process that writes both ranks' files in the form DeepSpeed 0.19 gives them (without the
three objects of its own classes), each from a thread of its own.
"""
import io
import json
import os
import random
import shutil
import threading
import time
import warnings
from contextlib import contextmanager

import safetensors.torch
import torch
import torch.distributed as dist

from saving import Way, saved, write_in_pieces, write_slowly

# Longer than the watch waits for a checkpoint to settle (--settle 1).
LONG = 1.4


def write_state(path, step):
    with open(os.path.join(path, "trainer_state.json"), "w", encoding="utf-8") as file:
        json.dump({"global_step": step, "log_history": [{"step": step}]}, file)


class SlowStream(io.BytesIO):
    """A file of torch.distributed.checkpoint: written in pieces when it is closed."""

    def __init__(self, path, seconds):
        super().__init__()
        self.path, self.seconds = path, seconds

    def close(self):
        if not self.closed:
            write_in_pieces(self.getvalue(), self.path, [0] + [self.seconds / 5] * 5)
        super().close()


def save_distributed(state, path, rank, seconds):
    """dcp.save whose later ranks take longer; .metadata.tmp is there for a while before it gets its name."""
    from torch.distributed.checkpoint import FileSystemWriter, save

    @contextmanager
    def create_stream(path, mode):
        with SlowStream(path, seconds if ".metadata" in str(path) else seconds * (1 + 2 * rank)) as stream:
            yield stream

    writer = FileSystemWriter(path, sync_files=False)
    writer.fs.create_stream = create_stream
    save(state, storage_writer=writer)


def sharded_states(model, optimizer):
    """This rank's pieces of weights and moments."""
    from torch.distributed.checkpoint.state_dict import get_state_dict
    return get_state_dict(model, optimizer)


class FSDP(Way):
    ranks = 2
    saves, keep = 4, 3

    def begin(self, model, optimizer):
        # Not at the top: other ways need not wait for it.
        from torch.distributed.device_mesh import init_device_mesh
        from torch.distributed.fsdp import fully_shard
        warnings.simplefilter("ignore")
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        meeting = os.path.join(os.path.dirname(os.path.abspath(self.out)), "ranks")
        dist.init_process_group("gloo", init_method="file://" + meeting, rank=self.rank, world_size=self.ranks)
        fully_shard(model, mesh=init_device_mesh("cpu", (self.ranks,)))
        # Its parameters are others now.
        return model, type(optimizer)(model.parameters(), lr=optimizer.defaults["lr"])

    def wait(self):
        dist.barrier()

    def save(self, step, model, optimizer):
        path = os.path.join(self.out, f"step-{step}")
        weights, moments = sharded_states(model, optimizer)
        # The gap between the last piece and .metadata is now shorter, now longer than the watch's settling.
        save_distributed({"model": weights, "optimizer": moments}, path, self.rank, .5 if step % 40 else LONG)
        return path

    def remove(self, path):
        shutil.rmtree(path, ignore_errors=True)


class FSDPTrainer(FSDP):
    def save(self, step, model, optimizer):
        path = os.path.join(self.out, f"checkpoint-{step}")
        weights, moments = sharded_states(model, optimizer)
        save_distributed({"model": weights}, os.path.join(path, "pytorch_model_fsdp_0"), self.rank, .3)
        if self.rank == 0 and step == 60:
            time.sleep(LONG)
        dist.barrier()
        save_distributed({"optimizer": moments}, os.path.join(path, "optimizer_0"), self.rank, .3)
        if self.rank == 0:
            write_slowly({"last_epoch": step, "_step_count": step + 1}, os.path.join(path, "scheduler.pt"), .1)
        dist.barrier()
        if self.rank == 1:
            # Rank 0 writes its last file meanwhile. Once, the watch has taken the checkpoint before this comes.
            time.sleep(.3 if step != 40 else 4)
        write_slowly({"cpu": torch.get_rng_state()}, os.path.join(path, f"rng_state_{self.rank}.pth"), .1)
        if self.rank == 0:
            write_state(path, step)
        return path


class DeepSpeed(Way):
    saves, keep = 5, 3
    ranks_written = 2

    def save(self, step, model, optimizer):
        path = os.path.join(self.out, f"checkpoint-{step}")
        os.makedirs(path)
        self.write(path, step, model, optimizer)
        shutil.copy2(__file__, os.path.join(path, "zero_to_fp32.py"))
        write_slowly({"last_epoch": step, "_step_count": step + 1}, os.path.join(path, "scheduler.pt"), .1)
        for rank in range(self.ranks_written):
            write_slowly({"cpu": torch.get_rng_state()}, os.path.join(path, f"rng_state_{rank}.pth"), .1)
        write_state(path, step)
        return path

    def write(self, root, step, model, optimizer):
        """global_stepN/ and, when both ranks have written, `latest`."""
        folder = os.path.join(root, f"global_step{step}")
        os.makedirs(folder)
        late = LONG if step % 40 == 0 else .2
        # Which rank is late, and whether the model states are, changes from save to save.
        delays = [0, late, late] if step % 60 else [late, 0, 0]
        files = {"mp_rank_00_model_states.pt": model_states(step, model)}
        for rank, state in enumerate(partitions(model, optimizer, self.ranks_written)):
            files[f"bf16_zero_pp_rank_{rank}_mp_rank_00_optim_states.pt"] = state
        writers = []
        for (name, state), delay in zip(files.items(), delays):
            def write(name=name, state=state, delay=delay):
                time.sleep(delay)
                write_slowly(state, os.path.join(folder, name), .4 + delay)
            writers.append(threading.Thread(target=write))
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        with open(os.path.join(root, "latest"), "w", encoding="utf-8") as file:
            file.write(f"global_step{step}")
        return folder

    def remove(self, path):
        shutil.rmtree(path, ignore_errors=True)


class Zero(DeepSpeed):
    def save(self, step, model, optimizer):
        return self.write(self.out, step, model, optimizer)


SETTINGS = {"train_micro_batch_size_per_gpu": 8, "bf16": {"enabled": True}, "zero_allow_untested_optimizer": True,
            "zero_optimization": {"stage": 1}}


def model_states(step, model):
    return {
        "module": {name: value.bfloat16() for name, value in model.state_dict().items()}, "buffer_names": [],
        "optimizer": None, "param_shapes": [{name: value.shape for name, value in model.named_parameters()}],
        "frozen_param_shapes": None, "shared_params": {}, "frozen_param_fragments": None, "lr_scheduler": None,
        "data_sampler": None, "random_ltd": None, "skipped_steps": 0, "global_steps": step, "global_samples": 16 * step,
        "dp_world_size": 2, "mp_world_size": 1, "checkpoint_parallel_dimensions": {"pp_degree": 1, "tp_degree": 1},
        "ds_config": SETTINGS, "ds_version": "0.19.8"}


def partitions(model, optimizer, ranks):
    """Each rank's optimizer states: its part of all master weights and moments, one behind the other."""
    states = [optimizer.state[value] for value in model.parameters()]

    def parts(values):
        whole = torch.cat([value.detach().reshape(-1) for value in values])
        padding = -len(whole) % ranks
        return padding, [part.clone() for part in torch.nn.functional.pad(whole, (0, padding)).chunk(ranks)]

    padding, weights = parts(model.parameters())
    first, second = (parts([state[name] for state in states])[1] for name in ("exp_avg", "exp_avg_sq"))
    group = {name: value for name, value in optimizer.param_groups[0].items() if name != "params"}
    for rank in range(ranks):
        yield {
            "optimizer_state_dict": {
                "dynamic_loss_scale": False, "overflow": False, "clip_grad": 1.0,
                "base_optimizer_state": {
                    "state": {0: {"step": states[0]["step"], "exp_avg": first[rank], "exp_avg_sq": second[rank]}},
                    "param_groups": [{**group, "params": [0]}]},
                "single_partition_of_fp32_groups": [weights[rank]], "zero_stage": 1,
                "group_paddings": [padding if rank == ranks - 1 else 0], "partition_count": [ranks],
                "ds_version": "0.19.8"},
            "ds_config": SETTINGS, "ds_version": "0.19.8"}


class Slow(Way):
    """Each file over seconds, with pauses at odd places, some of them longer than the watch's settling.

    At each long pause something tells that the checkpoint is not whole: a file that is cut off or empty, an index or a
    random state that asks for others, a scheduler without its optimizer.
    """
    saves, keep = 3, 2

    def save(self, step, model, optimizer):
        path = os.path.join(self.out, f"checkpoint-{step}")
        os.makedirs(path)
        chance = random.Random(step)
        weights = list(model.state_dict().items())
        shards = {f"model-0000{index + 1}-of-00002.safetensors": dict(weights[index * 4:index * 4 + 4 + index])
                  for index in range(2)}
        index = {"metadata": {}, "weight_map": {name: shard for shard, part in shards.items() for name in part}}
        state = {"global_step": step, "log_history": [{"step": each, "loss": 1 / each} for each in range(1, step)]}
        random_state = saved({"cpu": torch.get_rng_state()})
        for name, data in (
            ("merges.txt", b"".join(b"%d %d\n" % (each, each * each) for each in range(3000))),
            ("model.safetensors.index.json", json.dumps(index).encode()),
            *((name, safetensors.torch.save(part)) for name, part in shards.items()),
            ("trainer_state.json", json.dumps(state).encode()),
            ("scheduler.pt", saved({"last_epoch": step, "_step_count": step + 1})),
            ("optimizer.pt", saved(optimizer.state_dict())),
            ("rng_state_1.pth", random_state), ("rng_state_0.pth", random_state),
        ):
            if name in ("model-00002-of-00002.safetensors", "optimizer.pt", "rng_state_0.pth") and step % 40 == 0:
                time.sleep(LONG)
            pauses = [.05] * 7
            pauses[chance.randrange(6)] = chance.choice([.1, .1, LONG])
            # A file may be there for long before its first byte is.
            write_in_pieces(data, os.path.join(path, name), [chance.choice([0, 0, 0, LONG]), *pauses])
        return path

    def remove(self, path):
        shutil.rmtree(path, ignore_errors=True)


WAYS = {"fsdp": FSDP, "fsdp-trainer": FSDPTrainer, "deepspeed": DeepSpeed, "zero": Zero, "slow": Slow}
