"""An independent decoder of Varve archives, written from Docs/format.md, Docs/format-transform.md and
Docs/format-lossless.md alone ("section" means a section of the first, unless the file says otherwise).

`main` restores a whole archive, but what was forgotten, or one step of it, into a new directory. Made for being read, not
for speed: files are put together in memory. It shares no code with Varve, so what both restore alike is what the document
says.
"""
import copy
import math
import os
import re
import shutil
import struct
import sys
from collections import namedtuple

import numpy as np
import xxhash
import zstandard

from . import lossless
from . import transform
from .files import assembled, read, redo_checksums, set_attributes
from .records import (BITS, QUANTIZED, Damaged, Dropped, Input, moments_section, require, rounded, there,
                             unzstd, varint, weights_section, widened)

DAMAGED = 12
VERSION = 1                                      # major, of all files
PART_VERSION = (1, 0)
RUN = 2**64 - 1                                  # stands for the step's number in the run's own parts
DIRECTORY, FILE, SYMBOLIC_LINK, HARD_LINK, COPY, VARIANT = range(6)
WEIGHT, FIRST, SECOND, OTHER = range(4)
PACKED, UNCHANGED, SAME_AS, EXCP, TRANSFORM, OPENING, HALF_COPY, STATE = range(8)
RECORD, PREFIXED, ELSEWHERE, CONSTANT = range(4)
MOMENTS, WHOLE = 1, 2                            # what is forgotten, or pruned, of a step
PAYLOAD_BLOCK, LARGEST_BODY = 4 << 20, 1 << 30


# Manifests: sections 4, 5, 7 to 10.

Reference = namedtuple("Reference", "part offset size checksum")
Block = namedtuple("Block", "content record place value size checksum")
Entry = namedtuple("Entry", "path kind target regions mode modified size prefix payload containers")
Tensor = namedtuple(
    "Tensor", "name role key dtype shape count size pieces coding reference step quantized lossless hash again")
# Of a box of a tensor (its first index and its size in each dimension) the elements of a range, in row-major order; all of
# the tensor where these are None.
Piece = namedtuple("Piece", "entry offset starts sizes range")
QuantizedGroup = namedtuple("QuantizedGroup", "method weights moments")
# Of a step, for the next one: tensors by identity with what they were in the step before, where their coding has that
# in it; weights and states by name, exact tensors by name and role, payload by entry. Bytes that were pruned are None.
Restored = namedtuple("Restored", "tensors weights states exact payload")
DROPPED = Reference(0, 0, 0, 0)                                                                # section 8.3


def read_reference(body):                                                                      # section 6
    return Reference(body.varint(), body.varint(), body.varint(), body.u64())


def read_block(body):                                                               # section 8
    record = place = value = None
    content = body.u8()
    if content == ELSEWHERE:
        place = (body.varint(), body.varint(), body.varint())
    elif content == CONSTANT:
        value = body.u8()
    else:
        record = read_reference(body)
    size = body.varint()
    checksum = None if content == CONSTANT else body.u64()
    require(1 <= size <= PAYLOAD_BLOCK and content <= CONSTANT, "an impossible block of payload")
    return Block(content, record, place, value, size, checksum)


def read_entry(body):                                                                          # section 8
    path, kind = safe(body.text()), body.u8()
    require(kind <= VARIANT, "an unknown kind of entry")
    target = body.text() if kind >= SYMBOLIC_LINK else ""
    if kind >= HARD_LINK:
        safe(target)
    regions = body.list(lambda body: (body.varint(), body.varint(), body.varint())) if kind == VARIANT else []
    mode, modified = body.varint(), body.signed()
    require(mode <= 0o7777, "an impossible mode")
    is_file = kind in (FILE, VARIANT)
    file = (body.varint(), body.varint(), body.list(read_block)) if is_file else (0, 0, [])
    containers, end = [], 0
    for gap, size in body.list(lambda body: (body.varint(), body.varint())) if is_file else []:
        containers.append((end + gap, size))
        end += gap + size
    require(end <= file[0], "a zip file ends beyond its file")
    return Entry(path, kind, target, regions, mode, modified, *file, containers)


def read_tensor(body):                                                                         # section 9
    name, role, key, dtype, shape = body.text(), body.u8(), body.text(), body.text(), body.list(Input.varint)
    require(dtype in BITS, "a tensor of an unknown kind")
    pieces, coding = read_pieces(body, dtype, shape), body.u8()
    require(role <= OTHER and coding <= STATE, "a tensor of an unknown kind")
    require(coding != STATE or dtype in QUANTIZED and role != WEIGHT, "a state of another kind")
    reference = read_reference(body) if coding == STATE else None
    step = body.varint() if coding == SAME_AS else None
    quantized = (body.varint(), body.varint()) if EXCP <= coding <= HALF_COPY else None
    lossless = (body.varint(), body.varint(), body.u8()) if coding == PACKED else None
    digest = body.hash()
    require(body.u8() <= 5, "a tensor paired in an unknown way")
    body.varint(), body.take(4)                         # stored bytes, energy: for reports
    if quantized or coding == STATE:
        # The change since the chain began, errors and pruned elements: for reports.
        body.take(12), body.varint()
    again = body.u8()
    require(again <= 1, "an error that is known in an unknown way")
    if again:                                                # section 9.2
        least, most, largest = struct.unpack("<3f", body.take(12))
        require(0 <= least <= most and largest >= 0, "an error that cannot be")
    count = math.prod(shape)
    size = (count * BITS[dtype] + 7) // 8
    return Tensor(name, role, key, dtype, shape, count, size, pieces, coding, reference, step, quantized,
                  lossless, digest, bool(again))


def read_pieces(body, dtype, shape):                                                           # section 9.1
    count = body.varint()
    if count == 0:
        return [Piece(body.varint(), body.varint(), None, None, None)]
    require(BITS[dtype] % 8 == 0, "pieces of elements of less than a byte")
    pieces, entry, offset, starts, sizes, end = [], 0, 0, [0] * len(shape), list(shape), 0
    for _ in range(count):
        entry, offset = entry + body.signed(), (offset + body.signed()) % 2**64
        before = (starts, sizes)
        starts = [start + body.signed() for start in starts]
        sizes = [size + body.signed() for size in sizes]
        require(all(start >= 0 and size >= 0 and start + size <= whole
                    for start, size, whole in zip(starts, sizes, shape)), "a piece outside of its tensor")
        first = (end if before == (starts, sizes) else 0) + body.signed()
        end = math.prod(sizes) - body.varint()
        require(entry >= 0 and 0 <= first < end, "an impossible piece")
        pieces.append(Piece(entry, offset, starts, sizes, (first, end)))
    # Every element once; what comes again is a whole piece.
    seen, counts = set(), np.zeros(shape, np.uint8)
    for piece in pieces:
        if (place := str(piece[2:])) not in seen:
            seen.add(place)
            inside = np.zeros(math.prod(piece.sizes), np.uint8)
            inside[slice(*piece.range)] = 1
            counts[box(piece)] += inside.reshape(piece.sizes)
    require((counts == 1).all(), "pieces that are not the tensor")
    return pieces


def box(piece):
    return tuple(slice(start, start + size) for start, size in zip(piece.starts, piece.sizes))


def piece_size(tensor, piece):
    return tensor.size if piece.range is None else (piece.range[1] - piece.range[0]) * BITS[tensor.dtype] // 8


def piece_of(tensor, piece, data):
    """The bytes of a piece, from those of the tensor."""
    if piece.range is None:
        return data
    elements = np.frombuffer(data, np.dtype((np.void, BITS[tensor.dtype] // 8))).reshape(tensor.shape)
    return np.ascontiguousarray(elements[box(piece)]).reshape(-1)[slice(*piece.range)].tobytes()


def read_quantized_group(body):                                                                # section 10
    method = body.u8()
    require(method <= 1, "a quantized group of an unknown method")
    if method == 0:
        body.f64(), body.f64(), body.varint(), body.u8()     # settings, for people
    weights, moments = read_reference(body), body.u8()
    require(moments <= 1, "an impossible quantized group")
    return QuantizedGroup(method, weights, read_reference(body) if moments else None)


def is_weight(tensor):
    """Rather than a copy of one."""
    return tensor.role == WEIGHT and not tensor.key


def is_moment(tensor):
    """Of what goes with the moments of a step."""
    return tensor.role in (FIRST, SECOND) or tensor.role == OTHER and is_lossy(tensor)


def is_lossy(tensor):
    return tensor.quantized is not None or tensor.coding == STATE


def identity(tensor):
    return tensor.name, tensor.role, tensor.key


def safe(path):
    require(path and len(path.encode()) <= 4095 and "\0" not in path
            and not {"", ".", ".."} & set(path.split("/")), f"the path {path!r} is not allowed")
    return path


def unsealed(path, magic):
    """The body of a manifest (section 4)."""
    with open(path, "rb") as file:
        data = file.read()
    require(len(data) >= 40 and data[:4] == magic, f"{path} is no manifest")
    require(int.from_bytes(data[-16:], "little") == xxhash.xxh3_128_intdigest(data[:-16]), f"{path}: hash differs")
    if struct.unpack_from("<H", data, 4)[0] > VERSION:
        sys.exit(f"{path} is of a newer version of the format")
    stored, plain = struct.unpack_from("<QQ", data, 8)
    require(stored == len(data) - 40 and plain <= LARGEST_BODY, f"{path}: sizes do not add up")
    return Input(unzstd(data[24:-16], plain))


class Manifest:
    """What step.manifest (section 7) and run.manifest (section 8.2) have in common, and the bytes of their parts."""

    def __init__(self, folder, number):
        self.folder, self.number, self.tensors = folder, number, []
        self.forgotten = 0                                   # if anything, then it need not be all there

    def read_files(self, body):
        self.parts = body.list(lambda body: (safe(body.text()), body.varint()))
        self.entries = body.list(read_entry)

    def open_parts(self):
        self.bytes = []
        for name, size in self.parts:                                                          # section 6
            require("/" not in name, "a part in another directory")
            with open(os.path.join(self.folder, name), "rb") as file:
                part = file.read()
            require(len(part) == size and part[:16] == struct.pack("<4sHHQ", b"VRVp", *PART_VERSION, self.number),
                    f"{name}: not the part that the manifest means")
            self.bytes.append(part)

    def record(self, reference):
        there(reference != DROPPED, f"a record of step {self.number} was pruned")
        require(reference.part < len(self.bytes), "a reference to no part")
        part, end = self.bytes[reference.part], reference.offset + reference.size
        require(16 <= reference.offset and end <= len(part), "a reference outside of its part")
        record = part[reference.offset:end]
        require(xxhash.xxh3_64_intdigest(record) == reference.checksum, "a record's checksum differs")
        return record

    def payload(self, entry, prefixes=(), elsewhere=None):
        """The decoded blocks of an entry (sections 8 and 11.9)."""
        blocks = []
        for index, block in enumerate(entry.payload):
            require(index == len(entry.payload) - 1 or block.size == PAYLOAD_BLOCK, "a short block of payload")
            try:
                blocks.append(self.payload_block(block, prefixes[index] if index < len(prefixes) else None, elsewhere))
            except Dropped:
                if not self.forgotten:
                    raise
                blocks.append(None)
        return blocks

    def payload_block(self, block, prefix, elsewhere):
        if block.content == CONSTANT:
            return bytes([block.value]) * block.size
        if block.content == ELSEWHERE:
            require(elsewhere is not None, "payload of a step in the run's files")
            return elsewhere(block)
        there(block.content == RECORD or prefix is not None, "a block's prefix is missing")
        return self.plain(block, prefix if block.content == PREFIXED else b"")

    def plain(self, block, prefix):
        record = self.record(block.record)
        form, rest = record[:1], record[1:]
        require(form in (b"\0", b"\1", b"\2", b"\3") and not (form == b"\2" and (rest or block.content != PREFIXED)),
                "an unknown form of payload")
        plain = (rest if form == b"\0" else prefix if form == b"\2" else unzstd(rest, block.size, prefix) if form == b"\1"
                 else lossless.float_block(rest, block.size, prefix))
        require(len(plain) == block.size and xxhash.xxh3_64_intdigest(plain) == block.checksum,
                "payload differs from its checksum")
        return plain


class Step(Manifest):
    def __init__(self, folder, number):                                                        # section 7
        super().__init__(folder, number)
        body = unsealed(os.path.join(folder, "step.manifest"), b"VRVs")
        require(body.varint() == number, f"{folder}: the manifest of another step")
        self.flags, self.path, _ = body.u8(), body.text(), body.text()    # entries have whole paths themselves
        require(not self.path or safe(self.path), "the step's path is not allowed")
        kind, self.predecessor = body.u8(), None
        require(kind <= 2, "an unknown kind of predecessor")
        if kind == 2:
            sys.exit(f"step {number} builds on a base, which is not in the archive; this decoder does not take one")
        if kind == 1:
            self.predecessor, self.predecessor_digest = body.varint(), body.hash()
        self.read_files(body)
        self.quantized_groups = body.list(read_quantized_group)
        self.lossless_groups = body.list(read_reference)
        self.tensors = body.list(read_tensor)
        body.list(lambda body: (body.text(), body.text()))   # pairs
        body.list(Input.text)                                # notes
        self.pruned = body.u8()                                                                # section 8.3
        require(self.pruned <= WHOLE, "pruned in an unknown way")
        body.end()
        require(self.pruned or DROPPED not in self.references(), "a record is missing of a step that was not pruned")
        self.check()

    def renumber(self, key):                                                                   # section 2.1
        """Lets every step that is named be the version that is meant."""
        self.step_key = key(self.number)
        self.predecessor = key(self.predecessor) if self.predecessor is not None else None
        self.tensors = [tensor._replace(step=key(tensor.step)) if tensor.coding == SAME_AS else tensor
                        for tensor in self.tensors]
        for index, entry in enumerate(self.entries):
            payload = [block._replace(place=(key(block.place[0]), *block.place[1:]))
                       if block.content == ELSEWHERE else block for block in entry.payload]
            self.entries[index] = entry._replace(payload=payload)

    def references(self):
        return [*(block.record for entry in self.entries for block in entry.payload),
                *(tensor.reference for tensor in self.tensors), *self.lossless_groups,
                *(reference for group in self.quantized_groups for reference in (group.weights, group.moments))]

    def check(self):
        require(len({identity(t) for t in self.tensors}) == len(self.tensors), "a tensor stands there twice")
        place, ranges = (0, 0), []
        for tensor in self.tensors:
            require(place <= tensor.pieces[0][:2], "a tensor is not in its place")
            place = tensor.pieces[0][:2]
            for piece in tensor.pieces:
                require(piece.entry < len(self.entries) and self.entries[piece.entry].kind == FILE, "a tensor in no file")
                end = piece.offset + piece_size(tensor, piece)
                require(end <= self.entries[piece.entry].size, "a tensor exceeds its file")
                ranges.append((piece.entry, piece.offset, end))
            if tensor.quantized:
                require(tensor.quantized[0] < len(self.quantized_groups) and tensor.dtype in QUANTIZED
                        and (tensor.coding == HALF_COPY
                             or (tensor.coding == EXCP) == (self.quantized_groups[tensor.quantized[0]].method == 0))
                        and (tensor.coding != EXCP or tensor.role != OTHER)
                        and (tensor.coding != HALF_COPY or tensor.role == WEIGHT and tensor.key),
                        "a tensor in no quantized group of its kind")
            require(tensor.coding != SAME_AS or tensor.step < self.number, "a tensor of a later step")
        ranges = sorted(each for each in ranges if each[1] < each[2])
        require(all(one[0] < two[0] or one[2] <= two[1] for one, two in zip(ranges, ranges[1:])), "tensors overlap")
        self.lossless_members = [{} for _ in self.lossless_groups]                               # section 12
        for index, tensor in enumerate(self.tensors):
            if tensor.lossless:
                group, place, depth = tensor.lossless
                require(group < len(self.lossless_groups) and place not in self.lossless_members[group],
                        "two tensors in one place")
                require(depth <= (0 if self.predecessor is None else 2), "predecessors that are not there")
                self.lossless_members[group][place] = index
        require(all(members and max(members) == len(members) - 1 for members in self.lossless_members),
                "a gap in a lossless group")

    @property
    def weights_digest(self):
        digest = xxhash.xxh3_128()
        for tensor in sorted((t for t in self.tensors if is_weight(t)), key=lambda t: t.name.encode()):
            name = tensor.name.encode()
            digest.update(varint(len(name)) + name + tensor.hash.to_bytes(16, "little"))
        return digest.intdigest()


# A whole archive.

def plain_number(key):
    """The number of a step, of which a version that was replaced is known by number and generation."""
    return key[0] if isinstance(key, tuple) else key


class Decoder:
    def __init__(self, archive):
        body = unsealed(os.path.join(archive, "archive.manifest"), b"VRVa")                    # section 5
        body.text()
        body.end()
        found = {}                              # (number, generation): the step's directory
        folder = os.path.join(archive, "steps")
        for name in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:               # section 2
            is_number = re.fullmatch("([0-9]{12}|[1-9][0-9]{12,})(?:-([1-9][0-9]*))?", name)
            if is_number and os.path.exists(os.path.join(folder, name, "step.manifest")):
                found[int(is_number[1]), int(is_number[2] or 0)] = os.path.join(folder, name)
        self.marks, replaced = self.read_marks(os.path.join(archive, "forgotten.manifest"))
        self.steps = self.read_steps(found, replaced)
        for number, step in self.steps.items():
            is_replaced = isinstance(number, tuple)
            step.forgotten = WHOLE if is_replaced else self.marks.get(number, (0, 0))[0]
        self.run, self.links = None, []
        if os.path.exists(os.path.join(archive, "run.manifest")):
            self.run = Manifest(archive, RUN)
            body = unsealed(os.path.join(archive, "run.manifest"), b"VRVr")
            self.run.read_files(body)
            self.links = body.list(lambda body: (safe(body.text()), safe(body.text())))
            body.end()

    @staticmethod
    def read_steps(found, replaced):                                                           # section 2.1
        """Every version of every step: by number the one that counts, by number and generation those that do not."""
        current = {}
        for number, generation in sorted(set(found) - set(replaced)):
            current[number] = generation
        known = sorted(set(found) | set(replaced))

        def key(number, generation):
            return number if current.get(number) == generation else (number, generation)

        steps = {}
        for (number, generation), folder in found.items():
            def seen(other, generation=generation):
                older = [version for version in known if version[0] == other and version[1] <= generation]
                return key(*older[-1]) if older else other
            step = Step(folder, number)
            step.renumber(seen)
            steps[step.step_key] = step
        return steps

    @staticmethod
    def read_marks(path):                                                                      # section 8.3
        """What is forgotten of steps, and what was pruned of that; versions that were replaced, and whether pruned.
        Where the file is damaged, nothing is restored."""
        if not os.path.exists(path):
            return {}, {}
        body = unsealed(path, b"VRVf")
        pins, marks = body.list(Input.varint), body.list(lambda body: (body.varint(), body.u8(), body.u8()))
        replaced = body.list(lambda body: (body.varint(), body.varint(), body.u8()))
        body.end()
        require([v[:2] for v in replaced] == sorted({v[:2] for v in replaced}), "versions that do not ascend")
        require(all(pruned in (0, WHOLE) for *_, pruned in replaced), "an impossible mark")
        for steps in pins, [step for step, _, _ in marks]:
            require(steps == sorted(set(steps)), "steps that do not ascend")
        require(all(MOMENTS <= what <= WHOLE and pruned <= what for _, what, pruned in marks), "an impossible mark")
        versions = {(number, generation): (WHOLE, pruned) for number, generation, pruned in replaced}
        return {**{step: (what, pruned) for step, what, pruned in marks}, **versions}, versions

    def is_gone(self, number):
        """Whether nothing is left of a step, rightly."""
        return number not in self.steps and self.marks.get(number) == (WHOLE, WHOLE)

    def order(self, only=None):
        """Steps, each behind its predecessor: all of them, or what one of them is made from."""
        placed = []
        for number in sorted(self.steps, key=plain_number) if only is None else self.sources(only):
            chain = []
            while number is not None and number not in placed and not self.is_gone(number):
                require(number in self.steps and number not in chain, f"the chain breaks at step {number}")
                chain.append(number)
                number = self.steps[number].predecessor
            placed += reversed(chain)
        return placed

    def sources(self, only):
        """The steps that have a tensor which a step, or one that it builds on, refers to by their number; and itself."""
        found, ahead = set(), [only]
        while ahead:
            number = ahead.pop()
            if number is None or number in found or number not in self.steps:
                continue
            found.add(number)
            ahead += [self.steps[number].predecessor, *(t.step for t in self.steps[number].tensors if t.coding == SAME_AS)]
        return sorted(found, key=plain_number)

    def restore(self, root, only=None):
        for manifest in [*self.steps.values(), *([self.run] if self.run else [])]:
            manifest.open_parts()
        restored = {None: Restored({}, {}, {}, {}, [])}
        # Tensors that later steps refer to by the number of this one.
        kept = {(t.step, identity(t)): None for step in self.steps.values() for t in step.tensors
                if t.coding == SAME_AS}
        order = self.order(only)
        for place, number in enumerate(order):
            step = self.steps[number]
            is_gone = self.is_gone(step.predecessor)
            if step.predecessor is not None and not is_gone:
                require(self.steps[step.predecessor].weights_digest == step.predecessor_digest,
                        f"step {number} builds on another step {step.predecessor}")
            before = restored[None if is_gone else step.predecessor]
            tensors, states = self.tensors(step, before, kept)
            for tensor, data in zip(step.tensors, tensors):
                if (number, identity(tensor)) in kept and tensor.coding == PACKED:
                    kept[number, identity(tensor)] = data
            payloads = before.payload
            require(is_gone or all(e.prefix <= len(payloads) for e in step.entries), "a prefix in no entry")
            payload = [step.payload(e, payloads[e.prefix - 1] if e.prefix and not is_gone else (),
                                    lambda block: self.block_elsewhere(block, step)) for e in step.entries]
            if step.forgotten != WHOLE and only in (None, number):
                self.write_files(step, payload, tensors, root)
            pairs = list(zip(step.tensors, tensors))
            weights = {tensor.name: data for tensor, data in pairs if is_weight(tensor)}
            exactly = {(tensor.name, tensor.role): (tensor, data) for tensor, data in pairs
                     if not is_lossy(tensor) and not tensor.key}
            everything = {identity(tensor): (tensor, data, self.earlier(tensor, before)) for tensor, data in pairs}
            restored[number] = Restored(everything, weights, states, exactly, payload)
            wanted = {self.steps[later].predecessor for later in order[place + 1:]}
            restored = {key: value for key, value in restored.items() if key is None or key in wanted}
        if self.run and only is None:
            self.write_files(self.run, [self.run.payload(entry) for entry in self.run.entries], [], root)
        self.finish(root, only)

    @staticmethod
    def previous(tensor, predecessor):
        """Record, bytes, and bytes of one more step back of what a tensor builds on (section 9)."""
        before = predecessor.tensors.get(identity(tensor))
        there(before is not None and before[1] is not None, f"{tensor.name}: no predecessor")
        require(len(before[1]) == tensor.size, f"{tensor.name}: no predecessor")
        usable = (UNCHANGED, PACKED) + ((EXCP, TRANSFORM, OPENING) if is_weight(tensor) else ())
        require(before[0].coding in usable, f"{tensor.name}: a predecessor that is none")
        return before

    @staticmethod
    def earlier(tensor, predecessor):
        """The bytes of the step before that a tensor's coding has in it."""
        reaches_back = tensor.coding == UNCHANGED or tensor.lossless and tensor.lossless[2]
        before = predecessor.tensors.get(identity(tensor)) if reaches_back else None
        return before and before[1]

    def block_elsewhere(self, block, step):
        """The bytes of a block that another one has: of an earlier step, or a record of the same (section 8)."""
        number, entry, index = block.place
        there(not self.is_gone(number), "payload of a step that was pruned")
        require(plain_number(number) <= step.number and number in self.steps, "payload of a step that is not there")
        source = self.steps[number]
        require(entry < len(source.entries) and index < len(source.entries[entry].payload), "payload in no entry")
        found = source.entries[entry].payload[index]
        require(found.content in (RECORD, PREFIXED) and (found.size, found.checksum) == (block.size, block.checksum),
                "payload elsewhere is of another content")
        return self.block(source, entry, index)

    def block(self, step, entry, index):
        """One block of payload, by way of its prefixes."""
        require(entry < len(step.entries) and index < len(step.entries[entry].payload), "payload in no entry")
        block = step.entries[entry].payload[index]
        if block.content == CONSTANT:
            return bytes([block.value]) * block.size
        if block.content == ELSEWHERE:
            return self.block_elsewhere(block, step)
        if block.content == RECORD:
            return step.plain(block, b"")
        require(step.predecessor is not None and step.entries[entry].prefix, "a block's prefix is missing")
        there(not self.is_gone(step.predecessor), "a block's prefix was pruned")
        return step.plain(block, self.block(self.steps[step.predecessor], step.entries[entry].prefix - 1, index))

    def tensors(self, step, predecessor, kept):
        """The bytes of all tensors of a step, compared with their hashes (section 9), and the states.

        Of a forgotten step as far as what they are made from is there."""
        found, states = {}, {}

        def add(tensors):
            try:
                for index, data in tensors:
                    if data is not None:
                        found[index] = data
            except Dropped:
                if not step.forgotten:
                    raise

        for index in range(len(step.tensors)):
            add(self.alone(step, index, predecessor, kept))
        for reference, places in zip(step.lossless_groups, step.lossless_members):
            add(self.lossless_group(step, reference, [places[place] for place in range(len(places))], predecessor))
        for number, group in enumerate(step.quantized_groups):
            members = self.members(step, number)
            parameters = self.parameters(step, members)
            if group.method == 0:
                add(self.excp(step, group, parameters, members, predecessor.weights))
            else:
                add(self.transform(step, group, parameters, members, predecessor, states))
        require(step.forgotten or len(found) == len(step.tensors), "tensors in no quantized group, or two in one place")
        for index in found:
            tensor = step.tensors[index]
            same = len(found[index]) == tensor.size and xxhash.xxh3_128_intdigest(found[index]) == tensor.hash
            require(same, f"step {step.number}: {tensor.name}: restored bytes differ from their hash")
        return [found.get(index) for index in range(len(step.tensors))], states

    def alone(self, step, index, predecessor, kept):
        """Yields index and bytes of a tensor that is in no quantized group and no lossless group."""
        tensor = step.tensors[index]
        if tensor.coding == STATE:
            yield index, transform.single_state(step.record(tensor.reference), tensor.shape, tensor.dtype)
        elif tensor.coding == UNCHANGED:
            yield index, self.previous(tensor, predecessor)[1]
        elif tensor.coding == SAME_AS:
            there(kept[tensor.step, identity(tensor)] is not None, f"{tensor.name}: not in step {tensor.step}")
            yield index, kept[tensor.step, identity(tensor)]

    def lossless_group(self, step, reference, places, predecessor):
        """Yields index and bytes of each tensor of a lossless group (section 12)."""
        members = []
        for tensor in (step.tensors[index] for index in places):
            before, depth = (None, None, None), tensor.lossless[2]
            if depth:
                before = self.previous(tensor, predecessor)
            require(depth < 2 or before[2] is not None, f"{tensor.name}: no predecessor of its predecessor")
            members.append((tensor, before[1], before[2] if depth > 1 else None))
        yield from zip(places, lossless.tensors(step.record(reference), members))

    def members(self, step, number):
        """The members of a quantized group (section 10): by place, role, and 0 or which of the copies."""
        members = {}
        for index, tensor in enumerate(step.tensors):
            if not tensor.quantized or tensor.quantized[0] != number:
                continue
            place, copy_number = tensor.quantized[1], 0
            if tensor.coding == HALF_COPY:
                copy_number = 1 + sum(other == place and is_copy > 0 for other, _, is_copy in members)
            require((place, tensor.role, copy_number) not in members, "two tensors in one place of a quantized group")
            members[place, tensor.role, copy_number] = index
        return members

    def parameters(self, step, members):
        """The weights of a quantized group (section 10)."""
        count = sum(role == WEIGHT and not is_copy for _, role, is_copy in members)
        require(all(place < count and (place, WEIGHT, 0) in members
                    and step.tensors[index].count == step.tensors[members[place, WEIGHT, 0]].count
                    for (place, _, _), index in members.items()), "the members of a quantized group do not fit")
        return [step.tensors[members[place, WEIGHT, 0]] for place in range(count)]

    def copies(self, step, members, place, tensor, data):
        """Yields index and bytes of each copy of a restored weight (section 10.3)."""
        for (other, _, is_copy), index in members.items():
            if other != place or not is_copy:
                continue
            dtype = step.tensors[index].dtype
            if data is None or dtype == tensor.dtype:
                yield index, data
            else:
                with np.errstate(over="ignore"):
                    yield index, rounded(widened(data, tensor.dtype).astype(np.float32), dtype).tobytes()

    def transform(self, step, group, parameters, members, predecessor, states):
        """Yields index and bytes of each tensor of a quantized group of method transform; adds to the states."""
        before = [None if tensor.coding == OPENING else self.state(tensor, predecessor) for tensor in parameters]
        forms = [transform.Form(tensor.shape) for tensor in parameters]
        dtypes = [tensor.dtype for tensor in parameters]
        after, firsts = transform.chain(step.record(group.weights), list(zip(forms, dtypes, before)))
        for place, (tensor, state) in enumerate(zip(parameters, after)):
            there = [(place, role, 0) in members for role in (SECOND, OTHER)]
            require(there != [False, True] and len(state.exponents) == sum(there),
                    f"{tensor.name}: exponents that do not fit its moments")
            data = state.weight()
            states[tensor.name] = state
            yield members[place, WEIGHT, 0], data
            yield from self.copies(step, members, place, tensor, data)
        record = step.record(group.moments) if group.moments else None
        for place, found in enumerate(transform.moments(record, after, firsts)):
            for role, values in zip((FIRST, SECOND, OTHER), found):
                if (place, role, 0) in members:
                    index = members[place, role, 0]
                    yield index, rounded(values, step.tensors[index].dtype).tobytes()

    def state(self, tensor, predecessor):
        """What a change of a weight builds on (section 10)."""
        form, known = transform.Form(tensor.shape), predecessor.states.get(tensor.name)
        if known is not None and known.form == form and known.dtype == tensor.dtype:
            return copy.deepcopy(known)
        before = predecessor.weights.get(tensor.name)
        there(before is not None, f"{tensor.name}: no predecessor")
        require(len(before) == tensor.size, f"{tensor.name}: no predecessor")
        moments = []
        for role in (FIRST, SECOND):
            moment, data = predecessor.exact.get((tensor.name, role), (None, b""))
            fits = moment is not None and moment.count == tensor.count and moment.dtype in QUANTIZED
            there(not fits or data is not None, f"{tensor.name}: a moment that its chain opens with was pruned")
            moments.append(widened(data, moment.dtype).astype(np.float32) if fits else None)
        return transform.State(form, tensor.dtype, before, transform.exact_opening(*moments))

    def excp(self, step, group, parameters, members, predecessor):
        """Yields index and bytes of each tensor of a quantized group of method excp."""
        weights, moments = group.weights, group.moments
        every, count = members, len(parameters)
        members = {(place, role): index for (place, role, is_copy), index in every.items() if not is_copy}
        indices, centres = weights_section(step.record(weights), [tensor.count for tensor in parameters])
        for place, tensor in enumerate(parameters):
            before = predecessor.get(tensor.name)
            if before is None:
                yield members[place, WEIGHT], None
                yield from self.copies(step, every, place, tensor, None)
                continue
            require(len(before) == tensor.size, f"{tensor.name}: no predecessor")
            summed = rounded(widened(before, tensor.dtype) + centres[place], tensor.dtype)
            before = np.frombuffer(before, summed.dtype)
            data = np.where(indices[place] > 0, summed, before).tobytes()
            yield members[place, WEIGHT], data
            yield from self.copies(step, every, place, tensor, data)
        kept = [{place: int((indices[place] > 0).sum()) for place in range(count) if (place, role) in members}
                for role in (FIRST, SECOND)]
        require(bool(kept[0]) == (moments is not None) and set(kept[1]) <= set(kept[0]), "moments do not fit")
        values = moments_section(step.record(moments), *kept) if moments else ({}, {})
        for role, found in zip((FIRST, SECOND), values):
            for place, centre in found.items():
                tensor = step.tensors[members[place, role]]
                full = np.zeros(tensor.count, np.float32)
                full[indices[place] > 0] = centre
                yield members[place, role], rounded(full, tensor.dtype).tobytes()

    # Files: section 8.

    def write_files(self, manifest, payload, tensors, root):
        """All that a manifest lists but symbolic links, each kind when what it is made from is there."""
        for kinds in (DIRECTORY,), (FILE,), (COPY, VARIANT), (HARD_LINK,):
            for index, entry in enumerate(manifest.entries):
                own = [(t, piece, data) for t, data in zip(manifest.tensors, tensors)
                       for piece in t.pieces if piece.entry == index]
                if entry.kind not in kinds or manifest.forgotten == MOMENTS and any(is_moment(t) for t, *_ in own):
                    continue
                path, source = os.path.join(root, entry.path), os.path.join(root, entry.target)
                if entry.kind >= HARD_LINK and self.marks and not os.path.exists(source):
                    continue                                 # it repeats a file that was forgotten
                require(None not in payload[index] and all(data is not None for *_, data in own),
                        f"{entry.path}: some of it was pruned")
                os.makedirs(path if entry.kind == DIRECTORY else os.path.dirname(path), exist_ok=True)
                if entry.kind == HARD_LINK:
                    os.link(source, path)
                elif entry.kind != DIRECTORY:
                    data = read(source) if entry.kind == COPY else \
                        variant(entry, payload[index], read(source)) if entry.kind == VARIANT else \
                        rebuilt(entry, payload[index], own)
                    with open(path, "xb") as file:
                        file.write(data)
                    set_attributes(path, entry.mode, entry.modified)

    def finish(self, root, only=None):
        """Symbolic links, so late that nothing was written through one; then directories from the deepest up."""
        steps = [step for number, step in self.steps.items() if step.forgotten != WHOLE and only in (None, number)]
        manifests = [*steps, *([self.run] if self.run and only is None else [])]
        entries = sorted((e for manifest in manifests for e in manifest.entries), key=lambda e: -e.path.count("/"))
        for entry in entries:
            if entry.kind == SYMBOLIC_LINK:
                path = os.path.join(root, entry.path)
                os.makedirs(os.path.dirname(path), exist_ok=True)
                os.symlink(entry.target, path)
                os.utime(path, ns=(entry.modified, entry.modified), follow_symlinks=False)
        for link in self.links:                                                                # section 8.2
            path, original = (os.path.join(root, name) for name in link)
            if os.path.isfile(path) and os.path.isfile(original) and read(path) == read(original):
                for name in [link[0], *(e.path for e in entries if e.kind == HARD_LINK and e.target == link[0])]:
                    os.unlink(os.path.join(root, name))
                    os.link(original, os.path.join(root, name))
        for entry in entries:
            if entry.kind == DIRECTORY:
                set_attributes(os.path.join(root, entry.path), entry.mode, entry.modified)


def rebuilt(entry, payload, tensors):
    """A file from its payload and (tensor, piece, the tensor's bytes) of each piece in it."""
    data = assembled(entry, payload, sorted((piece.offset, piece_of(tensor, piece, restored))
                                            for tensor, piece, restored in tensors))
    changed = [(piece.offset, piece_size(tensor, piece)) for tensor, piece, _ in tensors
               if is_lossy(tensor) or tensor.again]
    for start, size in entry.containers or [(0, entry.size)]:                                  # section 8.1
        own = [(max(at, start) - start, min(at + count, start + size) - max(at, start)) for at, count in changed]
        zip_file = data[start:start + size]
        redo_checksums(zip_file, [(at, count) for at, count in own if count > 0])
        data[start:start + size] = zip_file
    return data


def variant(entry, payload, source):
    data = assembled(entry, payload, [(at, source[start:start + size]) for at, size, start in entry.regions])
    redo_checksums(data, [(at, size) for at, size, _ in entry.regions])
    return data


# What a file that is missing, or two entries with one path, make of the calls above counts as damage too.
BROKEN = (Damaged, zstandard.ZstdError, UnicodeDecodeError, FileNotFoundError, FileExistsError, NotADirectoryError)


def main(archive, output, only=None):
    os.mkdir(output)
    try:
        Decoder(archive).restore(output, only)
    except BaseException as error:
        shutil.rmtree(output)
        if isinstance(error, BROKEN):
            print(f"varve-reader: {archive} is damaged: {error}", file=sys.stderr)
            return DAMAGED
        raise
    return 0
