"""The varve command, and what it says about an archive, in one form."""
import json
import os
import subprocess
from dataclasses import dataclass

from checks import Failure


def varve(*arguments, expect=0):
    """Runs varve; its standard output. Any other exit code than expected is a failure that quotes what it said."""
    command = [os.environ["VARVE"], *map(str, arguments)]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                            stdin=subprocess.DEVNULL, timeout=600)
    if result.returncode != expect:
        said = (result.stderr or result.stdout).strip()[-1500:]
        raise Failure(f"varve {' '.join(command[1:])}: exit {result.returncode}, not {expect}\n{said}")
    return result.stdout


def varve_json(*arguments):
    text = varve(*arguments, "--json")
    try:
        return json.loads(text)
    except ValueError as error:
        raise Failure(f"varve {' '.join(map(str, arguments))} --json: not JSON ({error}): {text[:200]!r}")


@dataclass
class Coded:
    """What Varve says of one tensor of one step."""
    name: str
    role: str
    file: str
    coding: str
    exact: bool
    shape: tuple
    squared_error: float
    largest_error: float


def account(archive):
    """{step: [Coded]}: what `report --by tensor --json` says. The only place that knows that JSON."""
    steps = {}
    for step in varve_json("report", archive, "--by", "tensor")["steps"]:
        steps[int(step["step"])] = [
            Coded(name=row.get("name") or row["parameter"], role=row.get("role", "weight"), file=row.get("file") or "",
                  coding=row["coding"], exact=bool(row["exact"]), shape=tuple(row["shape"]),
                  squared_error=float(row.get("squaredError") or 0),
                  largest_error=float(row.get("maxAbsoluteError") or row.get("largestError") or 0))
            for row in step.get("tensors", [])]
    return steps


def inspected(run, *options):
    """The steps of `inspect RUN --json`, in order."""
    return varve_json("inspect", run, *options)["steps"]
