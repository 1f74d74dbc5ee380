"""How the traffic of a model stands, as ``mlops-tui traffic`` prints it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from mlops_tui import strict_json
from mlops_tui.cli import output, text
from mlops_tui.cli.table import write_table

if TYPE_CHECKING:
    from mlops_tui.traffic.standing import Arm, Flow, Standing


def shape(found: Standing) -> dict[str, Any]:
    """The JSON object: the split, and its arms with what they did in the last minute."""
    from mlops_tui.traffic import standing

    now = time.time()
    arms = [
        {**strict_json.plain(arm), "last_minute": strict_json.plain(standing.flow(found.counts, arm, now))}
        for arm in found.arms
    ]
    return {
        **strict_json.plain(found.split),
        "versions": {arm.name: arm.version for arm in found.arms},
        "arms": arms,
        "routers": strict_json.plain(found.routers),
        "shadow_comparisons": strict_json.plain(found.shadows),
    }


def write(found: Standing) -> None:
    """Prints the split with a row for each version."""
    from mlops_tui.traffic import standing

    split = found.split
    assert split is not None
    paused = f"paused{f': {split.paused_why}' if split.paused_why else ''}" if split.is_paused else "shared out"
    fields = [("model", split.model), ("key", split.key or "chance"), ("state", paused)]
    fields += [("router", router.url) for router in found.routers]
    output.write_fields(fields)
    now = time.time()
    rows = [_row(arm, standing.flow(found.counts, arm, now)) for arm in found.arms]
    titles = ("name", "version", "part", "share", "server", "req/s", "p50", "p95", "p99", "failed")
    write_table(titles, rows, right=("version", "share", "req/s", "p50", "p95", "p99", "failed"))
    for shadow in found.shadows:
        agreement = "" if shadow.agreement is None else f", {shadow.agreement:.1%} the same"
        distance = "" if shadow.mean_distance is None else f", mean difference {shadow.mean_distance:.4g}"
        compared = text.count(shadow.compared, "answer")
        output.say(f"shadow {shadow.version} beside {shadow.against}: {compared} compared{agreement}{distance}")


def _row(arm: Arm, flow: Flow) -> tuple[str, ...]:
    def length(seconds: float | None) -> str:
        return "" if seconds is None else f"{seconds * 1e3:.3g} ms"

    return (
        arm.name,
        str(arm.version or ""),
        arm.part,
        "copies" if arm.share is None else f"{arm.share:g}%",
        arm.state,
        f"{flow.rate:.3g}" if flow.requests else "",
        length(flow.p50_s),
        length(flow.p95_s),
        length(flow.p99_s),
        "" if flow.error_rate is None else f"{flow.error_rate:.2%}",
    )
