"""All optimizers, each in one of several processes."""
import concurrent.futures as futures
import multiprocessing
import platform
import signal
import sys
import time
from importlib.metadata import version

import measurement
import program

LIBRARIES = ("torch", "pytorch-optimizer", "schedulefree", "prodigyopt", "bitsandbytes", "torchao")


def start_worker():
    signal.signal(signal.SIGINT, signal.SIG_IGN)         # the parent says when


def outcome(row):
    first, second = row["original"][1], row["restored"][1]
    return f"{row['balanced']['deltas']:.1f}x, loss {first:.4f} / {second:.4f}"


def run(options, titles):
    """The rows of the table, what was not run and why, and what failed."""
    began, rows, not_run, failed = time.monotonic(), {}, {}, {}

    def done(title, future):
        try:
            rows[title] = future.result()
            text = outcome(rows[title])
        except measurement.NotRun as reason:
            not_run[title] = text = str(reason)
        except Exception as reason:
            kind = "" if isinstance(reason, program.Failed) else type(reason).__name__ + ": "
            failed[title] = text = kind + str(reason)
        print(f"{time.monotonic() - began:5.0f} s  {title}: {text}", file=sys.stderr, flush=True)

    with futures.ProcessPoolExecutor(options.jobs, multiprocessing.get_context("spawn"), start_worker) as pool:
        waiting = {pool.submit(measurement.measure, options.varve, options.output, title, options.seed, options.keep):
                   title for title in titles}
        try:
            for future in futures.as_completed(waiting):
                done(waiting[future], future)
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for process in multiprocessing.active_children():
                process.terminate()
            raise
    return {"versions": versions(options.varve), "seed": options.seed,
            "rows": [rows[title] for title in titles if title in rows], "notRun": not_run, "failed": failed}


def versions(binary):
    return {"varve": program.version(binary), "Python": platform.python_version(),
            **{name: version(name) for name in LIBRARIES}, "system": f"{platform.system()} {platform.machine()}"}
