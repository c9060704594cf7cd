"""The virtual environment that Python's checks run in: .venv at the repository's root, with pinned packages.

It is made and filled once, from Interop/requirements.txt and the requirements of the program's own, if it has any; one
that already holds those versions is used as it is, without network.
"""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(HERE)
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
REQUIREMENTS = [os.path.join(HERE, "Interop", "requirements.txt")]
OPTIONAL = os.path.join(HERE, "Interop", "optional.txt")

# Run inside the environment: exits 0 when every pinned version is installed (2.13.0+cpu counts as 2.13.0).
INSTALLED = """
import importlib.metadata as metadata, sys
for pin in sys.argv[1:]:
    name, version = pin.split("==")
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        sys.exit(name + " is not installed")
    if found.split("+")[0] != version:
        sys.exit(name + " is " + found + ", not " + version)
"""

# What pip prints when it never got an answer, as against an answer that does not help.
UNREACHABLE = re.compile(
    r"NewConnectionError|ConnectTimeoutError|ReadTimeoutError|Name or service not known|ConnectionResetError|"
    r"Temporary failure in name resolution|Network is unreachable|No route to host|Connection refused|"
    r"Failed to establish a new connection|Cannot connect to proxy|ProxyError|Max retries exceeded|"
    r"Remote end closed connection|No address associated with hostname")


class Unreachable(Exception):
    """The package index cannot be reached, and .venv lacks what is needed."""


def pins(paths):
    """`name==version` of each requirement that applies to this Python."""
    found = []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            for line in file:
                pin, _, marker = (part.strip() for part in line.split("#")[0].partition(";"))
                match = re.fullmatch(r'python_version (<|>=) "3\.(\d+)"', marker)
                old = bool(match) and sys.version_info.minor < int(match[2])
                if pin and (not marker or old == (match[1] == "<")):
                    found.append(pin)
    return found


def ready(paths=REQUIREMENTS):
    if not os.path.exists(PYTHON):
        return False
    return subprocess.run([PYTHON, "-c", INSTALLED, *pins(paths)], stderr=subprocess.DEVNULL).returncode == 0


def index_answers():
    """Whether the package index answers now, so that what failed was something else."""
    probe = [PYTHON, "-m", "pip", "index", "versions", "numpy", "--retries", "0", "--disable-pip-version-check"]
    return subprocess.run(probe, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def pip(name, paths):
    print(name + ": installing " + ", ".join(pins(paths)), flush=True)
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--retries", "2"]
    command += [part for path in paths for part in ("-r", path)]
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def install_optional(name):
    """Adds what only some checks need, beside the versions that are there; its absence is told, and is no failure."""
    if not ready([OPTIONAL]):
        result = pip(name, [*REQUIREMENTS, OPTIONAL])
        if result.returncode:
            print(result.stdout[-2000:] + f"\n{name}: NOT INSTALLED: {', '.join(pins([OPTIONAL]))}; checks that need "
                  "them will be SKIPPED", flush=True)


def install(name):
    """Makes and fills the environment for that program; raises Unreachable where no package index answers."""
    if not os.path.exists(PYTHON):
        print(name + ": making the virtual environment .venv", flush=True)
        if subprocess.run([sys.executable, "-m", "venv", VENV]).returncode:
            sys.exit(name + ": python3 cannot make virtual environments (Debian: apt-get install python3-venv)")
    result = pip(name, REQUIREMENTS)
    if result.returncode == 0:
        return
    if UNREACHABLE.search(result.stdout) and not index_answers():
        raise Unreachable
    sys.exit(result.stdout[-4000:] + "\n" + name + ": pip failed, see above")


def run_in(name, script, *requirements, optional=False):
    """Becomes the script, run in the environment, with more requirements in it, with this program's arguments; with the
    optional packages too, if it asks for them."""
    REQUIREMENTS.extend(requirements)
    if not ready():
        install(name)
        if not ready():
            sys.exit(name + ": .venv does not hold the pinned versions even after installing them")
    if optional:
        install_optional(name)
    os.execv(PYTHON, [PYTHON, script, *sys.argv[1:]])
