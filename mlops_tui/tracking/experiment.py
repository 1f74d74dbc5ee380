"""The experiment that ``set_experiment`` returns."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mlops_tui.project import Project


class ActiveExperiment:
    """An experiment by name; its number is looked up, and made, when it is asked for.

    Args:
        project: Where it is.
        name: Its name.
    """

    lifecycle_stage = "active"

    def __init__(self, project: Project, name: str) -> None:
        self.name = name
        self._project = project

    @property
    def experiment_id(self) -> str:
        """Its number as text, as MLflow has it."""
        from mlops_tui.tracking import stored

        return stored.experiment_id(self._project, self.name)

    def __repr__(self) -> str:
        return f"<ActiveExperiment {self.name!r}>"
