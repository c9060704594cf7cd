"""What packing costs above the within-class entropy, over all streams of an archive of method transform.

python Tests/Interop/packing.py ARCHIVE

Decodes the archive with the independent decoder; for each kind of stream: its bytes, the order-0 entropy of its levels
within their classes (tables, escapes, states and class merging count as overhead), and the ratio of both.
"""
import sys
import tempfile

import numpy as np

from reader import decoder, decoder_transform

CHAIN = ("exponents", "energies", "levels", "keyframe levels", "keyframe first moments")
MOMENTS = ("first moments", "second moments")


def entropy(levels, classes):
    """Bits: over all classes, count times order-0 entropy."""
    bits = 0.0
    for group in np.unique(classes):
        counts = np.unique(levels[classes == group], return_counts=True)[1].astype(float)
        bits -= float((counts * np.log2(counts / counts.sum())).sum())
    return bits


class Measured(decoder_transform.Stream):
    names, found = iter(()), {}

    def __init__(self, data, classes):
        super().__init__(data, classes)
        joined = np.concatenate([np.zeros(0, np.int64), *classes])
        size, bits, count = Measured.found.get(name := next(Measured.names), (0, 0.0, 0))
        if len(joined):
            Measured.found[name] = (size + len(data), bits + entropy(np.asarray(self.levels), joined), count + len(joined))


def labelled(function, names):
    def call(*arguments):
        Measured.names = iter(names)
        return function(*arguments)
    return call


def main(archive):
    decoder_transform.Stream = Measured
    decoder_transform.chain = labelled(decoder_transform.chain, CHAIN)
    decoder_transform.moments = labelled(decoder_transform.moments, MOMENTS)
    with tempfile.TemporaryDirectory() as folder:
        status = decoder.main(archive, f"{folder}/restored")
    if status:
        return status
    print(f"{'stream':24}{'numbers':>12}{'bytes':>12}{'entropy':>12}{'overhead':>10}")
    total = np.zeros(3)
    for name in CHAIN + MOMENTS:
        if name not in Measured.found:
            continue
        size, bits, count = Measured.found[name]
        total += size, bits / 8, count
        print(f"{name:24}{count:12}{size:12}{bits / 8:12.0f}{8 * size / max(bits, 1) - 1:10.2%}")
    print(f"{'all':24}{total[2]:12.0f}{total[0]:12.0f}{total[1]:12.0f}{total[0] / total[1] - 1:10.2%}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]) if len(sys.argv) == 2 else __doc__)
