"""The Trainer with the callback: killed, resumed from the archive, rotated, and never ended by what goes wrong."""

import logging
import types

import pytest
import torch
import train_hf
from running import finished, killed, nobody_watches, steps, until
from transformers import LlamaForCausalLM

import varve
from varve.transformers import VarveCallback


def test_a_killed_training_is_resumed_from_its_archive(tmp_path):
    run, archive = tmp_path / "out", tmp_path / "out.varve"
    killed("train_hf.py", archive, 3, run, 500)
    until(lambda: nobody_watches(run))
    left = sorted(int(path.name.split("-")[1]) for path in run.glob("checkpoint-*"))
    known = steps(archive)
    assert set(range(10, 31, 10)) <= set(known), known
    # The newest may be half written; all others were taken after the kill, by a watch that ended then.
    assert set(left[:-1]) <= set(known)
    opened = varve.open(archive)
    model = LlamaForCausalLM(train_hf.CONFIG)
    assert str(model.load_state_dict(opened.load(known[-1]))) == "<All keys matched successfully>"
    said = finished("train_hf.py", run, known[-1] + 30, f"{archive}#{known[-1]}")
    assert f"finished at {known[-1] + 30}" in said
    assert set(range(known[-1], known[-1] + 31, 10)) <= set(steps(archive))
    assert opened.verify(deep=True).is_intact
    assert nobody_watches(run)


def test_originals_go_when_they_are_kept(tmp_path):
    run, archive = tmp_path / "out", tmp_path / "out.varve"
    finished("train_hf.py", run, 50, "", "remove")
    assert steps(archive) == [10, 20, 30, 40, 50]
    assert len(list(run.glob("checkpoint-*"))) == 2
    assert varve.open(archive).verify(deep=True).is_intact


def test_originals_do_not_go_unasked():
    with pytest.raises(ValueError, match="quality"):
        VarveCallback(remove_source=True)


def test_what_goes_wrong_is_logged(tmp_path, monkeypatch, caplog):
    monkeypatch.setenv("VARVE", str(tmp_path / "nothing"))
    arguments = types.SimpleNamespace(output_dir=str(tmp_path))
    state = types.SimpleNamespace(is_world_process_zero=True)
    callback = VarveCallback()
    with caplog.at_level(logging.ERROR, "varve"):
        callback.on_train_begin(arguments, state, None)
        callback.on_train_end(arguments, state, None)
    assert "cannot be run" in caplog.text


def test_only_the_first_process_watches(tmp_path):
    callback = VarveCallback()
    state = types.SimpleNamespace(is_world_process_zero=False)
    callback.on_train_begin(types.SimpleNamespace(output_dir=str(tmp_path)), state, None)
    assert callback._watch is None


def test_an_archive_in_the_way_is_said_and_ends_nothing(tmp_path, caplog):
    (tmp_path / "out.varve").write_text("no archive")
    with caplog.at_level(logging.ERROR, "varve"):
        watch = varve.Watch(tmp_path / "out", settle=0.1)
        watch.start()
        watch._reader.join(20)
    assert "out.varve" in caplog.text
    assert watch.stop() is None


def test_a_watch_takes_what_is_left(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    with varve.Watch(run, quality="lossless", settle=0.1) as watch:
        for step in (1, 2):
            torch.save({"model": {"a": torch.full((64, 64), float(step))}}, run / f"ckpt_{step}.pt")
    assert steps(watch.archive) == [1, 2]
    with pytest.raises(ZeroDivisionError), varve.Watch(run, quality="lossless", settle=0.1):
        torch.save({"model": {"a": torch.full((64, 64), 3.0)}}, run / "ckpt_3.pt")
        raise ZeroDivisionError
    assert steps(watch.archive) == [1, 2, 3]


def test_a_wait_ends_when_nothing_comes(tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    watch = varve.Watch(run, quality="lossless", settle=0.1).start()
    torch.save({"model": {"a": torch.zeros(64, 64)}}, run / "ckpt_1.pt")
    assert watch.wait([1]) == set()
    assert watch.wait([1, 2], left=1) == {2}
    assert watch.wait([2, 3], patience=0.2) == {2, 3}
    watch.stop()
    assert watch.wait([2]) == {2}
