"""The varve program: compressing, restoring, and what its report says."""
import json
import os
import shlex
import subprocess


class Failed(Exception):
    """The program failed, or answered what it must not."""


class Unknown(Exception):
    """The program does not know the options of a method: compress ends with exit code 2, usage."""


def varve(program, *arguments):
    """Runs the program; its standard output."""
    command = [program, *map(str, arguments)]
    try:
        result = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace")
    except OSError as error:
        raise Failed(f"{program} cannot be run: {error}")
    if result.returncode == 0:
        return result.stdout
    said = (result.stderr or result.stdout).strip()
    if result.returncode == 2 and arguments[0] == "compress":
        raise Unknown(said.splitlines()[0].removeprefix("Error: ") if said else "exit code 2")
    raise Failed(f"{shlex.join(command)}: exit code {result.returncode}\n{said[-1500:]}")


def compress(program, method, run, archive):
    varve(program, "compress", run, archive, *method.options, "--threads", 1, "--quiet")


def restore(program, archive, step, folder):
    varve(program, "restore", archive, "--step", step, "--output", folder, "--threads", 1, "--quiet")


def version(program):
    return varve(program, "--version").strip()


def size(folder):
    """The bytes of all files below a folder; the cache of an archive, which may be deleted, does not count."""
    total = 0
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "cache"]
        total += sum(os.path.getsize(os.path.join(parent, name)) for name in names)
    return total


def ratios(program, archive, run_bytes, steps):
    """Chain ratio, total ratio and weight error of the last step."""
    report = json.loads(varve(program, "report", archive, "--by", "step", "--json"))
    found = [int(step["step"]) for step in report["steps"]]
    if found != steps:
        raise Failed(f"{archive} holds steps {found} instead of {steps}")
    on_disk = size(archive)
    if report["total"]["storedBytes"] != on_disk:
        raise Failed(f"{archive}: the report shows {report['total']['storedBytes']} bytes, its files have {on_disk}")
    chain = [step for step in report["steps"] if not step["keyframe"]]
    original, stored = 0, 0
    for step in chain:
        for role in ("weight", "firstMoment", "secondMoment"):
            figures = step["roles"].get(role, {})
            original += figures.get("originalBytes", 0)
            stored += figures.get("storedBytes", 0)
    if not stored:
        raise Failed(f"{archive}: the report shows no stored bytes after the keyframe")
    error = chain[-1]["roles"]["weight"].get("relativeSquaredError")
    return {"chainRatio": original / stored, "totalRatio": run_bytes / on_disk, "weightError": error,
            "keyframes": [int(step["step"]) for step in report["steps"] if step["keyframe"]]}
