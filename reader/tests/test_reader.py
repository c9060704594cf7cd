"""The reader as it is installed, alone: every golden archive, and archives of the run in Fixtures."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GOLDEN = ROOT / "Fixtures" / "golden"
RUN = ROOT / "Fixtures" / "hf-trainer-run"
VARVE = str(Path(os.environ.get("VARVE") or ROOT / ".build/release/varve").resolve())


@pytest.fixture(scope="session")
def read(tmp_path_factory):
    """Calls the reader, of whose wheel nothing but its own files is at hand."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    source = folder / "source"
    subprocess.run(["cp", "-r", str(ROOT / "reader"), str(source)], check=True)
    subprocess.run([*pip, "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, source], check=True)
    (wheel,) = folder.glob("varve_reader-*-py3-none-any.whl")
    subprocess.run([*pip, "install", "-q", "--no-deps", "--target", folder / "installed", wheel], check=True)

    def call(*arguments):
        return subprocess.run([sys.executable, "-m", "varve_reader", *map(str, arguments)], text=True,
                              capture_output=True, cwd=folder, env={"PATH": "", "PYTHONPATH": str(folder / "installed")})
    return call


def lines(root):
    """What a list beside a golden archive says of a restored directory."""
    found = []
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        if path.is_symlink():
            found.append(f"link  {name} -> {os.readlink(path)}")
        elif path.is_file():
            found.append(f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {name}")
    return sorted(found)


def content(root):
    return {path.relative_to(root): path.read_bytes() for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", sorted(path.stem for path in GOLDEN.glob("*.sha256")))
def test_golden_archives(read, tmp_path, name):
    result = read(GOLDEN / f"{name}.varve", "all", tmp_path / "all")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")
    assert lines(tmp_path / "all") == sorted((GOLDEN / f"{name}.sha256").read_text().splitlines())


def test_one_step_is_what_all_of_them_have(read, tmp_path):
    archive = GOLDEN / "lossless-1.0.varve"
    assert read(archive, "all", tmp_path / "all").returncode == 0
    numbers = read(archive).stdout.split()
    assert len(numbers) > 1
    for number in [*numbers, "latest"]:
        assert read(archive, number, tmp_path / number).returncode == 0
        files = content(tmp_path / number)
        whole = {path.name: data for path, data in content(tmp_path / "all").items()}
        assert files and all(whole[path.name] == data for path, data in files.items())


@pytest.mark.parametrize("quality", ["lossless", "balanced"])
def test_the_run(read, tmp_path, quality):
    archive = tmp_path / "run.varve"
    subprocess.run([VARVE, "compress", RUN, archive, "--quality", quality, "-q"], check=True, capture_output=True)
    assert read(archive).stdout.split() == ["200", "400", "600", "800", "1000"]
    assert read(archive, "all", tmp_path / "all").returncode == 0
    assert read(archive, "600", tmp_path / "600").returncode == 0
    subprocess.run([VARVE, "restore", archive, "--step", "all", "-o", tmp_path / "varve", "-q"], check=True)
    assert content(tmp_path / "all") == content(tmp_path / "varve")
    assert content(tmp_path / "600") == content(tmp_path / "varve" / "checkpoint-600")
    if quality == "lossless":
        assert content(tmp_path / "all") == content(RUN)


def test_what_is_wrong_is_said(read, tmp_path):
    archive = GOLDEN / "exact-keyframes-1.0.varve"
    assert read(RUN, "all", tmp_path / "o").returncode == 10
    unknown = read(archive, "7", tmp_path / "o")
    assert unknown.returncode == 2 and "no step 7" in unknown.stderr
    (tmp_path / "there").mkdir()
    assert read(archive, "all", tmp_path / "there").returncode == 1
    assert read().returncode == 2 and "ARCHIVE" in read("--help").stdout
    broken = tmp_path / "broken.varve"
    subprocess.run(["cp", "-r", str(archive), str(broken)], check=True)
    part = next(broken.glob("steps/*/0000.part"))
    part.write_bytes(part.read_bytes()[:-1])
    damaged = read(broken, "latest", tmp_path / "o")
    assert damaged.returncode == 12 and "damaged" in damaged.stderr and not (tmp_path / "o").exists()
