"""Makes the pictures of README.md anew, from the demo: ``python screenshots/make.py``.

Plays the whole loop in a temporary directory, changes a parameter, and takes pictures of the real dashboard while the
second training runs and after it, and while both versions answer requests. Takes about three minutes.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from textual.pilot import Pilot

from mlops_tui import config, pipeline
from mlops_tui.cli.environment import prefer_own_interpreter
from mlops_tui.demo import headless, template
from mlops_tui.project import Project
from mlops_tui.ui.app import MlopsApp

HERE = Path(__file__).parent
SIZE = (120, 34)
PATIENCE_S = 180.0
PIECE = re.compile(
    r'<text class="(?P<style>[^"]+)" x="(?P<x>[^"]+)" y="(?P<y>[^"]+)" textLength="(?P<length>[^"]+)" '
    r'clip-path="(?P<clip>[^"]+)">(?P<text>[^<]+)</text>'
)

sys.path.insert(0, str(HERE.parent / "tests" / "support"))

from screens import rendered, settled  # noqa: E402


async def until(pilot: Pilot[object], condition: Callable[[str], object]) -> None:
    """Waits until the screen's text satisfies a condition."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition(rendered(pilot.app)):
        if time.monotonic() > deadline:
            raise SystemExit(f"the screen never came to that:\n{rendered(pilot.app)}")
        await pilot.pause(0.2)


async def press(pilot: Pilot[object], *keys: str) -> None:
    """Presses keys, each after the one before has had its effect."""
    for key in keys:
        await pilot.press(key)
        await settled(pilot)


async def go(pilot: Pilot[object], place: str) -> None:
    """Jumps to a screen."""
    await press(pilot, ":", *place, "enter")


def words(piece: re.Match[str]) -> str:
    """A piece of text as one element a word: renderers disagree on spaces at the ends of an element."""
    text = html.unescape(piece["text"])
    cell = float(piece["length"]) / len(text)
    return "".join(
        f'<text class="{piece["style"]}" x="{float(piece["x"]) + cell * word.start():.5g}" y="{piece["y"]}" '
        f'textLength="{cell * len(word[0]):.5g}" clip-path="{piece["clip"]}">{html.escape(word[0])}</text>'
        for word in re.finditer(r"[^\s\u00a0]+", text)
    )


def take(app: MlopsApp, name: str) -> None:
    """Writes the screen as an SVG file that loads nothing from elsewhere."""
    svg = app.export_screenshot(title="mlops-tui")
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)
    svg = svg.replace("Fira Code, monospace", "Fira Code, DejaVu Sans Mono, Menlo, Consolas, monospace")
    svg = re.sub(r"terminal-\d+-", f"{name}-", svg)
    (HERE / f"{name}.svg").write_text(PIECE.sub(words, svg), encoding="utf-8")
    print(f"screenshots/{name}.svg")


async def pictures(project: Project) -> None:
    """Takes all pictures, the first ones while the pipeline runs."""
    app = MlopsApp(project, config.load(project))
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda text: re.search(r"▶ +train_boosting.* 0\.\d{4}", text))
        take(app, "overview")
        await go(pilot, "pipeline train_boosting")
        await until(pilot, lambda text: "step  20" in text)
        take(app, "pipeline")
        await press(pilot, "D")
        await until(pilot, lambda text: "%" in text)
        take(app, "graph")
        await press(pilot, "D")
        await until(pilot, lambda text: "last run finished" in text)
        await go(pilot, "data")
        await press(pilot, "j", "j", "j", "j")
        take(app, "data")
        await go(pilot, "runs")
        await press(pilot, "/", *"params.family LIKE '%'", "enter", "space", "space", "space")
        take(app, "runs")
        await press(pilot, "c", "j", "j", "j")
        await until(pilot, lambda text: "validation" in text)
        take(app, "compare")
        await go(pilot, "models")
        await press(pilot, "p", "right")
        take(app, "models")
        await press(pilot, "escape")
        await go(pilot, "drift")
        await press(pilot, "enter", "j")
        take(app, "drift")


@contextmanager
def traffic(project: Project) -> Iterator[None]:
    """Meanwhile two versions of the model answer requests behind one port."""
    program = [sys.executable, "-m", "mlops_tui", "-C", project.root]
    subprocess.run([*program, "traffic", "set", "breast-cancer", "2=20"], check=True)
    router = subprocess.Popen([*program, "route", "breast-cancer", "--port", "0"], stdout=subprocess.PIPE, text=True)
    assert router.stdout is not None
    url = router.stdout.readline().split()[-1]
    rows = project.path("data/test.csv")
    asking = subprocess.Popen([*program, "load", url, "--rows", rows, "--rate", "40", "--duration", "600"])
    try:
        time.sleep(60)  # the screen shows the last minute
        yield
    finally:
        asking.kill()
        router.terminate()
        router.wait()


async def serving(project: Project) -> None:
    """Takes the picture of the versions that answer."""
    app = MlopsApp(project, config.load(project), start="serving")
    async with app.run_test(size=SIZE) as pilot:
        await until(pilot, lambda text: re.search(r"v2 .*\d ms", text))
        take(app, "serving")


def main() -> None:
    """Plays the demo, starts it again with another parameter, and takes the pictures."""
    with tempfile.TemporaryDirectory() as home:
        # the pictures show neither this machine's paths nor its user
        os.environ.update(HOME=home, USER="ada", LOGNAME="ada", COLORTERM="truecolor", TERM="xterm-256color")
        os.environ.pop("NO_COLOR", None)
        project = template.write(os.path.join(home, "breast-cancer"), pace_s=0)
        prefer_own_interpreter(project)
        headless.play(project, print)
        params = Path(project.path("params.yaml"))
        text = (
            params.read_text(encoding="utf-8")
            .replace("rounds: 100", "rounds: 180")
            .replace("max_depth: 6", "max_depth: 4")
        )
        params.write_text(re.sub(r"pace_s: .*", "pace_s: 0.05", text), encoding="utf-8")
        pipeline.start(project, jobs=2)
        asyncio.run(pictures(project))
        with traffic(project):
            asyncio.run(serving(project))


if __name__ == "__main__":
    main()
