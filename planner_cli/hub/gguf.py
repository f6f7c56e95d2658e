"""Reads the header of a GGUF file without llama.cpp, so that a broken file ends in one clear line.

llama.cpp responds to a damaged file with an assertion that kills the process, or with its own message; here
every count, length and offset is checked against a bound and against the file's size first. What is covered:
magic, version, key-value section, tensor table, and that the file holds every tensor's bytes. What is not: the
weights themselves, and whether this llama.cpp knows the architecture.

Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import BinaryIO, TypeAlias

from planner_cli.engine.protocol import ACTS_BEHIND
from planner_cli.errors import ModelError
from planner_cli.hub.ggml import FILE_TYPES, TENSOR_TYPES

MAX_HEADER_BYTES = 64 * 2**20
MAX_KEYS = 10_000
MAX_TENSORS = 100_000
MAX_STRING_BYTES = 2**20
MAX_ARRAY_ITEMS = 2_000_000
MAX_ELEMENTS = 2**40
MAX_DIMENSIONS = 4
_CHUNK = 2**20
_DEFAULT_ALIGNMENT = 32
_LONG = 2**18
"""Bytes of a header that is worth keeping. Nothing so large is written twice within one tick of the file's clock."""
_KEPT = 4

_SCALARS = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_STRING, _ARRAY = 8, 9
_UINT32, _INT32, _FLOAT32 = 4, 5, 6

MAX_LAYERS = 512
"""llama.cpp's own bound (``LLAMA_MAX_LAYERS``), which some of its loops trust."""

PROMPT = "planner.prompt"
"""Key of an adapter's header: the family of prompts it was trained on."""

TOKENS = "tokenizer.ggml.tokens"
_VOCABULARY = {
    TOKENS: (_STRING,),
    "tokenizer.ggml.scores": (_FLOAT32,),
    "tokenizer.ggml.token_type": (_INT32, _UINT32),
    "tokenizer.ggml.merges": (_STRING,),
}
"""Arrays that llama.cpp reads as if they had these types; all but the merges have one item per token."""


@dataclass(frozen=True, slots=True)
class ArrayInfo:
    """An array of the header: only its shape is kept, vocabularies are long."""

    items: int
    type_id: int
    """GGUF's number of the items' type."""


Metadata: TypeAlias = Mapping[str, "int | float | bool | str | ArrayInfo"]


@dataclass(frozen=True, slots=True)
class TensorInfo:
    name: str
    shape: tuple[int, ...]
    type_id: int
    """ggml's number of the type."""
    offset: int
    """Bytes from the start of the data section."""

    @property
    def elements(self) -> int:
        product = 1
        for size in self.shape:
            product *= size
        return product


@dataclass(frozen=True, slots=True)
class GgufHeader:
    path: Path
    size: int
    """Bytes of the file."""
    version: int
    metadata: Metadata
    """The key-value section, arrays as :class:`ArrayInfo`."""
    tensors: tuple[TensorInfo, ...]
    end: int
    """Where its last tensor ends, in bytes from the start of the file."""

    @property
    def architecture(self) -> str:
        """For example ``llama``; empty when the file does not say."""
        return self._text("general.architecture") or ""

    @property
    def name(self) -> str | None:
        return self._text("general.name")

    @property
    def is_adapter(self) -> bool:
        """Whether this is a LoRA adapter, to be put over a model."""
        return self._text("general.type") == "adapter" or "adapter.type" in self.metadata

    @property
    def prompt(self) -> str | None:
        """The family of prompts it was trained on, where this project's recipe made it."""
        return self._text(PROMPT)

    @property
    def acts_behind(self) -> bool:
        """Whether it is an adapter that must act only behind a session's prefix."""
        return self.metadata.get(ACTS_BEHIND) is True

    @property
    def chat_template(self) -> str | None:
        """The Jinja text of the chat template; untrusted, as everything in the file."""
        return self._text("tokenizer.chat_template")

    @property
    def context_length(self) -> int | None:
        """The longest context the model was made for, in tokens."""
        value = self.metadata.get(f"{self.architecture}.context_length")
        return value if isinstance(value, int) else None

    @property
    def quantisation(self) -> str | None:
        """For example ``Q4_1``: the declared file type, else the type that holds most elements."""
        declared = self.metadata.get("general.file_type")
        if isinstance(declared, int) and declared in FILE_TYPES:
            return FILE_TYPES[declared]
        elements: dict[int, int] = {}
        for tensor in self.tensors:
            elements[tensor.type_id] = elements.get(tensor.type_id, 0) + tensor.elements
        if not elements:
            return None
        known = TENSOR_TYPES.get(max(elements, key=lambda type_id: elements[type_id]))
        return known.name if known else None

    @property
    def parameters(self) -> int:
        """Elements of all tensors together."""
        return sum(tensor.elements for tensor in self.tensors)

    def _text(self, key: str) -> str | None:
        value = self.metadata.get(key)
        return value if isinstance(value, str) else None


_long_headers: dict[tuple[int, ...], GgufHeader] = {}
"""Those read last, by what identifies their files."""


def read_header(path: Path) -> GgufHeader:
    """Parse and check the header of ``path``.

    Raises :class:`ModelError` with one line when the file is missing, not a regular file, not GGUF, damaged or
    shorter than its own header says.

    A long header (a vocabulary takes 20 ms to step through, and both roles often share a base) is kept
    until the file changes.
    """
    try:
        size = regular_file_size(path)
        with path.open("rb") as stream:
            identity = _identity(stream)
            if identity in _long_headers:
                return replace(_long_headers[identity], path=path)
            cursor = _Cursor(path, stream, size)
            header = _parse(path, size, cursor)
            if cursor.position >= _LONG and identity == _identity(stream):
                _long_headers[identity] = header
                for old in list(_long_headers)[:-_KEPT]:
                    del _long_headers[old]
            return header
    except OSError as error:
        raise ModelError(f"cannot read {path}: {error.strerror or error}") from error


def _identity(stream: BinaryIO) -> tuple[int, ...]:
    status = os.fstat(stream.fileno())
    return (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns)


def regular_file_size(path: Path) -> int:
    """Size in bytes; raises :class:`ModelError` unless ``path`` is a regular file.

    Asked before opening: opening a FIFO would wait for a writer.
    """
    try:
        status = path.stat()
    except FileNotFoundError:
        raise ModelError(f"no such model file: {path}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ModelError(f"cannot read {path}: {reason}") from error
    if stat.S_ISDIR(status.st_mode):
        raise ModelError(f"{path} is a folder, not a model file", hint="name a .gguf file in it")
    if not stat.S_ISREG(status.st_mode):
        raise ModelError(f"{path} is not a regular file")
    return status.st_size


def raw_pairs(path: Path) -> dict[str, bytes]:
    """Each key of a sound header with its value as it stands in the file: the type's number, then the value.

    Raises as :func:`read_header` does.
    """
    header = read_header(path)
    with path.open("rb") as stream:
        cursor = _Cursor(path, stream, header.size)
        cursor.skip(len(b"GGUF") + struct.calcsize("<IQQ"))
        return dict(_raw_pair(cursor) for _ in header.metadata)


class _Cursor:
    """Reads forward through the header, never past the end of the file or ``MAX_HEADER_BYTES``."""

    def __init__(self, path: Path, stream: BinaryIO, size: int) -> None:
        self.path = path
        self.position = 0
        self._stream = stream
        self._size = size
        self._data = bytearray()

    def damaged(self, what: str) -> ModelError:
        return ModelError(f"{self.path} is damaged: {what}", hint="get the file again")

    def _need(self, count: int) -> None:
        end = self.position + count
        if end > self._size:
            raise ModelError(
                f"{self.path} is truncated: its header goes on after byte {self._size}", hint="get the file again"
            )
        if end > MAX_HEADER_BYTES:
            raise self.damaged(f"its header is over {MAX_HEADER_BYTES} bytes long")
        while len(self._data) < end:
            chunk = self._stream.read(max(_CHUNK, end - len(self._data)))
            if not chunk:  # it shrank while we read it
                raise ModelError(f"{self.path} is truncated", hint="get the file again")
            self._data += chunk

    def take(self, count: int) -> bytes:
        self._need(count)
        start = self.position
        self.position += count
        return bytes(self._data[start : self.position])

    def since(self, start: int) -> bytes:
        """What was read or skipped from ``start`` on."""
        return bytes(self._data[start : self.position])

    def number(self, code: str) -> int:
        return int(struct.unpack(code, self.take(struct.calcsize(code)))[0])

    def text(self, what: str) -> str:
        length = self.number("<Q")
        if length > MAX_STRING_BYTES:
            raise self.damaged(f"{what} is {length} bytes long")
        return self.take(length).decode("utf-8", errors="replace")

    def scalar(self, type_id: int) -> int | float | bool:
        code = _SCALARS[type_id]
        value: int | float | bool = struct.unpack(code, self.take(struct.calcsize(code)))[0]
        return value

    def skip(self, count: int) -> None:
        self._need(count)
        self.position += count

    def skip_texts(self, items: int, what: str) -> None:
        """Skip ``items`` strings; vocabularies have hundreds of thousands, so this loop is kept tight."""
        unpack = struct.Struct("<Q").unpack_from
        data, position = self._data, self.position
        for _ in range(items):
            if position + 8 > len(data):
                self.position = position
                self._need(8)
            (length,) = unpack(data, position)
            if length > MAX_STRING_BYTES:
                raise self.damaged(f"an item of {what} is {length} bytes long")
            position += 8 + length
        self.position = position
        self._need(0)


def _parse(path: Path, size: int, cursor: _Cursor) -> GgufHeader:
    if size == 0:
        raise ModelError(f"{path} is empty", hint="get the file again")
    if size < 4 or cursor.take(4) != b"GGUF":
        raise ModelError(f"{path} is not a GGUF file", hint="llama.cpp's convert_hf_to_gguf.py makes one")
    version = cursor.number("<I")
    if version in (2 << 24, 3 << 24):
        raise ModelError(f"{path} is a big-endian GGUF file, which is not supported")
    if version not in (2, 3):
        raise ModelError(f"{path} is GGUF version {version}; versions 2 and 3 are supported")
    tensor_count, key_count = cursor.number("<Q"), cursor.number("<Q")
    if key_count > MAX_KEYS:
        raise cursor.damaged(f"it claims {key_count} header keys")
    if tensor_count > MAX_TENSORS:
        raise cursor.damaged(f"it claims {tensor_count} tensors")
    metadata = _read_metadata(cursor, key_count)
    _check_layers(cursor, metadata)
    _check_vocabulary(cursor, metadata)
    tensors = tuple(_read_tensor(cursor) for _ in range(tensor_count))
    end = _check_data_section(cursor, size, metadata, tensors)
    return GgufHeader(path, size, version, MappingProxyType(metadata), tensors, end)


def _read_metadata(cursor: _Cursor, count: int) -> dict[str, int | float | bool | str | ArrayInfo]:
    metadata: dict[str, int | float | bool | str | ArrayInfo] = {}
    for _ in range(count):
        key = cursor.text("a key")
        if key in metadata:
            raise cursor.damaged(f"the key {key!r} occurs twice")
        metadata[key] = _read_value(cursor, key)
    return metadata


def _read_value(cursor: _Cursor, key: str) -> int | float | bool | str | ArrayInfo:
    type_id = cursor.number("<I")
    if type_id == _STRING:
        return cursor.text(f"the value of {key!r}")
    if type_id == _ARRAY:
        return _skip_array(cursor, key)
    if type_id in _SCALARS:
        return cursor.scalar(type_id)
    raise cursor.damaged(f"the key {key!r} has the unknown type {type_id}")


def _raw_pair(cursor: _Cursor) -> tuple[str, bytes]:
    key = cursor.text("a key")
    start = cursor.position
    _read_value(cursor, key)
    return key, cursor.since(start)


def _skip_array(cursor: _Cursor, key: str) -> ArrayInfo:
    item_type, items = cursor.number("<I"), cursor.number("<Q")
    if items > MAX_ARRAY_ITEMS:
        raise cursor.damaged(f"the array {key!r} claims {items} items")
    if item_type == _STRING:
        cursor.skip_texts(items, repr(key))
    elif item_type in _SCALARS:
        cursor.skip(items * struct.calcsize(_SCALARS[item_type]))
    else:
        raise cursor.damaged(f"the array {key!r} has items of the unsupported type {item_type}")
    return ArrayInfo(items, item_type)


def _check_layers(cursor: _Cursor, metadata: Metadata) -> None:
    """Check the counts by which llama.cpp sizes and walks its layers."""
    architecture = metadata.get("general.architecture", "")
    layers = metadata.get(f"{architecture}.block_count", 0)
    if not isinstance(layers, int) or not 0 <= layers <= MAX_LAYERS:
        raise cursor.damaged(f"it claims {layers!r} layers")


def _check_vocabulary(cursor: _Cursor, metadata: Metadata) -> None:
    """Check that the vocabulary's arrays are of the types they are read as, and belong to the same tokens."""
    for key, types in _VOCABULARY.items():
        found = metadata.get(key)
        if found is not None and not (isinstance(found, ArrayInfo) and (found.type_id in types or not found.items)):
            raise cursor.damaged(f"the key {key!r} is not an array of the right type")
    tokens = metadata.get(TOKENS)
    if not isinstance(tokens, ArrayInfo):
        return
    for key in ("tokenizer.ggml.scores", "tokenizer.ggml.token_type"):
        found = metadata.get(key)
        if isinstance(found, ArrayInfo) and found.items != tokens.items:
            raise cursor.damaged(f"it has {tokens.items} tokens, but {found.items} items of {key!r}")


def _read_tensor(cursor: _Cursor) -> TensorInfo:
    name = cursor.text("a tensor name")
    dimensions = cursor.number("<I")
    if not 1 <= dimensions <= MAX_DIMENSIONS:
        raise cursor.damaged(f"the tensor {name!r} has {dimensions} dimensions")
    shape = tuple(cursor.number("<Q") for _ in range(dimensions))
    tensor = TensorInfo(name, shape, type_id=cursor.number("<I"), offset=cursor.number("<Q"))
    if not 0 < tensor.elements < MAX_ELEMENTS:
        raise cursor.damaged(f"the tensor {name!r} has the shape {shape}")
    return tensor


def _check_data_section(cursor: _Cursor, size: int, metadata: Metadata, tensors: tuple[TensorInfo, ...]) -> int:
    """Check that the file holds every tensor: a download that stopped half-way is the common case. Returns the end."""
    alignment = metadata.get("general.alignment", _DEFAULT_ALIGNMENT)
    if not isinstance(alignment, int) or alignment < 1 or alignment & (alignment - 1):
        raise cursor.damaged(f"its alignment is {alignment!r}")
    start = -(-cursor.position // alignment) * alignment
    end = start if tensors else cursor.position  # a vocabulary alone need not be padded to a data section
    for tensor in tensors:
        if tensor.offset % alignment:
            raise cursor.damaged(f"the tensor {tensor.name!r} is not aligned")
        known = TENSOR_TYPES.get(tensor.type_id)
        if known and tensor.shape[0] % known.block:
            raise cursor.damaged(f"a row of the tensor {tensor.name!r} is not whole blocks of {known.name}")
        # A type newer than our table: at least its first byte must exist.
        length = tensor.elements // known.block * known.bytes if known else 1
        end = max(end, start + tensor.offset + length)
    if end > size:
        raise ModelError(
            f"{cursor.path} is truncated: it should hold {end} bytes, but has {size}", hint="get the file again"
        )
    return end
