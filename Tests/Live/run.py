"""Runs the live checks in the virtual environment of ../environment.py.

    python3 Tests/Live/run.py [options of live.py]
    python3 Tests/Live/run.py chaos [options of chaos.py]
"""
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.dirname(HERE))
import environment

if __name__ == "__main__":
    program = "live"
    if sys.argv[1:2] == ["chaos"]:
        program = sys.argv.pop(1)
    try:
        environment.run_in(program, os.path.join(HERE, program + ".py"), os.path.join(HERE, "requirements.txt"))
    except environment.Unreachable:
        print(f"{program.upper()} SKIPPED: the package index cannot be reached and .venv lacks what it needs", flush=True)
