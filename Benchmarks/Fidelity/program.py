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


def built_on(base):
    """The option for an archive whose first step builds on weights kept elsewhere."""
    return ("--base", base) if base else ()


def compress(program, method, run, archive, base=None):
    varve(program, "compress", run, archive, *method.options, *built_on(base), "--threads", 1, "--quiet")


def restore(program, archive, step, folder, base=None):
    varve(program, "restore", archive, "--step", step, "--output", folder, *built_on(base), "--threads", 1, "--quiet")


def version(program):
    return varve(program, "--version").strip()


def size(folder):
    """The bytes of all files below a folder; the cache of an archive, which may be deleted, does not count."""
    total = 0
    for parent, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "cache"]
        total += sum(os.path.getsize(os.path.join(parent, name)) for name in names)
    return total


def figures(step):
    """A step of the report: bytes of weights and moments, weight error, and that of the tensor with the largest."""
    roles = [step["roles"].get(role, {}) for role in ("weight", "firstMoment", "secondMoment")]
    original, stored = (sum(role.get(key, 0) for role in roles) for key in ("originalBytes", "storedBytes"))
    errors = [tensor.get("relativeSquaredError") for tensor in step["tensors"] if tensor["role"] == "weight"]
    return {"step": int(step["step"]), "originalBytes": original, "storedBytes": stored, "keyframe": step["keyframe"],
            "ratio": original / stored if stored else None, "weightError": roles[0].get("relativeSquaredError"),
            "largestError": max((error for error in errors if error is not None), default=None)}


def ratios(program, archive, run_bytes, steps):
    """Chain ratio, total ratio, weight error of the last step, and the figures of every step."""
    report = json.loads(varve(program, "report", archive, "--by", "tensor", "--json"))
    found = [figures(step) for step in report["steps"]]
    if [step["step"] for step in found] != steps:
        raise Failed(f"{archive} holds steps {[step['step'] for step in found]} instead of {steps}")
    on_disk = size(archive)
    if report["total"]["storedBytes"] != on_disk:
        raise Failed(f"{archive}: the report shows {report['total']['storedBytes']} bytes, its files have {on_disk}")
    chain = [step for step in found if not step["keyframe"]]
    stored = sum(step["storedBytes"] for step in chain)
    if not stored:
        raise Failed(f"{archive}: the report shows no stored bytes after the keyframe")
    return {"chainRatio": sum(step["originalBytes"] for step in chain) / stored, "totalRatio": run_bytes / on_disk,
            "weightError": chain[-1]["weightError"], "steps": found,
            "keyframes": [step["step"] for step in found if step["keyframe"]]}
