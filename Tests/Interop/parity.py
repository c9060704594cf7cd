"""The parity of parts, by Docs/format.md, section 6.1, alone: checked, and used to mend a damaged part."""
import os
import struct

import xxhash

from checks import files_under, read, require

POLYNOMIAL = 1 << 16 | 1 << 12 | 1 << 3 | 1 << 1 | 1
WIDEST = 1 << 22


def times(a, b):
    product = 0
    while b:
        if b & 1:
            product ^= a
        a <<= 1
        if a >> 16:
            a ^= POLYNOMIAL
        b >>= 1
    return product


def generator(width):
    value, current = 2, WIDEST
    while current > width:
        for _ in range(15):
            value = times(value, value)
        current //= 2
    return value


def sums(part, width):
    """Both sums; the powers by Horner's rule from the last stripe to the first."""
    part += bytes(-len(part) % width)
    h, first, second = generator(width), [0] * (width // 2), [0] * (width // 2)
    multiples = {}
    for start in range(len(part) - width, -1, -width):
        for i, word in enumerate(struct.unpack_from(f"<{width // 2}H", part, start)):
            first[i] ^= word
            if second[i] not in multiples:
                multiples[second[i]] = times(second[i], h)
            second[i] = multiples[second[i]] ^ word
    return first, second


def written_hash(data):
    """XXH3-128, low half first."""
    value = xxhash.xxh3_128_intdigest(data)
    return struct.pack("<QQ", value & (1 << 64) - 1, value >> 64)


def decoded(file):
    require(file[:8] == b"VRVc" + struct.pack("<HH", 1, 0), "another header")
    require(file[-16:] == written_hash(file[:-16]), "the parity's own hash is another")
    width = (len(file) - 48) // 2
    count = width // 2
    return (struct.unpack_from("<Q", file, 8)[0], file[16:32], width, struct.unpack_from(f"<{count}H", file, 32),
            struct.unpack_from(f"<{count}H", file, 32 + width))


def mended(part, file):
    size, wanted, width, first, second = decoded(file)
    part = bytearray(part[:size].ljust(size, b"\0"))
    h = generator(width)
    for i, (mine, other) in enumerate(zip(*sums(bytes(part), width))):
        d, e = mine ^ first[i], other ^ second[i]
        if d == e == 0:
            continue
        stripe, power = 0, d
        while power != e:
            stripe, power = stripe + 1, times(power, h)
        at = stripe * width + 2 * i
        part[at] ^= d & 255
        if d >> 8:
            part[at + 1] ^= d >> 8
    require(written_hash(bytes(part)) == wanted, "the part is not mended")
    return bytes(part)


def check(archive):
    """Every part has its parity, and a stretch of each is mended by it."""
    paths = [path for path in files_under(archive) if path.endswith(".part")]
    for path in paths:
        part, file = read(os.path.join(archive, path)), read(os.path.join(archive, path[:-5] + ".parity"))
        size, wanted, width, first, second = decoded(file)
        require(size == len(part) and wanted == written_hash(part), f"{path}: the parity is of another part")
        large, small = len(part) // 512, min(len(part) // 256, 4096)
        width_by_size = max(1 << max(large, small, 1).bit_length() - 1, 16)
        require(width == min(width_by_size, WIDEST), f"{path}: stripes of {width} bytes")
        if len(part) > 1 << 20:
            continue
        require(sums(part, width) == (list(first), list(second)), f"{path}: other sums")
        length = min(width - 1, len(part))
        start = (len(part) - length) // 3
        damaged = part[:start] + bytes(255 - byte for byte in part[start:start + length]) + part[start + length:]
        require(mended(damaged, file) == part, f"{path}: mended to something else")
    return len(paths)
