"""Archives of the run in Fixtures, and what can go wrong with them."""

import fcntl
import os
import shutil
import tempfile
import warnings
from pathlib import Path

import numpy
import pytest
import torch
from conftest import ROOT, RUN
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

import varve

STEPS = [200, 400, 600, 800, 1000]


def same(a, b):
    return a.keys() == b.keys() and all(a[name].dtype == b[name].dtype and torch.equal(a[name], b[name]) for name in a)


def damage(archive, step, at=0.5):
    part = Path(archive.path, "steps", f"{step:012}", "0000.part")
    data = bytearray(part.read_bytes())
    data[int(len(data) * at)] ^= 1
    part.write_bytes(data)


def test_compress_says_what_it_did(tmp_path):
    events = []
    result = varve.compress(RUN, tmp_path / "a.varve", steps=[200, 400], progress=events.append)
    assert result.added == [200, 400] and result.complete and result.ratio > 5 and not result.skipped
    assert [event["step"] for event in events if event["type"] == "finished"] == [200, 400]
    again = varve.compress(RUN, tmp_path / "a.varve", quality="balanced", threads=1)
    assert again.added == [600, 800, 1000] and again.present == [200, 400]


def test_what_is_missing_is_a_warning_or_an_error(tmp_path):
    run = tmp_path / "run"
    shutil.copytree(RUN / "checkpoint-200", run / "checkpoint-200")
    shutil.copytree(RUN / "checkpoint-400", run / "checkpoint-400")
    os.truncate(run / "checkpoint-400" / "model.safetensors", 100_000)
    with pytest.warns(varve.IncompleteWarning, match="checkpoint-400"):
        result = varve.compress(run)
    assert result.added == [200] and not result.complete and "checkpoint-400" in result.skipped[0][0]
    with pytest.raises(varve.IncompleteError) as caught:
        varve.compress(run, strict=True)
    assert caught.value.exit_code == 3 and caught.value.result.present == [200]


def test_steps_and_reports(made):
    assert made.steps == STEPS
    first = made.list()[0]
    assert first.is_keyframe and first.checkpoint == "checkpoint-200" and first.has_moments
    layers = {row["layer"] for row in made.report()}
    assert "lm_head" in layers
    assert {row["role"] for row in made.report("role")} >= {"weight", "firstMoment", "payload"}
    assert len(made.report("step")) == 5 and made.report().ratio > 5
    assert {row["path"] for row in made.report("file", steps=400)} >= {"checkpoint-400/optimizer.pt"}
    tensor = next(each for each in made.tensors(800) if each.name == "lm_head.weight" and each.role == "weight")
    assert tensor.shape == (192, 96) or len(tensor.shape) == 2
    assert tensor.dtype == "F32" and not tensor.is_exact and 0 < tensor.error < 1


def test_loaded_tensors_are_the_restored_files(made, tmp_path):
    made.restore(800, tmp_path / "r")
    restored = load_file(tmp_path / "r" / "model.safetensors")
    loaded = made.load(800, as_="torch")
    assert same(loaded, restored)
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "r")
    assert str(model.load_state_dict(loaded)) == "<All keys matched successfully>"
    arrays = made.load("checkpoint-800", as_="numpy")
    assert all(numpy.array_equal(arrays[name], restored[name].numpy()) for name in restored)
    everything = made.load(800, only="all")
    assert everything["lm_head.weight.exp_avg"].shape == everything["lm_head.weight"].shape
    state = torch.load(tmp_path / "r" / "optimizer.pt", weights_only=True)["state"]
    moments = [value for name, value in everything.items() if name.endswith(".exp_avg_sq")]
    for entry in state.values():
        assert any(torch.equal(entry["exp_avg_sq"], each) for each in moments if each.shape == entry["exp_avg_sq"].shape)
    assert same(varve.load(made.path), made.load("latest"))


def test_names(made):
    one = made.load(600, names="lm_head.weight")
    assert list(one) == ["lm_head.weight"]
    some = made.load(600, names=["model.layers.0.*", "lm_*"])
    assert len(some) > 5 and all(name.startswith(("model.layers.0.", "lm_")) for name in some)
    states = made.load(600, only="all", names=["*.exp_avg"])
    assert states and all(name.endswith(".exp_avg") for name in states)
    assert made.load(600, names=[]) == {}
    with pytest.raises(varve.UsageError) as caught:
        made.load(600, names=["nothing.*"])
    assert caught.value.tensor == "nothing.*" and caught.value.exit_code == 2
    with pytest.raises(ValueError):
        made.load(600, as_="jax")


def test_a_stream_may_be_left(made):
    for name, tensor in made.stream(1000):
        assert tensor.numel() and name
        break
    names = [name for name, _ in made.stream(1000)]
    assert len(names) == len(set(names)) > 10


def test_files(made, tmp_path):
    made.restore(400, tmp_path / "r")
    for file in (tmp_path / "r").iterdir():
        assert made.read(400, file.name) == file.read_bytes()
    with pytest.raises(varve.UsageError, match="no such file"):
        made.read(400, "nothing")


def test_checkpoint_is_there_for_a_block(made):
    with made.checkpoint(400) as path:
        assert path.name == "checkpoint-400" and (path / "trainer_state.json").exists()
        shutil.rmtree(path)
    with pytest.raises(RuntimeError), made.checkpoint("checkpoint-1000", dir=tempfile.gettempdir()) as path:
        assert path.name == "checkpoint-1000"
        os.chmod(path, 0o500)
        raise RuntimeError
    assert not path.parent.exists()
    with pytest.raises(varve.UsageError, match="no step 7"), made.checkpoint(7):
        pass


def test_a_checkpoint_that_is_a_file(tmp_path):
    varve.compress(ROOT / "Fixtures/runs/nanogpt_style", tmp_path / "n.varve")
    archive = varve.open(tmp_path / "n.varve")
    with archive.checkpoint() as path:
        assert path.is_file() and path.suffix == ".pt"
        saved = torch.load(path, weights_only=False)
        loaded = archive.load(as_="torch")
        assert same(loaded, {name: each for name, each in saved["model"].items() if name in loaded})


RUNS = sorted(path.name for path in (ROOT / "Fixtures/runs").iterdir() if path.is_dir() and path.name != "expected")


@pytest.mark.parametrize("name", RUNS)
def test_every_kind_of_run(name, tmp_path):
    """What is loaded is what `--as safetensors` writes, of every framework whose weights are known by name."""
    varve.compress(ROOT / "Fixtures/runs" / name, tmp_path / "a.varve", quality="lossless")
    archive = varve.open(tmp_path / "a.varve")
    try:
        archive.restore("latest", tmp_path / "r", as_="safetensors")
    except varve.VarveError as error:
        with pytest.raises(varve.VarveError) as caught:
            archive.load()
        assert caught.value.code == error.code
        return
    wanted = load_file(tmp_path / "r" / "model.safetensors")
    assert same(archive.load(as_="torch"), wanted)
    if (tmp_path / "r" / "optimizer.safetensors").exists():
        wanted.update(load_file(tmp_path / "r" / "optimizer.safetensors"))
    assert same(archive.load(only="all", as_="torch"), wanted)


def test_verify(mine, tmp_path):
    result = mine.verify(against=RUN)
    assert result.compared == STEPS and result.is_intact and not result.differences
    other = tmp_path / "run"
    shutil.copytree(RUN, other)
    (other / "checkpoint-400" / "config.json").write_text("{}")
    with pytest.raises(varve.DifferenceError) as different:
        mine.verify(against=other)
    assert different.value.result.differences and different.value.exit_code == 1
    damage(mine, 600)
    with pytest.raises(varve.DamagedError) as damaged:
        mine.verify()
    assert "0000.part" in damaged.value.file and damaged.value.result.findings
    assert not mine.verify(check=False).is_intact


def test_what_goes_wrong_has_a_class(made, mine, tmp_path):
    with pytest.raises(varve.NotAnArchiveError) as caught:
        varve.open(RUN)
    assert caught.value.code == "notAnArchive" and caught.value.exit_code == 10 and str(RUN) in str(caught.value)
    with pytest.raises(varve.VarveError) as caught:
        varve.open(tmp_path / "nothing")
    assert caught.value.code == "notFound"
    with pytest.raises(varve.UsageError, match="no step 77"):
        made.load(77)
    damage(mine, 200, 0.3)
    with pytest.raises(varve.DamagedError) as caught:
        mine.load(200)
    assert caught.value.exit_code == 12 and caught.value.file.endswith("0000.part")
    with pytest.raises(varve.UsageError):
        varve.compress(RUN, tmp_path / "x.varve", quality="nothing")
    with pytest.raises(varve.UsageError, match="--remove-source"):
        varve.compress(RUN, tmp_path / "x.varve", remove_source=True)


def test_locked(mine):
    with open(Path(mine.path, "lock"), "a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(varve.LockedError) as caught:
            mine.forget(keep_last=1)
        assert caught.value.exit_code == 11 and caught.value.code == "locked"
        with pytest.raises(varve.LockedError):
            varve.compress(RUN, mine.path, wait=0.2)
    assert varve.compress(RUN, mine.path).present == STEPS


def test_forget_pin_prune(mine):
    mine.pin(200)
    assert mine.list()[0].is_pinned
    mine.pin(200, remove=True)
    assert mine.forget(keep_last=2, dry_run=True)["dryRun"]
    mine.forget(keep_last=2)
    assert mine.steps == [800, 1000]
    mine.forget(undo=True)
    assert mine.steps == STEPS
    mine.forget(keep_last=1, rebase=True)
    assert mine.prune()["freedBytes"] > 0
    assert mine.steps == [1000] and mine.verify(deep=True).is_intact
    assert mine.repair(dry_run=True)["type"] == "repair"


def test_no_warning_is_lost_and_none_made(made):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        made.load(200)
