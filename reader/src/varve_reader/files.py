"""For decoder.py: files from their pieces (Docs/format.md, section 8), and torch's own checksums (section 8.1)."""
import io
import os
import struct
import zipfile
import zlib

from .records import require


def set_attributes(path, mode, modified):
    os.chmod(path, mode & 0o1777)                            # never set-user-id or set-group-id (section 8)
    os.utime(path, ns=(modified, modified))


def read(path):
    require(os.path.isfile(path), f"{path} was not restored, and another file is made from it")
    with open(path, "rb") as file:
        return file.read()


def assembled(entry, payload, pieces):
    """A file: pieces (offset, bytes) in their places, payload in the gaps."""
    rest, data = memoryview(b"".join(payload)), bytearray()
    for offset, piece in [*pieces, (entry.size, b"")]:
        gap = offset - len(data)
        require(0 <= gap <= len(rest), f"{entry.path}: payload and tensors do not fit together")
        data += rest[:gap]
        data += piece
        rest = rest[gap:]
    require(not rest and len(data) == entry.size, f"{entry.path}: payload and tensors do not add up to its size")
    return data


def redo_checksums(data, changed):                                                             # section 8.1
    """What torch and numpy derive from tensor bytes, where those at `changed` (offset, size) of a zip file are others."""
    folder, records = zip_records(data) if any(size for _, size in changed) else (None, [])
    if not any(crc for *_, crc, _ in records):
        return                                               # no such file, or one written with checksums off
    stored, redone, identifier = [], [], None
    for name, start, size, entry, crc, header in records:
        new = crc
        if any(max(at, start) < min(at + count, start + size) for at, count in changed):
            new = set_crc(data, start, size, entry)
            if crc and struct.unpack_from("<I", data, header + 14)[0] == crc:
                struct.pack_into("<I", data, header + 14, new)
        if folder is not None and name == folder + ".data/serialization_id" and size == 40:
            identifier = start, size, entry
        elif size:
            like_descriptor = size >= 8 and is_descriptor(data, start)
            also = [int.from_bytes(data[start + 4:start + 8], "little")] if like_descriptor else []
            stored += [*also, crc]
            redone += [*also, new]
    if identifier:
        digits = slice(identifier[0] + 20, identifier[0] + 40)
        if data[digits] == combined(stored):
            data[digits] = combined(redone)
            set_crc(data, *identifier)


def is_descriptor(data, at):
    return data[at:at + 4] == b"PK\7\x08"


def combined(values):
    result = 0
    for value in values:
        result ^= (value + 0x9E3779B9 + (result << 6) + (result >> 2)) % 2**64
    return b"%020d" % result


def set_crc(data, start, size, entry):
    crc = zlib.crc32(data[start:start + size])
    struct.pack_into("<I", data, entry + 16, crc)
    if data[entry + 8] & 8 and is_descriptor(data, start + size):
        struct.pack_into("<I", data, start + size + 4, crc)
    return crc


def zip_records(data):
    """Torch's folder, None in another zip file, and in file order (name, start, size, place of its central entry, CRC, place
    of its local header); no records for any other file."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile:
        return None, []
    infos, records, place = archive.infolist(), [], archive.start_dir
    for info in infos:
        start = info.header_offset + 30 + sum(struct.unpack_from("<HH", data, info.header_offset + 26))
        records.append((info.filename, start, info.file_size, place, info.CRC, info.header_offset))
        place += 46 + sum(struct.unpack_from("<HHH", data, place + 28))
    folder = infos[0].filename.split("/")[0] + "/" if infos else ""
    names = {info.filename for info in infos}
    scripted = any(name == folder + "constants.pkl" or name.startswith(folder + "code/") for name in names)
    stored = all(info.compress_type == 0 and not info.flag_bits & 1 for info in infos)
    if data[:4] != b"PK\3\4":
        return None, []
    is_torch = folder + "data.pkl" in names and not scripted and stored
    return folder if is_torch else None, sorted(records, key=lambda record: record[1])
