"""An archive in an object store: pushed with rclone while a compress appends, both killed at random.

    VARVE=... PYTHON-WITH-MOTO Tests/Clusters/store.py [--rounds N] [--seed N]

Passes when what is in the store verifies and restores the right bytes after every kill, and an append moves new objects only.
Needs rclone, and moto[server] from PyPI: its server stands for S3, on loopback.
"""
import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request

from slurm import free_port
from workers import ROOT, RUN, VARVE, Failure, require, start, tree, varve

PUSH = os.path.join(ROOT, "Scripts/push-archive.sh")


class Store:
    """moto's server and a remote of rclone's for it."""

    def __init__(self, folder):
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self.log = open(os.path.join(folder, "moto.log"), "w")
        server = os.path.join(os.path.dirname(sys.executable), "moto_server")
        self.process = subprocess.Popen([server, "-H", "127.0.0.1", "-p", str(port)], stdout=self.log, stderr=self.log)
        for name in ("AWS_CA_BUNDLE", "https_proxy", "http_proxy", "HTTPS_PROXY", "HTTP_PROXY"):
            os.environ.pop(name, None)
        os.environ.update(
            RCLONE_CONFIG=os.path.join(folder, "rclone.conf"), RCLONE_CONFIG_S_TYPE="s3", RCLONE_CONFIG_S_PROVIDER="Other",
            RCLONE_CONFIG_S_ACCESS_KEY_ID="x", RCLONE_CONFIG_S_SECRET_ACCESS_KEY="x", RCLONE_CONFIG_S_ENDPOINT=self.url,
            RCLONE_CONFIG_S_FORCE_PATH_STYLE="true", RCLONE_CONFIG_S_REGION="us-east-1")
        for _ in range(150):
            try:
                urllib.request.urlopen(self.url, timeout=2)
                break
            except urllib.error.HTTPError:
                break
            except OSError:
                time.sleep(0.2)
        else:
            raise Failure("moto's server does not start")
        subprocess.run(["rclone", "mkdir", "s:bucket"], check=True)

    def objects(self):
        """Size and time of each object, by name."""
        said = subprocess.run(["rclone", "lsf", "-R", "--files-only", "--format", "pst", "s:bucket/a.varve"],
                              capture_output=True, text=True).stdout
        return {line.split(";")[0]: line for line in said.splitlines()}

    def pull(self, folder):
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run(["rclone", "copy", "-q", "s:bucket/a.varve", folder], check=True)

    def close(self):
        self.process.terminate()
        self.process.wait()
        self.log.close()


def check(store, folder, expected):
    """What is in the store, as somebody who reads it now has it. The steps it has."""
    copy = os.path.join(folder, "pulled.varve")
    store.pull(copy)
    if not os.path.exists(os.path.join(copy, "archive.manifest")):
        require(not any("step.manifest" in name for name in tree(copy)), "steps without an archive")
        return 0
    os.makedirs(os.path.join(copy, "steps"), exist_ok=True)
    varve("verify", copy, "--deep", "-q")
    steps = [int(name) for name in os.listdir(os.path.join(copy, "steps"))
             if os.path.exists(os.path.join(copy, "steps", name, "step.manifest"))]
    if not steps:
        return 0
    output = os.path.join(folder, "out")
    shutil.rmtree(output, ignore_errors=True)
    varve("restore", copy, "--step", "all", "-o", output, "-q")
    for name, digest in tree(output).items():
        require(expected.get(name) == digest, f"{name} is restored otherwise")
    return len(steps)


def killed_at_random(store, folder, options):
    generator = random.Random(options.seed)
    one = os.path.join(folder, "one.varve")
    varve("compress", RUN, one, "-q", expect=(0, 3))
    output = os.path.join(folder, "out")
    varve("restore", one, "--step", "all", "-o", output, "-q")
    expected = tree(output)
    archive = os.path.join(folder, "a.varve")
    seen, kills = [], 0
    for number in range(options.rounds):
        writer = start("compress", RUN, archive, "-q", "--wait", "5", "--threads", "1")
        time.sleep(generator.uniform(0, 0.6))
        if os.path.isdir(os.path.join(archive, "steps")):
            pusher = subprocess.Popen([PUSH, archive, "s:bucket/a.varve", "-q"], start_new_session=True,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(generator.uniform(0, 2.5))
            if pusher.poll() is None:
                os.killpg(pusher.pid, signal.SIGKILL)
                kills += 1
            pusher.wait()
        if writer.poll() is None and generator.random() < 0.7:
            writer.send_signal(signal.SIGKILL)
        writer.communicate()
        seen.append(check(store, folder, expected))
    varve("compress", RUN, archive, "-q", expect=(0, 3))
    subprocess.run([PUSH, archive, "s:bucket/a.varve", "-q"], check=True)
    seen.append(check(store, folder, expected))
    print(f"  steps in the store, round by round: {seen}; {kills} pushes killed", flush=True)


def an_append_moves_only_what_is_new(store, folder, options):
    steps = sorted(int(name.split("-")[1]) for name in os.listdir(RUN) if name.startswith("checkpoint-"))
    subprocess.run(["rclone", "purge", "-q", "s:bucket/a.varve"])
    archive = os.path.join(folder, "grown.varve")
    varve("compress", RUN, archive, "-q", "--steps", f"0-{steps[1]}", expect=(0, 3))
    subprocess.run([PUSH, archive, "s:bucket/a.varve", "-q"], check=True)
    before = store.objects()
    time.sleep(1.1)
    varve("compress", RUN, archive, "-q", "--steps", f"0-{steps[2]}", expect=(0, 3))
    subprocess.run([PUSH, archive, "s:bucket/a.varve", "-q"], check=True)
    after = store.objects()
    moved = sorted(name for name in after if after[name] != before.get(name))
    allowed = [name for name in moved if f"{steps[2]:012d}/" in name or name in ("manifests.parity", "run.manifest")
               or name.startswith("run-")]
    require(moved == allowed, f"moved as well: {set(moved) - set(allowed)}")
    print(f"  moved: {moved}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    failures = 0
    with tempfile.TemporaryDirectory(prefix="varve-store-") as folder:
        store = Store(folder)
        try:
            for test in (killed_at_random, an_append_moves_only_what_is_new):
                try:
                    test(store, folder, options)
                    print(f"ok    {test.__name__}", flush=True)
                except Failure as failure:
                    failures += 1
                    print(f"FAIL  {test.__name__}: {failure}", flush=True)
        finally:
            store.close()
    sys.exit(1 if failures else 0)
