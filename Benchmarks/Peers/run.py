"""Runs the comparison with other lossless compressors in the virtual environment of Tests/environment.py.

    python3 Benchmarks/Peers/run.py [options of peers.py]
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "..", "Tests"))
import environment

if __name__ == "__main__":
    try:
        environment.run_in("peers", os.path.join(HERE, "peers.py"), os.path.join(HERE, "requirements.txt"))
    except environment.Unreachable:
        sys.exit("peers: the package index cannot be reached, and .venv lacks what is compared with")
