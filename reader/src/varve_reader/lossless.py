"""For decoder.py: the bytes of lossless groups (Docs/format-lossless.md; "section" means one of its sections)."""
import struct
from collections import Counter, namedtuple

import numpy as np

from .levels import levels
from .records import BITS, ELEMENT_SIZE, Input, exact, require, rounded, unzstd
from .transform import Form

PLANES, VALUES, SECOND, FIRST, BYTES, ROUNDED = range(6)
# Section 12 of format.md: how the coder sees a dtype; all others are words.
FLOATS = {"F32": "F32", "BF16": "BF16", "F16": "F16", "F64": "F64", "C32": "F16", "C64": "F32", "C128": "F64"}
COMPLEX = ("C32", "C64", "C128")
SMALL_FLOATS = ("F8_E4M3", "F8_E5M2", "F8_E4M3FNUZ", "F8_E5M2FNUZ")
# Section 1: mantissa bits, and the exponent of the smallest number.
QUANTUM = {"F32": (23, -149), "F64": (23, -149), "BF16": (7, -133), "F16": (10, -24)}
PART = 1 << 20
BLOCK, CHUNK, ESCAPE, LARGEST = 256, 1 << 18, 120, 115
OUTSIDE = 0x7FC00000                             # the word of a float64 that has none
FLOAT_WIDTH = {"F32": 4, "BF16": 2, "F16": 2, "F64": 8}
Plain = namedtuple("Plain", "dtype size")                # what exact() asks of a tensor
# Of the coded elements of a group: section 6.
Elements = namedtuple("Elements", "prediction scale context mantissa smallest")


def tensors(record, members):
    """The bytes of a lossless group's tensors, in order. Members: tensor, its predecessor's bytes, and
    those of one more step back, None where its depth asks for none."""
    source = Input(record)
    found = headers(source, [tensor for tensor, _, _ in members])
    for member, (_, previous, earlier) in zip(found, members):
        require((member.depth < 1 or previous is not None) and (member.depth < 2 or earlier is not None),
                "a depth larger than the manifest's")
        member.previous, member.earlier = previous, earlier
    scales(source, found)
    for member in found:                                                                       # sections 4, 5
        member.changed = changes(source, member) if member.has_map else None
        if member.is_residual and member.kind == "F64":
            low = exact(source.take(source.varint()), Plain("U32", 4 * member.count))
            member.low = np.frombuffer(low, "<u4").astype(np.uint64)
            require(not (member.low >> 29).any(), "more than 29 low bits")
    for member in found:
        if member.mode in (PLANES, BYTES):
            decode = exact if member.mode == PLANES else small
            member.data = decode(member.coded, member.tensor, member.previous if member.depth else None)
    for mode in (VALUES, SECOND, FIRST):                                                       # section 6
        group(source, [member for member in found if member.mode == mode])
    source.end()
    for member in found:                                                                       # section 8
        if member.mode == ROUNDED:
            member.data = rounded_words(words_of(member.other.data, "F32"), member.kind)
    require(all(len(member.data) == tensor.size for member, (tensor, _, _) in zip(found, members)),
            "a lossless group of another size")
    return [member.data for member in found]


Run = namedtuple("Run", "start dtype shape size")
RUN_KINDS = ("F32", "BF16", "F16", "F64")


def float_block(record, size, prefix):
    """A block of payload with floats (section 11.9 of format.md)."""
    source, runs, position = Input(record), [], 0
    for _ in range(source.varint()):
        start = position + source.varint()
        kind, rows = source.u8(), 0
        require(kind < len(RUN_KINDS), "floats of an unknown kind")
        rows = source.varint()
        run = Run(start, RUN_KINDS[kind], (rows, BLOCK), rows * BLOCK * FLOAT_WIDTH[RUN_KINDS[kind]])
        position = start + run.size
        require(rows > 0 and position <= size, "a run of floats beyond the block")
        runs.append(run)
    require(runs, "a block of floats without floats")
    count = size - sum(run.size for run in runs)
    rest = b""
    if count:
        stored = source.varint()
        rest = unzstd(source.take(stored), count) if stored else source.take(count)
    before = [prefix[run.start:run.start + run.size] if len(prefix) == size else None for run in runs]
    found = tensors(source.take(len(source.data) - source.position),
                    [(run, previous, None) for run, previous in zip(runs, before)])
    plain, used = bytearray(), 0
    for run, data in zip(runs, found):
        gap = run.start - len(plain)
        plain += rest[used:used + gap] + data
        used += gap
    return bytes(plain + rest[used:])


def census(record, members):
    """What occurs in a lossless group of these tensors, counted."""
    counts = Counter()
    for member in headers(Input(record), members):
        counts[f"mode {member.mode} depth {member.depth}"] += 1
        counts[f"mode {member.mode} {member.kind}"] += 1
        counts["map"] += member.has_map
        if member.is_residual:
            counts["matrix"] += member.is_matrix
            counts["vector"] += not member.is_matrix
            counts["low bits"] += member.kind == "F64"
            counts["several chunks"] += member.count > CHUNK
    return +counts


# Headers: section 2.

class Member:
    """A tensor of a lossless group."""

    def __init__(self, tensor, byte):
        require(byte & 7 <= ROUNDED and byte < 128, "an unknown mode of a tensor")
        self.tensor, self.mode, self.depth = tensor, byte & 7, byte >> 3 & 3
        self.has_map, self.is_matrix = bool(byte & 32), bool(byte & 64)
        self.kind, shape = FLOATS.get(tensor.dtype, tensor.dtype), list(tensor.shape)
        if tensor.dtype in COMPLEX:
            shape = shape[:-1] + [2 * shape[-1]] if shape else [2]
        self.is_float = self.kind in FLOAT_WIDTH
        width = FLOAT_WIDTH.get(self.kind) or ELEMENT_SIZE.get(tensor.dtype, BITS[tensor.dtype] // 8)
        self.is_bytes, self.count = width == 1, tensor.size // width
        self.form = Form(shape if self.is_float else [self.count])
        require(not self.is_float or self.form.count == self.count, "a shape that does not fit")
        self.is_residual = self.mode in (VALUES, SECOND, FIRST)
        self.data = self.low = self.changed = None
        self.check()

    def check(self):
        require(self.depth <= (1, 2, 1, 0, 1, 0)[self.mode], "a depth that the mode does not have")
        require(not self.has_map or (self.mode == VALUES and self.depth > 0 and self.kind != "F64"),
                "an impossible map")
        require(not self.is_matrix or (self.is_residual and not self.form.is_vector), "an impossible matrix")
        require(self.is_float or self.mode in (PLANES, BYTES), "a mode of floats")
        require(self.is_bytes or self.mode != BYTES, "a mode of bytes")

    def rows_columns(self):
        return (self.form.rows, self.form.columns) if self.is_matrix else (1, self.count)

    def exponents(self, least=-2**15):
        """Of each element: row + column, or the single one."""
        if not self.is_matrix:
            return np.full(self.count, self.rows[0])
        return np.maximum(np.add.outer(self.rows, self.columns).ravel(), least)


def headers(source, members):
    found = []
    for tensor in members:
        member = Member(tensor, source.u8())
        mode, depth = member.mode, member.depth
        if mode in (PLANES, BYTES):
            member.coded = source.take(source.varint())
        elif mode == VALUES:
            member.a = source.take(4) if depth else bytes(4)
            member.b = source.take(4) if depth > 1 else bytes(4)
        elif mode == SECOND:
            member.c = struct.unpack("<h", source.take(2))[0]
            member.d, member.alpha = struct.unpack("<4sh", source.take(6)) if depth else (bytes(4), 0)
            require(abs(member.c) <= 1000 and abs(member.alpha) <= 4096, "a header out of range")
        else:
            place = source.varint()
            require(place < len(found), "a tensor that does not come before")
            other = member.other = found[place]
            require(other.is_float and other.count == member.count and other.mode not in (FIRST, ROUNDED),
                    "a second moment that is none")
            require(mode == FIRST or (other.kind == "F32" and member.kind != "F32"), "a copy of what is no master")
        found.append(member)
    return found


def small(record, tensor, before):                                                             # section 7
    count, classes, is_float = tensor.size, np.zeros(tensor.size, np.int64), tensor.dtype in SMALL_FLOATS
    if before is not None:
        before = np.frombuffer(before, np.uint8).astype(np.int64)
        classes = (before & 127) >> 2 if is_float else classes
    source = Input(record)
    level = np.concatenate([levels(source.take(source.varint()), classes[start:start + PART])
                            for start in range(0, count, PART)] or [np.zeros(0, np.int64)])
    source.end()
    if not is_float:
        require(count == 0 or (-128 <= level.min() and level.max() <= 127), "a byte out of range")
        return ((level + (0 if before is None else before)) & 255).astype(np.uint8).tobytes()
    place = level + (0 if before is None else np.where(before < 128, before, 127 - before))
    require(count == 0 or (-128 <= place.min() and place.max() <= 127), "a position out of range")
    return np.where(place >= 0, place, 127 - place).astype(np.uint8).tobytes()


def scales(source, found):                                                                     # section 3
    coded = [member for member in found if member.is_residual]
    sides = [(2 * member.mode + side, count) for member in coded
             for side, count in enumerate((member.form.rows, member.form.columns) if member.is_matrix else (1, 0))]
    classes = np.repeat([number for number, _ in sides], [count for _, count in sides]).astype(np.int64)
    differences = levels(source.take(source.varint()), classes)
    parts = [np.cumsum(part) for part in np.split(differences, np.cumsum([count for _, count in sides])[:-1])]
    require(all(np.abs(part).max(initial=0) <= 2048 for part in parts), "an exponent out of range")
    for member, rows, columns in zip(coded, parts[0::2], parts[1::2]):
        member.rows, member.columns = rows, columns


def changes(source, member):                                                                   # section 4
    blocks = (member.count + BLOCK - 1) // BLOCK
    densities = np.cumsum(levels(source.take(source.varint()), np.zeros(blocks, np.int64)))
    require(blocks == 0 or (0 <= densities.min() and densities.max() <= 9), "a density out of range")
    classes = np.repeat(densities, BLOCK)[:member.count]
    return np.concatenate([levels(source.take(source.varint()), classes[start:start + PART]) != 0
                           for start in range(0, member.count, PART)] or [np.zeros(0, bool)])


# Words: section 1.

def floats(words):
    return words.astype(np.uint32).view(np.float32)


def patterns(values):
    return values.view(np.uint32).astype(np.int64)


def words_of(data, kind):
    """The words of a tensor, as int64."""
    if kind == "F32":
        return np.frombuffer(data, "<u4").astype(np.int64)
    if kind == "BF16":
        return np.frombuffer(data, "<u2").astype(np.int64) << 16
    if kind == "F16":
        bits = np.frombuffer(data, "<u2").astype(np.int64)
        finite = patterns(np.where(bits & 0x7C00 == 0x7C00, 0, bits).astype(np.uint16).view(np.float16)
                          .astype(np.float32))
        return np.where(bits & 0x7C00 == 0x7C00, (bits & 0x8000) << 16 | 0x7F800000 | (bits & 0x3FF) << 13, finite)
    bits = np.frombuffer(data, "<u8")
    sign, field = (bits >> np.uint64(63)).astype(np.int64), (bits >> np.uint64(52) & np.uint64(2047)).astype(np.int64)
    mantissa = (bits >> np.uint64(29)).astype(np.int64) & 0x7FFFFF
    field = field - 1023 + 127
    word = np.where((1 <= field) & (field <= 254), sign << 31 | field << 23 | mantissa, OUTSIDE)
    return np.where(bits << np.uint64(1) == 0, sign << 31, word)


def bytes_of(words, kind, low=None):
    """And back."""
    if kind == "F32":
        return words.astype("<u4").tobytes()
    if kind == "BF16":
        require(not (words & 0xFFFF).any(), "a word that is no bfloat16")
        return (words >> 16).astype("<u2").tobytes()
    if kind == "F16":
        special = words & 0x7F800000 == 0x7F800000
        with np.errstate(over="ignore"):
            plain = floats(np.where(special, 0, words)).astype("<f2").view("<u2").astype(np.int64)
        bits = np.where(special, words >> 16 & 0x8000 | 0x7C00 | words >> 13 & 0x3FF, plain).astype("<u2").tobytes()
        require((words_of(bits, kind) == words).all(), "a word that is no half-precision number")
        return bits
    field = words >> 23 & 255
    require((field < 255).all() and not ((words & 0x7FFFFF) | low.astype(np.int64))[field == 0].any(),
            "a word that is no float64")
    above = words >> 31 << 63 - 29 | np.where(field == 0, 0, field - 127 + 1023) << 52 - 29 | words & 0x7FFFFF
    return (above.astype(np.uint64) << np.uint64(29) | low).astype("<u8").tobytes()


def rounded_words(words, kind):
    """The bytes of float32 values in another type."""
    nan, values = words & 0x7FFFFFFF > 0x7F800000, floats(np.where(words & 0x7FFFFFFF > 0x7F800000, 0, words))
    with np.errstate(over="ignore"):
        found = np.frombuffer(rounded(values, kind).tobytes(), f"<u{FLOAT_WIDTH[kind]}").copy()
    bits = words[nan].astype(np.uint64)
    special = {"BF16": bits >> 16 | 0x40, "F16": bits >> 16 & 0x8000 | 0x7E00,
               "F64": bits >> 31 << 63 | 0x7FF8 << 48 | (bits & 0x7FFFFF) << 29}[kind]
    found[nan] = special.astype(found.dtype)
    return found.tobytes()


def exponent(words):
    return np.maximum(words >> 23 & 255, 1) - 127


def significand(words):
    return (words & 0x7FFFFF) + (words >> 23 & 255 > 0) * 0x800000


def shifted(numbers, by):
    """To the right, or to the left where that is negative."""
    return np.where(by >= 0, numbers >> np.clip(by, 0, 63), numbers << np.clip(-by, 0, 63))


def lengths(numbers):
    """In bits."""
    return np.frexp(numbers.astype(np.float64))[1].astype(np.int64)


def quotient(sums, count):
    return np.sign(sums) * (np.abs(sums) // count)


# Groups: section 6.

def group(source, members):
    if not members:
        return
    mode, each = members[0].mode, []
    with np.errstate(all="ignore"):
        for member in members:
            prediction, scale, context = (None, values, second_moments, first_moments)[mode](member)
            numbers = [prediction, scale, context, *(np.full(member.count, n) for n in QUANTUM[member.kind])]
            each.append(numbers if member.changed is None else [part[member.changed] for part in numbers])
    elements = Elements(*map(np.concatenate, zip(*each)))
    words = [np.zeros(0, np.int64)]
    for start in range(0, len(elements.scale), CHUNK):
        words.append(chunk(source, mode, Elements(*(part[start:start + CHUNK] for part in elements))))
    for member, part in zip(members, np.split(np.concatenate(words), np.cumsum([len(e[0]) for e in each])[:-1])):
        if member.changed is not None:
            every = words_of(member.previous, member.kind)
            every[member.changed] = part
            part = every
        member.data = bytes_of(part, member.kind, member.low)


def as_type(numbers, kind):
    """float32 values rounded to the type of a tensor."""
    if kind == "F16":
        return numbers.astype(np.float16).astype(np.float32)
    return (rounded(numbers, kind).astype(np.uint32) << 16).view(np.float32) if kind == "BF16" else numbers


def values(member):                                                                            # section 6.1
    scale, nothing = member.exponents(-640), np.zeros(member.count, np.int64)
    if not member.depth:
        return nothing, scale, nothing
    a, b = (np.frombuffer(number, "<f4")[0] for number in (member.a, member.b))
    before = floats(words_of(member.previous, member.kind))
    predicted = before
    if a != 0 or b != 0:
        predicted = before + a * before
        if b != 0:
            predicted = predicted + b * (before - floats(words_of(member.earlier, member.kind)))
        predicted = as_type(np.where(np.isfinite(predicted), predicted, np.float32(0)), member.kind)
    return np.where(np.isfinite(predicted), patterns(predicted), 0), scale, nothing


def second_moments(member):                                                                    # section 6.2
    level = 128 * member.exponents()
    if member.depth:
        before = words_of(member.previous, member.kind)
        key = before >> 13
        table = key.reshape(member.rows_columns())
        of_rows = quotient(table.sum(1), max(table.shape[1], 1))
        rest = table - of_rows[:, None]
        if member.is_matrix:
            rest = rest - quotient(rest.sum(0), table.shape[0])
        product = (member.alpha * rest.ravel() + 2**31) % 2**32 - 2**31
        level = level + (product >> 8)
    word = np.clip(level, 0, 0x7F7FFFFF >> 13) << 13
    scale = (word >> 21) - 508 + member.c
    if not member.depth:
        return word, scale, np.full(member.count, 4)
    added = np.frombuffer(member.d, "<f4")[0] * floats(before) + floats(word)
    context = np.clip(key - (word >> 13) >> 10, -4, 5) + 4
    return np.where(np.isfinite(added), patterns(added), word), scale, context


def first_moments(member):                                                                     # section 6.3
    scale = member.exponents(-640)
    of_second = (words_of(member.other.data, member.other.kind) >> 21) - 508 >> 1
    return np.zeros(member.count, np.int64), scale, np.clip(of_second - scale >> 1, -8, 5) + 8


class Raw:
    """Bits, the lowest of each byte first."""

    def __init__(self, data):
        self.size = 8 * len(data)
        self.padded = data + bytes(8)
        self.windows = np.lib.stride_tricks.sliding_window_view(np.frombuffer(self.padded, np.uint8), 8)

    def at(self, places, counts):
        """Numbers of up to 32 bits."""
        places = np.minimum(places, self.size)
        found = np.ascontiguousarray(self.windows[places >> 3]).view("<u8").ravel() >> (places & 7).astype(np.uint64)
        return (found & ((np.uint64(1) << counts.astype(np.uint64)) - np.uint64(1))).astype(np.int64)

    def one(self, place, count):
        return int.from_bytes(self.padded[place >> 3:(place >> 3) + 8], "little") >> (place & 7) & (1 << count) - 1


def quantum(exponents, elements):
    return np.maximum(exponents - elements.mantissa, elements.smallest)


def cell_of(numbers):
    return np.where(numbers < 0, -1 - numbers, numbers)


def chunk(source, mode, elements):                                                             # section 6.4
    """The words of its elements."""
    p, scale = elements.prediction, elements.scale
    size = np.clip(np.maximum((scale >> 2) - 3, quantum(exponent(p), elements)), -126, 100)
    classes = np.clip(scale - 4 * size, -16, 15) + 16 if mode == VALUES else 4 * elements.context + (scale & 3)
    level = levels(source.take(source.varint()), classes)
    count = source.varint()
    require(count <= len(level), "more small exponents than elements")
    exponents = levels(source.take(source.varint()), np.zeros(count, np.int64))
    raw = Raw(source.take(source.varint()))

    start = shifted(significand(p), 23 - (exponent(p) - size))
    start = np.where(p >> 31 > 0, -1 - start, start)
    escaped, magnitude = level == ESCAPE, np.where(level == ESCAPE, 0, np.abs(level))
    require(magnitude.max() <= LARGEST, "an impossible level")
    extra = np.maximum((magnitude >> 2) - 1, 0)
    least, sign = magnitude - 4 * extra << extra, np.sign(level)
    taken = np.where(escaped, 32, extra + below(start, least, sign, extra, escaped, size, elements, exponents, raw))
    ends = np.cumsum(taken)
    require(0 <= raw.size - ends[-1] < 8 and not raw.one(int(ends[-1]), 8), "raw bits that nothing has, or too few")

    places = ends - taken
    number = start + sign * (least + raw.at(places, extra))
    cell = cell_of(number)
    places = places + extra
    small = (cell == 0) & ~escaped
    require(small.sum() == len(exponents), "small exponents that nothing has, or too few")
    # The bits below a cell; escapes are replaced afterwards.
    top = lengths(cell) - 1 + size
    require((top[(cell > 0) & ~escaped] <= 127).all(), "a value that is not finite")
    unit = quantum(top, elements)
    bits = raw.at(places, np.where(cell > 0, np.maximum(size - unit, 0), 0))
    scaled = shifted(cell, top - 23 - size) + shifted(bits, top - 23 - unit)
    words = np.where(number < 0, 1 << 31, 0) | top + 127 << 23 | scaled & 0x7FFFFF
    words[small] = (number[small] < 0).astype(np.int64) << 31
    of = np.flatnonzero(small)[exponents != 0]
    field = size[of] + 127 - exponents[exponents != 0]
    require(field.size == 0 or (0 <= field.min() and field.max() <= 254), "a small exponent out of range")
    wide = np.maximum(np.maximum(field, 1) - 127 - unit_of(np.maximum(field, 1) - 127, elements, of), 0)
    words[of] |= field << 23 | raw.at(places[of], wide) << 23 - wide
    words[escaped] = raw.at(places[escaped], np.full(int(escaped.sum()), 32))
    return words


def unit_of(exponents, elements, at):
    return np.maximum(exponents - elements.mantissa[at], elements.smallest[at])


def below(start, least, sign, extra, escaped, size, elements, exponents, raw):
    """How many raw bits follow those of D. For nearly all elements the level alone says it. For others the raw bits of
    D do, or the next small exponent; these are taken one after the other, for each moves the next ones."""
    first, last = start + sign * least, start + sign * (least + (1 << extra) - 1)
    top = lengths(cell_of(first)) - 1 + size
    counts = np.where(escaped, 32, np.maximum(size - quantum(top, elements), 0))
    known = (lengths(cell_of(first)) == lengths(cell_of(last))) & ((first < 0) == (last < 0)) & (cell_of(first) > 0)
    unknown = np.flatnonzero(~known & ~escaped)
    counts[unknown] = 0
    places, moved, rest = np.cumsum(counts + extra * ~escaped) - counts - extra * ~escaped, 0, iter(exponents.tolist())
    found = []
    for place, number, direction, more, unit, mantissa, smallest in zip(*(part[unknown].tolist() for part in (
            places, first, sign, extra, size, elements.mantissa, elements.smallest))):
        number += direction * raw.one(place + moved, more) if more else 0
        cell = -1 - number if number < 0 else number
        if cell:
            top = cell.bit_length() - 1 + unit
            needed = max(unit - max(top - mantissa, smallest), 0)
        else:
            small = next(rest, 0)
            top = max(unit + 127 - small, 1) - 127
            needed = max(top - max(top - mantissa, smallest), 0) if small else 0
        found.append(needed)
        moved += needed
    counts[unknown] = found
    return counts
