"""The program that is tested, and archives of the run in Fixtures."""

import os
import shutil
from pathlib import Path

import pytest

os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

ROOT = Path(__file__).resolve().parents[2]
os.environ["VARVE"] = str(Path(os.environ.get("VARVE") or ROOT / ".build/release/varve").resolve())

import varve  # noqa: E402

RUN = ROOT / "Fixtures" / "hf-trainer-run"


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """An archive that no test changes."""
    archive = tmp_path_factory.mktemp("made") / "run.varve"
    varve.compress(RUN, archive, quality="high")
    return varve.open(archive)


@pytest.fixture
def mine(made, tmp_path):
    """A copy of it."""
    shutil.copytree(made.path, tmp_path / "run.varve")
    return varve.open(tmp_path / "run.varve")
