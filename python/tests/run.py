"""Checks and tests of the Python packages, in the virtual environment of Tests/environment.py.

    python3 python/tests/run.py [arguments of pytest]

Where the package index cannot be reached the tests are skipped, loudly; nothing else skips.
"""

import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "Tests"))
import environment  # noqa: E402


def main():
    """Inside the environment."""
    os.environ["VARVE"] = os.path.abspath(os.environ.get("VARVE") or os.path.join(ROOT, ".build/release/varve"))
    package, reader = os.path.join(ROOT, "python"), os.path.join(ROOT, "reader")
    tests = [sys.executable, "-m", "pytest", "-q", *sys.argv[2:]]
    failed = []
    for name, folder, command in (
        ("ruff", package, [sys.executable, "-m", "ruff", "check", "."]),
        ("ruff format", package, [sys.executable, "-m", "ruff", "format", "--check", "-q", "."]),
        ("mypy", package, [sys.executable, "-m", "mypy"]),
        ("tests of python/", package, tests),
        ("tests of reader/", reader, [*tests, "tests"]),
    ):
        print(f"== {name}", flush=True)
        if subprocess.run(command, cwd=folder).returncode:
            failed.append(name)
    sys.exit(f"python-test: failed: {', '.join(failed)}" if failed else 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--inside"]:
        main()
    try:
        sys.argv.insert(1, "--inside")
        environment.run_in("python-test", os.path.abspath(__file__), os.path.join(HERE, "requirements.txt"))
    except environment.Unreachable:
        print("PYTHON-TEST SKIPPED: the package index cannot be reached and .venv lacks what the tests need", flush=True)
