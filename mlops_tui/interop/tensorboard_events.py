"""The records of TensorBoard's event files: scalars, texts and hyperparameters, from the bytes of protocol buffers.

Source:
    tensorboard/compat/proto/{event,summary,tensor}.proto, tensorboard/plugins/hparams/plugin_data.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from mlops_store.curves import Point
from mlops_store.records import RunStatus
from mlops_tui.interop import protobuf
from mlops_tui.interop.others import Others
from mlops_tui.interop.protobuf import Value
from mlops_tui.interop.source import moment

#: Names of hyperparameters' records.
_SESSION_START, _SESSION_END = "_hparams_/session_start_info", "_hparams_/session_end_info"
_ENDINGS = {1: RunStatus.FINISHED, 2: RunStatus.FAILED, 3: RunStatus.RUNNING}
#: TensorFlow's numbers of types -> the field of their values in a tensor, and the format of one in its content.
_TYPES = {1: (5, "<f"), 2: (6, "<d"), 3: (7, "<i"), 9: (10, "<q"), 19: (13, "<e")}
_CONTENT, _STRINGS = 4, 8
#: Fields whose values are varints; halves are kept as their bits.
_WHOLE, _HALF = (7, 10), 13
#: Fields of a summary's value that are no numbers.
_IMAGE = 4
_OTHER_FIELDS = {3: "histogram", 4: "image", 5: "histogram", 6: "audio"}
_OTHER_PLUGINS = {
    "histograms": "histogram",
    "images": "image",
    "audio": "audio",
    "pr_curves": "PR curve",
    "mesh": "mesh",
}


#: Images of a run that are kept; more are counted only.
MAX_IMAGE_BYTES = 64 << 20


@dataclass
class Log:
    """What the event files of one run say.

    Attributes:
        series: Points of each scalar in the order of arrival.
        texts: The newest text of each name.
        hparams: Hyperparameters.
        status: How the run ended, where it says so.
        first_at: Unix seconds of the first event; None before there is one.
        last_at: Of the last.
        images: Tag, step, Unix seconds and bytes of each image, as long as they are not too many.
        others: What else there is.
    """

    series: dict[str, list[Point]] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    hparams: dict[str, Any] = field(default_factory=dict)
    status: RunStatus | None = None
    first_at: float | None = None
    last_at: float | None = None
    images: list[tuple[str, int, float, bytes]] = field(default_factory=list)
    others: Others = field(default_factory=Others)
    _image_bytes: int = 0
    _plugins: dict[str, str] = field(default_factory=dict)

    def add(self, record: bytes) -> None:
        """Takes in one record.

        Raises:
            ValueError: It is no event.
        """
        wall, step, summaries = 0.0, 0, []
        for number, value in protobuf.fields(record):
            if number == 1:
                wall = protobuf.double(value)
            elif number == 2:
                step = protobuf.signed(value)
            elif number == 5:
                summaries.append(protobuf.message(value))
        at = moment(wall)
        if at is not None and wall:
            self.first_at = at if self.first_at is None else min(self.first_at, at)
            self.last_at = at if self.last_at is None else max(self.last_at, at)
        ms = round((at or 0.0) * 1000)
        for summary in summaries:
            for number, value in protobuf.fields(summary):
                if number == 1:
                    self._value(protobuf.message(value), step, ms)

    def _value(self, data: bytes, step: int, ms: int) -> None:
        tag, number = "", None
        tensor: bytes | None = None
        metadata: bytes | None = None
        other = ""
        image: bytes | None = None
        for place, value in protobuf.fields(data):
            if place == 1:
                tag = protobuf.text(value)
            elif place == 2:
                number = protobuf.single(value)
            elif place == 8:
                tensor = protobuf.message(value)
            elif place == 9:
                metadata = protobuf.message(value)
            elif place in _OTHER_FIELDS:
                other = _OTHER_FIELDS[place]
                image = protobuf.message(value) if place == _IMAGE else None
        content = b""
        if metadata is not None:
            plugin, content = _plugin(metadata)
            self._plugins.setdefault(tag, plugin)
        if tag in (_SESSION_START, _SESSION_END):
            self._session(tag, content)
            return
        plugin = self._plugins.get(tag, "")
        pictures = _pictures(image, tensor if plugin == "images" else None)
        if pictures and self._image_bytes < MAX_IMAGE_BYTES:
            self._image_bytes += sum(map(len, pictures))
            self.images += [(tag, step, ms / 1000, picture) for picture in pictures]
            return
        if number is None and tensor is not None and plugin not in _OTHER_PLUGINS:
            texts = list(_strings(tensor)) if plugin == "text" else []
            if texts:
                self.texts[tag.removesuffix("/text_summary")] = texts[-1]
                return
            number = _number(tensor)
        if number is not None:
            self.series.setdefault(tag, []).append((step, ms, number))
        elif not tag.startswith("_hparams_/"):
            self.others.add(other or _OTHER_PLUGINS.get(plugin) or plugin or "value", tag)

    def _session(self, tag: str, content: bytes) -> None:
        for number, value in protobuf.fields(content):
            if tag == _SESSION_START and number == 3:
                self.hparams.update(_hparams(protobuf.message(value)))
            elif tag == _SESSION_END and number == 4:
                ending = protobuf.last(protobuf.message(value), 1)
                self.status = _ENDINGS.get(ending, self.status) if isinstance(ending, int) else self.status


def _pictures(image: bytes | None, tensor: bytes | None) -> list[bytes]:
    """The encoded images of a value: the one of an image, or those of a tensor, whose first texts are the size."""
    if image is not None:
        data = protobuf.last(image, 4)
        return [protobuf.message(data)] if data is not None else []
    if tensor is None:
        return []
    return [protobuf.message(value) for number, value in protobuf.fields(tensor) if number == _STRINGS][2:]


def _plugin(metadata: bytes) -> tuple[str, bytes]:
    """The name of a plugin, and what it keeps of a tag."""
    data = protobuf.last(metadata, 1)
    if data is None:
        return "", b""
    name, content = protobuf.last(protobuf.message(data), 1), protobuf.last(protobuf.message(data), 2)
    return "" if name is None else protobuf.text(name), b"" if content is None else protobuf.message(content)


def _hparams(session: bytes) -> Iterator[tuple[str, Any]]:
    for number, value in protobuf.fields(session):
        if number == 1:
            entry = protobuf.message(value)
            key, content = protobuf.last(entry, 1), protobuf.last(entry, 2)
            if key is not None and content is not None:
                yield protobuf.text(key), _plain(protobuf.message(content))


def _plain(data: bytes) -> Any:
    """A ``google.protobuf.Value``; lists and structures are left out."""
    for number, value in protobuf.fields(data):
        if number == 2:
            found = protobuf.double(value)
            return int(found) if found.is_integer() and abs(found) < 1e15 else found
        if number == 3:
            return protobuf.text(value)
        if number == 4:
            return bool(value)
    return None


def _strings(tensor: bytes) -> Iterator[str]:
    for number, value in protobuf.fields(tensor):
        if number == _STRINGS:
            yield protobuf.text(value)


def _number(tensor: bytes) -> float | None:
    """The only number of a tensor; None for other tensors."""
    kind: Value | None = protobuf.last(tensor, 1)
    if not isinstance(kind, int) or kind not in _TYPES:
        return None
    place, layout = _TYPES[kind]
    found: list[float] = []
    for number, value in protobuf.fields(tensor):
        if number == _CONTENT or (number == place and number not in (*_WHOLE, _HALF)):
            data = protobuf.message(value)
            if len(data) != struct.calcsize(layout):
                return None
            found.append(float(struct.unpack(layout, data)[0]))
        elif number == place:
            bits = _only(value)
            if bits is None:
                return None
            found.append(float(protobuf.signed(bits)) if place != _HALF else _half(bits))
    return found[0] if len(found) == 1 else None


def _only(value: Value) -> int | None:
    """The number of a repeated field, packed or not; None where there are several."""
    if isinstance(value, int):
        return value
    number, end = protobuf.varint(value, 0)
    return number if end == len(value) else None


def _half(bits: int) -> float:
    return float(struct.unpack("<e", struct.pack("<H", bits & 0xFFFF))[0])
