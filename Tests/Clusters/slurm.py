"""A Slurm of this machine's own, on loopback: munged, slurmctld and slurmd, each ended by its process id."""
import os
import shutil
import socket
import subprocess
import time

CONFIGURATION = """ClusterName=varve
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld}
SlurmdPort={d}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/munge.socket
StateSaveLocation={folder}/ctl
SlurmdSpoolDir={folder}/spool
SlurmdPidFile={folder}/slurmd.pid
SlurmctldPidFile={folder}/slurmctld.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
KillWait=5
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=4 RealMemory=8000 State=UNKNOWN
PartitionName=p Nodes={host} Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:4
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Slurm:
    def __init__(self, folder):
        self.folder = folder
        self.processes = []
        self.environment = {**os.environ, "SLURM_CONF": os.path.join(folder, "slurm.conf")}

    def __enter__(self):
        host = socket.gethostname().split(".")[0]
        for place in (self.folder, os.path.dirname(self.folder)):
            os.chmod(place, 0o755)
        for name in ("munge", "ctl", "spool"):
            os.mkdir(os.path.join(self.folder, name), 0o755)
        with open(os.path.join(self.folder, "slurm.conf"), "w") as file:
            file.write(CONFIGURATION.format(host=host, folder=self.folder, ctld=free_port(), d=free_port()))
        munge = os.path.join(self.folder, "munge")
        key = os.path.join(munge, "key")
        with open(key, "wb") as file:
            file.write(os.urandom(1024))
        os.chmod(key, 0o600)
        self.start("munged", "--foreground", "--force", f"--key-file={key}", f"--socket={munge}/munge.socket",
                   f"--pid-file={munge}/pid", f"--log-file={munge}/log", f"--seed-file={munge}/seed")
        self.until(lambda: os.path.exists(f"{munge}/munge.socket"), "munged does not start")
        self.start("slurmctld", "-D", "-f", os.path.join(self.folder, "slurm.conf"))
        self.start("slurmd", "-D", "-f", os.path.join(self.folder, "slurm.conf"), "-N", host)
        self.until(lambda: "idle" in self.run("sinfo", "-h", "-o", "%T", check=False), "no node comes up", 60)
        return self

    def start(self, *command):
        log = open(os.path.join(self.folder, command[0] + ".out"), "w")
        self.processes.append(subprocess.Popen(command, stdout=log, stderr=log, env=self.environment,
                                               start_new_session=True))

    def until(self, condition, complaint, seconds=20):
        end = time.monotonic() + seconds
        while not condition():
            if time.monotonic() > end:
                logs = "".join(open(os.path.join(self.folder, name)).read()[-800:]
                               for name in os.listdir(self.folder) if name.endswith(".out"))
                raise RuntimeError(f"{complaint}\n{logs}")
            time.sleep(0.2)

    def run(self, *command, check=True, **options):
        result = subprocess.run(command, capture_output=True, text=True, env=self.environment, **options)
        if check and result.returncode:
            raise RuntimeError(f"{' '.join(command)}: exit {result.returncode}: {result.stderr}")
        return result.stdout

    def submit(self, script, *options):
        """The number of the job that was submitted."""
        path = os.path.join(self.folder, "job.sh")
        with open(path, "w") as file:
            file.write("#!/bin/bash\n" + script)
        said = self.run("sbatch", "--parsable", f"--output={self.folder}/job-%j-%a.txt", *options, path)
        return said.strip().split(";")[0]

    def wait(self, job, seconds=300):
        """Until no task of the job is there."""
        self.until(lambda: not self.run("squeue", "-h", "-j", job, check=False).strip(), f"job {job} does not end", seconds)

    def output(self, job):
        return "".join(f"--- {name}\n" + open(os.path.join(self.folder, name)).read()
                       for name in sorted(os.listdir(self.folder)) if name.startswith(f"job-"))

    def __exit__(self, *_):
        for process in reversed(self.processes):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def is_installed():
    return all(shutil.which(name) for name in ("slurmctld", "slurmd", "munged", "sbatch", "srun"))
