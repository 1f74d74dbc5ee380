"""The models screen: lists, details, history, aliases and notes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from registry_builders import CONFIG, log_directory, make_run, make_store, make_version
from screens import rendered, settled
from textual.pilot import Pilot
from textual.widgets import Input

from mlops_store import audit, models, notes, processes
from mlops_store import profiles as stored_profiles
from mlops_store.store import Store
from mlops_tui import config as configuration
from mlops_tui.config import Config, RegistryConfig
from mlops_tui.project import Project
from mlops_tui.registry import aliases, keys, stages
from mlops_tui.ui.app import MlopsApp
from mlops_tui.ui.screens import history_rows, model_acts, model_rows, version_lines
from mlops_tui.ui.screens.models import ModelsScreen
from mlops_tui.ui.screens.version_lines import Detail
from mlops_tui.ui.text import plain

HOSTILE = ["[bold]x[/]", "\x1b]0;title\x07", "a\nb", "表情" * 40, "right\u202eleft", "x" * 3000]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Two models; of 'churn' one version is in production and the newest in dev."""
    store = make_store(tmp_path)
    make_version(store, values={"auc": 0.9}, params={"depth": 3})
    make_version(store, values={"auc": 0.95}, name="calm-otter", git_dirty=1)
    make_version(store, "price", values={"rmse": 3.5})
    stages.promote(store, CONFIG, "churn", 1, "production", reason="the first")
    aliases.set(store, "churn", "champion", 1)
    return store


def opened(store: Store, argument: str = "", config: Config = CONFIG) -> MlopsApp:
    return MlopsApp(Project(str(Path(store.path).parent.parent)), config, start=f"models {argument}".strip())


async def press(pilot: Pilot[object], *keys: str) -> None:
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


def detail_of(store: Store, name: str, version: int) -> list[str]:
    detail = Detail(models.version(store.read(), name, version), tuple(models.changes(store.read(), name)))
    return [plain(line) for line in version_lines.lines(detail, CONFIG.registry, 0.0)]


# what is shown


async def test_an_empty_project_says_how_to_register_a_first_model(tmp_path: Path) -> None:
    app = MlopsApp(Project(str(tmp_path)), CONFIG, start="models")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "No model is registered yet." in rendered(app)
        assert "mlops-tui models register NAME RUN" in rendered(app)
        await press(pilot, "p", "b", "a", "n", "h", "i", "y", "enter", "escape")
    assert os.listdir(tmp_path) == []


async def test_a_model_shows_which_version_is_in_each_stage(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        lines = rendered(app).splitlines()
        heading = next(line for line in lines if "production" in line)
        churn = next(line for line in lines if "churn" in line and "@champion" in line)
        assert churn.index("v1") == heading.index("production")
        assert churn.index("v2") == heading.index("dev")
        assert "·" in churn[heading.index("staging") :][:3]


async def test_the_stages_are_those_of_the_configuration(store: Store) -> None:
    config = Config(registry=RegistryConfig(("dev", "canary", "live", "old"), ("live",)))
    app = opened(store, config=config)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        heading = next(line for line in rendered(app).splitlines() if "model " in line)
        assert heading.index("dev") < heading.index("canary") < heading.index("live")
        assert "old" not in heading


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_the_versions_of_the_model_under_the_cursor_are_listed(store: Store, size: tuple[int, int]) -> None:
    app = opened(store)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        assert "0.9500" in rendered(app)
        assert "rmse" not in rendered(app)
        await press(pilot, "j")
        assert "rmse" in rendered(app)
        assert "3.500" in rendered(app)


async def test_a_version_shows_where_it_comes_from(store: Store) -> None:
    app = opened(store, "churn/2")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        shown = rendered(app)
        assert "calm-otter" in shown
        assert "uncommitted changes" in shown
        assert "none: drift cannot be watched" in shown


async def test_on_a_small_terminal_the_details_are_one_key_away(store: Store) -> None:
    app = opened(store, "churn/2")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        assert "uncommitted changes" not in rendered(app)
        await press(pilot, "i")
        assert "uncommitted changes" in rendered(app)
        await press(pilot, "escape")
        assert "uncommitted changes" not in rendered(app)
        assert isinstance(app.screen, ModelsScreen)


def test_a_version_says_since_when_and_why_it_is_in_its_stage(store: Store) -> None:
    lines = detail_of(store, "churn", 1)
    assert lines[0].startswith("v1 production  since ")
    assert lines[1] == "“the first”"
    assert lines[2] == "@champion"


def test_a_version_lists_its_metrics_and_params(store: Store) -> None:
    lines = [line.split() for line in detail_of(store, "churn", 1)]
    assert ["auc", "0.9000"] in lines
    assert ["depth", "3"] in lines


def test_a_signature_is_listed_with_types_as_long_as_it_is_short(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    few = [{"name": "age", "type": "long"}, {"name": "plan", "type": "string"}]
    many = [{"name": f"c{place}", "type": "double"} for place in range(30)]
    tensor = [{"type": "tensor", "tensor-spec": {"dtype": "float64", "shape": [-1, 4]}}]
    make_version(store, signature={"inputs": few, "outputs": tensor})
    make_version(store, signature={"inputs": many})
    assert "takes    2 columns: age long, plan string" in detail_of(store, "churn", 1)
    assert "gives    float64 [-1, 4]" in detail_of(store, "churn", 1)
    assert "takes    30 columns: c0, c1, c2, c3, c4, …" in detail_of(store, "churn", 2)


async def test_what_is_long_of_a_version_stays_beside_its_label(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    many = [{"name": f"a column with a name {place}", "type": "double"} for place in range(30)]
    make_version(store, signature={"inputs": many})
    app = MlopsApp(Project(str(tmp_path)), Config(), start="version churn/1")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        lines = rendered(app).splitlines()
        first = next(number for number, line in enumerate(lines) if "takes" in line)
        assert lines[first + 1].index(lines[first + 1].strip(" ┃")[0]) == lines[first].index("30 columns")


def test_the_profile_says_how_much_data_it_holds(store: Store) -> None:
    detail = Detail(models.version(store.read(), "churn", 1), profile_rows=1200, profile_columns=30)
    lines = [plain(line) for line in version_lines.lines(detail, CONFIG.registry, 0.0)]
    assert "profile  1,200 rows, 30 columns" in lines


@pytest.mark.parametrize(
    "lineage", [{}, {"metrics": None, "params": 3, "datasets": "x", "signature": []}, {"metrics": {"a": "b"}}]
)
def test_a_lineage_of_another_shape_is_no_reason_to_fail(store: Store, lineage: dict[str, object]) -> None:
    import dataclasses

    version = dataclasses.replace(models.version(store.read(), "churn", 1), lineage=lineage, run_id=None)
    assert version_lines.lines(Detail(version), CONFIG.registry, 0.0)
    assert model_rows.version_row(version, model_rows.key_metrics([version], CONFIG), CONFIG.registry, 0.0)


def test_metrics_with_a_goal_come_first_among_the_columns(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    make_version(store, values={"a": 1.0, "b": 1.0, "z": 1.0, "system/cpu": 3.0})
    make_version(store, values={"b": 2.0})
    versions = models.get(store.read(), "churn").versions
    assert model_rows.key_metrics(versions, Config(goals={"z": "max"})) == ("z", "b", "a")


def test_metrics_of_the_training_data_come_last_among_the_columns(tmp_path: Path) -> None:
    store = make_store(tmp_path)
    make_version(store, values={"train_auc": 1.0, "validation_auc": 0.9, "training/loss": 0.1, "constraint": 1.0})
    keys = model_rows.key_metrics(models.get(store.read(), "churn").versions, CONFIG)
    assert keys == ("constraint", "validation_auc", "train_auc", "training/loss")


# moving about


async def test_enter_goes_to_the_versions_and_then_to_the_run(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "enter")
        assert app.focused is app.screen.query_one("#version-table")
        await press(pilot, "enter")
        version = models.version(store.read(), "churn", 2)
        assert str(app.screen.place) == f"run {version.run_id}"  # type: ignore[attr-defined]


async def test_a_place_names_the_version_so_that_going_back_finds_it(store: Store) -> None:
    app = opened(store, "churn/1")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        assert app.screen.argument == "churn/1"  # type: ignore[attr-defined]
        assert app.screen.query_one("#version-table").cursor_key == 1  # type: ignore[attr-defined]


async def test_copy_gives_the_uri_of_the_version(store: Store) -> None:
    app = opened(store, "churn/1")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "y")
        assert app.clipboard == "models:/churn/1"


async def test_the_filter_narrows_the_list_and_escape_removes_it(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        table = app.screen.query_one("#model-table")
        await press(pilot, "slash", *"PRI", "enter")
        assert list(table.keys) == ["price"]  # type: ignore[attr-defined]
        assert "rmse" in rendered(app)
        await press(pilot, "escape")
        assert list(table.keys) == ["churn", "price"]  # type: ignore[attr-defined]


async def test_a_filter_that_nothing_matches_says_so(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "slash", *"nothing", "enter")
        assert "no model matches the filter" in rendered(app)
        await press(pilot, "p", "b", "a")
        assert "no version to act on" in rendered(app)


async def test_a_change_made_elsewhere_appears_by_itself(store: Store) -> None:
    app = opened(store)
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        aliases.set(store, "churn", "challenger", 2)
        for _ in range(200):
            await pilot.pause(0.02)
            if "@challenger" in rendered(app):
                break
        assert "@challenger" in rendered(app)


# history


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_the_history_says_who_changed_what_and_why(store: Store, size: tuple[int, int]) -> None:
    app = opened(store)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        await press(pilot, "h")
        lines = rendered(app).splitlines()
        promoted = next(line for line in lines if "promote " in line and "v1 dev → production" in line)
        assert processes.user() in promoted
        assert any("@champion  none → v1" in line for line in lines)
        await press(pilot, "h")
        assert "v1 dev → production" not in rendered(app)


def test_each_kind_of_entry_is_one_sentence(store: Store) -> None:
    stages.promote(store, CONFIG, "churn", 2, "production")
    aliases.set(store, "churn", "champion", 2)
    aliases.remove(store, "churn", "champion")
    said = [history_rows.sentence(entry) for entry in audit.newest(store.read(), 100, "model:churn")]
    assert said == [
        "@champion  v2 → none",
        "@champion  v1 → v2",
        "v2 dev → production, v1 production → archived",
        "@champion  none → v1",
        "v1 dev → production",
        "v2 registered in dev",
        "v1 registered in dev",
    ]


def test_an_entry_of_an_unknown_kind_is_shown_as_it_stands(store: Store) -> None:
    with store.write() as db:
        entry = audit.append(db, action="gate.override", subject="model:churn/1", after={"gate": "auc\n"})
    assert history_rows.sentence(entry) == 'churn/1  {"gate": "auc\\n"}'


# aliases and notes


async def test_an_alias_is_set_and_undone(store: Store) -> None:
    app = opened(store, "churn/2")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "a", *"champion", "enter")
        assert models.get(store.read(), "churn").aliases == {"champion": 2}
        assert app.session.commands[-1].line == "mlops-tui models alias churn champion 2"
        await press(pilot, "u")
        assert models.get(store.read(), "churn").aliases == {"champion": 1}


async def test_an_alias_is_removed_with_a_minus_and_undone(store: Store) -> None:
    app = opened(store, "churn/1")
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        await press(pilot, "a", *"-champion", "enter")
        assert models.get(store.read(), "churn").aliases == {}
        assert app.session.commands[-1].line == "mlops-tui models alias churn champion --remove"
        await press(pilot, "u")
        assert models.get(store.read(), "churn").aliases == {"champion": 1}


@pytest.mark.parametrize("text", ["latest", "v3", "production", "with space", "-nobody", ""])
def test_an_alias_that_cannot_be_is_refused_before_it_is_tried(text: str) -> None:
    assert model_acts.alias_problem(text, {"champion": 1}, RegistryConfig())


async def test_a_note_is_kept_with_the_version_and_shown(store: Store) -> None:
    app = opened(store, "churn/2")
    async with app.run_test(size=(120, 60)) as pilot:
        await settled(pilot)
        await press(pilot, "n", *"ask ana", "enter")
        assert [note.body for note in notes.of(store.read(), "model:churn/2")] == ["ask ana"]
        assert "ask ana" in rendered(app)
        await press(pilot, "u")
        assert notes.of(store.read(), "model:churn/2") == ()


async def test_a_dialog_that_is_left_does_nothing(store: Store) -> None:
    before = audit.newest(store.read())
    app = opened(store, "churn/2")
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot)
        await press(pilot, "a", *"later", "escape", "n", "x", "escape")
        assert not app.screen.query(Input)
    assert audit.newest(store.read()) == before
    assert notes.of(store.read(), "model:churn/2") == ()


# hostile text


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
async def test_hostile_texts_are_shown_as_text(tmp_path: Path, text: str, size: tuple[int, int]) -> None:
    store = make_store(tmp_path)
    run = {"name": text, "params": {text: text}, "values": {text: 1.0}, "git_branch": text, "source": text}
    version = make_version(store, **run)
    with store.write() as db:
        notes.add(db, "model:churn/1", text, text)
        db.execute("UPDATE model_versions SET description = ?, flavor = ?, created_by = ?", (text, text, text))
        db.execute("UPDATE registered_models SET description = ?", (text,))
        profile_id = stored_profiles.add(db, digest="d", name=text, row_count=3, summary={"columns": {text: {}}})
        db.execute("UPDATE model_versions SET profile_id = ?", (profile_id,))
    stages.promote(store, CONFIG, "churn", version.version, "staging", reason=text)
    app = opened(store)
    async with app.run_test(size=size) as pilot:
        await settled(pilot)
        for keys in ("i", "escape", "h"):
            await press(pilot, keys)
            shown = rendered(app)
            assert "\x1b" not in shown
            assert "\x07" not in shown
            assert "\u202e" not in shown
            assert all(len(line) <= size[0] for line in shown.splitlines())


async def test_a_version_is_signed_and_verified_by_keys(store: Store, tmp_path: Path) -> None:
    keys.make(str(tmp_path / "release"))
    text = f'[signing]\npolicy = "warn"\nkey = "{tmp_path}/release"\npublic_keys = ["{tmp_path}/release.pub"]\n'
    app = opened(store, "churn/1", configuration.parse(text))
    async with app.run_test(size=(120, 40)) as pilot:
        await settled(pilot)
        assert "signed   by nobody" in rendered(app)
        await press(pilot, "V")
        assert "the signature of churn v1 is not valid: nobody has signed it" in rendered(app)
        await press(pilot, "S", "enter")
        assert "signed   with the key release by" in rendered(app)
        await press(pilot, "V")
        assert "v1 is as it was signed with the key release" in rendered(app)


@pytest.mark.slow
async def test_a_version_is_exported_to_a_folder_that_is_asked_for(tmp_path: Path) -> None:
    from sklearn.linear_model import LinearRegression

    from mlops_tui.registry import formats, versions

    with make_store(tmp_path) as store:
        formats.save(LinearRegression().fit([[1.0], [2.0]], [1.0, 2.0]), str(tmp_path / "saved"))
        run_id = make_run(store)
        log_directory(store, run_id, tmp_path / "saved")
        versions.register(store, CONFIG, "churn", run_id=run_id)
        (tmp_path / "churn-1").mkdir()
        app = opened(store, "churn/1")
        async with app.run_test(size=(120, 40)) as pilot:
            await settled(pilot)
            await press(pilot, "e")
            assert "Export churn v1 to" in rendered(app)
            assert app.screen.query_one(Input).value == "churn-1-2"
            app.screen.query_one(Input).value = "saved"
            await settled(pilot)
            assert "not empty" in rendered(app)
            app.screen.query_one(Input).value = "churn-1"
            await press(pilot, "enter")
            assert "./start serves it" in rendered(app)
            assert app.session.commands[-1].line == "mlops-tui models export churn/1 --to churn-1"
    assert (tmp_path / "churn-1" / "start").exists()
