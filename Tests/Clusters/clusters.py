"""Workers that Slurm, torchrun and Open MPI start, on this machine.

    make clusters                              installs slurm-wlm, munge and openmpi-bin, and runs all
    python3 Tests/Clusters/clusters.py [PATTERN]

Passes when each archive restores the bytes of one that one process made. VARVE is the binary (default .build/release/varve);
TORCHRUN is that of an environment with torch (default .venv/bin/torchrun).
"""
import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time

import slurm
from workers import ROOT, RUN, VARVE, Failure, leftovers, missing, require, restored, run_all, tree, varve

TORCHRUN = os.environ.get("TORCHRUN", os.path.join(ROOT, ".venv/bin/torchrun"))
COMMAND = f"{VARVE} compress {RUN}"


def slurm_array(folder, cluster, expected):
    """An array of four, submitted until nothing is missing: no task waits for another."""
    archive = os.path.join(folder, "array.varve")
    rounds = 0
    while rounds == 0 or missing(archive) or leftovers(archive):
        job = cluster.submit(f"exec {COMMAND} {archive} --part auto -q\n", "--array=0-3")
        cluster.wait(job)
        rounds += 1
        require(rounds < 20, f"not done after {rounds} arrays\n{cluster.output(job)}")
    require(restored(archive, folder) == expected, "other bytes")
    print(f"  {rounds} arrays", flush=True)


def slurm_array_lost_part(folder, cluster, expected):
    """A part is lost; `commit --missing` says what `sbatch --array` needs."""
    archive = os.path.join(folder, "lost.varve")
    step = min(int(name.split("-")[1]) for name in os.listdir(RUN) if name.startswith("checkpoint-"))
    cluster.wait(cluster.submit(f"exec {COMMAND} {archive} --part auto -q --steps {step} --no-commit\n", "--array=0-3"))
    for name in tree(archive):
        if "0002-of-0004" in name:
            os.unlink(os.path.join(archive, name))
    wanted = missing(archive)
    require(wanted == ["2"], f"missing: {wanted}")
    cluster.wait(cluster.submit(f"exec {COMMAND} {archive} --part auto/4 -q --steps {step}\n", f"--array={wanted[0]}"))
    for _ in range(3):
        if leftovers(archive):
            cluster.wait(cluster.submit(f"exec {COMMAND} {archive} --part auto -q --steps {step}\n", "--array=0-3"))
    run_all(RUN, archive, 4)
    require(restored(archive, folder) == expected, "other bytes")


def slurm_srun(folder, cluster, expected):
    """One job of four tasks: all steps in one call."""
    archive = os.path.join(folder, "srun.varve")
    job = cluster.submit(f"srun {COMMAND} {archive} --part auto -q\n", "--ntasks=4")
    cluster.wait(job)
    require(not leftovers(archive), f"not done\n{cluster.output(job)}")
    require(restored(archive, folder) == expected, "other bytes")
    job = cluster.submit(f"{COMMAND} {archive} --part auto -q\n", "--ntasks=4")
    cluster.wait(job)
    require("start it with srun" in cluster.output(job), f"a job without srun is not told\n{cluster.output(job)}")


def slurm_cancel(folder, cluster, expected):
    """scancel in the middle, and again."""
    archive = os.path.join(folder, "cancelled.varve")
    for pause in (0.1, 0.3, 0.6, 1.0):
        job = cluster.submit(f"srun {COMMAND} {archive} --part auto -q --threads 1\n", "--ntasks=4")
        cluster.until(lambda: "RUNNING" in cluster.run("squeue", "-h", "-j", job, "-o", "%T", check=False)
                      or not cluster.run("squeue", "-h", "-j", job, check=False).strip(), "the job does not begin")
        time.sleep(pause)
        cluster.run("scancel", job, check=False)
        cluster.wait(job)
        if os.path.isdir(archive):
            varve("verify", archive, "-q")
    cluster.wait(cluster.submit(f"srun {COMMAND} {archive} --part auto -q\n", "--ntasks=4"))
    require(not leftovers(archive), "not done")
    require(restored(archive, folder) == expected, "other bytes")


def torchrun(folder, cluster, expected):
    program = TORCHRUN
    if not os.path.exists(program):
        print("  skipped: no torchrun", flush=True)
        return
    archive = os.path.join(folder, "torchrun.varve")
    # As a training script would: a process group of gloo, then each rank its part.
    script = os.path.join(folder, "ranks.py")
    with open(script, "w") as file:
        file.write(f"""import subprocess, sys
import torch.distributed as dist
dist.init_process_group("gloo")
code = subprocess.run(["{VARVE}", "compress", "{RUN}", "{archive}", "--part", "auto", "-q"]).returncode
dist.barrier()
sys.exit(code)
""")
    result = subprocess.run([program, "--nproc-per-node=3", script], capture_output=True, text=True, timeout=300)
    require(result.returncode == 0, f"exit {result.returncode}: {result.stderr[-1000:]}")
    require(not leftovers(archive), "not done")
    require(restored(archive, folder) == expected, "other bytes")


def torchrun_no_python(folder, cluster, expected):
    program = TORCHRUN
    if not os.path.exists(program):
        print("  skipped: no torchrun", flush=True)
        return
    archive = os.path.join(folder, "nopython.varve")
    result = subprocess.run([program, "--nproc-per-node=2", "--no-python", VARVE, "compress", RUN, archive, "--part", "auto",
                             "-q"], capture_output=True, text=True, timeout=300)
    require(result.returncode == 0, f"exit {result.returncode}: {result.stderr[-1000:]}")
    require(restored(archive, folder) == expected, "other bytes")


def open_mpi(folder, cluster, expected):
    if not shutil.which("mpirun"):
        print("  skipped: no mpirun", flush=True)
        return
    archive = os.path.join(folder, "mpi.varve")
    result = subprocess.run(["mpirun", "--allow-run-as-root", "--oversubscribe", "-n", "3", VARVE, "compress", RUN, archive,
                             "--part", "auto", "-q"], capture_output=True, text=True, timeout=300)
    require(result.returncode == 0, f"exit {result.returncode}: {result.stderr[-1000:]}")
    require(not leftovers(archive), "not done")
    require(restored(archive, folder) == expected, "other bytes")


CHECKS = [slurm_array, slurm_array_lost_part, slurm_srun, slurm_cancel, torchrun, torchrun_no_python, open_mpi]

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pattern", nargs="?", default="")
    options = parser.parse_args()
    checks = [check for check in CHECKS if options.pattern in check.__name__]
    failures = 0
    with tempfile.TemporaryDirectory(prefix="varve-clusters-") as folder:
        one = os.path.join(folder, "one.varve")
        varve("compress", RUN, one, "-q", expect=(0, 3))
        expected = restored(one, folder)

        def run(check, cluster):
            global failures
            try:
                check(folder, cluster, expected)
                print(f"ok    {check.__name__}", flush=True)
            except (Failure, RuntimeError) as failure:
                failures += 1
                print(f"FAIL  {check.__name__}: {failure}", flush=True)

        if any(check.__name__.startswith("slurm") for check in checks) and not slurm.is_installed():
            print("no Slurm here: make clusters installs it")
            checks = [check for check in checks if not check.__name__.startswith("slurm")]
            failures += 1
        if any(check.__name__.startswith("slurm") for check in checks):
            place = os.path.join(folder, "slurm")
            os.mkdir(place)
            with slurm.Slurm(place) as cluster:
                for check in checks:
                    if check.__name__.startswith("slurm"):
                        run(check, cluster)
        for check in checks:
            if not check.__name__.startswith("slurm"):
                run(check, None)
    sys.exit(1 if failures else 0)
