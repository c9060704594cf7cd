"""The varve command, timed."""
import json
import os
import subprocess
import sys
from dataclasses import dataclass

from checks import Failure

USAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "usage.py")
COMMANDS = []                                              # every call, for the record


@dataclass
class Used:
    """What a call used: seconds by the clock and of the processor, the most memory, and what it printed."""
    seconds: float
    processor: float
    peak: int
    output: str


def timed(*arguments, status=0):
    """Runs varve to its end."""
    words = [str(word) for word in arguments]
    COMMANDS.append("varve " + " ".join(words))
    command = [sys.executable, "-I", "-S", USAGE, os.path.abspath(os.environ["VARVE"]), *words]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          errors="replace")
    *said, last = done.stderr.rstrip().split("\n")
    try:
        used = json.loads(last)
    except ValueError:
        raise Failure(f"varve {' '.join(words)}: {done.stderr.strip()[-1500:]}")
    if used["status"] != status:
        raise Failure(f"varve {' '.join(words)}: exit {used['status']}\n" + "\n".join(said).strip()[-1500:])
    return Used(used["seconds"], used["processorSeconds"], used["peakBytes"], done.stdout)


def benched(run, scratch, *options):
    """{quality: row} of `varve bench --json`."""
    used = timed("bench", run, "--json", "--scratch", scratch, *options)
    return {row["quality"]: row for row in json.loads(used.output)["rows"]}


def version():
    return timed("--version").output.strip()
