"""Runs compare.py in the virtual environment of Tests/environment.py.

    python3 Benchmarks/Storage/run.py RUN [options of compare.py]
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "Tests"))
import environment

if __name__ == "__main__":
    try:
        environment.run_in("storage", os.path.join(HERE, "compare.py"), os.path.join(HERE, "requirements.txt"))
    except environment.Unreachable:
        sys.exit("storage: the package index cannot be reached, and .venv lacks what is compared with")
