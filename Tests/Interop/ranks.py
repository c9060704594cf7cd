"""Several ranks on this machine: starts them, and joins what they hold in parts.

A job is a function `job(rank, world, request)` of a module in this folder; what rank 0 returns goes back as JSON.
"""
import hashlib
import importlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import traceback
import warnings

from checks import Failure

HERE = os.path.dirname(os.path.abspath(__file__))
SECONDS = 600


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def environment(rank, world, port):
    return os.environ | {
        "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "RANK": str(rank), "LOCAL_RANK": str(rank),
        "WORLD_SIZE": str(world), "LOCAL_WORLD_SIZE": str(world), "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1",
        "GLOO_SOCKET_IFNAME": "lo", "TOKENIZERS_PARALLELISM": "false", "DS_ACCELERATOR": "cpu",
        "CCL_LOCAL_RANK": str(rank), "TRANSFORMERS_OFFLINE": "1", "HF_HUB_OFFLINE": "1"}


def on_ranks(world, module, job, request):
    """What the job returns on rank 0. A rank that fails is a failure that quotes what it said."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="varve-ranks-") as folder:
        asked, answer = os.path.join(folder, "request.json"), os.path.join(folder, "answer.json")
        with open(asked, "w", encoding="utf-8") as file:
            json.dump(request, file)
        logs = [os.path.join(folder, f"rank-{rank}") for rank in range(world)]
        ranks = []
        for rank, log in enumerate(logs):
            with open(log, "wb") as output:
                ranks.append(subprocess.Popen(
                    [sys.executable, os.path.abspath(__file__), module, job, asked, answer], stdout=output,
                    stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, env=environment(rank, world, port)))
        said = wait(ranks, logs)
        if said:
            raise Failure(f"{module}.{job} on {world} ranks: {said}")
        with open(answer, encoding="utf-8") as file:
            return json.load(file)


def wait(ranks, logs):
    """Until all have ended well, or one has not: then the end of what it said."""
    try:
        left = list(range(len(ranks)))
        while left:
            for rank in left:
                try:
                    code = ranks[rank].wait(timeout=SECONDS if len(left) == 1 else 0.2)
                except subprocess.TimeoutExpired:
                    if len(left) == 1:
                        return f"rank {rank} has not ended after {SECONDS} s"
                    continue
                left.remove(rank)
                if code:
                    with open(logs[rank], encoding="utf-8", errors="replace") as file:
                        return f"rank {rank}: exit code {code}\n{file.read()[-3000:]}"
                break
        return None
    finally:
        for process in ranks:
            if process.poll() is None:
                process.kill()
            process.wait()


# ---------------------------------------------------------------- in a rank
def fact(tensor):
    """Type, shape and SHA-256 of a tensor, as `varve inspect --hash` gives them."""
    from state import DTYPES, raw
    return [DTYPES[tensor.dtype], list(tensor.shape), hashlib.sha256(raw(tensor)).hexdigest()]


def whole(tensor):
    """The tensor of which a rank holds a part; every rank must ask."""
    return tensor.full_tensor() if hasattr(tensor, "full_tensor") else tensor


def main(module, job, asked, answer):
    warnings.filterwarnings("ignore")
    import torch
    torch.set_num_threads(1)
    rank, world = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    with open(asked, encoding="utf-8") as file:
        request = json.load(file)
    result = getattr(importlib.import_module(module), job)(rank, world, request)
    if rank == 0:
        with open(answer, "w", encoding="utf-8") as file:
            json.dump(result, file)
    if torch.distributed.is_initialized():
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


if __name__ == "__main__":
    sys.path.insert(0, HERE)
    try:
        main(*sys.argv[1:])
    except BaseException:
        traceback.print_exc()
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(1)                                          # the others may be waiting for this one
    # All is written and the group is left. What torch takes down after that may abort the process ("terminate called
    # without an active exception": a thread of its own that still runs), which says nothing of a checkpoint.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
