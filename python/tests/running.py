"""Trainings in processes of their own, killed and resumed."""

import contextlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import varve

HERE = Path(__file__).parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(Path(varve.__file__).parents[1])}


def command(script, *arguments):
    return [sys.executable, str(HERE / script), *map(str, arguments)]


def finished(script, *arguments):
    """What a training says that comes to its end."""
    result = subprocess.run(
        command(script, *arguments), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT
    )
    assert result.returncode == 0, result.stdout
    return result.stdout


def steps(archive):
    with contextlib.suppress(varve.VarveError):
        return varve.open(archive).steps
    return []


def until(condition, seconds=900, said=lambda: ""):
    end = time.time() + seconds
    while not condition():
        assert time.time() < end, "waited in vain\n" + said()
        time.sleep(0.1)


def killed(script, archive, count, *arguments):
    """A training that is killed when so many steps are in its archive."""
    with tempfile.TemporaryFile("w+") as output:

        def said():
            output.seek(0)
            return output.read()[-4000:]

        process = subprocess.Popen(command(script, *arguments), stdout=output, stderr=subprocess.STDOUT, env=ENVIRONMENT)
        try:
            until(lambda: len(steps(archive)) >= count or process.poll() is not None, said=said)
            assert process.poll() is None, said()
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
