"""Loops of one's own, and torch.distributed.checkpoint."""

import warnings

import pytest
import torch
import torch.distributed.checkpoint as dcp
from running import finished, killed, steps

import varve
import varve.torch


def state(step):
    generator = torch.Generator().manual_seed(step)
    model = torch.nn.Linear(64, 64)
    with torch.no_grad():
        model.weight.copy_(torch.randn(64, 64, generator=generator))
    return {"model": model.state_dict(), "step": step}


def test_save_compresses_in_the_background(tmp_path):
    run = tmp_path / "run"
    answers = [varve.torch.save(state(step), run / f"ckpt_{step}.pt", quality="lossless") for step in (1, 2, 3)]
    assert varve.torch.wait(60)
    assert [answer.result().complete for answer in answers] == [True] * 3
    archive = varve.open(f"{run}.varve")
    assert archive.steps == [1, 2, 3]
    loaded = archive.load(2)
    assert torch.equal(loaded["weight"], state(2)["model"]["weight"])
    assert not [path for path in run.iterdir() if path.name.startswith(".")]


def test_what_goes_wrong_ends_nothing(tmp_path, caplog):
    run = tmp_path / "run"
    answer = varve.torch.save(state(1), run / "ckpt_1.pt", archive=run / "inside.varve")
    assert answer.result(60) is None and "inside the run" in caplog.text
    assert (run / "ckpt_1.pt").exists()


def test_a_failed_save_leaves_nothing(tmp_path):
    with pytest.raises(Exception):  # noqa: B017
        varve.torch.save(lambda: 0, tmp_path / "run" / "ckpt_1.pt")
    assert list((tmp_path / "run").iterdir()) == []


def test_distributed_checkpoints(tmp_path):
    run = tmp_path / "run"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for step in (10, 20):
            saved = dcp.async_save(state(step), checkpoint_id=str(run / f"step-{step}"))
            answer = varve.torch.compress_after(saved, run, quality="lossless")
            assert answer.result(60).complete
    assert steps(f"{run}.varve") == [10, 20]
    with varve.open(f"{run}.varve").checkpoint(20) as path:
        found = {"model": {"weight": torch.zeros(64, 64), "bias": torch.zeros(64)}, "step": 0}
        dcp.load(found, checkpoint_id=str(path))
    assert torch.equal(found["model"]["weight"], state(20)["model"]["weight"]) and found["step"] == 20


def test_a_killed_loop_is_resumed(tmp_path):
    run, archive = tmp_path / "out", tmp_path / "out.varve"
    killed("train_loop.py", archive, 3, run, 2000)
    last = steps(archive)[-1]
    assert f"finished at {last + 20}" in finished("train_loop.py", run, last + 20, archive, last)
    assert last + 20 in steps(archive)
