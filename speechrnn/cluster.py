"""The same answers from many machines: Ray Data carries the recordings to a model on each core (extra ``ray``).

Each actor has a recognizer of its own and does what a thread of `speechrnn.batch` does: `predict_task`. Work of an
actor or machine that is lost is done again by another.
"""

import dataclasses
import json
import logging
import os
import pickle
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from speechrnn.batch import TASK, Item, predict_task
from speechrnn.bundle import Bundle, read_bundle
from speechrnn.errors import ClusterError
from speechrnn.extras import require
from speechrnn.parquet import answer_schema, as_columns
from speechrnn.recognizer import Prediction, Recognizer
from speechrnn.text import printable

# items that are known to the driver at once: its memory stays bounded whatever the number of files
WINDOW = 100_000
_PURPOSE = "--engine ray"


@dataclass(frozen=True, slots=True)
class Written:
    """What a folder of answers holds.

    Attributes
    ----------
    n : int
        How many answers.
    n_failed : int
        How many of them are errors.
    """

    n: int
    n_failed: int


@dataclass(frozen=True, slots=True)
class Cluster:
    """A Ray cluster and the model that it runs.

    Attributes
    ----------
    recognizer : Recognizer
        Its bundle and threshold are carried to each actor: nothing needs to lie on the other machines.
    address : str or None
        Of the cluster, such as ``auto`` or ``ray://host:10001``; None starts one on this machine.
    jobs : int or None
        Most actors; as many as the cluster has cores if None.
    """

    recognizer: Recognizer
    address: str | None = None
    jobs: int | None = None

    def predict(self, items: Iterable[Item]) -> Iterator[Prediction]:
        """Recognise many files; their paths must lead to the same files on every machine.

        Parameters
        ----------
        items : iterable of Path, Recording, Remote or Prediction
            Any number.

        Yields
        ------
        Prediction
            In input order, as `speechrnn.batch.predict_files` gives them.

        Raises
        ------
        ClusterError
            There is no such cluster, or it fails for good.
        """
        with self._connected() as ray:
            for answers in self._datasets(ray, items, _Lines):
                for batch in answers.iter_batches(batch_size=None, batch_format="pyarrow"):
                    for line in batch["line"].to_pylist():
                        yield Prediction(**json.loads(line))

    def write(self, items: Iterable[Item], folder: str) -> Written:
        """Recognise many files and let each machine write its answers, as Parquet files in one folder.

        Parameters
        ----------
        items : iterable of Path, Recording, Remote or Prediction
            Any number.
        folder : str
            A path or URL that every machine reaches.

        Returns
        -------
        Written
            What the folder holds, counted from its files.

        Raises
        ------
        ClusterError
            There is no such cluster, or it fails for good.
        """
        with self._connected() as ray:
            for answers in self._datasets(ray, items, _Columns):
                answers.write_parquet(folder)
            written = ray.data.read_parquet(folder, columns=["error"])
            aggregate = require("ray.data.aggregate", extra="ray", purpose=_PURPOSE)
            failed = written.aggregate(aggregate.Count(on="error", ignore_nulls=True))
            return Written(written.count(), sum(failed.values()))

    @contextmanager
    def _connected(self) -> Iterator[Any]:
        ray = require("ray", extra="ray", purpose=_PURPOSE)
        require("ray.data", extra="ray", purpose=_PURPOSE)
        ours = not ray.is_initialized()
        try:
            if ours:
                self._start(ray)
            context = ray.data.DataContext.get_current()
            context.execution_options.preserve_order = True
            context.enable_progress_bars = False
            logging.getLogger("ray.data").setLevel(logging.ERROR)
            yield ray
        except (ConnectionError, ValueError, ray.exceptions.RayError) as error:
            raise self._failure(error) from error
        finally:
            if ours:
                ray.shutdown()

    def _start(self, ray: Any) -> None:
        # Ray reports on its user too
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            ray.init(address=self.address, log_to_driver=False, logging_level=logging.ERROR)
        except RuntimeError as error:  # what Ray says of an address that it does not understand
            raise self._failure(error) from error

    def _failure(self, error: BaseException) -> ClusterError:
        first = printable(next(iter(str(error).strip().splitlines()), type(error).__name__))
        return ClusterError(
            f"the Ray cluster {self.address or 'on this machine'} fails ({first[:300]}). Check `ray status` and the "
            "address, then run it again, with --resume if it wrote a file."
        )

    def _datasets(self, ray: Any, items: Iterable[Item], kind: type) -> Iterator[Any]:
        rest = iter(items)
        files = _pack(self.recognizer.bundle)
        most = self.jobs or max(1, int(ray.cluster_resources().get("CPU", 1)))
        while window := list(islice(rest, WINDOW)):
            rows = [{"item": pickle.dumps(_absolute(item))} for item in window]
            # a block is what is done again when its machine is lost
            blocks = ray.data.from_items(rows, override_num_blocks=max(1, min(len(rows) // TASK, 1000)))
            yield blocks.map_batches(
                kind,
                fn_constructor_args=(files, self.recognizer.chosen_threshold),
                batch_size=TASK,
                batch_format="pyarrow",
                compute=ray.data.ActorPoolStrategy(min_size=1, max_size=most),
                num_cpus=1,
                max_restarts=-1,
                max_task_retries=-1,
            )


@dataclass(frozen=True, slots=True)
class _Elsewhere:
    """A path as typed, and where it leads from any folder."""

    name: str
    item: Item


def _absolute(item: Item) -> _Elsewhere:
    if isinstance(item, Path):
        return _Elsewhere(str(item), Path(os.path.abspath(item)))  # noqa: PTH100 -- keeps links, and takes out ".."
    return _Elsewhere(item.path or "-", item)


def _pack(bundle: Bundle) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(bundle.path.iterdir()) if path.is_file()}


class _Actor:
    """A model in a process of the cluster."""

    def __init__(self, files: Mapping[str, bytes], threshold: float | None) -> None:
        # a bundle is read as needed, so its files stay as long as the actor does
        self._folder = tempfile.TemporaryDirectory(prefix="speechrnn-")
        folder = Path(self._folder.name)
        for name, data in files.items():
            (folder / name).write_bytes(data)
        self._recognizer = Recognizer(read_bundle(folder), threshold=threshold)

    def predict(self, batch: Any) -> Sequence[Prediction]:
        """Answer for a table with a column `item`."""
        asked: list[_Elsewhere] = [pickle.loads(raw) for raw in batch["item"].to_pylist()]  # noqa: S301 -- our own, above
        answers = predict_task(self._recognizer, [one.item for one in asked])
        return [replace(answer, path=one.name) for one, answer in zip(asked, answers, strict=True)]


class _Lines(_Actor):
    """Answers as JSON, for the driver."""

    def __call__(self, batch: Any) -> Any:
        arrow = require("pyarrow", extra="ray", purpose=_PURPOSE)
        lines = [json.dumps(dataclasses.asdict(answer)) for answer in self.predict(batch)]
        return arrow.table({"line": arrow.array(lines, arrow.string())})


class _Columns(_Actor):
    """Answers as the columns of a Parquet file."""

    def __call__(self, batch: Any) -> Any:
        arrow = require("pyarrow", extra="ray", purpose=_PURPOSE)
        rows = [as_columns(dataclasses.asdict(answer)) for answer in self.predict(batch)]
        return arrow.Table.from_pylist(rows, answer_schema())
