"""The lossless peers on a sample of tensors: ratio and speed of each, in memory, one thread."""
import statistics
import time
from dataclasses import dataclass

import numpy as np
import zstandard

import coders
from checks import Failure

# The modes of ../Peers that are measured, by their names there; of each peer the one that stores least of a role.
ROWS = ("ZipNN", "ZipNN, delta", "OpenZL", "OpenZL, on XOR or key differences", "pcodec 8, no delta search",
        "pcodec 8, key differences, no delta search")
PROBE = 1 << 20                                            # values on which variants are chosen
NAMES = ("weights", "first moments", "second moments")


@dataclass
class Chosen:
    """What a peer does to a role."""
    row: object
    variant: object


def choose(peer, now, before):
    """The mode and variant of the peer that stores least of the first values of a role, and gives them back."""
    now, before, best, found = now[:PROBE], before[:PROBE], None, None
    for row in coders.ROWS:
        if row.peer != peer or row.name not in ROWS:
            continue
        for variant in row.variants(32):
            previous = before if row.delta else None
            try:
                blob = variant.encode(variant.prepare(now, previous), previous)
                back = variant.restore(variant.decode(blob, previous, now.dtype), previous)
            except Exception:                              # a coder that refuses such input is no candidate
                continue
            if np.array_equal(back, now) and (best is None or len(blob) < best):
                best, found = len(blob), Chosen(row, variant)
    if found is None:
        raise Failure(f"{peer}: nothing that it makes comes back")
    return found


def once(chosen, now, before):
    """(stored bytes, seconds of compressing, of restoring); what prepares the input is not timed."""
    previous = before if chosen.row.delta else None
    values = chosen.variant.prepare(now, previous)
    began = time.perf_counter()
    blob = chosen.variant.encode(values, previous)
    until = time.perf_counter()
    back = chosen.variant.decode(blob, previous, now.dtype)
    took = until - began, time.perf_counter() - until
    if not np.array_equal(back, values):
        raise Failure(f"{chosen.row.name}: what comes back differs")
    return len(blob), *took


class Peers:
    """Measured round by round, beside Varve."""

    def __init__(self, sample):
        self.sample, self.nbytes = sample, sample.nbytes
        self.rounds, self.stored, self.modes = {}, {}, {}
        for index, name in enumerate(NAMES):
            now, before = sample.role(index)
            for peer in ("ZipNN", "OpenZL", "pcodec"):
                self.modes.setdefault(peer, {})[name] = choose(peer, now, before)

    def round(self):
        """All peers once; roles one after the other, so that only one is in memory as a whole."""
        taken = {}
        for index, name in enumerate(NAMES):
            now, before = self.sample.role(index)
            for peer, modes in self.modes.items():
                taken.setdefault(peer, []).append(once(modes[name], now, before))
            began = time.perf_counter()
            blob = zstandard.ZstdCompressor(level=3).compress(now)
            until = time.perf_counter()
            back = zstandard.ZstdDecompressor().decompress(blob)
            if len(back) != now.nbytes:
                raise Failure("zstd: what comes back differs")
            taken.setdefault("zstd -3, raw bytes", []).append((len(blob), until - began, time.perf_counter() - until))
        for peer, found in taken.items():
            self.stored[peer] = sum(stored for stored, _, _ in found)
            self.rounds.setdefault(peer, []).append(tuple(sum(part) for part in list(zip(*found))[1:]))

    def results(self):
        """[{name, ratio, compressMBs, restoreMBs}]: medians of the rounds."""
        made = []
        for peer, rounds in self.rounds.items():
            compress, restore = (statistics.median(part) for part in zip(*rounds))
            made.append({"name": peer, "ratio": self.nbytes / self.stored[peer],
                         "compressMBs": self.nbytes / 1e6 / compress, "restoreMBs": self.nbytes / 1e6 / restore})
        return made

    def described(self):
        return {peer: {name: f"{chosen.row.name}, {chosen.variant.name}" for name, chosen in modes.items()}
                for peer, modes in self.modes.items()}
