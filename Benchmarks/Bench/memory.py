"""Peak memory of every command on one run, each in a process of its own."""
import os
import shutil

from checks import Failure
from tool import timed

METHODS = {"balanced": ["--quality", "balanced"], "lossless": ["--quality", "lossless"], "excp": ["--method", "excp"]}
WANTED = 1.5e9
KEPT = {"balanced": 0.1, "lossless": 0.8, "excp": 0.45}   # of a short run, at most


def stored(path):
    return sum(os.path.getsize(os.path.join(folder, name)) for folder, _, names in os.walk(path) for name in names)


def table(run, scratch, say):
    """[{command, peakBytes, seconds}]"""
    found, checkpoint = [], None
    folders = [os.path.join(run, name) for name in os.listdir(run) if name.startswith("checkpoint-")]
    checkpoint, whole = max(map(stored, folders)), stored(run)
    archive, output = os.path.join(scratch, "memory.varve"), os.path.join(scratch, "memory-restored")

    def clear():
        for path in (archive, output):
            shutil.rmtree(path, ignore_errors=True)

    def note(command, *options, name=None):
        say(name or " ".join(str(word) for word in (command, *options[1:])))
        used = timed(command, *options)
        found.append({"command": name or command, "peakBytes": used.peak, "seconds": used.seconds})

    for method, options in METHODS.items():
        # The archive, what is kept of the newest step while it is written, and a checkpoint that is restored.
        need = KEPT[method] * whole + 1.6 * checkpoint
        free = shutil.disk_usage(scratch).free
        if free < need:
            say(f"{method} left out: {free / 1e9:.0f} GB free in {scratch}, about {need / 1e9:.0f} needed")
            continue
        clear()
        try:
            note("compress", run, archive, *options, "--quiet", name=f"compress, {method}")
            note("restore", archive, "--step", "latest", "--output", output, "--quiet", name=f"restore, {method}")
            shutil.rmtree(output)
            note("verify", archive, "--deep", "--quiet", name=f"verify --deep, {method}")
            if method != "balanced":
                continue
            note("verify", archive, "--against", run, "--quiet", name="verify --against")
            note("report", archive, "--quiet")
            note("list", archive, "--quiet")
            note("inspect", run, "--quiet")
            note("forget", archive, "--keep-last", 1, "--quiet")
            note("prune", archive, "--quiet")
            shutil.rmtree(archive)
            note("watch", run, archive, *options, "--idle", 3, "--settle", 0, "--quiet")
        finally:
            clear()
    if not found:
        raise Failure("there is no room for any method")
    return found


def text(found):
    lines = ["| command | peak memory | seconds |", "|---|---|---|"]
    lines += [f"| {row['command']} | {row['peakBytes'] / 1e6:.0f} MB | {row['seconds']:.1f} |" for row in found]
    largest = max(row["peakBytes"] for row in found)
    return "\n".join(lines) + f"\n\nThe most: {largest / 1e6:.0f} MB (below {WANTED / 1e6:.0f} wanted)."
