"""Runs the comparison of speeds in the virtual environment of ../environment.py.

    python3 Tests/Bench/run.py [options of speed.py]
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TESTS = os.path.dirname(HERE)
sys.path.insert(0, TESTS)
import environment

if __name__ == "__main__":
    try:
        environment.run_in("bench", os.path.join(HERE, "speed.py"), os.path.join(HERE, "requirements.txt"),
                           os.path.join(TESTS, "Peers", "requirements.txt"))
    except environment.Unreachable:
        sys.exit("bench: the package index cannot be reached, and .venv lacks what is compared with")
