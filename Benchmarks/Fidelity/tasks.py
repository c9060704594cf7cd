"""What the models learn from: source text in Python and in C++, and noisy pictures of digits. Nothing is downloaded."""
import hashlib
import os
import sysconfig
from functools import cache

import numpy as np
import torch

EVALUATION = 10**9                                       # batch numbers from here on are for evaluation

# Digits of 5 x 7 pixels, a row in five bits.
DIGITS = """0e11131519110e 040c040404040e 0e11010204081f 1f02040201110e 02060a121f0202
            1f101e0101110e 0608101e11110e 1f010204080808 0e11110e11110e 0e11110f01020c""".split()


def places():
    """Where the text of each name lies, and how its files end: Python's standard library, and the headers of torch."""
    return {"Python": (sysconfig.get_paths()["stdlib"], ".py"),
            "C++": (os.path.join(os.path.dirname(torch.__file__), "include", "torch"), ".h")}


def files(name):
    """The paths of that text, in the order of their names."""
    root, ending = places()[name]
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(f for f in folders if "test" not in f and f not in ("site-packages", "dist-packages"))
        yield from (os.path.join(folder, name) for name in sorted(names) if name.endswith(ending))


@cache
def source(name):
    """All text of that name as bytes."""
    parts = []
    for path in files(name):
        with open(path, "rb") as file:
            parts.append(file.read())
    return np.frombuffer(bytearray(b"\n".join(parts)), dtype=np.uint8)


class Text:
    """Stretches of `length` bytes to predict the next byte of; the last twentieth is kept for evaluation."""

    def __init__(self, name, seed, batch, length):
        self.seed, self.batch_size, self.length = seed, batch, length
        self.bytes = torch.from_numpy(source(name))

    def fingerprint(self):
        return "text " + hashlib.sha256(self.bytes.numpy()).hexdigest()[:16]

    def batch(self, number):
        random = torch.Generator().manual_seed(self.seed * 1_000_003 + number)
        cut, end = len(self.bytes) * 95 // 100, len(self.bytes) - self.length - 1
        low, high = (cut, end) if number >= EVALUATION else (0, cut - self.length - 1)
        at = torch.randint(low, high, (self.batch_size, 1), generator=random) + torch.arange(self.length + 1)
        rows = self.bytes[at].long()
        return rows[:, :-1], rows[:, 1:]


class Digits:
    """Grey pictures of 16 x 16 pixels: a digit somewhere, of some size and brightness, under two strokes and noise."""

    def __init__(self, seed, batch):
        self.seed, self.batch_size = seed, batch
        rows = np.array([list(bytes.fromhex(digit)) for digit in DIGITS], dtype=np.uint8)
        self.shapes = np.unpackbits(rows[..., None], axis=2)[..., 3:].astype(np.float32)

    def fingerprint(self):
        return "digits 1"                                # counts up when the pictures change

    def batch(self, number):
        random = np.random.Generator(np.random.PCG64([self.seed, number]))
        labels = random.integers(0, 10, self.batch_size)
        heights, widths = random.integers(7, 14, self.batch_size), random.integers(5, 11, self.batch_size)
        tops, lefts = (random.integers(0, 17 - size) for size in (heights, widths))
        light = random.uniform(0.5, 1.2, self.batch_size).astype(np.float32)
        pictures = random.standard_normal((self.batch_size, 1, 16, 16), dtype=np.float32) * np.float32(0.4)
        strokes = random.integers(0, 16, (self.batch_size, 2))
        for i, (h, w, top, left) in enumerate(zip(heights, widths, tops, lefts)):
            shape = self.shapes[labels[i]][np.arange(h) * 7 // h][:, np.arange(w) * 5 // w]
            pictures[i, 0, top:top + h, left:left + w] += light[i] * shape
            pictures[i, 0, strokes[i, 0], :] += 0.5
            pictures[i, 0, :, strokes[i, 1]] += 0.5
        return torch.from_numpy(pictures), torch.from_numpy(labels)
