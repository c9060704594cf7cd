"""Runs check.py in the virtual environment of Tests/environment.py, because pages load restored checkpoints with torch.

    python3 Tests/Docs/run.py [options of check.py]
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
import environment

if __name__ == "__main__":
    try:
        environment.run_in("docs-test", os.path.join(HERE, "check.py"))
    except environment.Unreachable:
        sys.exit("docs-test: the package index cannot be reached, and .venv lacks torch and transformers")
