"""One rung of a trial: from a checkpoint to an epoch, on a thread of its own."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections.abc import Callable
from pathlib import Path

from cerebros.artifacts import ArtifactStore, sha256_of, write_atomically
from cerebros.nas.architecture import Network, parse_network
from cerebros.nas.checkpoint import (
    Identity,
    encode_checkpoint,
    encode_model,
    find_checkpoint,
    read_checkpoint,
    remove_checkpoints,
    save_checkpoint,
)
from cerebros.nas.contract import Checkpoint, EpochRecord, Heartbeat, Model, RungInput, RungResult
from cerebros.nas.dataset import Dataset, load_dataset
from cerebros.nas.errors import Stopped, TrainingError
from cerebros.nas.trainer import ENGINE, Trainer


class Rung:
    """A rung under way. `run` blocks; `standing` and `stop` may be used from other threads."""

    def __init__(self, rung: RungInput, resume: Checkpoint | None, store: ArtifactStore, kept: Callable[[], None]) -> None:
        """`resume` is where to go on from; `kept` is called on the training's thread when a checkpoint is on the disk.

        Raises `SPEC_INVALID`.
        """
        self._rung = rung
        self._network: Network = parse_network(rung.params)
        self._store = store
        self._folder = trial_folder(store, rung)
        self._identity: Identity = _identity(rung, self._network)
        self._kept = kept
        self._stop = threading.Event()
        epoch = 0 if resume is None else resume["epoch"]
        self.standing: Heartbeat = {"epoch": epoch, "done": epoch, "total": rung.to_epoch, "checkpoint": resume}

    def stop(self) -> None:
        """Asks the training to end at its next slice, with `Stopped`; checkpoints stay."""
        self._stop.set()

    def run(self) -> RungResult:
        """Trains. Raises `TrainingError` with any of its codes but `SPEC_INVALID`, or `Stopped`."""
        rung, resume = self._rung, self._finished() or self.standing["checkpoint"]
        dataset = load_dataset(self._store, rung.dataset_files, rung.dataset_limit)
        param_count = self._accept(dataset)
        if rung.crash:
            raise TrainingError(
                "TRAINING_THREAD_LOST",
                f"trial {rung.trial}: the training ended like a crashed process, as the drill asks",
            )
        train = dataset.train if rung.fit == "train" else dataset.train + dataset.validation
        trainer = Trainer(self._network, dataset, train, rung.seed)
        if resume is not None:
            trainer.restore(read_checkpoint(self._folder, resume, self._identity))
            self._stand_at(resume)
        for epoch in range(self.standing["epoch"], rung.to_epoch):
            self._train_epoch(trainer, dataset, epoch)
        return self._result(trainer, dataset, param_count)

    def _finished(self) -> Checkpoint | None:
        """What an attempt has left that came to the end, but whose answer was lost. Then only the answer is made again."""
        last = self._rung.to_epoch
        if self.standing["epoch"] == last or not all(self._record_file(epoch).exists() for epoch in self._epochs()):
            return None
        return find_checkpoint(self._folder, last, self._identity)

    def _accept(self, dataset: Dataset) -> int:
        """The number of parameters, before anything is allocated."""
        count, most = self._network.param_count(dataset.features, dataset.classes), self._rung.max_params
        if count > most:
            raise TrainingError("MODEL_TOO_LARGE", f"expected at most {most} parameters (max_params), the model has {count}")
        return count

    def _train_epoch(self, trainer: Trainer, dataset: Dataset, epoch: int) -> None:
        started = time.perf_counter()
        loss = trainer.train_epoch(epoch, lambda share: self._progress(epoch, share))
        accuracy = trainer.accuracy(dataset.validation)
        ms = round((time.perf_counter() - started) * 1000, 3)
        self._keep(trainer, {"epoch": epoch + 1, "train_loss": loss, "validation_accuracy": accuracy, "ms": ms})

    def _progress(self, epoch: int, share: float) -> None:
        if self._stop.is_set():
            raise Stopped
        self.standing = {**self.standing, "epoch": epoch, "done": round(epoch + share, 4)}

    def _keep(self, trainer: Trainer, record: EpochRecord) -> None:
        """Names the checkpoint only once it, and the record of its epoch, are on the disk."""
        epoch = record["epoch"]
        write_atomically(self._record_file(epoch), json.dumps(record).encode())
        content = encode_checkpoint(self._identity, epoch, trainer.state)
        self._stand_at(save_checkpoint(self._folder, epoch, content))
        self._kept()

    def _stand_at(self, checkpoint: Checkpoint) -> None:
        epoch = checkpoint["epoch"]
        self.standing = {"epoch": epoch, "done": epoch, "total": self._rung.to_epoch, "checkpoint": checkpoint}

    def _result(self, trainer: Trainer, dataset: Dataset, param_count: int) -> RungResult:
        rung, checkpoint = self._rung, self.standing["checkpoint"]
        assert checkpoint is not None, "at least one epoch is trained, or was before"
        epochs = self._records()
        model = self._save_model(trainer, dataset) if rung.final else None
        remove_checkpoints(self._folder, but=checkpoint)
        return {
            "engine": ENGINE,
            "params": rung.params,
            "seed": rung.seed,
            "checkpoint": checkpoint,
            "epochs": epochs,
            "value": epochs[-1]["validation_accuracy"],
            "param_count": param_count,
            "weights_sha256": trainer.weights_sha256,
            "model": model,
        }

    def _records(self) -> list[EpochRecord]:
        """Those of every epoch of this rung, of earlier attempts too."""
        return [self._record(epoch) for epoch in self._epochs()]

    def _epochs(self) -> range:
        """The epochs of this rung, from 1."""
        first = 1 if self._rung.checkpoint is None else self._rung.checkpoint["epoch"] + 1
        return range(first, self._rung.to_epoch + 1)

    def _record(self, epoch: int) -> EpochRecord:
        try:
            record: EpochRecord = json.loads(self._record_file(epoch).read_bytes())
        except (FileNotFoundError, ValueError) as error:
            message = f"expected the record of epoch {epoch} in {self._record_file(epoch)}, found none"
            raise TrainingError("CHECKPOINT_CORRUPT", message) from error
        return record

    def _record_file(self, epoch: int) -> Path:
        return self._folder / f"epoch-{epoch}.json"

    def _save_model(self, trainer: Trainer, dataset: Dataset) -> Model:
        about = {
            **self._identity,
            "features": dataset.features,
            "classes": dataset.classes,
            "epochs": self._rung.to_epoch,
        }
        content = encode_model(about, trainer.state.weights)
        write_atomically(self._folder / "model.npz", content)
        return {"file": "model.npz", "sha256": sha256_of(content), "test_accuracy": trainer.accuracy(dataset.test)}


def trial_folder(store: ArtifactStore, rung: RungInput) -> Path:
    """Where a trial's files are: `runs/<search_id>/trials/<0007>/`, or `best/` for the winner's second training."""
    run = store.run_folder(rung.search_id)
    return run / "trials" / f"{rung.trial:04d}" if rung.fit == "train" else run / "best"


def _identity(rung: RungInput, network: Network) -> Identity:
    return {
        "network": dataclasses.asdict(network),
        "seed": rung.seed,
        "dataset_id": rung.dataset_id,
        "dataset_sha256": rung.dataset_sha256,
        "fit": rung.fit,
    }
