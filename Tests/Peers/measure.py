"""Sizes and speeds of the peers. Whatever a peer makes is decoded and compared before it counts."""
import statistics
import time
from dataclasses import dataclass, field

import numpy as np

from checks import Failure

LONG = 1.5                                                 # seconds; what takes longer is timed twice, not ROUNDS times
ROUNDS = 5


@dataclass
class Size:
    """Bytes stored by a row's best variant; None where nothing that it made came back exactly."""
    stored: int | None
    variant: object = None
    wrong: list = field(default_factory=list)


def attempt(variant, bits, previous):
    """Bytes stored, or what went wrong."""
    try:
        blob = variant.encode(variant.prepare(bits, previous), previous)
        back = variant.restore(variant.decode(blob, previous, bits.dtype), previous)
    except Exception as error:
        return None, f"{variant.name}: {type(error).__name__}: {error}"
    if not np.array_equal(back, bits):
        return None, f"{variant.name}: what comes back differs"
    return len(blob), None


def size(row, array, previous):
    """The best variant on all tensors of the role in one array, or with that variant tensor by tensor, if less."""
    best = Size(None)
    for variant in row.variants(8 * array.whole.itemsize):
        stored, wrong = attempt(variant, array.whole, previous.whole if row.delta else None)
        if wrong:
            best.wrong.append(f"{row.name}, {wrong}")
        elif best.stored is None or stored < best.stored:
            best.stored, best.variant = stored, variant
    if best.variant:
        total = 0
        for index, bits in enumerate(array.tensors):
            stored, wrong = attempt(best.variant, bits, previous.tensors[index] if row.delta else None)
            total += stored or 0
            if wrong or total >= best.stored:
                break
        else:
            best.stored = total
    return best


def sizes(rows, array, previous=None):
    """{row's name: Size}; rows that need a predecessor are left out where there is none."""
    return {row.name: size(row, array, previous) for row in rows if previous is not None or not row.delta}


def timed(call):
    """Processor time of all threads, which other programs' load hardly changes and more threads do not shorten."""
    began = time.process_time()
    result = call()
    return time.process_time() - began, result


def speeds(chosen, bits, previous):
    """{name: (compress, restore)} in MB/s of original bytes and processor time, medians; `chosen`: {name: variant}.

    The rounds go over all coders in turn, so that whatever else the machine does falls on all alike.
    """
    seconds = {name: ([], []) for name in chosen}
    for _ in range(ROUNDS):
        for name, variant in chosen.items():
            compress, restore = seconds[name]
            if len(compress) >= 2 and compress[0] > LONG:
                continue
            values = variant.prepare(bits, previous)
            took, blob = timed(lambda: variant.encode(values, previous))
            compress.append(took)
            took, back = timed(lambda: variant.decode(blob, previous, bits.dtype))
            restore.append(took)
            if not np.array_equal(back, values):
                raise Failure(f"{name}: what comes back differs")
    megabytes = bits.nbytes / 1e6
    return {name: tuple(megabytes / statistics.median(took) for took in both) for name, both in seconds.items()}
