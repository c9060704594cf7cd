"""Watches live training runs with `varve watch --remove-source`, and compares every step ever saved with a copy kept aside.

    python3 Tests/Live/run.py [--saves N] [--every SECONDS] [--only WAY]

For each way of saving (train.py) and each of lossless and balanced: training and watching run side by side; when training
has ended the watch ends by itself; then every step that was ever saved must be in the archive and restore - bit for bit, or
off by exactly the errors that the report states. With --kill the watch is killed and started again in between.
"""
import argparse
import json
import math
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import torch

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


def compare(step, copy, restored, exact, reported, label):
    """A restored step with the copy that was kept aside."""
    if os.path.isdir(copy):
        pairs = [(file, os.path.join(restored, os.path.relpath(file, copy))) for file in files_below(copy)]
        check(len(files_below(restored)) == len(pairs), f"{label}: step {step} has other files")
    else:
        found = files_below(restored)
        if not check(len(found) == 1, f"{label}: step {step}: {found}"):
            return 0.0
        pairs = [(copy, found[0])]
    total = 0.0
    for original, back in pairs:
        if not check(os.path.exists(back), f"{label}: step {step}: {back} is missing"):
            continue
        if exact or not original.endswith((".pt", ".bin")) and os.path.isdir(copy):
            check(same_bytes(original, back), f"{label}: step {step}: {os.path.basename(back)} differs")
            continue
        errors = squared_errors(torch.load(original, weights_only=True), torch.load(back, weights_only=True))
        if check(errors is not None, f"{label}: step {step}: {os.path.basename(back)} has another structure"):
            total += sum(errors.values())
    if not exact:
        # Figures in the archive are rounded up to Float, each tensor's on its own.
        check(total <= reported * (1 + 1e-5) + 1e-30 and total >= reported * (1 - 1e-5) - 1e-30,
              f"{label}: step {step}: squared error {total}, reported {reported}")
    return total


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
    watcher = watch(run, archive, quality, log, *idle)
    trainer = subprocess.Popen(
        [sys.executable, os.path.join(HERE, "train.py"), "--save", way, "--out", run, "--aside", aside,
         "--saves", str(options.saves), "--every", str(options.every)])
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
    check(code == 0, f"{label}: watch ended with {code}\n{said[-2000:]}")

    saved = sorted(int(name) for name in os.listdir(aside))
    code, text, error = varve("list", archive, "--json")
    check(code == 0, f"{label}: list: {error}")
    have = sorted(step["step"] for step in json.loads(text)["steps"])
    if options.kill and way != "dirs":
        # While no watch runs nobody can keep what a trainer removes or writes over.
        check(set(have) <= set(saved), f"{label}: steps {have} of {saved}")
    elif options.kill:
        check(set(have) <= set(saved) and saved[-1] in have, f"{label}: steps {have} of {saved}")
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
            compare(step, os.path.join(aside, str(step)), back, quality == "lossless", errors.get(step, 0), label)
    print(f"{label:22} {len(saved)} saved, {len(have)} restored and compared, {said.count('original removed')} originals "
          f"removed, {kills} kills, left in the run: {' '.join(left)}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--saves", type=int, default=8)
    parser.add_argument("--every", type=float, default=3, help="seconds between two saves")
    parser.add_argument("--only", default="dirs,files,inplace,rename")
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
