"""For decoder.py: the notations of Docs/format.md (section 3) and the bytes of the records (section 11)."""
import struct

import numpy as np
import zstandard

# Section 9: bits of an element; and the size of what the exact codec takes for an element where that differs.
BITS = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6, "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32,
        "F32": 32, "C32": 32, "QI32": 32, "C64": 64, "F64": 64, "I64": 64, "U64": 64, "C128": 128}
BITS.update(dict.fromkeys(("BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ",
                           "QI8", "QU8"), 8))
ELEMENT_SIZE = {"F4": 1, "F6_E2M3": 1, "F6_E3M2": 1, "C32": 2, "C64": 4, "C128": 8}
EXACT_BLOCK = 1 << 20
QUANTIZED = ("F32", "BF16", "F16", "F64")
FLOATS = {"F32": "<f4", "F16": "<f2", "F64": "<f8"}


class Damaged(Exception):
    """The archive breaks a rule of the format."""


class Dropped(Damaged):
    """Something was pruned, or is made from what was: of a forgotten step no damage (section 8.3)."""


def require(condition, message):
    if not condition:
        raise Damaged(message)


def there(condition, message):
    if not condition:
        raise Dropped(message)


def unzstd(frame, size, prefix=b""):
    """One zstd frame that holds exactly so many bytes, with a raw-content prefix where there is one."""
    require(zstandard.frame_content_size(frame) in (-1, size), "a zstd frame of another size")
    dictionary = zstandard.ZstdCompressionDict(prefix, dict_type=zstandard.DICT_TYPE_RAWCONTENT) if prefix else None
    stream = zstandard.ZstdDecompressor(dict_data=dictionary).decompressobj()
    plain = stream.decompress(frame)
    require(stream.eof and not stream.unused_data and len(plain) == size, "not one zstd frame of the stated size")
    return plain


def unzigzag(value):
    return -(value + 1) // 2 if value % 2 else value // 2


class Input:
    """Reads the notations of section 3, and the bit and byte streams of sections 11.1 to 11.4, from some bytes."""

    def __init__(self, data):
        self.data, self.position = data, 0

    def take(self, count):
        require(count <= len(self.data) - self.position, "the bytes end too early")
        self.position += count
        return self.data[self.position - count:self.position]

    def end(self):
        require(self.position == len(self.data), "bytes are left over")

    def u8(self):
        return self.take(1)[0]

    def u64(self):
        return int.from_bytes(self.take(8), "little")

    def f64(self):
        return struct.unpack("<d", self.take(8))[0]

    def varint(self):
        value = shift = 0
        while True:
            byte = self.u8()
            value |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                require(value < 2**64 and (byte or shift == 7), "a varint that is too long")
                return value
            require(shift < 70, "a varint that is too long")

    def signed(self):
        return unzigzag(self.varint())

    def text(self):
        return self.take(self.varint()).decode()

    def hash(self):
        low = self.u64()
        return self.u64() << 64 | low

    def list(self, read):
        return [read(self) for _ in range(self.varint())]

    def bits(self, widths):
        """Unsigned numbers of so many bits each, lowest bits first, then zeros up to the next byte."""
        widths = np.asarray(widths, np.int64)
        count = int(widths.sum())
        bits = np.unpackbits(np.frombuffer(self.take((count + 7) // 8), np.uint8), bitorder="little").astype(np.int64)
        require(not bits[count:].any(), "padding that is not zero")
        places = np.arange(count) - np.repeat(np.cumsum(widths) - widths, widths)
        numbers = np.zeros(len(widths), np.int64)
        np.add.at(numbers, np.repeat(np.arange(len(widths)), widths), bits[:count] << places)
        return numbers

    def byte_stream(self, count):                                                              # section 11.1
        if count == 0:
            return np.zeros(0, np.uint8)
        form = self.u8()
        require(form <= 2, "an unknown form of byte stream")
        if form == 1:
            return np.full(count, self.u8(), np.uint8)
        if form == 0:
            return np.frombuffer(self.take(count), np.uint8)
        frame = self.take(self.varint())
        require(zstandard.frame_content_size(frame) == count, "a byte stream of another size")
        return np.frombuffer(unzstd(frame, count), np.uint8)

    def value_stream(self, count, bound):                                                      # section 11.2
        if count == 0:
            return np.zeros(0, np.uint8)
        packing = self.u8()
        require(packing == 1 or (packing == 2 and bound <= 16), "an unknown packing of values")
        values = self.byte_stream(count if packing == 1 else (count + 1) // 2)
        if packing == 2:
            values = np.stack([values // bound, values % bound], axis=1).ravel()
            require(not values[count:].any(), "a pair too many")
        require(values.max() < bound, "a value out of range")
        return values[:count]

    def index_stream(self, count, largest):                                                    # section 11.3
        kind, indices = self.u8(), np.zeros(count, np.uint8)
        if kind == 0:
            return indices
        if kind == 1:
            return self.value_stream(count, largest + 1)
        require(kind == 3 or (kind == 2 and largest <= 63), "an unknown kind of index stream")
        shift, nonzero, tokens = self.u8(), self.varint(), self.varint()
        require(shift <= 24 and 1 <= nonzero <= tokens <= count, "impossible counts in an index stream")
        width, escape = (largest, 255 // largest) if kind == 2 else (1, 128)
        token = self.byte_stream(tokens).astype(np.int64)
        low = self.bits([shift] * nonzero)
        ends = token < escape * width                        # the token ends its zeros with an index
        require(token.max() <= escape * width and ends[-1] and ends.sum() == nonzero, "impossible tokens")
        values = token[ends] % width if kind == 2 else self.value_stream(nonzero, largest)
        steps = (token // width << shift) + ends
        steps[ends] += low
        places = np.cumsum(steps)[ends] - 1
        require(places[-1] < count, "an index beyond the last element")
        indices[places] = values + 1
        return indices

    def codebooks(self, count):                                                                # section 11.4
        """Of each its centres, behind a zero for index 0."""
        sizes = self.byte_stream(count).tolist()
        shifts = self.byte_stream(sum(size > 0 for size in sizes)).tolist()
        lengths = self.byte_stream(sum(sizes)).tolist()
        require(max(shifts, default=0) <= 31 and max(lengths, default=0) <= 33, "impossible codebooks")
        low = self.bits([max(length - 1, 0) for length in lengths]).tolist()
        numbers = iter([number | 1 << length - 1 if length else 0 for number, length in zip(low, lengths)])
        shifts, books, first = iter(shifts), [], 0
        for size in sizes:
            keys, shift = [], next(shifts) if size else 0
            for number in (next(numbers) for _ in range(size)):
                if not keys:
                    first += unzigzag(number)
                keys.append(keys[-1] + 1 + number if keys else first)
            require(all(abs(key) << shift <= 0x7F7FFFFF for key in keys), "a centre that is not finite")
            bits = [abs(key) << shift | (key < 0) << 31 for key in keys]
            books.append(np.array([0] + bits, np.uint32).view(np.float32))
        return books


def varint(value):
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)


def exact(record, tensor, predecessor=None):
    """Section 11.8."""
    source, restored, total = Input(record), bytearray(), tensor.size
    while len(restored) < total:
        number, kind = divmod(source.varint(), 4)
        start, size = len(restored), min(EXACT_BLOCK, total - len(restored))
        require(kind <= 2 and (kind == 2 or number >= 1), "an unknown kind of exact block")
        if kind < 2:
            require((number - 1) * EXACT_BLOCK < total - start, "more blocks than the tensor has")
            end = min(total, start + number * EXACT_BLOCK)
            require(kind == 1 or predecessor is not None, "a predecessor that is not there")
            restored += source.take(end - start) if kind == 1 else predecessor[start:end]
            continue
        require(number == 0 or (number <= 2 and predecessor is not None), "an unknown transform")
        width = ELEMENT_SIZE.get(tensor.dtype, BITS[tensor.dtype] // 8)
        count = size // width
        planes = np.stack([source.byte_stream(count) for _ in range(width)], axis=1)
        words = np.ascontiguousarray(planes).view(f"<u{min(width, 8)}").ravel()
        if number:
            before = np.frombuffer(predecessor[start:start + count * width], words.dtype)
            one = words.dtype.type(1)
            words = words ^ before if number == 1 else before + ((words >> one) ^ (~(words & one) + one))
        restored += words.tobytes() + source.take(size - count * width)
    source.end()
    return bytes(restored)


def rounded(values, dtype):
    """float32 (F64: float64) values in the bits of a dtype, to nearest even."""
    if dtype != "BF16":
        return values.astype(FLOATS[dtype])
    bits = values.astype(np.float32).view(np.uint32)
    return (bits + np.uint32(0x7FFF) + (bits >> 16 & 1) >> 16).astype("<u2")


def widened(data, dtype):
    if dtype == "BF16":
        return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
    values = np.frombuffer(data, FLOATS[dtype])
    return values if dtype == "F64" else values.astype(np.float32)


def split(values, counts):
    return np.split(values, np.cumsum(counts)[:-1]) if counts else []


def chosen(books, parts):
    """Of each parameter the centres its indices mean."""
    for book, part in zip(books, parts):
        require(part.size == 0 or part.max() < len(book), "an index above its codebook")
    return [book[part] for book, part in zip(books, parts)]


def largest(books):
    return max([1] + [len(book) - 1 for book in books])


def weights_section(data, counts):
    """Section 11.5: of each parameter its indices and the centres they mean."""
    source = Input(data)
    books = source.codebooks(len(counts))
    parts = split(source.index_stream(sum(counts), largest(books)), counts)
    source.end()
    return parts, chosen(books, parts)


def moments_section(data, firsts, seconds):
    """Section 11.6: first and second moments at the kept elements. `firsts` and `seconds`: {place: kept elements}."""
    source = Input(data)
    paired = source.u8()
    require(paired <= 1 and (not paired or set(firsts) == set(seconds)), "an unknown kind of moments' section")
    books = source.codebooks(len(firsts) + len(seconds))
    books1, books2 = books[:len(firsts)], books[len(firsts):]
    a1, a2 = largest(books1), largest(books2)
    require(not paired or a1 * a2 <= 255, "codebooks too large for a pair")
    places, counts = list(firsts), list(firsts.values())
    indices = source.index_stream(sum(counts), a1 * a2 if paired else a1).astype(np.int64)
    if paired:
        kept = np.maximum(indices - 1, 0)
        first, second = np.where(indices, kept // a2 + 1, 0), np.where(indices, kept % a2 + 1, 0)
    else:
        both = np.repeat([place in seconds for place in places], counts) & (indices > 0)
        first, second = indices, np.zeros_like(indices)
        second[both] = source.value_stream(int(both.sum()), a2).astype(np.int64) + 1
    source.end()
    parts2 = [part for place, part in zip(places, split(second, counts)) if place in seconds]
    return (dict(zip(firsts, chosen(books1, split(first, counts)))), dict(zip(seconds, chosen(books2, parts2))))
