"""What it was measured on, and with."""
import importlib.metadata as metadata
import os
import platform

from tool import version

PACKAGES = ("numpy", "faiss-cpu", "zipnn", "openzl", "pcodec", "zstandard")


def described():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        names = [line.split(":", 1)[1].strip() for line in file if line.startswith("model name")]
    return {"processor": names[0] if names else platform.machine(), "cores": len(os.sched_getaffinity(0)),
            "memoryBytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), "load": os.getloadavg()[0],
            "system": platform.platform(), "varve": version(), "python": platform.python_version(),
            "packages": {name: metadata.version(name) for name in PACKAGES}}


def text(found):
    packages = ", ".join(f"{name} {number}" for name, number in found["packages"].items())
    return (f"{found['processor']}, {found['cores']} cores, {found['memoryBytes'] / 1e9:.0f} GB, load "
            f"{found['load']:.1f} at the beginning; varve {found['varve']}, Python {found['python']}, {packages}.")
