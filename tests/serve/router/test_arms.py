"""The servers behind the router, as programs that write what models make them write."""

from __future__ import annotations

import asyncio
import sys

import pytest

from mlops_tui.serve.router.arms import Arm, Part

ADDRESS = "print('serving on http://127.0.0.1:9', flush=True); time.sleep(60)"


@pytest.mark.parametrize(
    "said",
    ["sys.stderr.write('x' * (4 << 20))", "print('x' * (4 << 20))", "print('loading')", "print('loading\\n' * 99_999)"],
)
def test_a_server_answers_whatever_its_model_writes_before(said: str) -> None:
    async def wait() -> bool:
        arm = Arm(Part(1), [sys.executable, "-c", f"import sys, time; {said}; {ADDRESS}"], 1.0, lambda: None)
        try:
            return await arm.wait_ready(30.0)
        finally:
            await arm.end()

    assert asyncio.run(wait())


def test_the_state_of_a_version_that_cannot_be_served_is_the_cause_and_not_the_hint() -> None:
    async def state() -> str:
        said = "print('mlops-tui: model.skops is gone\\n  log the model again', file=sys.stderr); sys.exit(1)"
        changed = asyncio.Event()
        arm = Arm(Part(1), [sys.executable, "-c", f"import sys; {said}"], 1.0, changed.set)
        try:
            async with asyncio.timeout(30.0):
                await changed.wait()
            return arm.state
        finally:
            await arm.end()

    assert asyncio.run(state()) == "model.skops is gone"
