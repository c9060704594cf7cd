"""Sizes and speeds of the peers. Whatever a peer makes is decoded and compared before it counts."""
import statistics
import time
from dataclasses import dataclass, field

import numpy as np

from checks import Failure

ROUNDS = 5
ENOUGH, MOST = 0.3, 200                                    # seconds and calls of a coder in a round: it must run warm


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


def seconds(variant, bits, previous):
    """(compress, restore): the median of a few calls, of more where they are short."""
    values = variant.prepare(bits, previous)
    taken = []
    while not taken or (sum(map(sum, taken)) < ENOUGH and len(taken) < MOST):
        compress, blob = timed(lambda: variant.encode(values, previous))
        restore, back = timed(lambda: variant.decode(blob, previous, bits.dtype))
        taken.append((compress, restore))
        if not np.array_equal(back, values):
            raise Failure(f"{variant.name}: what comes back differs")
    return tuple(statistics.median(part) for part in zip(*taken))


def medians(rounds):
    """Of pairs, each part for itself."""
    return tuple(statistics.median(part) for part in zip(*rounds))
