"""Pipelines at which signals, restarts and set clocks are thrown at random moments, and what must hold afterwards.

``python tests/support/faults.py --seeds 1000`` throws more of them than the tests do.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import yaml
from terminal import Terminal

from mlops_store import fold, pipelines, queue
from mlops_store.store import Store
from mlops_tui import pipeline
from mlops_tui.pipeline import cache
from mlops_tui.project import Project

SHAPES = 6
_MARK = "FAULTS_MARK"
_PATIENCE_S = 120.0
_IN_BOOT = 'mount --bind "$1" /proc/sys/kernel/random/boot_id && shift && exec "$@"'
_SIGNALS = (signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGHUP)
# a command that passes over the death of a part of it would be complete for everybody
_RAN = 'set -e; echo begin >> "$FAULTS_SIDE/{name}"; {act}; echo end >> "$FAULTS_SIDE/{name}"'
_ACTS = {
    "plain": "sleep 0.0{digit}; cat {deps} > {name}.out; echo {name} >> {name}.out",
    "directory": "mkdir {name}.out; for i in 1 2 3 4 5; do cat {deps} > {name}.out/$i; echo $i >> {name}.out/$i; done",
    "persist": "cat {deps} > {name}.out; sleep 0.0{digit}",
    "persistent_directory": "mkdir -p {name}.out; for i in 1 2 3; do cat {deps} > {name}.out/$i; sleep 0.01; done",
    "child": "{{ sleep 0.0{digit}; cat {deps} > {name}.out; }} & wait $!",
    "leaves_child": "cat {deps} > {name}.out; sleep 0.3 &",
    "flaky": "if [ ! -e $FAULTS_SIDE/flaky ]; then touch $FAULTS_SIDE/flaky; exit 3; fi; cat {deps} > {name}.out",
    "tracking": "cat {deps} > {name}.out; python3 ../track.py",
    "large": "head -c 300000 /dev/zero > {name}.out; cat {deps} >> {name}.out",
}
_TRACK = "import mlops_tui as mlops\nfor step in range(5):\n    mlops.log_metric('loss', 1 / (step + 1), step=step)\n"


@dataclass
class Trial:
    """One project under attack.

    Attributes:
        directory: Where everything of it lies.
        shape: Which pipeline it has.
        seed: Of the random moments.
        faults: What has been done to it, in words.
        lethal: How many stage runs may have failed by that.
        tries: The starts of ``mlops-tui run``.
    """

    directory: Path
    shape: int
    seed: int
    faults: list[str] = field(default_factory=list)
    lethal: int = 0
    tries: list[subprocess.Popen[bytes]] = field(default_factory=list)
    terminals: list[Terminal] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.mark = uuid.uuid4().hex
        self.side = self.directory / "side"
        self.side.mkdir(parents=True)
        self.project = Project(str(self.directory / "project"))
        os.mkdir(self.project.root)
        self.dice = random.Random(self.seed)
        self.has_small_disk = self.seed % 8 == 7 and _mount(self.project.root)
        self.kinds = _write(self.directory, self.shape)
        self._errors = os.open(self.directory / "errors", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)

    # What is done

    def attack(self) -> None:
        """Starts the pipeline and throws faults at it until their number is reached."""
        self.start()
        if self.dice.random() < 0.15:
            self.open_dashboard()
        for _ in range(self.dice.randint(1, 5)):
            self._await_moment()
            self._fault()
            if self.dice.random() < 0.4:
                self.look()
            if self.dice.random() < 0.4:
                self.start()

    def start(self) -> None:
        """Starts ``mlops-tui run``, as somebody else may just have done."""
        how = self.dice.choice([[], [], ["--wait"], ["--queue"]])
        self.tries.append(self._popen("run", "-j", self.dice.choice("123"), *how))

    def open_dashboard(self) -> None:
        """Opens the dashboard in a terminal."""
        self.terminals.append(Terminal(self._command(), cwd=self.project.root, env=self._environment()))

    def look(self) -> None:
        """What everybody does who looks at the project."""
        if self.project.has_store:
            self._popen("status").wait(_PATIENCE_S)

    def finish(self) -> None:
        """Ends the attack: who was there goes, one look is taken, and ``run`` finishes the job."""
        for terminal in self.terminals:
            terminal.close()
        for one in self.tries:
            if one.poll() is None:
                one.kill()
            one.wait()
        self._empty_disk()
        self.look()
        self._until(lambda: not self._is_unfinished(), "the end of the runs after one look")
        assert self._popen("run").wait(_PATIENCE_S) == 0, self._told("the last run failed", self._log())
        before = self.begins()
        again = pipeline.wait(self.project, pipeline.start(self.project))
        assert {str(stage.state) for stage in again.stages} == {"cached"}, self._told("not up to date")
        assert self.begins() == before, self._told("a finished pipeline ran again")

    def close(self) -> None:
        """Lets go of what the trial holds."""
        os.close(self._errors)
        if self.has_small_disk:
            subprocess.run(["umount", "-l", self.project.root], check=True)

    # What must hold

    def check(self, expected: object) -> None:
        """Everything is consistent, nothing is left behind, and nothing ran more often than the faults made it."""
        self._until(lambda: not list(self._processes()), "the end of all processes")
        project = self.project
        with Store(project.store_path) as store:
            fold.fold(store, project.journals_dir)
            db = store.read()
            assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok", self._told("damaged store")
            assert db.execute("PRAGMA foreign_key_check").fetchall() == [], self._told("dangling rows")
            assert db.execute("SELECT name FROM runs WHERE status = 'RUNNING'").fetchall() == [], self._told("running")
            live = "SELECT stage FROM stage_runs WHERE state IN ('waiting', 'running')"
            assert db.execute(live).fetchall() == [], self._told("stages that have not ended")
            done = dict(db.execute("SELECT stage, count(*) FROM stage_runs WHERE state = 'done' GROUP BY stage"))
            never = "error LIKE '%before this began%'"
            bad = dict(
                db.execute(
                    "SELECT name, count(*) FROM runs WHERE kind = 'stage' AND status IN ('FAILED', 'KILLED') "
                    f"AND NOT {never} GROUP BY name"
                )
            )
        assert done == dict.fromkeys(self.kinds, 1), self._told(f"done: {done}")
        begins = self.begins()
        for name, kind in self.kinds.items():
            assert begins[name] <= 1 + bad.get(name, 0), self._told(f"{name} began {begins[name]} times, bad: {bad}")
            assert begins[name] >= 1 + (kind == "flaky"), self._told(f"{name} began {begins[name]} times")
        flaky = sum(kind == "flaky" for kind in self.kinds.values())
        assert sum(bad.values()) <= self.lethal + flaky, self._told(f"failed without a reason: {bad}")
        assert self.lock() == expected, self._told(f"dvc.lock differs:\n{self.lock()}\n{expected}")
        self._check_files()
        errors = (self.directory / "errors").read_text()
        assert "Traceback" not in errors, self._told("a command failed without words", errors[-3000:])

    def _check_files(self) -> None:
        project = self.project
        left = [str(path) for path in Path(project.root).rglob("*") if path.name.endswith((".tmp", ".journal"))]
        assert left == [], self._told(f"left behind: {left}")
        objects = Path(cache.find(project).directory, "files", "md5")
        for path in (one for one in objects.rglob("*") if one.is_file()):
            name = (path.parent.name + path.name).removesuffix(".dir")
            digest = hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
            assert name == digest, self._told(f"the object {path} is something else")

    def lock(self) -> object:
        """What ``dvc.lock`` says."""
        return yaml.safe_load(Path(self.project.root, "dvc.lock").read_text())

    def begins(self) -> Counter[str]:
        """How often each stage has begun."""
        paths = ((name, self.side / name) for name in self.kinds)
        return Counter({name: path.read_text().count("begin") for name, path in paths if path.exists()})

    # Faults

    def _await_moment(self) -> None:
        """Waits for a number of stages to begin or end, and a little longer."""
        wanted = self._events() + self.dice.choice([0, 0, 1, 1, 1, 2, 2, 3, 4, 6])
        deadline = time.monotonic() + 3.0
        while self._events() < wanted and time.monotonic() < deadline:
            if not self._is_busy():
                return
            for _ in range(20):
                if self._events() >= wanted:
                    break
                time.sleep(0.003)
        time.sleep(self.dice.random() ** 2 * 0.15)

    def _fault(self) -> None:
        acts = ["supervisor"] * 6 + ["leader", "child"] * 2
        acts += ["run", "all", "all", "restart", "clock", "dashboard", "stop"]
        act = self.dice.choice(acts + ["disk"] * 8 * self.has_small_disk)
        self.faults.append(act)
        if act in ("supervisor", "leader", "child", "run"):
            self._send(act, self.dice.choice(_SIGNALS))
        elif act == "all":
            self._end_all()
        elif act == "restart":
            self._end_all()
            self._boot()
        elif act == "clock":
            self._set_clock(self.dice.choice([-1, 1]) * self.dice.choice([5.0, 3600.0, 1e7]))
        elif act == "dashboard":
            self._close_dashboard()
        elif act == "disk":
            self._fill_disk()
        elif self.project.has_store:
            self.lethal += 3
            self._popen("stop").wait(_PATIENCE_S)

    def _send(self, kind: str, number: signal.Signals) -> None:
        found = [pid for pid, what in self._processes() if what == kind]
        self.faults.append(f"{number.name} {len(found)}")
        if not found:
            return
        if kind in ("leader", "child"):
            self.lethal += 1
        elif kind == "supervisor" and number == signal.SIGTERM:
            self.lethal += 3
        with suppress(ProcessLookupError):
            os.kill(self.dice.choice(found), number)

    def _end_all(self) -> None:
        self.lethal += 3
        while found := list(self._processes()):
            self.dice.shuffle(found)
            for pid, _ in found:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            for one in self.tries:
                one.poll()
            time.sleep(0.005)

    def _boot(self) -> None:
        """Gives what is started from now on another boot than what was; else the store tells of another one."""
        if os.geteuid() == 0:
            (self.directory / "boot_id").write_text(f"{uuid.UUID(int=self.dice.getrandbits(128))}\n")
        else:
            self._store("UPDATE pipeline_runs SET boot_id = 'another boot' WHERE boot_id IS NOT NULL")

    def _set_clock(self, by_s: float) -> None:
        """Makes everything that was recorded lie in another time, as a clock that is set does."""
        for statement in (
            "UPDATE stage_runs SET started_at = started_at + ?, retry_at = retry_at + ?",
            "UPDATE pipeline_runs SET stop_requested_at = stop_requested_at + ?",
        ):
            self._store(statement, *[by_s] * statement.count("?"))
        for path in Path(self.project.logs_dir).rglob("*.exit"):
            with suppress(FileNotFoundError):
                os.utime(path, times=(time.time() + by_s,) * 2)

    def _close_dashboard(self) -> None:
        if not self.terminals:
            self.open_dashboard()
            return
        terminal = self.terminals.pop()
        if self.dice.random() < 0.5:
            terminal.hang_up()
            with suppress(subprocess.TimeoutExpired):
                terminal.wait_exit()
        terminal.close()

    def _fill_disk(self) -> None:
        """Leaves no byte free; a second time makes room again. Commands fail then, as often as they are tried."""
        if self._empty_disk():
            return
        self.lethal += 100
        with open(os.path.join(self.project.root, "ballast"), "ab", buffering=0) as file:
            for size in (65536, 512, 1):
                with suppress(OSError):
                    while file.write(b"x" * size):
                        pass

    def _empty_disk(self) -> bool:
        try:
            os.unlink(os.path.join(self.project.root, "ballast"))
        except FileNotFoundError:
            return False
        return True

    # Looking

    def _store(self, statement: str, *values: float) -> None:
        if self.project.has_store:
            with suppress(Exception), Store(self.project.store_path) as store, store.write() as db:
                db.execute(statement, values)

    def _is_unfinished(self) -> bool:
        """Whether a run is under way or waits for its turn."""
        if not self.project.has_store:
            return False
        with Store(self.project.store_path) as store:
            return bool(pipelines.live(store.read())) or not queue.is_empty(store.read())

    def _events(self) -> int:
        return sum(path.read_text().count("\n") for path in self.side.iterdir())

    def _is_busy(self) -> bool:
        return any(what in ("supervisor", "leader", "run") for _, what in self._processes())

    def _processes(self) -> Iterator[tuple[int, str]]:
        """Everything that was started by this trial and lives, with what it is."""
        mark = f"{_MARK}={self.mark}".encode()
        for name in os.listdir("/proc"):
            if not name.isdigit():
                continue
            try:
                environ = Path("/proc", name, "environ").read_bytes().split(b"\0")
                words = Path("/proc", name, "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if mark in environ:
                yield int(name), _kind(words, any(one.startswith(b"MLOPS_STAGE=") for one in environ), _leads(name))

    def _popen(self, *words: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            self._command(*words),
            cwd=self.project.root,
            env=self._environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=self._errors,
            start_new_session=True,
        )

    def _command(self, *words: str) -> list[str]:
        boot = self.directory / "boot_id"
        in_boot = ["unshare", "-m", "sh", "-c", _IN_BOOT, "sh", str(boot)] if boot.exists() else []
        return [*in_boot, sys.executable, "-m", "mlops_tui", *words]

    def _environment(self) -> dict[str, str]:
        path = f"{os.path.dirname(sys.executable)}{os.pathsep}{os.environ.get('PATH', '')}"
        return {**os.environ, "PATH": path, _MARK: self.mark, "FAULTS_SIDE": str(self.side)}

    def _until(self, condition: object, what: str) -> None:
        assert callable(condition)
        deadline = time.monotonic() + _PATIENCE_S
        while not condition():
            assert time.monotonic() < deadline, self._told(f"waited in vain for {what}", str(list(self._processes())))
            time.sleep(0.02)

    def _log(self) -> str:
        return "\n".join(path.read_text()[-2000:] for path in Path(self.project.logs_dir).rglob("supervisor.log"))

    def _told(self, what: str, more: str = "") -> str:
        return f"shape {self.shape}, seed {self.seed}: {what}\n{self.faults}\n{more}"


def reference(directory: Path, shape: int) -> object:
    """The ``dvc.lock`` that a run without faults writes."""
    trial = Trial(directory, shape, 0)
    trial.finish()
    trial.close()
    return trial.lock()


def survive(directory: Path, seed: int, expected: object) -> Trial:
    """One trial from start to end.

    Raises:
        AssertionError: Something did not hold; the message tells the seed.
    """
    trial = Trial(directory, seed % SHAPES, seed)
    try:
        trial.attack()
        trial.finish()
        trial.check(expected)
    finally:
        for terminal in trial.terminals:
            terminal.close()
        trial._end_all()
        trial.close()
    return trial


def _mount(directory: str) -> bool:
    """Puts a file system of eight megabytes there, if this user may."""
    command = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", directory]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _leads(pid: str) -> bool:
    """Whether a process has a session of its own."""
    with suppress(ProcessLookupError):
        return os.getsid(int(pid)) == int(pid)
    return False


def _kind(words: list[bytes], is_in_stage: bool, has_session: bool) -> str:
    if b"mlops_tui.pipeline.supervisor" in words:
        # what a supervisor has forked is called like it until it becomes the leader of a stage
        return "supervisor" if has_session else "other"
    if is_in_stage:
        return "leader" if words[:1] == [b"/bin/sh"] and b"mlops-tui" in words[3:4] else "child"
    return "run" if b"run" in words else "other"


def _write(directory: Path, shape: int) -> dict[str, str]:
    """Writes the pipeline of a shape; returns what kind of stage each is."""
    dice = random.Random(shape)
    root = directory / "project"
    (root / "data").write_text("data\n")
    (directory / "track.py").write_text(_TRACK)
    if shape % 2:
        (root / ".dvc").mkdir()
        (root / ".dvc" / "config").write_text("[core]\n    no_scm = true\n[cache]\n    type = hardlink\n")
    names = "abcdefg"[: dice.randint(5, 7)]
    kinds = dict(zip(names, dice.sample([kind for kind in _ACTS if kind != "tracking"], len(names)), strict=True))
    if shape % 3 == 0:
        kinds[names[-1]] = "tracking"
    stages = {}
    for number, (name, kind) in enumerate(kinds.items()):
        before = [one for one in names[:number] if "directory" not in kinds[one]]
        deps = ["data", *(f"{one}.out" for one in dice.sample(before, min(len(before), dice.randint(0, 2))))]
        act = _ACTS[kind].format(name=name, deps=" ".join(deps), digit=dice.randint(1, 9))
        stage = {"cmd": _RAN.format(name=name, act=act).replace("&;", "&"), "deps": deps, "outs": [f"{name}.out"]}
        if "persist" in kind:
            stage["outs"] = [{f"{name}.out": {"persist": True}}]
        if kind == "flaky":
            stage["meta"] = {"mlops": {"retries": {"times": 3, "backoff": 0.05}}}
        stages[name] = stage
    (root / "dvc.yaml").write_text(yaml.safe_dump({"stages": stages}))
    return kinds


def main() -> None:
    """Throws faults until their number is reached or something does not hold."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=100)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as top:
        expected = {shape: reference(Path(top, f"reference{shape}"), shape) for shape in range(SHAPES)}
        bad = 0
        for seed in range(options.first, options.first + options.seeds):
            begun = time.monotonic()
            try:
                trial = survive(Path(top, str(seed)), seed, expected[seed % SHAPES])
                print(seed, f"{time.monotonic() - begun:.1f} s", *trial.faults, flush=True)
            except AssertionError as error:
                bad += 1
                print(seed, "FAILED", error, flush=True)
    print(f"{options.seeds} trials, {bad} failed")
    sys.exit(bool(bad))


if __name__ == "__main__":
    main()
