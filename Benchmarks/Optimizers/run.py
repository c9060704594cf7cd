"""Runs the comparison of optimizers in the virtual environment of Tests/environment.py.

    python3 Benchmarks/Optimizers/run.py [options of optimizers.py]
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "Tests"))
import environment

if __name__ == "__main__":
    try:
        environment.run_in("optimizers", os.path.join(HERE, "optimizers.py"), os.path.join(HERE, "requirements.txt"))
    except environment.Unreachable:
        sys.exit("optimizers: the package index cannot be reached, and .venv lacks a library of optimizers")
