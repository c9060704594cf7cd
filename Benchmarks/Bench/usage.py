"""Runs a command and tells, as the last line of standard error, what it used: one line of JSON.

    python3 -I -S usage.py COMMAND [ARGUMENT...]

A process of its own, and a small one: Linux counts the memory of the process that starts another as the other's own
until it runs its program, so one that has loaded torch cannot measure a small one.
"""
import json
import os
import sys
import time

began = time.perf_counter()
child = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
_, status, used = os.wait4(child, 0)
sys.stderr.write("\n" + json.dumps({
    "status": os.waitstatus_to_exitcode(status), "seconds": time.perf_counter() - began,
    "processorSeconds": used.ru_utime + used.ru_stime, "peakBytes": used.ru_maxrss * 1024}) + "\n")
