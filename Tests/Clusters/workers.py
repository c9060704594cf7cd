"""Workers of `varve compress --part`, started by hand, and what their archives restore."""
import hashlib
import os
import shutil
import signal
import subprocess
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
VARVE = os.environ.get("VARVE", os.path.join(ROOT, ".build/release/varve"))
RUN = os.environ.get("VARVE_RUN", os.path.join(ROOT, "Fixtures/hf-trainer-run"))


class Failure(Exception):
    pass


def require(condition, text):
    if not condition:
        raise Failure(text)


def varve(*arguments, expect=(0,), environment=None):
    """Runs varve to its end; standard output and error."""
    result = subprocess.run([VARVE, *map(str, arguments)], capture_output=True, text=True, stdin=subprocess.DEVNULL,
                            env={**os.environ, **(environment or {})})
    if expect is not None and result.returncode not in expect:
        raise Failure(f"varve {' '.join(map(str, arguments))}: exit {result.returncode}\n{result.stderr[-1500:]}")
    return result


def start(*arguments, environment=None):
    return subprocess.Popen([VARVE, *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                            stdin=subprocess.DEVNULL, env={**os.environ, **(environment or {})})


def tree(directory):
    """Hashes of all files under a directory, by path."""
    result = {}
    for folder, _, names in os.walk(directory):
        for name in names:
            path = os.path.join(folder, name)
            if os.path.islink(path):
                result[os.path.relpath(path, directory)] = os.readlink(path)
                continue
            with open(path, "rb") as file:
                result[os.path.relpath(path, directory)] = hashlib.file_digest(file, "sha256").hexdigest()
    return result


def parts(archive):
    """Names of the parts of an archive's steps; they tell the content."""
    return sorted(name for name in tree(os.path.join(archive, "steps")) if name.endswith(".part"))


def restored(archive, folder):
    """What an archive restores, compared by hash. Checks the archive on the way."""
    varve("verify", archive, "--deep", "-q")
    output = os.path.join(folder, "restored")
    shutil.rmtree(output, ignore_errors=True)
    varve("restore", archive, "--step", "all", "-o", output, "-q")
    result = tree(output)
    shutil.rmtree(output)
    return result


def missing(archive):
    """The parts to run again, as Slurm's --array has them."""
    return varve("commit", archive, "--missing", "-q", expect=(0, 3)).stdout.split()


def run_all(run, archive, count, *options, order=None, rounds=40):
    """Runs every worker, one after the other, until none has anything to do. The number of rounds."""
    for number in range(rounds):
        codes = [varve("compress", run, archive, "--part", f"{index}/{count}", "-q", *options, expect=(0, 3)).returncode
                 for index in (order or range(count))]
        if not any(codes) and not leftovers(archive):
            return number + 1
    raise Failure(f"{archive}: not done after {rounds} rounds: {missing(archive)}")


def leftovers(archive):
    return [name for name in tree(os.path.join(archive, "steps")) if name.endswith(".receipt")]


def kill_at_random(run, archive, count, kills, generator, *options):
    """Starts workers again and again and kills them at random times, then lets them finish. How many were killed."""
    killed = 0
    for _ in range(10 * kills):
        active = [start("compress", run, archive, "--part", f"{index}/{count}", "-q", "--wait", 5, *options)
                  for index in range(count)]
        if killed >= kills:
            for process in active:
                process.communicate()
            if not leftovers(archive):
                return killed
            continue
        time.sleep(generator.uniform(0, 0.4))
        for process in active:
            if process.poll() is None and generator.random() < 0.8:
                process.send_signal(signal.SIGKILL)
                time.sleep(generator.uniform(0, 0.05))
        for process in active:
            said = process.communicate()[0]
            require(process.returncode in (0, 3, -signal.SIGKILL), f"exit {process.returncode}: {said}")
            killed += process.returncode == -signal.SIGKILL
    raise Failure("the workers come to no end")
