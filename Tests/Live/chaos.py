"""Kills chaos_train.py at every file boundary of its saves with ckpt-chaos, and resumes it from what Varve restores.

    python3 Tests/Live/run.py chaos [--max-points N]

Passes when every killed and resumed run ends with the same weights as the undisturbed one, to the last bit.
"""
import argparse
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--max-points", type=int, default=40)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="varve-chaos-") as folder:
        sys.exit(subprocess.run(
            [sys.executable, "-m", "ckpt_chaos", "run", "--work", os.path.join(folder, "work"),
             "--step-regex", r"resumed from step (\d+)", "--result-file", "{out}/final.json",
             "--max-points", str(options.max_points), "--", sys.executable, os.path.join(HERE, "chaos_train.py"),
             "--out", "{out}"]).returncode)
