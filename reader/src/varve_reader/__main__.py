"""varve-reader: restores Varve archives without Varve.

    varve-reader ARCHIVE                      the steps
    varve-reader ARCHIVE STEP OUTPUT          one step's files (a number, or latest), or the whole run (all)

OUTPUT is a new directory. Exit codes: 0 done, 2 usage, 10 not an archive, 12 damaged, 1 anything else. It is slow: minutes for a
model of a hundred million parameters, in several times its memory.
"""
import os
import sys

from .decoder import BROKEN, DAMAGED
from .restoring import restore, restore_all, steps


def say(text, status):
    print("varve-reader: " + text, file=sys.stderr)
    return status


def run(arguments):
    if len(arguments) not in (1, 3) or arguments[0].startswith("-"):
        print(__doc__.strip())
        return 0 if arguments[:1] in (["-h"], ["--help"]) else 2
    archive = arguments[0].rstrip("/")
    if not os.path.exists(os.path.join(archive, "archive.manifest")):
        return say(f"{archive}: not an archive", 10)
    try:
        known = steps(archive)
    except BROKEN as error:
        return say(f"{archive} is damaged: {error}", DAMAGED)
    if len(arguments) == 1:
        print("\n".join(map(str, known)))
        return 0
    wanted, output = arguments[1], arguments[2].rstrip("/")
    if os.path.lexists(output):
        return say(f"{output}: is there already", 1)
    if wanted == "all":
        return restore_all(archive, output)
    if wanted == "latest" and known:
        wanted = str(known[-1])
    if wanted not in map(str, known):
        return say(f"the archive has no step {wanted}; it has {', '.join(map(str, known)) or 'none'}", 2)
    return restore(archive, int(wanted), output)


def main():
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
