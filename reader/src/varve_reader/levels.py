"""For transform.py: packed levels and exponents of second moments (Docs/format-transform.md, sections 2, 3)."""
import numpy as np

from .records import Input, require, unzigzag

ZERO, RAW, CODED = range(3)
BOUND = 1 << 30                                  # levels lie in -BOUND to BOUND - 1
TOTAL, LOWEST, HIGHEST = 1 << 14, 1 << 15, 1 << 31
ESCAPE = None


class Bits:
    def __init__(self, data):
        self.number, self.left = int.from_bytes(data, "little"), 8 * len(data)

    def take(self, count):
        require(count <= self.left, "the tables end too early")
        value = self.number & (1 << count) - 1
        self.number >>= count
        self.left -= count
        return value

    def rice(self, parameter):
        quotient = 0
        while quotient < 12 and self.take(1):
            quotient += 1
        return self.take(11) if quotient == 12 else quotient << parameter | self.take(parameter)


class Table:
    def __init__(self, bits, shifted, limit_width, root_width):
        self.shift = bits.take(5) if shifted else 0
        require(self.shift <= 16, "too many low bits")
        limit = self.limit = bits.take(limit_width)
        roots = [bits.take(root_width)] + [0] * (2 * limit + 1)
        rice = bits.take(3)
        first, decay = (bits.take(3), bits.take(3)) if limit else (0, 0)
        roots[-1] = bits.rice(rice)
        for symbol in range(1, 2 * limit + 1):
            predicted = roots[0] >> first if symbol == 1 else roots[symbol - 1] if symbol % 2 == 0 else \
                (roots[symbol - 2] + roots[symbol - 1]) * (decay + 1) >> 4
            roots[symbol] = predicted + unzigzag(bits.rice(rice))
            require(0 <= roots[symbol], "a root out of range")
        require(max(roots) <= 1023, "a root out of range")
        self.escapes, square = roots[-1] > 0, sum(root * root for root in roots)
        require(square > 0, "a table without symbols")
        frequencies = [max(1, root * root * TOTAL // square) if root else 0 for root in roots]
        largest = roots.index(max(roots))
        frequencies[largest] += TOTAL - sum(frequencies)
        require(frequencies[largest] > 0, "impossible frequencies")
        values = [0] + [sign * size for size in range(1, limit + 1) for sign in (1, -1)] + [ESCAPE]
        self.slots, start = [], 0                # of each slot: frequency, slot - start, value
        for frequency, value in zip(frequencies, values):
            self.slots += [(frequency, place, value) for place in range(frequency)]


def levels(data, classes):
    """All levels of a stream, one for each class."""
    count = len(classes)
    if count == 0:
        require(len(data) == 0, "levels that nothing has")
        return np.zeros(0, np.int64)
    source = Input(data)
    mode = source.u8()
    require(mode <= CODED, "an unknown mode of levels")
    if mode == ZERO:
        source.end()
        return np.zeros(count, np.int64)
    if mode == RAW:
        width = source.u8()
        require(1 <= width <= 31, "an impossible width of levels")
        numbers = source.bits(np.full(count, width))
        source.end()
        return numbers >> 1 ^ -(numbers & 1)
    return coded(source, np.asarray(classes, np.int64))


def coded(source, classes):
    bits = Bits(source.take(source.varint()))
    shifted, limit_width, root_width = bits.take(1), bits.take(3), bits.take(4)
    require(root_width <= 10, "roots that are too wide")
    group_of, group = {}, 0
    for place, value in enumerate(np.unique(classes).tolist()):
        group += bits.take(1) if place else 0
        group_of[value] = group
    groups = [Table(bits, shifted, limit_width, root_width) for _ in range(group + 1)]
    require(bits.left < 8 and bits.number == 0, "tables with bits left over")
    tables = {value: groups[group] for value, group in group_of.items()}
    shifts = np.array([tables[value].shift if value in tables else 0 for value in range(64)])[classes]
    low = source.bits(shifts)
    escapes = Input(b"")
    if any(table.escapes for table in groups):
        escapes = Input(source.byte_stream(source.varint()).tobytes())
    values = symbols(source, [tables[value] for value in classes.tolist()], escapes)
    found = (np.array(values, np.int64) << shifts) + low
    require(-BOUND <= found.min() and found.max() < BOUND, "levels out of range")
    return found


def symbols(source, tables, escapes):
    states = [int.from_bytes(source.take(4), "little") for _ in range(2)]
    require(all(LOWEST <= state < HIGHEST for state in states), "a state out of range")
    rest = len(source.data) - source.position
    require(rest % 2 == 0 and rest // 2 <= len(tables), "an impossible number of words")
    words = np.frombuffer(source.take(rest), "<u2").tolist()
    values, (state, other), position = [], states, 0
    words.append(0)
    for table in tables:
        frequency, place, value = table.slots[state & 16383]
        state = frequency * (state >> 14) + place
        if state < LOWEST:
            require(position < len(words) - 1, "more words than there are")
            state = state << 16 | words[position]
            position += 1
        if value is ESCAPE:
            beyond = escapes.varint()
            value = table.limit + 1 + beyond // 2
            value = -value if beyond % 2 else value
        values.append(value)
        state, other = other, state
    require(state == other == LOWEST and position == len(words) - 1, "levels do not end as they must")
    escapes.end()
    return values


# Exponents of second moments.

ABSENT = -1 << 31
SIGNIFICANDS = np.array([0x800000, 0x9837F0, 0xB504F3, 0xD744FD], np.int64)


def exponents(numbers, rows, columns, previous):
    """Of the rows and of the columns, from their symbols. `previous`: those of the step before, or None."""
    numbers = numbers.tolist()
    require(min(numbers) >= 0, "a symbol below zero")
    sides = (numbers[2:2 + rows], numbers[2 + rows:])
    return [one_side(side, unzigzag(numbers[place]), None if previous is None else previous[place].tolist())
            for place, side in enumerate(sides)]


def one_side(side, shift, previous):
    require(-4000 <= shift <= 4000, "a shift out of range")
    found, last, present = [], shift, True
    for place, symbol in enumerate(side):
        reference = last
        if previous is not None:
            present = previous[place] != ABSENT
            reference = previous[place] + shift if present else last
        if symbol == (1 if present else 0):
            found.append(ABSENT)
            present = False
            continue
        last = reference + (unzigzag(symbol - 1) if symbol else 0)
        require(-2000 <= last <= 2000, "an exponent out of range")
        found.append(last)
        present = True
    return np.array(found, np.int64)


def value(exponent):
    """float32 of quarter octaves, ABSENT as zero."""
    clipped = np.clip(exponent, -596, 511)
    octave, significand = clipped >> 2, SIGNIFICANDS[clipped & 3]
    depth = np.maximum(-126 - octave, 1)
    bits = np.where(octave >= -126, (octave + 127 << 23) + significand - 0x800000,
                    significand + (1 << depth - 1) >> depth)
    bits = np.where(exponent < -596, 1, np.where(exponent > 511, 0x7F7FFFFF, bits))
    return np.where(exponent == ABSENT, 0, bits).astype(np.uint32).view(np.float32)


def second_moment(both, residual=None, step=0):
    """The matrix of a second moment, row by row."""
    rows, columns = both
    exponent = rows[:, None] + columns[None, :]
    if residual is not None:
        k = np.clip(residual, -31, 31).reshape(exponent.shape)
        exponent = exponent + step * k - (np.sign(k) if step >= 4 else 0)
    exponent[(rows == ABSENT)[:, None] | (columns == ABSENT)[None, :]] = ABSENT
    return value(exponent).ravel()
