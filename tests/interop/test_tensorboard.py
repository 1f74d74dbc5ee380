"""Event files that tensorboardX and TensorBoard's own writer wrote."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mlops_store import artifacts, metrics, runs
from mlops_store.records import RunStatus
from mlops_store.store import Store
from mlops_tui.interop import crc32c, kinds, protobuf, tfrecord
from mlops_tui.interop.importing import Report
from mlops_tui.interop.source import Problems
from mlops_tui.interop.tensorboard_events import Log

Make = Callable[..., Path]


def event_file(root: Path, name: str) -> Path:
    return next((root / name).glob("*tfevents*"))


def framed(record: bytes) -> bytes:
    length = struct.pack("<Q", len(record))
    return length + struct.pack("<I", crc32c.masked(length)) + record + struct.pack("<I", crc32c.masked(record))


def test_each_folder_with_event_files_is_a_run_with_its_scalars(folder: Make, runs_of: Callable) -> None:
    found = runs_of(folder("tensorboard"))
    assert set(found) == {"train", "test", "hp/trial", "tf2"}
    train = found["train"]
    assert [(step, value) for step, _, value in train.series["loss"]] == [
        (step, pytest.approx(1 / (step + 1), rel=1e-6)) for step in range(5)
    ]
    assert math.isnan(train.series["odd"][0][2])
    assert train.tags == {"text.notes": "hello"}
    assert train.ended_at is not None
    assert all(train.started_at <= ms / 1000 + 0.001 for _, ms, _ in train.series["loss"])


def test_scalars_of_tensorflow_2_are_tensors_of_any_number_type(folder: Make, runs_of: Callable) -> None:
    series = runs_of(folder("tensorboard"))["tf2"].series
    expected = [(step, 1_750_000_000_000 + 1000 * step, float(step + 1)) for step in range(3)]
    assert series == dict.fromkeys(("float", "double", "int", "long", "half"), expected)


def test_hyperparameters_are_params_and_say_how_the_run_ended(folder: Make, runs_of: Callable) -> None:
    run = runs_of(folder("tensorboard"))["hp/trial"]
    assert run.params == {"lr": "0.1", "optimiser": "adam", "big": "True"}
    assert run.status is RunStatus.FINISHED
    assert run.series["final"][0][2] == pytest.approx(0.9)


def test_what_is_no_number_is_listed(folder: Make, runs_of: Callable) -> None:
    problems = Problems()
    runs_of(folder("tensorboard"), problems)
    messages = {problem.message for problem in problems.kept}
    assert messages == {"1 of the kind histogram not imported: weights"}


def test_images_are_files_named_by_tag_and_step(store: Store, folder: Make, take_over: Callable[..., Report]) -> None:
    root = folder("tensorboard")
    assert take_over(root).files == 3
    assert take_over(root).files == 0
    by_name = {run.name: run for run in runs.by_ids(store.read(), runs.ids(store.read()))}
    for name, path in (("train", "images/picture/0.png"), ("tf2", "images/square/0.png")):
        (artifact,) = artifacts.of_run(store.read(), by_name[name].run_id)
        assert artifact.path == path
        with artifacts.open_object(store.objects_dir, artifact.digest) as file:
            assert file.read(4) == b"\x89PNG"


def test_a_folder_is_the_same_run_under_whichever_folder_it_is_read(folder: Make, runs_of: Callable) -> None:
    root = folder("tensorboard")
    (alone,) = runs_of(root / "train").values()
    assert alone.run_id == runs_of(root)["train"].run_id


def test_a_log_that_grows_is_one_run_and_one_that_is_written_anew_is_another(
    store: Store, folder: Make, take_over: Callable[..., Report]
) -> None:
    root = folder("tensorboard")
    path = event_file(root, "train")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    take_over(root / "train")
    path.write_bytes(whole)
    assert take_over(root / "train").runs_changed == 1
    path.write_bytes(event_file(root, "tf2").read_bytes())
    assert take_over(root / "train").runs_added == 1
    assert take_over(root / "train").runs_unchanged == 1
    path.write_bytes(whole)
    assert take_over(root / "train").runs_unchanged == 1
    assert runs.count(store.read()) == 2
    run_id = runs.by_ids(store.read(), [1])[0].run_id
    assert len(metrics.points(store.read(), run_id, "loss")) == 5


@given(st.data())
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_cut_anywhere_gives_the_records_before_and_says_so(folder: Make, data: st.DataObject) -> None:
    path = event_file(folder("tensorboard"), "train")
    whole = path.read_bytes()
    ends, place = [0], 0
    while place < len(whole):
        place += struct.unpack_from("<Q", whole, place)[0] + 16
        ends.append(place)
    size = data.draw(st.integers(0, len(whole)))
    path.write_bytes(whole[:size])
    problems = Problems()
    records = list(tfrecord.records(str(path), problems))
    path.write_bytes(whole)
    assert len(records) == sum(1 for end in ends[1:] if end <= size)
    assert problems.count == (size not in ends)


@given(st.data())
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_byte_is_noticed_and_costs_at_most_what_follows(folder: Make, data: st.DataObject) -> None:
    path = event_file(folder("tensorboard"), "train")
    whole = path.read_bytes()
    before = list(tfrecord.records(str(path), Problems()))
    place = data.draw(st.integers(0, len(whole) - 1))
    changed = bytearray(whole)
    changed[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(changed)
    problems = Problems()
    after = list(tfrecord.records(str(path), problems))
    kinds.open_source(str(path.parent), Problems(), "tensorboard")
    path.write_bytes(whole)
    assert problems.count >= 1
    assert all(record in before for record in after)


@given(st.binary(max_size=200))
def test_any_bytes_are_an_event_or_a_value_error(data: bytes) -> None:
    for body in (data, b"\x2a" + bytes([len(data) & 0x7F]) + data):
        try:
            Log().add(body)
        except ValueError:
            continue


def test_a_length_larger_than_the_file_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "events.out.tfevents.1"
    length = struct.pack("<Q", 1 << 60)
    path.write_bytes(framed(b"\x09" + struct.pack("<d", 1.0)) + length + struct.pack("<I", crc32c.masked(length)))
    problems = Problems()
    assert len(list(tfrecord.records(str(path), problems))) == 1
    assert "not read" in problems.kept[0].message


@given(st.lists(st.binary(max_size=40), max_size=80))
def test_checksums_of_many_are_those_of_each(strings: list[bytes]) -> None:
    assert crc32c.all_masked(strings) == [crc32c.masked(one) for one in strings]


def test_the_checksum_is_the_published_one() -> None:
    # RFC 3720, B.4: thirty-two bytes of zeroes
    crc = 0x8A9136AA
    assert crc32c.masked(bytes(32)) == ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF
    assert crc32c.all_masked([bytes(32)] * 100) == [crc32c.masked(bytes(32))] * 100


@given(st.integers(-(1 << 63), (1 << 63) - 1))
def test_varints_come_back(number: int) -> None:
    rest, data = number & ((1 << 64) - 1), bytearray()
    while rest >= 0x80:
        data.append(rest & 0x7F | 0x80)
        rest >>= 7
    data.append(rest)
    value, place = protobuf.varint(bytes(data), 0)
    assert (protobuf.signed(value), place) == (number, len(data))
    with pytest.raises(ValueError, match="does not end"):
        protobuf.varint(bytes(data[:-1]), 0)
