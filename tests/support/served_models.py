"""Registered versions that answer with a number of their own, and what they look like while they are swapped."""

from __future__ import annotations

import http.client
import json
import threading
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
from registry_builders import CONFIG, log_directory, make_run
from sklearn.dummy import DummyRegressor

from mlops_store.store import Store
from mlops_tui.registry import formats, versions

ROW = {"dataframe_split": {"columns": ["a"], "data": [[1.0]]}}


def register(store: Store, directory: Path, *answers: float, model: str = "churn") -> None:
    """Versions of a model; each predicts its number."""
    rows = pd.DataFrame({"a": [1.0, 2.0]})
    for number in answers:
        saved = directory / f"{model}-{number}"
        fitted = DummyRegressor(strategy="constant", constant=number).fit(rows, np.zeros(2))
        info = formats.save(fitted, str(saved), input_example=rows)
        run_id = make_run(store)
        log_directory(store, run_id, saved, signature=info.signature)
        versions.register(store, CONFIG, model, run_id=run_id)


class Load:
    """Clients that ask without a pause; counts (status, version that the header names, what was answered)."""

    def __init__(self, port: int, clients: int = 4) -> None:
        self.found: Counter[tuple[int, str | None, float]] = Counter()
        self.problems: list[BaseException] = []
        self._port = port
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(clients)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        body = json.dumps(ROW)
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            while not self._ending.is_set():
                connection.request("POST", "/invocations", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                predictions = json.loads(answer.read()).get("predictions", [float("nan")])
                self.found[answer.status, answer.headers["x-model-version"], predictions[0]] += 1
        except BaseException as error:
            self.problems.append(error)
        finally:
            connection.close()
