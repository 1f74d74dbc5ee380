"""``mlops.toml`` as frozen dataclasses. Every key is optional; an unknown one is an error that names the nearest."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from mlops_store.errors import SpecError, nearest
from mlops_tui import quantities
from mlops_tui.config import gates, mirrors, serving, signing, traffic, triggers
from mlops_tui.config import monitors as monitor_tables
from mlops_tui.config.gates import GateConfig
from mlops_tui.config.mirrors import MirrorsConfig
from mlops_tui.config.monitors import MonitorConfig
from mlops_tui.config.reader import Reader
from mlops_tui.config.serving import ServeConfig
from mlops_tui.config.signing import SigningConfig
from mlops_tui.config.traffic import TrafficConfig
from mlops_tui.config.triggers import TriggerConfig
from mlops_tui.project import CONFIG_FILE, Project

_TABLES = (
    *("project", "registry", "gates", "signing", "monitors", "triggers", "metrics", "resources", "executors"),
    *("serve", "traffic", "ui", "keys"),
)
#: How pictures can be drawn.
IMAGES = ("auto", "kitty", "sixel", "blocks")


@dataclass(frozen=True, slots=True)
class RegistryConfig:
    """``[registry]``: the stages a model version can be in, lowest first.

    A version in a stage of ``single`` is the only one of its model there: the promoted one sends the former holder
    to the last stage (the archive).
    """

    stages: tuple[str, ...] = ("dev", "staging", "production", "archived")
    single: tuple[str, ...] = ("production",)
    mirrors: MirrorsConfig = field(default_factory=MirrorsConfig)

    @property
    def first(self) -> str:
        """The stage of a new version."""
        return self.stages[0]

    @property
    def archive(self) -> str:
        """The stage that replaced versions go to."""
        return self.stages[-1]

    @property
    def charge(self) -> str:
        """The stage whose version is in charge: the last one that holds a single version."""
        return self.single[-1] if self.single else "production"


@dataclass(frozen=True, slots=True)
class ResourcesConfig:
    """``[resources]``: what stages may use together of this machine; None where the machine itself is asked."""

    cpus: int | None = None
    memory_bytes: int | None = None
    gpus: int | None = None


@dataclass(frozen=True, slots=True)
class ExecutorConfig:
    """``[executors.NAME]``: what is put before the commands of stages that name this executor.

    Attributes:
        name: The table's name.
        command: The program and its arguments; no shell looks at them.
        shell: The shell that gets a stage's command there; '' for the user's own.
        quote: Whether the program joins its arguments to one line for another shell, as ssh does.
    """

    name: str
    command: tuple[str, ...]
    shell: str = ""
    quote: bool = False


@dataclass(frozen=True, slots=True)
class UiConfig:
    """``[ui]`` and ``[keys]``.

    Attributes:
        theme: A theme's name, "" for the own one.
        images: How pictures are drawn: 'auto', by the terminal itself ('kitty', 'sixel') or 'blocks' (with characters).
        notify_after_s: The terminal tells of the end of runs that took at least so many seconds; 0 for never.
        keys: Binding id -> keys (comma separated).
    """

    theme: str = ""
    images: str = "auto"
    notify_after_s: float = 30.0
    keys: Mapping[str, str] = field(default_factory=dict)


#: Words in the names of metrics of which less is better.
_LOWER_IS_BETTER = frozenset(
    (
        *("loss", "error", "mae", "mse", "rmse", "rmsle", "mape", "brier", "perplexity", "deviance", "nll", "ece"),
        *("wer", "cer", "latency", "time", "seconds", "duration", "runtime", "cost"),
    )
)


@dataclass(frozen=True, slots=True)
class Config:
    """The whole of ``mlops.toml``."""

    experiment: str = "default"
    registry: RegistryConfig = field(default_factory=RegistryConfig)
    gates: Mapping[str, GateConfig] = field(default_factory=dict)
    signing: SigningConfig = field(default_factory=SigningConfig)
    monitors: Mapping[str, MonitorConfig] = field(default_factory=dict)
    triggers: Mapping[str, TriggerConfig] = field(default_factory=dict)
    goals: Mapping[str, str] = field(default_factory=dict)
    resources: ResourcesConfig = field(default_factory=ResourcesConfig)
    executors: Mapping[str, ExecutorConfig] = field(default_factory=dict)
    traffic: Mapping[str, TrafficConfig] = field(default_factory=dict)
    serve: Mapping[str, ServeConfig] = field(default_factory=dict)
    ui: UiConfig = field(default_factory=UiConfig)

    def gates_of(self, stage: str) -> tuple[GateConfig, ...]:
        """The gates that guard a stage, in the order of ``mlops.toml``."""
        return tuple(gate for gate in self.gates.values() if stage in gate.stages)

    def signing_policy(self, stage: str) -> str:
        """What a stage asks of signatures: 'off', 'warn' or 'enforce'; of the first one and the archive seldom any."""
        is_end = stage in (self.registry.first, self.registry.archive)
        return self.signing.stages.get(stage, "off" if is_end else self.signing.policy)

    def goal(self, metric: str) -> str:
        """'max' or 'min': the better direction of a metric, from ``[metrics]`` or guessed from its name."""
        if metric in self.goals:
            return self.goals[metric]
        words = re.split(r"[^a-z]+", metric.lower())
        is_lower_better = any(word in _LOWER_IS_BETTER or word.endswith("loss") for word in words)
        # scikit-learn's scorers turn errors round: neg_mean_squared_error
        return "min" if is_lower_better and "neg" not in words else "max"


def load(project: Project) -> Config:
    """The project's configuration; the defaults when it has no ``mlops.toml``.

    Raises:
        SpecError: The file is not valid TOML, or a key or value is not understood.
    """
    try:
        with open(project.config_path, "rb") as file:
            text = file.read().decode("utf-8")
    except FileNotFoundError:
        return Config()
    except UnicodeDecodeError as error:
        raise SpecError(f"not UTF-8 text (byte {error.start})", file=CONFIG_FILE) from error
    except OSError as error:
        raise SpecError(f"cannot be read ({error.strerror})", file=CONFIG_FILE) from error
    return parse(text, project.root)


def parse(text: str, root: str = "") -> Config:
    """The configuration that a TOML text describes.

    Args:
        text: The text.
        root: The directory that relative paths of keys start from.

    Raises:
        SpecError: With line and column where the TOML is broken, with the line of the key where a value is wrong.
    """
    import tomllib  # most projects have no mlops.toml, and the dashboard must open in a blink

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"\(at line (\d+), column (\d+)\)", str(error))
        line, column = (int(place[1]), int(place[2])) if place else (0, 0)
        reason = re.sub(r" \(at .*\)$", "", str(error))
        raise SpecError(reason, file=CONFIG_FILE, line=line, column=column) from error
    reader = Reader(text, root)
    top = reader.table(document, "", _TABLES)
    project = reader.table(top.get("project", {}), "project", ("experiment",))
    registry = _registry(reader, top.get("registry", {}))
    monitors = {
        name: monitor_tables.read(reader, name, body)
        for name, body in reader.table(top.get("monitors", {}), "monitors", None).items()
    }
    goals = {
        key: reader.choice(value, f"metrics.{key}", ("max", "min"))
        for key, value in reader.table(top.get("metrics", {}), "metrics", None).items()
    }
    ui = reader.table(top.get("ui", {}), "ui", ("theme", "images", "notify_after_s"))
    notify_after_s = reader.number(ui.get("notify_after_s", UiConfig().notify_after_s), "ui.notify_after_s")
    if not 0 <= notify_after_s < math.inf:
        raise reader.error("ui.notify_after_s", f"{notify_after_s} is not 0 or more", "0 never tells")
    keys = reader.table(top.get("keys", {}), "keys", None)
    return Config(
        experiment=reader.text(project.get("experiment", "default"), "project.experiment") or "default",
        registry=registry,
        gates={
            name: gates.read(reader, name, body, registry.stages, monitors)
            for name, body in reader.table(top.get("gates", {}), "gates", None).items()
        },
        signing=signing.read(reader, top.get("signing", {}), registry.stages),
        monitors=monitors,
        triggers={
            name: triggers.read(reader, name, body, monitors, registry.stages)
            for name, body in reader.table(top.get("triggers", {}), "triggers", None).items()
        },
        goals=goals,
        resources=_resources(reader, top.get("resources", {})),
        executors={
            name: _executor(reader, name, body)
            for name, body in reader.table(top.get("executors", {}), "executors", None).items()
        },
        traffic={
            name: traffic.read(reader, name, body, monitors)
            for name, body in reader.table(top.get("traffic", {}), "traffic", None).items()
        },
        serve={
            name: serving.read(reader, name, body)
            for name, body in reader.table(top.get("serve", {}), "serve", None).items()
        },
        ui=UiConfig(
            theme=reader.text(ui.get("theme", ""), "ui.theme"),
            images=reader.choice(ui.get("images", "auto"), "ui.images", IMAGES),
            notify_after_s=notify_after_s,
            keys={key: reader.text(value, f"keys.{key}") for key, value in keys.items()},
        ),
    )


def _registry(reader: Reader, body: object) -> RegistryConfig:
    default = RegistryConfig()
    table = reader.table(body, "registry", ("stages", "single", "mlflow", "gto"))
    stages = reader.texts(table.get("stages", list(default.stages)), "registry.stages")
    if len(stages) < 2 or len(set(stages)) != len(stages) or not all(stages):
        raise reader.error("registry.stages", "needs at least two different names")
    single = reader.texts(
        table.get("single", [stage for stage in default.single if stage in stages]), "registry.single"
    )
    for stage in single:
        if stage not in stages:
            raise reader.error("registry.single", f"unknown stage {stage!r}", nearest(stage, stages))
    if stages[-1] in single:
        raise reader.error("registry.single", f"the last stage, {stages[-1]!r}, is the archive and holds any number")
    written = mirrors.read(reader, table.get("mlflow", {}), table.get("gto", {}))
    return RegistryConfig(stages=stages, single=single, mirrors=written)


def _resources(reader: Reader, body: object) -> ResourcesConfig:
    table = reader.table(body, "resources", ("cpus", "memory", "gpus"))
    memory = table.get("memory")
    try:
        memory_bytes = None if memory is None else quantities.size_bytes(memory)
    except ValueError:
        raise reader.error("resources.memory", f"must be a size, not {memory!r}", 'for example "16GB"') from None
    return ResourcesConfig(
        cpus=reader.count(table["cpus"], "resources.cpus") if "cpus" in table else None,
        memory_bytes=memory_bytes,
        gpus=reader.count(table["gpus"], "resources.gpus") if "gpus" in table else None,
    )


def _executor(reader: Reader, name: str, body: object) -> ExecutorConfig:
    place = f"executors.{name}"
    table = reader.table(body, place, ("command", "shell", "quote"))
    command = table.get("command")
    if not isinstance(command, list) or not command or not all(isinstance(word, str) and word for word in command):
        raise reader.error(
            f"{place}.command", "must be a list of words", f'for example: command = ["srun", "--job-name={name}"]'
        )
    if name == "local":
        raise reader.error(place, "is what runs on this machine as it is", "give the executor another name")
    return ExecutorConfig(
        name=name,
        command=tuple(command),
        shell=reader.text(table.get("shell", ""), f"{place}.shell"),
        quote=reader.flag(table.get("quote", False), f"{place}.quote"),
    )
