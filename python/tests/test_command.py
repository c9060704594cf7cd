"""Which program is called, and how."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import varve
from varve import _command


def program(path, text="#!/bin/sh\n"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


def test_the_named_one_goes_before_the_path(monkeypatch, tmp_path):
    named, other = program(tmp_path / "a" / "varve"), program(tmp_path / "b" / "varve", "\x7fELF")
    monkeypatch.setenv("PATH", str(other.parent))
    monkeypatch.setenv("VARVE", str(named))
    assert varve.binary() == str(named)
    monkeypatch.delenv("VARVE")
    assert varve.binary() == str(other)


def test_the_bundled_one_goes_before_all(monkeypatch, tmp_path):
    monkeypatch.setattr(_command, "__file__", str(tmp_path / "_command.py"))
    bundled = program(tmp_path / "bin" / "varve")
    assert varve.binary() == str(bundled)


def test_its_own_script_is_not_taken(monkeypatch, tmp_path):
    program(tmp_path / "varve", "#!/usr/bin/python3\nfrom varve.__main__ import main\n")
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("VARVE")
    with pytest.raises(varve.CommandNotFoundError, match="no program varve"):
        varve.binary()
    monkeypatch.setenv("VARVE", str(tmp_path / "nothing"))
    with pytest.raises(varve.CommandNotFoundError, match="cannot be run"):
        varve.binary()


def test_the_module_is_the_program():
    source = str(Path(varve.__file__).parents[1])
    command = [sys.executable, "-m", "varve", "--version"]
    result = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": source})
    assert result.returncode == 0 and result.stdout.strip() == varve.__version__
    wrong = subprocess.run([*command[:-1], "nothing"], capture_output=True, env={**os.environ, "PYTHONPATH": source})
    assert wrong.returncode == 2


def test_options_are_spelled_as_the_program_has_them():
    found = _command.flags(
        {"keep_last": 2, "remove_source": True, "each": False, "base": None, "only": ["a", "b"], "as_": "safetensors"}
    )
    assert found == ["--keep-last=2", "--remove-source", "--only=a,b", "--as=safetensors"]
    assert _command.flags({"wait": 2.5}) == ["--wait", "2.5"] and _command.flags({"wait": True}) == ["--wait"]
    assert _command.argument("-run") == "./-run"
