"""A small runner of named checks."""
import os
import time
import traceback


class Skip(Exception):
    """Raised by a check that cannot run here; says why."""


class Failure(Exception):
    """Raised by a check that found a difference; says which."""


def require(condition, message):
    if not condition:
        raise Failure(message)


class Checks:
    """Runs checks one after the other and remembers what failed."""

    def __init__(self, pattern=""):
        self.pattern, self.passed, self.failed, self.skipped = pattern, 0, [], []

    def run(self, name, check, *arguments):
        if self.pattern and self.pattern not in name:
            return
        began = time.time()
        try:
            note = check(*arguments)
        except Skip as reason:
            self.skipped.append(name)
            print(f"SKIPPED  {name}: {reason}", flush=True)
            return
        except Failure as reason:
            self.failed.append(name)
            print(f"FAILED   {name}: {reason}", flush=True)
            return
        except Exception:
            self.failed.append(name)
            print(f"FAILED   {name}: an exception\n{traceback.format_exc()}", flush=True)
            return
        self.passed += 1
        print(f"passed   {name} ({time.time() - began:.1f} s){': ' + note if note else ''}", flush=True)

    def summary(self):
        """Prints the closing lines; the exit code."""
        print()
        for name in self.failed:
            print(f"FAILED   {name}")
        print(f"{self.passed} passed, {len(self.failed)} failed, {len(self.skipped)} skipped", flush=True)
        return 1 if self.failed or not self.passed else 0


def files_under(folder):
    """Relative paths of everything under a folder that is no directory, links included, in order."""
    found = []
    for parent, folders, names in os.walk(folder):
        links = [name for name in folders if os.path.islink(os.path.join(parent, name))]
        found += [os.path.relpath(os.path.join(parent, name), folder) for name in names + links]
    return sorted(found)


def read(path):
    with open(path, "rb") as file:
        return file.read()
