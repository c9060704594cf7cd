"""Trainings in processes of their own, killed and resumed."""

import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path

import varve

HERE = Path(__file__).parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(varve.__file__).parents[1])}


def training(script, *arguments):
    return subprocess.Popen(
        [sys.executable, str(HERE / script), *map(str, arguments)],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT,
    )  # fmt: skip


def finished(script, *arguments):
    """What a training says that comes to its end."""
    process = training(script, *arguments)
    said, _ = process.communicate(timeout=300)
    assert process.returncode == 0, said
    return said


def steps(archive):
    with contextlib.suppress(varve.VarveError):
        return varve.open(archive).steps
    return []


def until(condition, seconds=180):
    end = time.time() + seconds
    while not condition():
        assert time.time() < end, "waited in vain"
        time.sleep(0.1)


def killed(script, archive, count, *arguments):
    """A training that is killed when so many steps are in its archive."""
    process = training(script, *arguments)
    try:
        until(lambda: len(steps(archive)) >= count or process.poll() is not None)
        assert process.poll() is None, process.stdout.read()
    finally:
        process.kill()
        process.wait()


def nobody_watches(run):
    """Whether no `varve watch` of the run is left."""
    for entry in Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
            if b"watch" in words and os.fsencode(run) in words:
                return False
    return True
