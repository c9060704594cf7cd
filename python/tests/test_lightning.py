"""Lightning with the callback and with the CheckpointIO: killed, and resumed from the archive."""

import pytest
import torch
import train_lightning
from running import finished, killed, nobody_watches, steps, until

import varve
from varve.lightning import VarveCallback, VarveCheckpointIO, split


@pytest.mark.parametrize("way", ["callback", "io"])
def test_a_killed_training_is_resumed_from_its_archive(tmp_path, way):
    run, archive = tmp_path / "out", tmp_path / "out.varve"
    killed("train_lightning.py", archive, 3, run, 2000, way)
    until(lambda: nobody_watches(run))
    known = steps(archive)
    assert set(range(10, 31, 10)) <= set(known), known
    last, opened = known[-1], varve.open(archive)
    assert str(train_lightning.Model().load_state_dict(opened.load(last))) == "<All keys matched successfully>"
    said = finished("train_lightning.py", run, last + 40, way, f"{archive}#{last}")
    assert f"finished at {last + 40}" in said
    assert set(range(last, last + 41, 10)) <= set(steps(archive))
    assert len(list(run.glob("*.ckpt"))) <= 4  # two of each training
    assert opened.verify(deep=True).is_intact
    with opened.checkpoint(last) as path:
        assert torch.load(path, weights_only=False)["global_step"] == last


def test_what_is_no_archive_is_a_checkpoint(tmp_path):
    assert split(tmp_path / "a.ckpt") == (None, "")
    assert split(tmp_path / "a#b.ckpt") == (None, "")


def test_a_checkpoint_that_was_not_taken_stays(tmp_path):
    path = tmp_path / "out" / "step=10.ckpt"
    plugin = VarveCheckpointIO(archive=tmp_path / "out" / "inside.varve")  # refused: it lies in the run
    plugin.save_checkpoint({"state_dict": {"a": torch.zeros(4)}, "global_step": 10}, path)
    plugin.remove_checkpoint(path)
    assert path.exists()
    assert plugin.load_checkpoint(path)["global_step"] == 10


def test_originals_do_not_go_unasked():
    with pytest.raises(ValueError, match="quality"):
        VarveCallback(remove_source=True)
