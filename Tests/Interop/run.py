"""Runs the interop checks in the virtual environment of ../environment.py.

    python3 Tests/Interop/run.py [options of interop.py]

Where the package index cannot be reached the checks are skipped, loudly; nothing else skips.
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import environment

if __name__ == "__main__":
    try:
        environment.run_in("interop", os.path.join(HERE, "interop.py"), optional=True)
    except environment.Unreachable:
        print("INTEROP SKIPPED: the package index cannot be reached and .venv lacks what the checks need;\n"
              "INTEROP SKIPPED: nothing was loaded in torch or safetensors, no training resumed, no archive decoded",
              flush=True)
