"""Runs the live checks in the virtual environment of ../environment.py.

    python3 Tests/Live/run.py [options of live.py]
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import environment

if __name__ == "__main__":
    try:
        environment.run_in("live", os.path.join(HERE, "live.py"))
    except environment.Unreachable:
        print("LIVE SKIPPED: the package index cannot be reached and .venv lacks torch", flush=True)
