"""Runs the comparison of speeds in the virtual environment of Tests/environment.py.

    python3 Benchmarks/Bench/run.py [options of speed.py]
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "Tests"))
import environment

if __name__ == "__main__":
    try:
        environment.run_in("bench", os.path.join(HERE, "speed.py"), os.path.join(HERE, "requirements.txt"),
                           os.path.join(HERE, "..", "Peers", "requirements.txt"))
    except environment.Unreachable:
        sys.exit("bench: the package index cannot be reached, and .venv lacks what is compared with")
