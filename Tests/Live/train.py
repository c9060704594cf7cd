"""A small training run that saves and rotates its checkpoints, and keeps a plain copy of each aside.

    train.py --save WAY --out RUN --aside COPIES --saves N --every SECONDS --keep N

dirs     checkpoint-N/ as the Hugging Face Trainer writes them, trainer_state.json last; old ones removed
files    step_N.pt, written directly; old ones removed
inplace  ckpt.pt, written over again and again, as nanoGPT does
rename   ckpt.pt, written beside and renamed
...      and those of sharded_savers.py

A save takes a while: files are written in pieces with pauses, so that a watcher sees every state in between.
"""
import argparse
import json
import os
import random
import shutil
import time

import torch

import sharded_savers
from saving import Way, write_slowly


def model_and_optimizer(seed):
    torch.manual_seed(seed)
    model = torch.nn.Sequential(
        torch.nn.Embedding(500, 64), torch.nn.Linear(64, 192), torch.nn.GELU(), torch.nn.Linear(192, 64),
        torch.nn.LayerNorm(64), torch.nn.Linear(64, 500))
    return model, torch.optim.AdamW(model.parameters(), lr=1e-3)


def train(model, optimizer, steps, generator):
    for _ in range(steps):
        tokens = torch.randint(0, 500, (16, 17), generator=generator)
        tokens = torch.where(torch.rand(tokens.shape, generator=generator) < .7, (tokens[:, :1] * 7) % 500, tokens)
        loss = torch.nn.functional.cross_entropy(
            model(tokens[:, :-1]).reshape(-1, 500), tokens[:, 1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()


class Dirs(Way):
    """Directories of several files, the state last."""

    def save(self, step, model, optimizer):
        path = os.path.join(self.out, f"checkpoint-{step}")
        os.makedirs(path)
        write_slowly(model.state_dict(), os.path.join(path, "pytorch_model.bin"), .2)
        write_slowly(optimizer.state_dict(), os.path.join(path, "optimizer.pt"), .2)
        with open(os.path.join(path, "trainer_state.json"), "w", encoding="utf-8") as file:
            json.dump({"global_step": step, "log_history": [{"step": step}]}, file)
        return path

    def remove(self, path):
        shutil.rmtree(path, ignore_errors=True)


class Files(Way):
    def save(self, step, model, optimizer):
        path = os.path.join(self.out, f"step_{step}.pt")
        write_slowly({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step}, path, .4)
        return path

    def remove(self, path):
        if os.path.exists(path):
            os.remove(path)


class InPlace(Files):
    def save(self, step, model, optimizer):
        path = os.path.join(self.out, "ckpt.pt")
        write_slowly({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "iter_num": step}, path, .4)
        return path

    def remove(self, path):
        pass


class Rename(InPlace):
    def save(self, step, model, optimizer):
        path = os.path.join(self.out, "ckpt.pt")
        write_slowly({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "iter_num": step},
                     path + ".tmp", .4)
        os.replace(path + ".tmp", path)
        return path


WAYS = {"dirs": Dirs, "files": Files, "inplace": InPlace, "rename": Rename, **sharded_savers.WAYS}


def training(rank, options):
    """One rank's training; the first rank rotates the checkpoints, and copies each aside when all ranks have saved."""
    torch.set_num_threads(1)
    way = WAYS[options.save](options.out, rank)
    model, optimizer = way.begin(*model_and_optimizer(options.seed))
    generator = torch.Generator().manual_seed(options.seed + rank)
    # What torch does only once takes long.
    train(model, optimizer, 1, generator)
    way.wait()
    if rank == 0:
        # Its being there tells that training begins.
        os.makedirs(options.aside, exist_ok=True)
        time.sleep(1)
        os.makedirs(options.out, exist_ok=True)
    kept = []
    jitter = random.Random(options.seed)
    for save in range(1, (options.saves or way.saves) + 1):
        way.wait()
        train(model, optimizer, 20, generator)
        step = save * 20
        path = way.save(step, model, optimizer)
        way.wait()
        if rank > 0:
            continue
        copy = os.path.join(options.aside, str(step))
        (shutil.copytree if os.path.isdir(path) else shutil.copy2)(path, copy)
        kept.append(path)
        while len(kept) > (options.keep or way.keep):
            way.remove(kept.pop(0))
        with open(os.path.join(options.out, "train.log"), "a", encoding="utf-8") as log:
            log.write(f"step {step}\n")
        time.sleep(options.every * jitter.uniform(.9, 1.3))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--save", choices=WAYS, required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--aside", required=True)
    parser.add_argument("--saves", type=int)
    parser.add_argument("--every", type=float, default=3)
    parser.add_argument("--keep", type=int)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    ranks = WAYS[options.save].ranks
    if ranks == 1:
        training(0, options)
    else:
        torch.multiprocessing.start_processes(training, (options,), nprocs=ranks, start_method="fork")


if __name__ == "__main__":
    main()
