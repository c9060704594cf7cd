"""Varve's coder in memory: Benchmarks/LosslessBench on the raw tensors of one step, grouped as the product does."""
import json
import os
import subprocess

from checks import Failure

GROUP = 1 << 18                                            # elements; Sources/ChainArchive/Encoding/StepPlan.swift
TYPES = {2: "bf16", 4: "f32"}
# What is coded: a list of tensors for each; weights never share a lossless group with moments.
SETS = {"weights": ("weight",), "moments": ("moment",), "all three": ("weight", "moment"), "bf16 weights": ("bf16",)}


def power(base, exponent):
    """As the product does it: by squaring."""
    result, square = 1.0, base
    while exponent:
        result, square, exponent = result * square if exponent & 1 else result, square * square, exponent >> 1
    return result


class Bench:
    """The last step of a chain, with its predecessor and the step before that, in files under `scratch`."""

    def __init__(self, command, chain, scratch):
        self.command, self.folder = command, os.path.join(scratch, "bench")
        os.makedirs(self.folder)
        self.steps = chain.steps[-3:][::-1]
        decays = [beta and power(beta, self.steps[0] - self.steps[1]) for beta in chain.beta2(self.steps[0])]
        weights = self.groups("weight", [("weight", [chain.roles(step)["weight"] for step in self.steps])])
        rounded = self.groups("bf16", [("weight", [chain.rounded(step) for step in self.steps])])
        # A moment's predecessor has all that predicts it; a first moment lies behind its second.
        moments = self.groups("moment", [
            (kind, [chain.roles(step)[role] for step in self.steps[:2]])
            for kind, role in (("second", "secondMoment"), ("first", "firstMoment"))], decays)
        made = {"weight": self.lines("weight", weights), "bf16": self.lines("bf16", rounded),
                "moment": self.lines("moment", moments)}
        for name, parts in SETS.items():
            with open(self.path(name), "w", encoding="utf-8") as file:
                file.writelines(line + "\n" for part in parts for line in made[part])

    def path(self, name):
        return os.path.join(self.folder, name.replace(" ", "-"))

    def groups(self, name, kinds, decays=None):
        """[[(kind, type, shape, elements, files, decay)]]: what belongs together, for each parameter."""
        made = []
        for index in range(len(kinds[0][1][0].tensors)):
            group = []
            for kind, arrays in kinds:
                values, shape = arrays[0].tensors[index], arrays[0].shapes[index]
                files = []
                for age, array in enumerate(arrays):
                    files.append(self.path(f"{name}-{kind}-{index}-{age}"))
                    array.tensors[index].tofile(files[-1])
                files += ["-"] * (3 - len(files))
                decay = decays[index] if decays and kind == "second" else None
                group.append((kind, TYPES[values.itemsize], shape, values.size, files, decay))
            made.append(group)
        return made

    def lines(self, name, groups):
        made, number, elements, place = [], 0, 0, 0
        for group in groups:
            count = sum(member[3] for member in group)
            if place and elements + count > GROUP:
                number, elements, place = number + 1, 0, 0
            for index, (kind, type_name, shape, _, files, decay) in enumerate(group):
                fields = [f"{name}{number}", kind, type_name, "x".join(map(str, shape)) or "1", *files,
                          place - 1 if index and shape == group[0][2] else "-"]
                made.append(" ".join(map(str, fields + ([decay] if decay else []))))
                place += 1
            elements += count
        return made

    def run(self, name, repetitions):
        """(compress, restore) in MB/s of processor time, and stored bytes by kind."""
        result = subprocess.run([self.command, self.path(name), str(repetitions)], stdout=subprocess.PIPE, text=True)
        if result.returncode:
            raise Failure(f"{self.command}: exit {result.returncode}")
        found = json.loads(result.stdout)
        return (found["compressMBs"], found["restoreMBs"]), {k: v["storedBytes"] for k, v in found["roles"].items()}
