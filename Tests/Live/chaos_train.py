"""A training run that resumes from nothing but what Varve restores, for ckpt-chaos to kill at every file boundary.

    chaos_train.py --out OUT

OUT/run gets checkpoint-N/ of three files, OUT/run.varve is the archive. At its start, and after each save, Varve compresses
the run and removes all originals but the newest; what a killed save left behind is there when it looks. Training goes on
from `varve restore --step latest`, never from an original. The end is OUT/final.json, the same in every run that resumed from
the right bytes.
"""
import argparse
import json
import os
import shutil
import subprocess
import sys

import torch

from train import model_and_optimizer, train

VARVE = os.environ["VARVE"]
STEPS, EVERY = 80, 20


def compress(run, archive):
    result = subprocess.run(
        [VARVE, "compress", run, archive, "--quality", "lossless", "--remove-source", "--keep-last", "1", "-q"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # 3: checkpoints that are not complete were skipped. 2: there is nothing like a checkpoint yet.
    if result.returncode not in (0, 2, 3):
        sys.exit(f"varve compress: {result.returncode} {result.stderr}")


def restored(archive, folder):
    """The newest step that the archive has; `None` where it has none."""
    if not os.path.isdir(archive):
        return None
    shutil.rmtree(folder, ignore_errors=True)
    result = subprocess.run([VARVE, "restore", archive, "--step", "latest", "--output", folder, "-q"],
                            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if result.returncode == 2:
        return None
    if result.returncode != 0:
        sys.exit(f"varve restore: {result.returncode} {result.stderr}")
    with open(os.path.join(folder, "trainer_state.json"), encoding="utf-8") as file:
        return json.load(file)["global_step"]


def save(run, step, model, optimizer):
    path = os.path.join(run, f"checkpoint-{step}")
    # A killed save left it; the trainer writes it again.
    shutil.rmtree(path, ignore_errors=True)
    os.makedirs(path)
    torch.save(model.state_dict(), os.path.join(path, "pytorch_model.bin"))
    torch.save(optimizer.state_dict(), os.path.join(path, "optimizer.pt"))
    with open(os.path.join(path, "trainer_state.json"), "w", encoding="utf-8") as file:
        json.dump({"global_step": step}, file)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", required=True)
    out = parser.parse_args().out
    run, archive = os.path.join(out, "run"), os.path.join(out, "run.varve")
    os.makedirs(run, exist_ok=True)
    torch.set_num_threads(1)
    model, optimizer = model_and_optimizer(1)
    compress(run, archive)
    back = os.path.join(out, "back")
    step = restored(archive, back) or 0
    print(f"resumed from step {step}", flush=True)
    if step:
        model.load_state_dict(torch.load(os.path.join(back, "pytorch_model.bin"), weights_only=True))
        optimizer.load_state_dict(torch.load(os.path.join(back, "optimizer.pt"), weights_only=True))
    while step < STEPS:
        train(model, optimizer, EVERY, torch.Generator().manual_seed(step))
        step += EVERY
        save(run, step, model, optimizer)
        compress(run, archive)
    values = [value.tolist() for value in model.state_dict().values()]
    with open(os.path.join(out, "final.json"), "w", encoding="utf-8") as file:
        json.dump(values, file)
    result = subprocess.run([VARVE, "verify", archive, "--deep", "-q"], stdout=subprocess.PIPE, text=True)
    if result.returncode != 0:
        sys.exit(f"varve verify: {result.returncode} {result.stdout}")


if __name__ == "__main__":
    main()
