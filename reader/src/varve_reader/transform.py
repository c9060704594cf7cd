"""For decoder.py: method transform (Docs/format-transform.md; "section" means a section of that document)."""
import math
from collections import namedtuple

import numpy as np

from .bases import ORIGINAL, Rule, Side, exponent_of
from .levels import ABSENT, exponents, levels, second_moment
from .records import Input, require, rounded, widened

KEYFRAME, DELTA, FIRST_DELTA, HOLD = range(4)
SIZES, FINER_SIZES, SCALED, PLAIN = range(4)                  # states on their own: section 10
LARGEST_TILE = 1 << 22

SIXTEENTHS = np.array([float.fromhex(text) for text in """
    0x1.0000000000000p+0 0x1.0b5586cf9890fp+0 0x1.172b83c7d517bp+0 0x1.2387a6e756238p+0
    0x1.306fe0a31b715p+0 0x1.3dea64c123422p+0 0x1.4bfdad5362a27p+0 0x1.5ab07dd485429p+0
    0x1.6a09e667f3bcdp+0 0x1.7a11473eb0187p+0 0x1.8ace5422aa0dbp+0 0x1.9c49182a3f090p+0
    0x1.ae89f995ad3adp+0 0x1.c199bdd85529cp+0 0x1.d5818dcfba487p+0 0x1.ea4afa2a490dap+0""".split()])


def sixteenths(exponent):
    """2^(exponent / 16)."""
    exponent = np.clip(exponent, -16000, 16000)
    return np.ldexp(SIXTEENTHS[exponent & 15], exponent >> 4)


# The matrix and its tiles: section 4.

class Form:
    def __init__(self, shape):
        count = math.prod(shape)
        if len(shape) < 2 or count == 0:
            self.rows, self.columns, self.batch = count, 1, count
        elif len(shape) == 3 and min(shape[1:]) >= 16:
            self.rows, self.columns, self.batch = shape[0] * shape[1], shape[2], shape[1]
        else:
            self.rows, self.columns, self.batch = shape[0], count // shape[0], shape[0]
        self.count, self.is_vector = count, self.rows == 1 or self.columns == 1

    def __eq__(self, other):
        return (self.rows, self.columns, self.batch) == (other.rows, other.columns, other.batch)

    def tiles(self):
        """Pairs of slices."""
        if self.count == 0:
            return []
        height, width = self.batch, self.columns
        while height * width > LARGEST_TILE:
            if height >= width:
                height = (height + 1) // 2
            else:
                width = (width + 1) // 2
        return [(slice(top, min(top + height, batch + self.batch)), slice(left, min(left + width, self.columns)))
                for batch in range(0, self.rows, self.batch)
                for top in range(batch, batch + self.batch, height)
                for left in range(0, self.columns, width)]


class Tile:
    def __init__(self, place, is_vector, rule=ORIGINAL):
        self.place = place
        self.rows, self.columns = (side.stop - side.start for side in place)
        self.count, self.coefficients = self.rows * self.columns, None
        self.left, self.right = Side(self.rows, True, is_vector, rule), Side(self.columns, False, is_vector, rule)

    def restored(self):
        return None if self.coefficients is None else self.right.restore(self.left.restore(self.coefficients))

    def learn(self, x, exponent, rule):
        """Both bases (section 6.7)."""
        shorter, longer = (self.left, self.right) if self.rows <= self.columns else (self.right, self.left)
        if rule.is_joint and shorter.is_tracked and longer.is_tracked:
            seen = shorter.learn(x, exponent, rule)
            if seen is not None:
                longer.follow(seen, rule)
        else:
            self.left.learn(x, exponent, rule)
            self.right.learn(x, exponent, rule)

    def symbol_counts(self):
        """Energies stored one by one, of rows and of columns (section 7)."""
        return [0 if side.is_open or across < 16 else side.size
                for side, across in ((self.left, self.columns), (self.right, self.rows))]


# Headers: section 5.

Header = namedtuple("Header", "kind exponents level rule unit step centroids offsets energies moment holds keeps")
Quantizer = namedtuple("Quantizer", "unit step centroids")


def signed(source, lowest, highest):
    value = source.signed()
    require(lowest <= value <= highest, "a field out of range")
    return value


def read_unit(source):
    return signed(source, -900, 900)


def read_step(source):
    step = source.varint()
    require(1 <= step <= 1 << 20, "a step out of range")
    centroids = [int.from_bytes(source.take(1), "little", signed=True) for _ in range(3)]
    require(min(centroids) > -128, "a centroid out of range")
    return step, centroids


def read_header(source, form):
    first, tiles = source.u8(), len(form.tiles())
    kind, count, has_moment, has_rule, holds = first & 3, first >> 2 & 3, first & 16, first & 32, first & 128
    keeps = has_moment and kind == FIRST_DELTA and not has_rule
    has_moment = has_moment and not keeps
    require(count <= 2 and (not has_moment or kind == KEYFRAME) and (not has_rule or kind == FIRST_DELTA)
            and (not holds or kind in (DELTA, FIRST_DELTA)), "an unknown kind of header")
    level = signed(source, -70400, 65536)
    rule = read_rule(source) if has_rule else None
    if first & 64:
        read_sketches(source, form.count)
    if kind == HOLD:
        return Header(kind, count, level, None, 0, 0, None, [], [], None, 0, 0)
    unit = read_unit(source) if kind != DELTA else 0
    step, centroids = read_step(source)
    offsets = [signed(source, -2000, 2000) for _ in range(tiles if kind == KEYFRAME else 0)]
    energies = [(source.u8(), signed(source, -16000, 16000), signed(source, -16000, 16000))
                for _ in range(0 if kind == KEYFRAME else tiles)]
    moment = Quantizer(read_unit(source), *read_step(source)) if has_moment else None
    return Header(kind, count, level, rule, unit, step, centroids, offsets, energies, moment, holds, keeps)


def read_headers(data, forms):
    source = Input(data)
    return source, [read_header(source, form) for form in forms]


def read_rule(source):
    first, rounds = source.u8(), source.u8()
    require(first & 63 <= 32 and rounds & 15 and rounds >> 4, "a rule for bases out of range")
    return Rule(8 * (first & 63), rounds & 15, rounds >> 4, not first & 64, bool(first & 128))


def read_sketches(source, count):                            # section 5.3: nothing is restored from them
    least = 16 if count < 2048 else 32
    buckets = count if count <= 16 else 1 << max(least, min(256, count // 2048)).bit_length() - 1
    flags = source.u8()
    require(flags <= 1, "a sketch of an unknown kind")
    read_unit(source)
    for _ in range(buckets):
        signed(source, -(1 << 30), 1 << 30)
    source.take(4 * buckets * flags)


def units(level, step, centroids):
    """Grid units of levels (section 5.1)."""
    size = np.abs(level)
    offset = np.array([0, *centroids], np.int64)[np.minimum(size, 3)]
    return np.where(level == 0, 0, np.sign(level) * (size * step - (offset * step + 64 >> 7)))


# A parameter's state between two steps: section 8.

class State:
    def __init__(self, form, dtype, base=None, opening=None):
        self.form, self.dtype, self.base, self.opening, self.held = form, dtype, base, opening, None
        self.exponents, self.level, self.unit = [], 0, 0
        self.rule, self.has_deltas = ORIGINAL, False
        self.scale = [np.zeros(form.rows, np.int64), np.zeros(form.columns, np.int64)]
        self.tiles = [Tile(place, form.is_vector) for place in form.tiles()]

    def factors(self, place):
        return [sixteenths(side[part]) for side, part in zip(self.scale, place)]

    def set_scale(self):
        sides = self.exponents[0] if self.exponents and not self.form.is_vector else None
        if sides is None:
            self.scale = [np.zeros_like(side) for side in self.scale]
            return
        self.scale = []
        for side in sides:
            there = side != ABSENT
            ratio = abs(sum(side[there].tolist())) / max(1, int(there.sum()))
            mean = math.floor(ratio + 0.5) * (-1 if sum(side[there].tolist()) < 0 else 1)
            self.scale.append(np.where(there, np.clip(mean - side, -48, 9), 9))

    def weight(self):
        """Restored bytes."""
        return self.matrix().tobytes()

    def base_matrix(self):
        return np.frombuffer(self.base, WORDS[self.dtype]).reshape(self.form.rows, self.form.columns)

    def matrix(self, changes=None):
        """Restored bits. Changes: what the tiles restore, None for a tile without coefficients."""
        base = self.base_matrix()
        matrix = base.view(BITS[self.dtype]).copy()
        for tile, change in zip(self.tiles, [tile.restored() for tile in self.tiles] if changes is None else changes):
            if change is not None:
                self.add(matrix, tile.place, change)
        words = matrix.view(base.dtype)
        if self.held is not None:                            # section 8.4
            words[self.held == 1] = base[self.held == 1]
            words[self.held == 2] = 0
        return words

    def add(self, matrix, place, change):
        rows, columns = self.factors(place)
        before = doubles(matrix[place], self.dtype)
        after = before + (rows * math.ldexp(1.0, self.unit))[:, None] * columns[None, :] * change
        matrix[place] = stored(after, self.dtype)

    def begin_keyframe(self, found):
        self.exponents = found
        self.set_scale()

    def take_keyframe(self, header, level, opening):
        self.level, self.unit = header.level, header.unit
        self.opening = opening if opening is not None and opening.any() else None
        matrix, start = np.zeros((self.form.rows, self.form.columns), BITS[self.dtype]), 0
        for tile in self.tiles:
            rows, columns = self.factors(tile.place)
            values = units(level[start:start + tile.count], header.step, header.centroids)
            values = values.reshape(tile.rows, tile.columns).astype(np.float64)
            scale = (rows * math.ldexp(1.0, header.unit))[:, None] * columns[None, :]
            matrix[tile.place] = stored(scale * values, self.dtype)
            start += tile.count
        self.base = matrix.tobytes()

    def begin(self, header, found):
        """What comes before a delta's levels (section 8.2)."""
        self.exponents, self.level = found, header.level
        if header.rule:
            require(not self.has_deltas and not self.form.is_vector, "a rule for bases that were opened before")
            self.rule = header.rule
            self.tiles = [Tile(place, False, self.rule) for place in self.form.tiles()]
            if not self.rule.opens:
                self.opening = None
        self.has_deltas = self.has_deltas or header.kind != HOLD
        if header.kind == DELTA:
            self.held = None
        if header.kind != FIRST_DELTA:
            return
        changes = [tile.restored() for tile in self.tiles]
        self.base, self.held = self.matrix(changes).tobytes(), None
        for tile, change in zip(self.tiles, changes):
            if change is not None:
                if not header.keeps:
                    tile.learn(change, self.unit, self.rule)
                tile.coefficients = None
        self.set_scale()
        self.unit = header.unit
        if self.opening is not None:
            for tile in self.tiles:
                self.open(tile)
            self.opening = None

    def open(self, tile):
        """Section 8.3."""
        rows, columns = (sixteenths(-side[part]) for side, part in zip(self.scale, tile.place))
        opening = self.opening.reshape(self.form.rows, self.form.columns)[tile.place].astype(np.float64)
        values = opening * rows[:, None] * columns[None, :]
        largest, energy = float(np.abs(values).max()), float(np.add.accumulate((values * values).ravel())[-1])
        if not (0 < largest < math.inf and 0 < energy < math.inf):
            return
        shift = 20 - exponent_of(largest)
        if not -900 <= shift <= 900:
            return
        sizes = np.abs(values * math.ldexp(1.0, shift))
        whole = np.floor(sizes)
        integers = np.copysign(whole + (sizes - whole >= 0.5), values) + 0.0
        distance = self.level - 16 * (log2(energy / tile.count, 2) + 4 * shift)
        exponent = int(math.copysign(abs(distance) // 64, distance))
        tile.learn(integers, exponent, self.rule)

    def classes(self, header, symbols):
        """Of every level of a delta (section 7)."""
        found = []
        for tile, (slopes, *shifts) in zip(self.tiles, header.energies):
            sides = []
            for side, count, slope, shift in zip((tile.left, tile.right), tile.symbol_counts(),
                                                 (slopes & 15, slopes >> 4), shifts):
                if count:
                    own = symbols.take(count)
                    require(np.abs(own).max() <= 40, "an energy out of range")
                    sides.append(2 * own + shift)
                else:
                    sides.append((slope * side.energies >> 3) + shift)
            found.append(np.clip(24 + sides[0][:, None] + sides[1][None, :], 0, 39).ravel())
        return found

    def hold(self, rows, elements):
        """Of each row whether none, all or some of it is held, and of each element of the latter rows (section 8.4)."""
        require(all(((symbols >= 0) & (symbols <= 2)).all() for symbols in (rows, elements)), "held in an unknown way")
        self.held = np.repeat((rows == 1).astype(np.uint8)[:, None], self.form.columns, axis=1)
        self.held[rows == 2] = elements.reshape(-1, self.form.columns)

    def held_classes(self, rows):
        """Of the elements of rows that hold some: whether the base is zero, of either sign, there."""
        sign = 1 << 8 * self.base_matrix().itemsize - 1
        return (self.base_matrix()[rows == 2] & (sign - 1) == 0).ravel().astype(np.int64)

    def take_delta(self, header, level):
        start = 0
        for tile in self.tiles:
            own = level[start:start + tile.count]
            start += tile.count
            if own.any():
                change = units(own, header.step, header.centroids).reshape(tile.rows, tile.columns)
                before = 0 if tile.coefficients is None else tile.coefficients
                tile.coefficients = before + change.astype(np.float64)
                require(np.abs(tile.coefficients).max() < 1 << 30, "a coefficient out of range")


BITS = {"F32": "<f4", "F16": "<f2", "BF16": "<u2", "F64": "<f8"}
WORDS = {"F32": "<u4", "F16": "<u2", "BF16": "<u2", "F64": "<u8"}


def doubles(matrix, dtype):
    return np.asarray(widened(matrix.tobytes(), dtype), np.float64).reshape(matrix.shape)


def stored(values, dtype):
    with np.errstate(over="ignore"):
        return rounded(values if dtype == "F64" else values.astype(np.float32), dtype)


def log2(value, parts):
    """In units of 1 / parts, rounded down."""
    if value == 0:
        return -1100 * parts
    mantissa, result = math.frexp(value)
    mantissa, result = mantissa * 2, result - 1
    while parts > 1:
        mantissa, result, parts = mantissa * mantissa, 2 * result, parts // 2
        if mantissa >= 2:
            mantissa, result = mantissa / 2, result + 1
    return result


# Blob one: section 1.

class Stream:
    """Levels of several parameters, handed out in order."""

    def __init__(self, data, classes):
        classes = np.concatenate([np.zeros(0, np.int64), *classes])
        self.levels, self.position = levels(data, classes), 0

    def take(self, count):
        self.position += count
        return self.levels[self.position - count:self.position]


def runs(source, count):
    found = [source.take(source.varint()) for _ in range(count)]
    source.end()
    return found


def chain(data, members):
    """Members: (form, dtype, State or None). Their states after this step, and first moments of keyframes."""
    source, headers = read_headers(data, [form for form, _, _ in members])
    streams = runs(source, 7)
    classes, previous = [], []
    for (form, _, state), header in zip(members, headers):
        require((header.kind == KEYFRAME) == (state is None), "a keyframe where none should be, or none")
        for place in range(header.exponents):
            before = state.exponents[place] if state is not None and place < len(state.exponents) else None
            previous.append(before)
            first = 0 if before is None else 3
            classes.append(np.repeat([first, first + 1, first + 2], [2, form.rows, form.columns]))
    symbols, states, previous = Stream(streams[0], classes), [], iter(previous)
    for (form, dtype, state), header in zip(members, headers):
        found = [exponents(symbols.take(2 + form.rows + form.columns), form.rows, form.columns, next(previous))
                 for _ in range(header.exponents)]
        if header.kind == KEYFRAME:
            state = State(form, dtype)
            state.begin_keyframe(found)
        else:
            state.begin(header, found)
        states.append(state)

    pairs = list(zip(states, headers))
    hold_elements(streams, [state for state, header in pairs if header.holds])
    deltas = [(state, header) for state, header in pairs if header.kind in (DELTA, FIRST_DELTA)]
    keyframes = [(state, header) for state, header in pairs if header.kind == KEYFRAME]
    energies = Stream(streams[1], [np.zeros(sum(tile.symbol_counts()), np.int64)
                                   for state, _ in deltas for tile in state.tiles])
    delta_levels = Stream(streams[2], [part for state, header in deltas for part in state.classes(header, energies)])
    keyframe_levels = Stream(streams[3], [keyframe_classes(state, tile.place, offset) for state, header in keyframes
                                          for tile, offset in zip(state.tiles, header.offsets)])
    moment_levels = Stream(streams[4], [np.zeros(state.form.count, np.int64) for state, header in keyframes
                                        if header.moment])
    moments = []
    for state, header in pairs:
        moment = opening = None
        if header.kind in (DELTA, FIRST_DELTA):
            state.take_delta(header, delta_levels.take(state.form.count))
        elif header.kind == KEYFRAME:
            level = keyframe_levels.take(state.form.count)
            if header.moment:
                moment, opening = keyframe_moment(state, header.moment, moment_levels.take(state.form.count))
            state.take_keyframe(header, level, opening)
        moments.append(moment)
    return states, moments


def hold_elements(streams, states):
    rows = Stream(streams[5], [np.zeros(state.form.rows, np.int64) for state in states])
    pairs = [(state, rows.take(state.form.rows)) for state in states]
    elements = Stream(streams[6], [state.held_classes(own) for state, own in pairs])
    for state, own in pairs:
        state.hold(own, elements.take(int((own == 2).sum()) * state.form.columns))


def keyframe_classes(state, place, offset):
    rows, columns = (side[part] for side, part in zip(state.scale, place))
    return np.clip(offset - (rows[:, None] + columns[None, :] >> 2), 0, 15).ravel()


def keyframe_moment(state, header, level):
    """The first moment, and what opens the bases (section 9)."""
    opening = scaled_levels(level, header, None)
    moment = scaled_levels(level, header, state.exponents[0]) if state.exponents else opening
    return np.where(level == 0, np.float32(0), moment), opening


def scaled_levels(level, quantizer, sides):
    """Grid units times the root of row and column exponents, or times 1."""
    value = units(level, quantizer.step, quantizer.centroids).astype(np.float64) * math.ldexp(1.0, quantizer.unit)
    if sides is not None:
        rows, columns = (np.where(side == ABSENT, 1.0, sixteenths(2 * np.where(side == ABSENT, 0, side)))
                         for side in sides)
        value = (value.reshape(len(rows), -1) * rows[:, None] * columns[None, :]).ravel()
    with np.errstate(over="ignore"):
        return value.astype(np.float32)


# Blob two: section 9.

def moments(data, states, keyframe_moments):
    """Of each parameter float32 values: first moment, second, amsgrad's maximum (None where there is none)."""
    headers = [(None, 0)] * len(states)
    first_levels = second_levels = None
    if data is not None:
        source = Input(data)
        headers = [read_moments(source) for _ in states]
        streams = runs(source, 2)
        first_levels = Stream(streams[0], [np.zeros(state.form.count, np.int64)
                                           for state, (rule, _) in zip(states, headers) if rule])
        second_levels = Stream(streams[1], [np.zeros(state.form.count, np.int64)
                                            for state, (_, step) in zip(states, headers) if step])
    found = []
    for state, (rule, step), first in zip(states, headers, keyframe_moments):
        require(state.exponents or not step, "a residual of no second moment")
        require(rule is None or first is None, "a first moment that the keyframe has")
        residual = second_levels.take(state.form.count) if step else None
        level = first_levels.take(state.form.count) if rule else None
        second = second_moment(state.exponents[0], residual, step) if state.exponents else None
        if first is None:
            first = np.zeros(state.form.count, np.float32) if rule is None else \
                first_moment(state, rule, level, second)
        maximum = second_moment(state.exponents[1]) if len(state.exponents) > 1 else None
        found.append((first, second, maximum))
    return found


def read_moments(source):
    flags, rule, step = source.u8(), None, 0
    require(flags < 4, "an unknown kind of moments")
    if flags & 1:
        factor, epsilon = source.f64(), source.f64()
        require(1e-30 < factor < 1e30 and 0 <= epsilon < 1e30, "a displacement out of range")
        rule = factor, epsilon, *read_step(source)
    if flags & 2:
        step = source.u8()
        require(1 <= step <= 64, "a second moment's step out of range")
    return rule, step


def first_moment(state, rule, level, second):
    factor, epsilon, step, centroids = rule
    rows, columns = (sixteenths(side) for side in state.scale)
    value = units(level, step, centroids).astype(np.float64) * math.ldexp(1.0, state.unit)
    value = value * (rows[:, None] * columns[None, :]).ravel()
    value = value * (factor if second is None else factor * (np.sqrt(second.astype(np.float64)) + epsilon))
    limit = float.fromhex("0x1.fffffep+127")
    return np.where(level == 0, 0.0, np.clip(value, -limit, limit)).astype(np.float32)


def single_state(data, shape, dtype):
    """The bytes of a state on its own (section 10)."""
    source, form, quantizer, step, sides = Input(data), Form(shape), None, 0, None
    kind = source.u8()
    require(kind <= PLAIN, "an unknown kind of state")
    if kind == FINER_SIZES:
        step = source.u8()
        require(1 <= step <= 64, "a residual step out of range")
    if kind in (SCALED, PLAIN):
        quantizer = Quantizer(read_unit(source), *read_step(source))
    if kind != PLAIN:
        symbols = levels(source.take(source.varint()), np.repeat([0, 1, 2], [2, form.rows, form.columns]))
        sides = exponents(symbols, form.rows, form.columns, None)
    level = levels(source.take(len(data) - source.position),
                   np.zeros(0 if kind == SIZES else form.count, np.int64))
    if kind in (SIZES, FINER_SIZES):
        values = second_moment(sides, level if kind == FINER_SIZES else None, step)
    else:
        values = np.where(level == 0, np.float32(0), scaled_levels(level, quantizer, sides))
    with np.errstate(over="ignore"):
        found = rounded(values, dtype)
    require(np.isfinite(widened(found.tobytes(), dtype)).all(), "a state beyond its type")
    return found.tobytes()


def exact_opening(first, second):
    """What opens the bases behind an exact keyframe (section 8.3); float32 arrays, None where there is none."""
    if first is None:
        return None
    if second is not None:
        with np.errstate(all="ignore"):
            first = np.where(second > 0, first / np.sqrt(second), np.float32(0))
    return first if np.isfinite(first).all() else None
