"""Runs the fidelity experiment in the virtual environment of Tests/environment.py.

    python3 Benchmarks/Fidelity/run.py [options of fidelity.py]
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "Tests"))
import environment

if __name__ == "__main__":
    try:
        requirements = [os.path.join(HERE, "requirements.txt")] if "--full" in sys.argv else []
        environment.run_in("fidelity", os.path.join(HERE, "fidelity.py"), *requirements)
    except environment.Unreachable:
        sys.exit("fidelity: the package index cannot be reached, and .venv lacks a package")
