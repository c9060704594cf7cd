#!/usr/bin/env python3
"""Folders of a module build on each other in one direction: check-edges.py [--list]

Scripts/folder-order.txt has the folders of each module, the lowest first, and the edges that run upwards all the same, each
with its reason. The check fails for any other edge that runs upwards, and for one in the list that is there no more. It reads
names only: a type counts as used where its name stands in code (comments and strings left out). So it cannot see a member of
an extension that is called without naming a type, a free function, an operator, or a type that is only inferred; and it
takes a nested type for another of the same name. Between modules the compiler does this check.
"""
import collections
import os
import re
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SOURCES = os.path.join(ROOT, "Sources")
ORDER = os.path.join(ROOT, "Scripts", "folder-order.txt")
TYPE = re.compile(r"^(?:@\w+ )*(?:(?:public|package|private|fileprivate|final|indirect) )*"
                  r"(?:struct|class|enum|protocol|actor|typealias) (\w+)", re.M)


def code(text):
    """Without comments and literals."""
    text = re.sub(r'"""(?s:.*?)"""', '""', text)
    text = re.sub(r"//[^\n]*", "", text)
    return re.sub(r'"(?:[^"\\\n]|\\.)*"', '""', text)


def modules():
    """Of each module the folders that have Swift files, and what each file says."""
    found = collections.defaultdict(lambda: collections.defaultdict(list))
    for folder, _, names in os.walk(SOURCES):
        for name in sorted(names):
            if name.endswith(".swift"):
                parts = os.path.relpath(folder, SOURCES).split(os.sep)
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    found[parts[0]]["/".join(parts[1:]) or "."].append((name, code(file.read())))
    return found


def edges(folders):
    """(folder, folder it uses): the names by which it does, and one file."""
    homes = {}
    for folder, files in folders.items():
        for _, text in files:
            for name in TYPE.findall(text):
                homes[name] = folder
    found = collections.defaultdict(set)
    for folder, files in folders.items():
        for file, text in files:
            for word in set(re.findall(r"\b[A-Z]\w+", text)):
                home = homes.get(word)
                if home and home != folder:
                    found[folder, home].add((word, file))
    return found


def read_order():
    order, allowed, module = {}, {}, None
    with open(ORDER, encoding="utf-8") as file:
        for line in file:
            line = line.split("#")[0].rstrip()
            if not line:
                continue
            if not line.startswith(" "):
                module, order[line], allowed[line] = line, [], {}
            elif "->" in line:
                edge, _, reason = line.partition(":")
                lower, higher = (part.strip() for part in edge.split("->"))
                allowed[module][lower, higher] = reason.strip()
            else:
                order[module].append(line.strip())
    return order, allowed


def main():
    order, allowed = read_order()
    failures = []
    for module, folders in sorted(modules().items()):
        ranks = {folder: rank for rank, folder in enumerate(order.get(module, []))}
        if set(ranks) != set(folders):
            failures.append(f"{module}: folder-order.txt has not the folders on disk: "
                            f"{' '.join(sorted(set(ranks) ^ set(folders)))}")
            continue
        upwards = {edge: names for edge, names in edges(folders).items() if ranks[edge[0]] < ranks[edge[1]]}
        for edge, names in sorted(upwards.items()):
            if edge not in allowed[module]:
                word, file = sorted(names)[0]
                failures.append(f"{module}: {edge[0]} builds on {edge[1]}, which is above it: {word} in {file}")
        for edge in sorted(set(allowed[module]) - set(upwards)):
            failures.append(f"{module}: {edge[0]} -> {edge[1]} is listed and is there no more")
        if "--list" in sys.argv:
            for edge, names in sorted(edges(folders).items()):
                mark = "upwards" if edge in upwards else ""
                print(f"{module}: {edge[0]} -> {edge[1]} {mark} {' '.join(sorted({w for w, _ in names})[:6])}")
    for failure in failures:
        print("check-edges: " + failure, file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
