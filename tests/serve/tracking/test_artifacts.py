"""Proxied artifacts: put, listed, read, deleted; confined to their place; whole or not there."""

from __future__ import annotations

import http.client
import socket
import time
from pathlib import Path

import pytest
from serving import Answer
from tracking_wire import Wire, serving

from mlops_store import artifacts, runs
from mlops_store.store import Store

ROUTE = "/api/2.0/mlflow-artifacts/artifacts"


def put(wire: Wire, path: str, content: bytes = b"x") -> Answer:
    return wire.send("PUT", f"{ROUTE}/{path}", content)


def root(run_id: str) -> str:
    return f"0/{run_id}/artifacts"


def objects(store: Store) -> list[Path]:
    return [path for path in Path(store.objects_dir).rglob("*") if path.is_file()]


def test_a_file_that_a_client_puts_is_an_artifact_of_its_run(wire: Wire) -> None:
    run = wire.run()
    assert put(wire, f"{root(run)}/plots/roc.png", b"PNG").json == {}
    [found] = artifacts.of_run(wire.store.read(), run)
    assert (found.path, found.size_bytes) == ("plots/roc.png", 3)
    with artifacts.open_object(wire.store.objects_dir, found.digest) as file:
        assert file.read() == b"PNG"
    answer = wire.send("GET", f"{ROUTE}/{root(run)}/plots/roc.png")
    assert (answer.status, answer.content) == (200, b"PNG")
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == "attachment; filename=roc.png"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_folder_is_listed_relative_to_the_path_that_was_asked_for(wire: Wire) -> None:
    run = wire.run()
    for path, content in (("a.txt", b"four"), ("d/b.txt", b""), ("d/e/c.txt", b"1")):
        put(wire, f"{root(run)}/{path}", content)
    assert wire.get(ROUTE, path=root(run)) == {
        "files": [{"path": "a.txt", "is_dir": False, "file_size": 4}, {"path": "d", "is_dir": True}]
    }
    assert wire.get(ROUTE, path=f"{root(run)}/d") == {
        "files": [{"path": "b.txt", "is_dir": False}, {"path": "e", "is_dir": True}]
    }
    assert wire.get(ROUTE, path=f"{root(run)}/nothing") == {}
    assert wire.get("artifacts/list", run_id=run, path="d") == {
        "files": [{"path": "d/b.txt", "is_dir": False}, {"path": "d/e", "is_dir": True}],
        "root_uri": f"mlflow-artifacts:/0/{run}/artifacts",
    }


def test_a_file_is_replaced_by_the_newest_of_its_name_and_a_folder_is_deleted_with_all_in_it(wire: Wire) -> None:
    run = wire.run()
    put(wire, f"{root(run)}/d/a", b"old")
    put(wire, f"{root(run)}/d/a", b"new")
    put(wire, f"{root(run)}/e", b"stays")
    assert wire.send("GET", f"/get-artifact?run_id={run}&path=d/a").content == b"new"
    assert wire.send("DELETE", f"{ROUTE}/{root(run)}/d").json == {}
    assert [file.path for file in artifacts.of_run(wire.store.read(), run)] == ["e"]
    assert wire.send("DELETE", f"{ROUTE}/{root(run)}/d").json == {}


@pytest.mark.parametrize("path", ["", ".", "./", "%2E"])
def test_the_whole_store_is_no_folder_that_is_deleted(wire: Wire, path: str) -> None:
    put(wire, "kept/notes.md")
    assert wire.refused(f"{ROUTE}/{path}", method="DELETE") == ("INVALID_PARAMETER_VALUE", "Invalid path")
    assert wire.send("GET", f"{ROUTE}/kept/notes.md").content == b"x"


def test_a_folder_that_holds_runs_or_models_is_not_deleted_as_one(wire: Wire) -> None:
    run = wire.run()
    put(wire, f"{root(run)}/x.txt")
    for path in ("0", f"0/{run}", "0/models"):
        said = wire.refused(f"{ROUTE}/{path}", method="DELETE")
        assert said == (
            "INVALID_PARAMETER_VALUE",
            f"'{path}' holds the artifacts of runs and models: name those of one of them",
        )
    assert wire.send("GET", f"{ROUTE}/{root(run)}/x.txt").content == b"x"
    assert wire.send("DELETE", f"{ROUTE}/{root(run)}").json == {}


def test_a_place_of_no_run_and_no_model_keeps_files_too(wire: Wire) -> None:
    put(wire, "shared/notes.md", b"# hello")
    assert wire.send("GET", f"{ROUTE}/shared/notes.md").headers["content-type"] == "text/plain"
    assert wire.get(ROUTE, path="shared") == {"files": [{"path": "notes.md", "is_dir": False, "file_size": 7}]}
    wire.send("DELETE", f"{ROUTE}/shared/notes.md")
    assert wire.get(ROUTE, path="shared") == {}


def test_an_experiment_with_a_place_of_its_own_has_its_runs_artifacts_there(wire: Wire) -> None:
    experiment = wire.post("experiments/create", name="placed", artifact_location="mlflow-artifacts:/team/a")
    run = wire.run(experiment_id=experiment["experiment_id"])
    put(wire, f"team/a/{run}/artifacts/x.txt", b"1")
    assert [file.path for file in artifacts.of_run(wire.store.read(), run)] == ["x.txt"]


def test_what_is_not_there_and_what_is_a_folder_are_told_apart(wire: Wire) -> None:
    run = wire.run()
    put(wire, f"{root(run)}/d/a")
    assert wire.refused(f"{ROUTE}/{root(run)}/none", method="GET", answer_status=404) == (
        "RESOURCE_DOES_NOT_EXIST",
        f"No such artifact: '{root(run)}/none'",
    )
    code, message = wire.refused(f"{ROUTE}/{root(run)}/d", method="GET")
    assert (code, message.startswith("Artifact path refers to a directory")) == ("INVALID_PARAMETER_VALUE", True)
    assert put(wire, f"{root(run)}/d").status == 400
    assert put(wire, f"{root(run)}/d/a/b").status == 400
    assert put(wire, f"{root(run)}").status == 400
    assert (
        wire.refused("artifacts/list", method="GET", answer_status=404, run_id="0" * 32)[0] == "RESOURCE_DOES_NOT_EXIST"
    )


@pytest.mark.parametrize(
    "path",
    [
        "../secret",
        "0/../../secret",
        "%2e%2e/secret",
        "%2E%2E%2Fsecret",
        "a%2f..%2f..%2fsecret",
        "%252e%252e%252fsecret",
        "%25252e%25252e/secret",
        "/etc/passwd",
        "%2fetc%2fpasswd",
        "%252fetc/passwd",
        "..%5csecret",
        "a%5c..%5cb",
        "C:%5csecret",
        "C:/secret",
        "file:///etc/passwd",
        "a%00b",
        "a%2500b",
        "a%0ab",
        "a%23b",
        "%25ff%25fe",
        "a" * 2_001,
    ],
)
def test_a_path_that_could_lead_out_is_refused_in_every_spelling(wire: Wire, path: str) -> None:
    run = wire.run()
    before = objects(wire.store)
    is_absolute = path.lower().startswith(("/", "%2f", "%252f", "c:", "file:"))
    for place in ("",) if is_absolute else ("", f"{root(run)}/"):
        for method in ("GET", "PUT", "DELETE"):
            answer = wire.send(method, f"{ROUTE}/{place}{path}", b"x" if method == "PUT" else None)
            assert answer.status == 400, (method, place, answer.content)
            assert answer.json == {"error_code": "INVALID_PARAMETER_VALUE", "message": "Invalid path"}
    for asked in (f"{ROUTE}?path={path}", f"/get-artifact?run_id={run}&path={path}"):
        assert wire.send("GET", asked).status == 400, asked
    assert objects(wire.store) == before
    assert artifacts.of_run(wire.store.read(), run) == ()


def test_a_link_among_the_objects_of_a_name_leads_nowhere_because_names_are_no_paths(own_wire: Wire) -> None:
    run = own_wire.run()
    (Path(own_wire.store.path).parent / "objects").mkdir(exist_ok=True)
    (Path(own_wire.store.objects_dir) / "link").symlink_to("/etc")
    assert own_wire.send("GET", f"{ROUTE}/link/passwd").status == 404
    assert own_wire.send("GET", f"{ROUTE}/{root(run)}/link/passwd").status == 404


def test_a_client_that_hangs_up_in_the_middle_leaves_nothing(own_wire: Wire) -> None:
    run = own_wire.run()
    head = f"PUT {ROUTE}/{root(run)}/half HTTP/1.1\r\nHost: localhost\r\n"
    for sent in (
        f"{head}Content-Length: 5000000\r\n\r\n".encode() + b"x" * 3_000_000,
        f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + b"400\r\n" + b"x" * 1_024 + b"\r\n",
        f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + b"zzz\r\nnot a length\r\n",
    ):
        with socket.create_connection(("127.0.0.1", own_wire.port)) as connection:
            connection.sendall(sent)
    end = time.monotonic() + 10
    while (left := objects(own_wire.store)) and time.monotonic() < end:
        time.sleep(0.01)
    assert left == []
    assert artifacts.of_run(own_wire.store.read(), run) == ()
    assert put(own_wire, f"{root(run)}/whole").status == 200


def test_a_body_in_chunks_is_taken_as_it_comes(wire: Wire) -> None:
    run = wire.run()
    connection = http.client.HTTPConnection("127.0.0.1", wire.port, timeout=30)
    blocks = [bytes([number]) * 700_000 for number in range(8)]
    connection.request("PUT", f"{ROUTE}/{root(run)}/large.bin", iter(blocks), encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()
    [file] = artifacts.of_run(wire.store.read(), run)
    assert file.size_bytes == 5_600_000
    assert wire.send("GET", f"/get-artifact?run_id={run}&path=large.bin").content == b"".join(blocks)


def test_a_file_that_says_that_it_is_larger_than_the_disk_is_refused_before_it_comes(wire: Wire) -> None:
    with socket.create_connection(("127.0.0.1", wire.port)) as connection:
        head = f"PUT {ROUTE}/huge HTTP/1.1\r\nHost: localhost\r\nContent-Length: {1 << 60}\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 413")


def test_parts_and_urls_are_answered_as_mlflow_does_over_a_local_folder(wire: Wire) -> None:
    for act in ("create", "complete", "abort"):
        path = f"/api/2.0/mlflow-artifacts/mpu/{act}/0/x"
        code, message = wire.refused(path, answer_status=501, path="x", num_parts=2)
        assert (code, message) == (
            "NOT_IMPLEMENTED",
            "Multipart upload is not supported for the current artifact repository",
        )
    assert wire.send("GET", "/api/2.0/mlflow-artifacts/presigned/0/x").status == 501


def test_a_page_of_mlflow_puts_small_files_of_a_run_and_a_page_of_another_site_none(wire: Wire) -> None:
    run, path = wire.run(), "/ajax-api/2.0/mlflow/upload-artifact"
    assert wire.send("POST", f"{path}?run_uuid={run}&path=a/b.txt", b"hello").status == 200
    assert [file.path for file in artifacts.of_run(wire.store.read(), run)] == ["a/b.txt"]
    for query, status in (
        ("", 400),
        (f"run_uuid={run}", 400),
        (f"run_uuid={run}&path=../x", 400),
        (f"run_uuid={'0' * 32}&path=x", 404),
    ):
        assert wire.send("POST", f"{path}?{query}", b"hello").status == status, query
    assert wire.send("POST", f"{path}?run_uuid={run}&path=x", b"").status == 400
    assert wire.send("POST", f"{path}?run_uuid={run}&path=x", b"x" * (11 << 20)).status == 400
    assert wire.send("POST", f"{path}?run_uuid={run}&path=x", b"x", Origin="http://evil.example").status == 403


def test_artifacts_can_be_kept_in_another_folder_than_beside_the_store(tmp_path: Path) -> None:
    from mlops_store import object_folders
    from mlops_store.errors import Refused

    path = str(tmp_path / "one" / "store.db")
    object_folders.keep_in(path, str(tmp_path / "far"))
    with serving(str(tmp_path / "one")) as wire:
        run = wire.run()
        put(wire, f"{root(run)}/a", b"bytes")
        assert [file.stat().st_size for file in (tmp_path / "far").rglob("*") if file.is_file()] == [5]
        with artifacts.open_object(wire.store.objects_dir, artifacts.of_run(wire.store.read(), run)[0].digest) as file:
            assert file.read() == b"bytes"
    object_folders.keep_in(path, str(tmp_path / "far"))
    with pytest.raises(Refused, match="are in"):
        object_folders.keep_in(path, str(tmp_path / "elsewhere"))


def test_the_artifacts_of_a_deleted_run_can_still_be_read(wire: Wire) -> None:
    run = wire.run()
    put(wire, f"{root(run)}/a", b"1")
    wire.post("runs/delete", run_id=run)
    assert wire.send("GET", f"{ROUTE}/{root(run)}/a").content == b"1"
    assert runs.get(wire.store.read(), run).deleted_at is not None


def test_a_full_disk_is_said_to_be_full_and_nothing_is_kept_of_the_file(tmp_path: Path) -> None:
    from disks import mounted

    from mlops_store import object_folders

    with mounted(tmp_path, 4) as disk:
        object_folders.keep_in(str(tmp_path / "own" / "store.db"), str(disk / "objects"))
        with serving(str(tmp_path / "own")) as wire:
            run = wire.run()
            connection = http.client.HTTPConnection("127.0.0.1", wire.port, timeout=30)
            # in chunks, so that nobody knows beforehand how long it is
            connection.request("PUT", f"{ROUTE}/{root(run)}/a", iter([b"x" * 1_000_000] * 6), encode_chunked=True)
            answer = connection.getresponse()
            assert (answer.status, b"is full" in answer.read()) == (503, True)
            connection.close()
            assert artifacts.of_run(wire.store.read(), run) == ()
            assert objects(wire.store) == []
            assert put(wire, f"{root(run)}/small", b"fits").status == 200


@pytest.mark.slow
def test_a_large_file_takes_no_memory_on_its_way(tmp_path: Path) -> None:
    from tracking_process import tracking_server

    def peak_kb(pid: int) -> int:
        status = Path(f"/proc/{pid}/status").read_text()
        return int(status.partition("VmHWM:")[2].split()[0])

    with tracking_server(tmp_path) as running:
        before = peak_kb(running.process.pid)
        connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
        connection.request("PUT", f"{ROUTE}/large", iter([b"x" * (1 << 20)] * 300), encode_chunked=True)
        assert connection.getresponse().read() == b"{}"
        connection.request("GET", f"{ROUTE}/large")
        answer = connection.getresponse()
        total = 0
        while block := answer.read(1 << 20):
            total += len(block)
        connection.close()
        assert total == 300 << 20
        assert peak_kb(running.process.pid) - before < 32 << 10
