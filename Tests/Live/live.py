"""Watches live training runs with `varve watch --remove-source`, and compares every step ever saved with a copy kept aside.

    python3 Tests/Live/run.py [--saves N] [--every SECONDS] [--only WAY]

For each way of saving (train.py, sharded_savers.py) and each of lossless and balanced: training and watching run side
by side; when training has ended the watch ends by itself; then every step that was ever saved must be in the archive
and restore - bit for bit, or off by exactly the errors that the report states. With --kill the watch is killed and
started again in between; what the trainer has removed meanwhile may then be missing.

Another rank's random state that came when the watch had the step already may be missing too: then the watch must have
said so, and must not have removed the original.
"""
import argparse
import json
import math
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import safetensors.torch
import torch

from train import WAYS

HERE = os.path.dirname(os.path.abspath(__file__))
VARVE = os.environ.get("VARVE", os.path.join(HERE, "..", "..", ".build", "release", "varve"))
FAILURES = []


def check(holds, what):
    if not holds:
        FAILURES.append(what)
        print("FAILED " + what, flush=True)
    return holds


def varve(*arguments):
    result = subprocess.run([VARVE, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    return result.returncode, result.stdout, result.stderr


def watch(run, archive, quality, log, *more):
    return subprocess.Popen(
        [VARVE, "watch", run, archive, "--quality", quality, "--remove-source", "--settle", "1", "-v", *more],
        stdout=log, stderr=subprocess.STDOUT)


def flat(value, prefix=""):
    """Tensors of a state, by path; everything else too."""
    if isinstance(value, dict):
        for key in value:
            yield from flat(value[key], f"{prefix}.{key}" if prefix else str(key))
    elif isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield from flat(item, f"{prefix}.{index}")
    else:
        yield prefix, value


def squared_errors(original, restored):
    """Sum of squared differences of each tensor; other values must be equal."""
    errors = {}
    a, b = dict(flat(original)), dict(flat(restored))
    if a.keys() != b.keys():
        return None
    for name, value in a.items():
        if torch.is_tensor(value):
            if value.shape != b[name].shape or value.dtype != b[name].dtype:
                return None
            errors[name] = float(((value.double() - b[name].double()) ** 2).sum())
        elif value != b[name] and not (isinstance(value, float) and math.isnan(value)):
            return None
    return errors


def same_bytes(a, b):
    return subprocess.run(["cmp", "-s", a, b]).returncode == 0


def files_below(path):
    return sorted(os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names)


def loaded(path):
    """What a file of tensors holds, or a folder of torch.distributed.checkpoint."""
    if path.endswith(".safetensors"):
        return safetensors.torch.load_file(path)
    if not os.path.isdir(path):
        return torch.load(path, weights_only=True)
    from torch.distributed.checkpoint.format_utils import dcp_to_torch_save
    with tempfile.NamedTemporaryFile(suffix=".pt") as file:
        dcp_to_torch_save(path, file.name)
        return torch.load(file.name, weights_only=False)


def compare(step, copy, restored, exact, reported, label, late=()):
    """A restored step with the copy that was kept aside.

    - late: files that came when the step was taken already; they may be missing.
    """
    if os.path.isdir(copy):
        names = [os.path.relpath(file, copy) for file in files_below(copy)]
        back = [os.path.relpath(file, restored) for file in files_below(restored)]
        wanted = [name for name in names if name in back or os.path.basename(name) not in late]
        check(back == wanted, f"{label}: step {step} has other files: {back}, not {wanted}")
        pairs = [(os.path.join(copy, name), os.path.join(restored, name)) for name in wanted]
    else:
        found = files_below(restored)
        if not check(len(found) == 1, f"{label}: step {step}: {found}"):
            return 0.0
        pairs = [(copy, found[0])]
    others = {}
    for original, back in pairs:
        if not check(os.path.exists(back), f"{label}: step {step}: {back} is missing"):
            continue
        if same_bytes(original, back):
            continue
        name = os.path.relpath(back, restored)
        what = f"{label}: step {step}: {name}, {os.path.getsize(back)} of {os.path.getsize(original)} bytes,"
        if original.endswith(".distcp"):
            # Pieces of one whole: which tensor is where stands beside them.
            original, back = os.path.dirname(original), os.path.dirname(back)
        has_tensors = os.path.isdir(back) or back.endswith((".pt", ".bin", ".safetensors"))
        if check(has_tensors and not exact, f"{what} differs"):
            others[original] = (back, what)
    total = 0.0
    for original, (back, what) in others.items():
        try:
            errors = squared_errors(loaded(original), loaded(back))
        except Exception as error:  # Whatever torch makes of a file that is not whole.
            check(False, f"{what} cannot be loaded: {error}")
            continue
        if check(errors is not None, f"{what} has another structure"):
            total += sum(errors.values())
    if not exact:
        # Figures in the archive are rounded up to Float, each tensor's on its own.
        check(total <= reported * (1 + 1e-5) + 1e-30 and total >= reported * (1 - 1e-5) - 1e-30,
              f"{label}: step {step}: squared error {total}, reported {reported}")
    return total


def late_files(step, said):
    """Random states of a step that may be missing: the watch said that it lacks them, and left the original alone."""
    if f"step {step}: original removed" in said:
        return []
    names = re.findall(rf"skipped \S*\D{step}: the archive has another step {step}: it has no ([^\s;]+)", said)
    return [os.path.basename(name) for name in names if os.path.basename(name).startswith("rng_state_")]


def reported_errors(archive):
    code, text, said = varve("report", archive, "--by", "step", "--json")
    check(code == 0, f"report: {said}")
    return {step["step"]: sum(role["squaredError"] for role in step["roles"].values())
            for step in json.loads(text)["steps"]}


def one(way, quality, options, folder):
    label = f"{way} {quality}" + (" killed" if options.kill else "")
    run, aside, archive = (os.path.join(folder, name) for name in ("run", "aside", "run.varve"))
    log = open(os.path.join(folder, "watch.log"), "w+", encoding="utf-8")
    idle = ["--idle", str(max(10, 3 * options.every))]
    saves = ["--saves", str(options.saves)] if options.saves else []
    trainer = subprocess.Popen(
        [sys.executable, os.path.join(HERE, "train.py"), "--save", way, "--out", run, "--aside", aside, *saves,
         "--every", str(options.every)])
    # The watch begins before the run is there, but not before torch is loaded and the ranks have found each other: that
    # may take so long that it would pass for idle.
    while trainer.poll() is None and not os.path.isdir(aside):
        time.sleep(.05)
    watcher = watch(run, archive, quality, log, *idle)
    kills = 0
    chance = random.Random(7)
    while trainer.poll() is None:
        time.sleep(chance.uniform(.3, options.every / 2))
        if options.kill and watcher.poll() is None:
            watcher.send_signal(chance.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
            watcher.wait()
            kills += 1
            watcher = watch(run, archive, quality, log, *idle)
    check(trainer.returncode == 0, f"{label}: training failed")
    code = watcher.wait(timeout=600)
    log.seek(0)
    said = log.read()
    # A file that came late is not in the archive, and the code says so as well. Of several watches the last one may not
    # have seen it.
    is_late = "the archive has another step" in said
    wanted = {0, 3} if is_late and options.kill else {3} if is_late else {0}
    check(code in wanted, f"{label}: watch ended with {code}\n{said[-2000:]}")

    saved = sorted(int(name) for name in os.listdir(aside))
    code, text, error = varve("list", archive, "--json")
    check(code == 0, f"{label}: list: {error}")
    have = sorted(step["step"] for step in json.loads(text)["steps"])
    if options.kill:
        # While no watch runs nobody can keep what a trainer removes or writes over.
        check(set(have) <= set(saved), f"{label}: steps {have} of {saved}")
        kept = [] if way in ("inplace", "rename") else saved[-WAYS[way].keep:]
        check(set(kept) <= set(have), f"{label}: steps {have} of {saved}, and its trainer has not removed {kept}")
    else:
        check(have == saved, f"{label}: steps {have} of {saved}\n{said[-3000:]}")
    left = sorted(name for name in os.listdir(run) if name != "train.log")
    check(not any(name.startswith(".varve") for name in left), f"{label}: left behind {left}")
    check(len(left) >= 1, f"{label}: nothing is left to resume from")
    code, _, error = varve("verify", archive, "--deep")
    check(code == 0, f"{label}: verify --deep: {code} {error}")
    errors = {} if quality == "lossless" else reported_errors(archive)
    for step in have:
        back = os.path.join(folder, f"restored-{step}")
        code, _, error = varve("restore", archive, "--step", step, "--output", back)
        if check(code == 0, f"{label}: restore {step}: {error}"):
            compare(step, os.path.join(aside, str(step)), back, quality == "lossless", errors.get(step, 0), label,
                    late_files(step, said))
    print(f"{label:28} {len(saved)} saved, {len(have)} restored and compared, {said.count(': original removed')} "
          f"originals removed, {kills} kills, left in the run: {' '.join(left)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--saves", type=int, help="saves of each training; each way has a number of its own")
    parser.add_argument("--every", type=float, default=3, help="seconds between two saves")
    parser.add_argument("--only", default=",".join(WAYS))
    parser.add_argument("--quality", default="lossless,balanced")
    parser.add_argument("--kill", action="store_true", help="kill the watch again and again")
    parser.add_argument("--keep-folder", action="store_true")
    options = parser.parse_args()
    for way in options.only.split(","):
        for quality in options.quality.split(","):
            folder = tempfile.mkdtemp(prefix="varve-live-")
            one(way, quality, options, folder)
            if not options.keep_folder and not FAILURES:
                shutil.rmtree(folder)
    print(f"{len(FAILURES)} failures" if FAILURES else "every step ever saved restores as it should", flush=True)
    sys.exit(1 if FAILURES else 0)


if __name__ == "__main__":
    main()
