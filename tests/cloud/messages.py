"""gg's messages and packs (spec/worker.md, spec/packs.md, spec/proto) for a worker that is written in Python: just what it needs."""
import ctypes
import hashlib
import struct

import wire_format
from wire_format import varint

ZSTD = ctypes.CDLL("libzstd.so.1")
for name in ("ZSTD_compress", "ZSTD_decompress", "ZSTD_compressBound", "ZSTD_getFrameContentSize", "ZSTD_findFrameCompressedSize"):
    getattr(ZSTD, name).restype = ctypes.c_size_t
ZSTD.ZSTD_getFrameContentSize.restype = ctypes.c_ulonglong
MOST_BYTES = 64 << 20


def compressed(data):
    room = ctypes.create_string_buffer(ZSTD.ZSTD_compressBound(ctypes.c_size_t(len(data))))
    size = ZSTD.ZSTD_compress(room, ctypes.c_size_t(len(room)), data, ctypes.c_size_t(len(data)), 1)
    return room.raw[:size]


def decompressed(data):
    """Of frames, any number, one after the other, each of which says its size."""
    whole = b""
    while data:
        size = ZSTD.ZSTD_getFrameContentSize(data, ctypes.c_size_t(len(data)))
        if size > MOST_BYTES:
            raise ValueError("no zstd frame, or one that does not say its size")
        length = ZSTD.ZSTD_findFrameCompressedSize(data, ctypes.c_size_t(len(data)))
        room = ctypes.create_string_buffer(max(size, 1))
        if ZSTD.ZSTD_decompress(room, ctypes.c_size_t(size), data, ctypes.c_size_t(length)) != size:
            raise ValueError("a damaged zstd frame")
        whole += room.raw[:size]
        data = data[length:]
    return whole


def field(number, value):
    """Protocol Buffers: an integer, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value) if value else b""
    return varint(number << 3 | 2) + varint(len(value)) + value


def fields(data):
    """{number: [values]}"""
    found = {}
    for number, value in wire_format.fields(data):
        found.setdefault(number, []).append(value)
    return found


class Digest:
    __slots__ = ("hash", "size")

    def __init__(self, hash, size):
        self.hash, self.size = hash, size

    @staticmethod
    def of(data):
        return Digest(hashlib.sha256(data).hexdigest(), len(data))

    @staticmethod
    def decoded(data):
        found = fields(data)
        return Digest(found[1][0].decode(), found.get(2, [0])[0])

    def encoded(self):
        return field(1, self.hash.encode()) + field(2, self.size)

    def raw(self):
        return bytes.fromhex(self.hash) + struct.pack(">Q", self.size)


class LentPack:
    def __init__(self, data):
        found = fields(data)
        self.bytes, self.url, self.places = found[2][0], found[3][0].decode(), {}
        for one in found.get(4, []):
            place = fields(one)
            self.places[Digest.decoded(place[1][0]).hash] = (place.get(2, [0])[0], place.get(3, [0])[0], place.get(4, [0])[0])


class Invocation:
    def __init__(self, body):
        found = fields(decompressed(body))
        if found.get(1) != [1]:
            raise ValueError("no invocation of version 1")
        self.thunk = Digest.decoded(found[2][0])
        self.packs = [LentPack(one) for one in found.get(3, [])]
        self.objects = {Digest.of(one).hash: one for one in found.get(4, [])}
        self.output_name, self.output_url = found[5][0].decode(), found[6][0].decode()
        self.inline_bytes, self.tell_memo = found.get(10, [0])[0], found.get(11, [0])[0]


class Command:
    def __init__(self, data):
        found = fields(data)
        self.argv = [word.decode() for word in found.get(1, [])]
        self.outputs = [path.decode() for path in found.get(7, [])]


def command_of(thunk):
    return Digest.decoded(fields(thunk)[1][0])


def result(files, exit_code=0):
    """An encoded ActionResult; `files`: {path: bytes}."""
    out = b"".join(field(2, field(1, path.encode()) + field(2, Digest.of(data).encoded())) for path, data in sorted(files.items()))
    return out + field(4, exit_code)


def pack(objects, memos=()):
    """(bytes, its index and footer). `memos`: (thunk, result) digests."""
    body, places = b"gg s3 pack 1\n", {}
    for data in objects:
        name = Digest.of(data).raw()
        if name not in places:
            places[name] = name + struct.pack(">QQB", len(body), len(data), 0)
            body += data
    index = b"".join(sorted(places.values())) + b"".join(sorted(thunk.raw() + made.raw() for thunk, made in memos))
    index += struct.pack(">QQQ", len(body), len(places), len(memos))
    index += hashlib.sha256(index).digest() + b"gg end 1"
    return body + index, index


def answer(encoded_result, objects, written=None, worker="sleeper"):
    """An encoded Answer, as a body; `written`: what pack() has returned, once it lies where it belongs."""
    out = field(1, 1) + field(3, encoded_result)
    if written:
        out += field(5, len(written[0])) + field(6, written[1])
    out += b"".join(field(7, data) for data in objects)
    return compressed(out + field(12, worker.encode()) + field(13, b"none: it only sleeps"))
