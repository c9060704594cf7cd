"""For transform.py: the bases and their arithmetic (Docs/format-transform.md, section 6).

Every function is one of that section's. Matrices are of Doubles; sums that are not of integers below 2^53 are added up
in the order stated, which numpy's own sum would not keep.
"""
import math
from collections import namedtuple

import numpy as np

from .records import require

LIMIT, EXACT = 2.0**50, 2.0**52
ROUNDER = 1.5 * 2.0**52


def power(exponent):
    return math.ldexp(1.0, min(max(exponent, -1000), 1000))


def exponent_of(value):
    return math.frexp(value)[1] - 1


def rounded(values):
    return values + ROUNDER - ROUNDER


def largest_of(values):
    return float(np.abs(values).max(initial=0.0))


def in_order(terms):
    """The sum over the first index, from the first to the last."""
    return np.add.accumulate(terms, axis=0)[-1] if len(terms) else np.zeros(terms.shape[1:])


def dot(x, y):
    """Of the vector y, or of each row of y, with x: four running sums."""
    products = (x * y).T
    whole = len(products) // 4 * 4
    a, b, c, d = (in_order(products[lane:whole:4]) for lane in range(4))
    for rest in products[whole:]:
        a = a + rest
    return (a + b) + (c + d)


class Scaled:
    """Integers times 2^exponent."""

    def __init__(self, values, exponent):
        self.values, self.exponent = values, exponent

    def below(self, limit):
        largest, shift = largest_of(self.values), 0
        if largest < limit:
            return self
        while largest * power(-shift) + 1 > limit and shift < 64:
            shift += 1
        return self.to(self.exponent + shift)

    def to(self, exponent):
        values = self.values * power(self.exponent - exponent)
        return Scaled(values if exponent <= self.exponent else rounded(values), exponent)

    def columns_times(self, factors):
        return Scaled(rounded(self.values * factors), self.exponent)


def weighted_sum(terms):
    exponent, total = max(matrix.exponent for matrix, _ in terms), 0.0
    for matrix, weight in terms:
        total = total + weight * power(matrix.exponent - exponent) * matrix.values
    return total, exponent


def norms(values):
    sizes, slack = np.abs(values), 1 + 2.0**-30
    return float(sizes.sum(axis=1).max(initial=0)) * slack, float(sizes.sum(axis=0).max(initial=0)) * slack


class Factor(Scaled):
    """An integer matrix that others are multiplied with, exactly."""

    def __init__(self, values, exponent):
        super().__init__(values, exponent)
        self.row_norm, self.column_norm = norms(values)

    def left(self, other):
        """F X"""
        other = other.below(EXACT / max(self.row_norm, 2))
        return Scaled(self.values @ other.values, self.exponent + other.exponent)

    def left_transposed(self, other):
        """F' X"""
        other = other.below(EXACT / max(self.column_norm, 2))
        return Scaled(self.values.T @ other.values, self.exponent + other.exponent)

    def right(self, other):
        """X F"""
        other = other.below(EXACT / max(self.column_norm, 2))
        return Scaled(other.values @ self.values, self.exponent + other.exponent)

    def right_transposed(self, other):
        """X F'"""
        other = other.below(EXACT / max(self.row_norm, 2))
        return Scaled(other.values @ self.values.T, self.exponent + other.exponent)


def gram(x):
    """X X'"""
    x = x.below(2.0**26)
    while True:
        bound = norms(x.values)[0] * largest_of(x.values)
        if bound < EXACT:
            return Scaled(x.values @ x.values.T, 2 * x.exponent)
        x = x.to(x.exponent + max(1, exponent_of(bound / EXACT) // 2))


# Eigenvectors.

def eigen(matrix):
    """Eigenvalues, descending, and eigenvectors, one a row, of a symmetric matrix."""
    size, largest = len(matrix), largest_of(matrix)
    if not (largest > 0 and np.isfinite(matrix).all()):
        return np.zeros(size), np.eye(size)
    scale = exponent_of(largest)
    diagonal, beside, rows = tridiagonal(matrix * power(-scale))
    diagonalise(diagonal, beside, rows)
    order = sorted(range(size), key=lambda place: (-diagonal[place], place))
    return np.array([diagonal[place] * power(scale) for place in order]), rows[order]


def tridiagonal(a):
    size = len(a)
    diagonal, beside, factors = [0.0] * size, [0.0] * size, [0.0] * size
    for k in range(size - 2):
        diagonal[k] = float(a[k, k])
        v, block = a[k, k + 1:], a[k + 1:, k + 1:]
        tail = float(dot(v[1:], v[1:]))
        if tail < 2.0**-400:
            beside[k] = float(v[0])
            continue
        first = float(v[0])
        length = math.sqrt(first * first + tail)
        beside[k] = -length if first > 0 else length
        first -= beside[k]
        v[0] = first
        factor = factors[k] = 2 / (tail + first * first)
        p = in_order((v * factor)[:, None] * block)
        p = p + -0.5 * factor * float(dot(p, v)) * v
        block -= v[:, None] * p[None, :] + p[:, None] * v[None, :]
    for k in range(max(size - 2, 0), size):
        diagonal[k] = float(a[k, k])
        beside[k] = float(a[k, k + 1]) if k + 1 < size else 0.0
    rows = np.eye(size)
    for k in range(size - 3, -1, -1):
        if factors[k] != 0:
            v, block = a[k, k + 1:], rows[k + 1:, k + 1:]
            p = in_order(v[:, None] * block)
            block += (-factors[k] * v)[:, None] * p[None, :]
    return diagonal, beside, np.ascontiguousarray(rows.T)


def diagonalise(diagonal, beside, rows):
    size = len(diagonal)
    small = max(abs(d) + abs(b) for d, b in zip(diagonal, beside)) * 2.0**-50
    for low in range(size):
        for _ in range(60):
            high = low
            while high < size - 1 and abs(beside[high]) > small:
                high += 1
            if high == low:
                break
            sweep(diagonal, beside, rows, low, high)


def sweep(diagonal, beside, rows, low, high):
    half = (diagonal[low + 1] - diagonal[low]) / (2 * beside[low])
    root = math.sqrt(half * half + 1)
    g = diagonal[high] - diagonal[low] + beside[low] / (half - root if half < 0 else half + root)
    sine, cosine, shift = 1.0, 1.0, 0.0
    carried = rows[high].copy()
    for i in range(high - 1, low - 1, -1):
        f, b = sine * beside[i], cosine * beside[i]
        length = beside[i + 1] = math.sqrt(f * f + g * g)
        if length == 0:
            diagonal[i + 1] -= shift
            beside[high] = 0.0
            rows[i + 1] = carried
            return
        sine, cosine = f / length, g / length
        g = diagonal[i + 1] - shift
        turned = (diagonal[i] - g) * sine + 2 * cosine * b
        shift = sine * turned
        diagonal[i + 1] = g + shift
        g = cosine * turned - b
        above = rows[i]
        rows[i + 1] = sine * above + cosine * carried
        carried = cosine * above - sine * carried
    rows[low] = carried
    diagonal[low] -= shift
    beside[low] = g
    beside[high] = 0.0


# Reflections.

class Reflector:
    """B = I - V T V'. `vectors` is V' times 2^14, `kernel` T times 2^18."""

    def __init__(self, rows):
        vectors = Factor(reflections(rows), -14)
        self.vectors, self.kernel = vectors, kernel_of(vectors)
        if self.kernel is None:
            count, size = rows.shape
            self.vectors = Factor(np.eye(count, size) * 2.0**14, -14)
            self.kernel = Factor(np.eye(count) * 2.0**19, -18)

    def directions(self):
        count = len(self.vectors.values)
        top = Scaled(self.vectors.values[:, :count].T, -14)
        result = self.vectors.right(self.kernel.right_transposed(top)).to(-14)
        return Scaled(np.eye(*result.values.shape) * 2.0**14 - result.values, -14)

    def apply(self, x, left, restoring):
        v, t, scaled = self.vectors, self.kernel, Scaled(x, 0)
        if left:
            inside = v.left(scaled)
            removed = v.left_transposed(t.left(inside) if restoring else t.left_transposed(inside))
        else:
            inside = v.right_transposed(scaled)
            removed = v.right(t.right_transposed(inside) if restoring else t.right(inside))
        values = removed.values * power(removed.exponent)
        return x - (rounded(values) if removed.exponent < 0 else values)


def reflections(rows):
    largest = largest_of(rows)
    rows = rows * (power(-exponent_of(largest)) if 0 < largest < math.inf else 1.0)
    for k in range(len(rows)):
        v, below = rows[k, k:], rows[k + 1:, k:]
        first, tail = float(v[0]), float(dot(v[1:], v[1:]))
        norm = math.sqrt(first * first + tail)
        first = first - norm if first < 0 else first + norm
        v[1:] = v[1:] / first if abs(first) > 2.0**-400 else 0.0
        v[0] = 1.0
        factor = 2 / (1 + float(dot(v[1:], v[1:])))
        if len(below):
            below += (-factor * dot(v, below))[:, None] * v[None, :]
        rows[k, :k] = 0.0
    return rounded(rows * 2.0**14)


def kernel_of(vectors):
    values, exponent = weighted_sum([(gram(vectors), 1.0)])
    count, unit = len(values), power(exponent)
    inverse = np.zeros((count, count))
    for i in range(count - 1, -1, -1):
        start = np.zeros((1, count))
        start[0, i] = 1.0
        row = in_order(np.concatenate([start, (-values[i, i + 1:] * unit)[:, None] * inverse[i + 1:]]))
        row[i:] /= 0.5 * values[i, i] * unit
        inverse[i] = row
    if not np.isfinite(inverse).all() or largest_of(inverse) >= 2.0**12:
        return None
    return Factor(rounded(inverse * 2.0**18), -18)


# Energies.

def half_octaves(value, exponent):
    part = 0 if value < 1.189207115002721 * power(exponent_of(value)) else \
        1 if value < 1.681792830507429 * power(exponent_of(value)) else 2
    return 2 * (exponent_of(value) + exponent) + part


def energies_of(values, exponent):
    largest = max(values)
    if not largest > 0:
        return np.zeros(len(values), np.int64)
    floor = half_octaves(largest, exponent) - 60
    return np.array([max(floor, half_octaves(value, exponent)) if value > 0 else floor for value in values])


# Bases.

# Directions followed at most, rounds of iteration of a closed basis and of an open one, whether there is an opening, and
# whether the longer of two tracked sides learns from what the shorter one sees.
Rule = namedtuple("Rule", "limit first_rounds later_rounds opens is_joint")
ORIGINAL = Rule(256, 4, 2, True, False)


class Full:
    def __init__(self):
        self.covariance = None

    def learn(self, x, left):
        products = gram(Scaled(x.values if left else x.values.T, x.exponent))
        if not products.values.any():
            if self.covariance is not None:
                self.covariance.exponent -= 1
                self.energies = self.energies - 2
            return
        old = [] if self.covariance is None else [(self.covariance, 0.5)]
        values, exponent = weighted_sum(old + [(products, 1.0)])
        shift = exponent_of(largest_of(values)) - 29
        self.covariance = Scaled(rounded(values * power(-shift)), exponent + shift)
        found, vectors = eigen(self.covariance.values)
        self.directions = Factor(rounded(vectors * 2.0**14), -14)
        self.energies = energies_of(found.tolist(), self.covariance.exponent)

    def is_open(self):
        return self.covariance is not None

    def restore(self, y, left):
        d, y = self.directions, Scaled(y, 0)
        return (d.left_transposed(y) if left else d.right(y)).to(0).values


class Tracked:
    def __init__(self, count):
        self.count, self.reflector = count, None

    def is_open(self):
        return self.reflector is not None

    def restore(self, y, left):
        return self.reflector.apply(y, left, True)

    @property
    def rest(self):
        others = self.reflector.vectors.values.shape[1] - self.count
        return max(0.0, self.total - float(in_order(np.array(self.shares)))) / others if others else 0.0

    @property
    def energies(self):
        rest, size = self.rest, self.reflector.vectors.values.shape[1]
        return energies_of([max(share, rest) for share in self.shares] + [rest] * (size - self.count), self.exponent)

    def learn(self, samples, rule):
        """What the new directions see of the samples, before they are turned; None where there is nothing to see."""
        if not samples.values.any():
            if self.reflector is not None:
                self.exponent -= 1
            return None
        factor = Factor(samples.values, samples.exponent)
        project, unproject = factor.right, factor.right_transposed
        if not samples.left:
            project, unproject = unproject, project
        memory = Memory(self) if self.reflector is not None else None
        if memory:
            directions, rounds = memory.directions, rule.later_rounds
        else:
            directions = Scaled(arbitrary(self.count, samples.values.shape[0 if samples.left else 1]), 0)
            rounds = rule.first_rounds
        for _ in range(rounds):
            terms = [(unproject(project(directions)), 1.0)]
            directions = Reflector(weighted_sum(terms + (memory.image(directions) if memory else []))[0]).directions()
        inside = project(directions)
        terms = [(gram(inside), 1.0)]
        seen, exponent = weighted_sum(terms + (memory.seen(directions) if memory else []))
        values, vectors = eigen(seen)
        turned = Factor(rounded(vectors * 2.0**14), -14).left(directions)
        total = samples.energy * power(2 * samples.exponent - exponent)
        if memory:
            total += 0.5 * self.total * power(self.exponent - exponent)
        self.reflector = Reflector(turned.values)
        unit = exponent_of(total) if 0 < total < math.inf else 0
        self.shares = [min(max(value, 0.0) * power(-unit), 2.0) for value in values.tolist()]
        self.total, self.exponent = min(total * power(-unit), 2.0), exponent + unit
        return Samples.seen(inside, samples)


class Samples(Scaled):
    """What a tracked basis learns from, one sample a column (left) or a row, and the energy that they stand for."""

    def __init__(self, x, left, energy=None):
        limited = x.below(2.0**19)
        super().__init__(limited.values, limited.exponent)
        flat = limited.values.ravel()
        self.left, self.energy = left, float(dot(flat, flat)) if energy is None else energy

    @classmethod
    def seen(cls, inside, samples):
        """Of the other side; they stand for all that there was."""
        result = cls(inside, False, 0.0)
        result.energy = samples.energy * power(2 * samples.exponent - 2 * result.exponent)
        return result


class Memory:
    def __init__(self, basis):
        self.directions, self.rest, self.exponent = basis.reflector.directions(), basis.rest, basis.exponent
        self.factor = Factor(self.directions.values, self.directions.exponent)
        beyond = [max(share - self.rest, 0.0) for share in basis.shares]
        self.largest = max(beyond)
        self.shares = np.array([value / self.largest if self.largest > 0 else 0.0 for value in beyond])

    def term(self, matrix, energy):
        return Scaled(matrix.values, matrix.exponent + self.exponent), 0.5 * energy

    def overlap(self, others, factors):
        return self.factor.right_transposed(others).below(2.0**30).columns_times(factors)

    def image(self, others):
        weighted = self.factor.right(self.overlap(others, self.shares))
        return [self.term(weighted, self.largest), self.term(others, self.rest)]

    def seen(self, others):
        weighted = gram(self.overlap(others, np.sqrt(self.shares)))
        return [self.term(weighted, self.largest), self.term(Scaled(np.eye(len(others.values)), 0), self.rest)]


def arbitrary(count, size):
    with np.errstate(over="ignore"):
        numbers = np.arange(1, count * size + 1, dtype=np.uint64)
        z = np.uint64(0x5661727665000001) + numbers * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ z >> np.uint64(30)) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ z >> np.uint64(27)) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z.view(np.int64) >> 55).astype(np.float64).reshape(count, size)


class Side:
    """The basis of one side of a tile; closed until something was learned."""

    def __init__(self, size, left, plain, rule):
        self.size, self.left = size, left
        if plain or size < 16 or size > 8192 or rule.limit == 0:
            self.basis = None
        elif size <= 256:
            self.basis = Full()
        else:
            self.basis = Tracked(min(rule.limit, max(min(128, size // 4), size // 8)))

    @property
    def is_open(self):
        return self.basis is not None and self.basis.is_open()

    @property
    def energies(self):
        return self.basis.energies if self.is_open else np.zeros(self.size, np.int64)

    @property
    def is_tracked(self):
        return isinstance(self.basis, Tracked)

    def learn(self, x, exponent, rule):
        require(abs(exponent) <= 1 << 16, "values out of a basis' range")
        if self.basis is None:
            return None
        require(largest_of(x) < LIMIT, "values out of a basis' range")
        if self.is_tracked:
            return self.follow(Samples(Scaled(x, exponent), self.left), rule)
        with np.errstate(all="ignore"):
            return self.basis.learn(Scaled(x, exponent), self.left)

    def follow(self, samples, rule):
        with np.errstate(all="ignore"):
            return self.basis.learn(samples, rule)

    def restore(self, y):
        if not self.is_open:
            return y
        require(largest_of(y) < LIMIT, "values out of a basis' range")
        return self.basis.restore(y, self.left)
