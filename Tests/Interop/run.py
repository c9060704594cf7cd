"""Runs the interop checks in a virtual environment of their own (.venv at the repository's root).

    python3 Tests/Interop/run.py [options of interop.py]

The environment is made and filled once, from requirements.txt; one that already holds those versions is used as it
is, without network. Where the package index cannot be reached the checks are skipped, loudly; nothing else skips.
"""
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
VENV = os.path.join(ROOT, ".venv")
PYTHON = os.path.join(VENV, "bin", "python")
REQUIREMENTS = os.path.join(HERE, "requirements.txt")

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


def pins():
    """`name==version` of each requirement that applies to this Python."""
    found = []
    with open(REQUIREMENTS, encoding="utf-8") as file:
        for line in file:
            pin, _, marker = (part.strip() for part in line.split("#")[0].partition(";"))
            match = re.fullmatch(r'python_version (<|>=) "3\.(\d+)"', marker)
            old = bool(match) and sys.version_info.minor < int(match[2])
            if pin and (not marker or old == (match[1] == "<")):
                found.append(pin)
    return found


def ready():
    if not os.path.exists(PYTHON):
        return False
    return subprocess.run([PYTHON, "-c", INSTALLED, *pins()], stderr=subprocess.DEVNULL).returncode == 0


def index_answers():
    """Whether the package index answers now, so that what failed was something else."""
    probe = [PYTHON, "-m", "pip", "index", "versions", "numpy", "--retries", "0", "--disable-pip-version-check"]
    return subprocess.run(probe, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def install():
    """Makes and fills the environment; exits 0 where the index cannot be reached, 1 on any other failure."""
    if not os.path.exists(PYTHON):
        print("interop: making the virtual environment .venv", flush=True)
        if subprocess.run([sys.executable, "-m", "venv", VENV]).returncode:
            sys.exit("interop: python3 cannot make virtual environments (Debian: apt-get install python3-venv)")
    print("interop: installing " + ", ".join(pins()), flush=True)
    command = [PYTHON, "-m", "pip", "install", "--disable-pip-version-check", "--retries", "2", "-r", REQUIREMENTS]
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if result.returncode == 0:
        return
    if UNREACHABLE.search(result.stdout) and not index_answers():
        print("INTEROP SKIPPED: the package index cannot be reached and .venv lacks what the checks need;\n"
              "INTEROP SKIPPED: nothing was loaded in torch or safetensors, no training resumed, no archive decoded",
              flush=True)
        sys.exit(0)
    sys.exit(result.stdout[-4000:] + "\ninterop: pip failed, see above")


if __name__ == "__main__":
    if not ready():
        install()
        if not ready():
            sys.exit("interop: .venv does not hold the pinned versions even after installing them")
    os.execv(PYTHON, [PYTHON, os.path.join(HERE, "interop.py"), *sys.argv[1:]])
