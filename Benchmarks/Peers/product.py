"""Varve's own figures: bytes that an archive really stores, and times of the whole program."""
import os
import shlex
import statistics
import subprocess
import time

from checks import Failure
from varve import varve, varve_json


class Product:
    def __init__(self, options, scratch):
        self.options, self.scratch, self.count = shlex.split(options), scratch, 0

    def archive(self, run):
        self.count += 1
        archive = os.path.join(self.scratch, f"{self.count}.varve")
        varve("compress", run, archive, *self.options, "--threads", 1, "--quiet")
        return archive

    def stored(self, run, wanted):
        """{step: {role: stored bytes}} of a run that compresses exactly; `wanted`: {step: {role: original bytes}}."""
        archive = self.archive(run)
        varve("verify", archive, "--against", run)
        found = {int(step["step"]): step["roles"] for step in varve_json("report", archive, "--by", "step")["steps"]}
        for step, roles in wanted.items():
            for role, original in roles.items():
                figures = found[step][role]
                if figures["originalBytes"] != original:
                    raise Failure(f"step {step}: Varve finds {figures['originalBytes']} bytes of {role}, the peers "
                                  f"get {original}: not the same tensors")
                if figures["squaredError"] != 0:
                    raise Failure(f"step {step}: {role} is not exact with {' '.join(self.options)}")
        return {step: {role: found[step][role]["storedBytes"] for role in roles} for step, roles in wanted.items()}

    def whole_program(self, run, rounds=3):
        """(compress, restore) in MB/s of the run's bytes by the clock: reading, writing, fsync, checking included."""
        megabytes = sum(os.path.getsize(os.path.join(folder, name))
                        for folder, _, names in os.walk(run) for name in names) / 1e6
        compress, restore = [], []
        for _ in range(rounds):
            began = time.perf_counter()
            archive = self.archive(run)
            compress.append(time.perf_counter() - began)
            began = time.perf_counter()
            varve("restore", archive, "--step", "all", "--output", f"{archive}.restored", "--threads", 1, "--quiet")
            restore.append(time.perf_counter() - began)
        return megabytes / statistics.median(compress), megabytes / statistics.median(restore)
