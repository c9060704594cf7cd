# `make help` prints the targets and the text behind `##`. Longer recipes are in Scripts.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo build test interop docs-test pages-test python-test clusters storage live fidelity fidelity-full optimizers \
	peers bench fuzz mutate torture man format lint clean packages python headers chromium

VARVE ?= .build/release/varve
# VARVE=PATH is used as it is, without building.
BINARY := $(if $(filter command line environment,$(origin VARVE)),,build)
RUN := Fixtures/hf-trainer-run
OUT := demo-output
STEP := 800
MANUAL := manual-output
SOURCES := Package.swift Sources Tests Benchmarks Examples

# Vectors of 32 bytes and the newer bit instructions if this machine has them: some 15 % faster, and not a bit different.
# PORTABLE=1 makes a program that runs on every x86-64.
ifeq ($(PORTABLE)$(shell uname -m),x86_64)
CPU := $(shell grep -qw avx2 /proc/cpuinfo && grep -qw bmi2 /proc/cpuinfo && grep -qw fma /proc/cpuinfo && echo x86-64-v3)
endif
RELEASE := swift build -c release $(if $(CPU),-Xswiftc -Xcc -Xswiftc -march=$(CPU))

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-14s %s\n", $$1, $$2 }' Makefile

demo: build ## compress a real run, report it per layer, restore and verify a step, from nothing
	@Scripts/demo.sh .build/release/varve $(RUN) $(OUT) $(STEP)

build: packages ## release build: .build/release/varve (PORTABLE=1: for every x86-64)
	$(RELEASE) --product varve

# Optimised, because the transform's arithmetic is some thirty times slower without. Traps on overflow stay. Eight tests at
# a time: without that all of them wait in turns, with 4,500 files open, and Foundation's Process reads beyond the end of its
# memory where a process has more than 1,361.
test: packages ## all Swift tests
	swift build --build-tests --quiet -Xswiftc -O
	SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=8 swift test --skip-build -Xswiftc -O

interop: $(BINARY) python ## load and resume restored checkpoints with torch, safetensors and the Hugging Face Trainer
	VARVE="$(VARVE)" python3 Tests/Interop/run.py

python-test: $(BINARY) python ## the package in python/ with real trainings that are killed; reader/ alone on every golden archive
	VARVE="$(VARVE)" python3 python/tests/run.py $(ARGUMENTS)

pages-test: $(BINARY) chromium ## pages in headless Chromium, at three widths, with up to 20,000 tensors (screenshots in pages-output/)
	VARVE="$(VARVE)" python3 Tests/Pages/run.py $(ARGUMENTS)

docs-test: $(BINARY) python ## run every command of README.md and Docs/guide, check every link (ARGUMENTS=--update: renew outputs)
	VARVE="$(VARVE)" python3 Tests/Docs/run.py $(ARGUMENTS)

live: $(BINARY) python ## small training runs watched, killed, resumed; every checkpoint ever saved compared with a copy
	VARVE="$(VARVE)" python3 Tests/Live/run.py $(ARGUMENTS)
	VARVE="$(VARVE)" python3 Tests/Live/run.py --kill --quality lossless $(ARGUMENTS)
	VARVE="$(VARVE)" python3 Tests/Live/run.py chaos

# Slurm, munge, Open MPI and rclone come from Debian, torchrun and moto from PyPI.
clusters: $(BINARY) python ## workers of one run, killed at random; started by Slurm, torchrun and Open MPI on this machine; an S3 server
	@Scripts/packages.sh clusters
	VARVE="$(VARVE)" python3 Tests/Clusters/parts.py $(ARGUMENTS)
	VARVE="$(VARVE)" python3 Tests/Clusters/clusters.py
	test -x .venv/bin/moto_server || .venv/bin/python -m pip install -q "moto[server]"
	VARVE="$(VARVE)" .venv/bin/python Tests/Clusters/store.py

fidelity: $(BINARY) python ## train small models, compress, resume: ratio against loss increase (minutes; results in fidelity-output/)
	VARVE="$(VARVE)" python3 Benchmarks/Fidelity/run.py $(ARGUMENTS)

fidelity-full: $(BINARY) python ## the same with larger models, longer runs, more settings, a sentence encoder (an hour or two)
	VARVE="$(VARVE)" python3 Benchmarks/Fidelity/run.py --full $(ARGUMENTS)

# Exits 1 if a default archive is larger than a lossless one.
optimizers: $(BINARY) python ## the states of many optimizers: how stored, at what ratio, loss of resumed runs (ARGUMENTS="--only soap,muon")
	VARVE="$(VARVE)" python3 Benchmarks/Optimizers/run.py $(ARGUMENTS)

# Exits 1 if a peer is ahead.
peers: $(BINARY) packages python headers ## the exact coder beside lossless compressors from PyPI (ARGUMENTS="--chain PATH": another run)
	$(RELEASE) --product LosslessBench
	VARVE="$(VARVE)" LOSSLESS_BENCH=.build/release/LosslessBench python3 Benchmarks/Peers/run.py $(ARGUMENTS)

# restic, borg and zstd are used if they are installed.
storage: $(BINARY) python headers ## bytes that zstd, restic, borg, xet, ZipNN, DVC and Varve store of a run (RUN=PATH)
	VARVE="$(VARVE)" python3 Benchmarks/Storage/run.py $(RUN) $(ARGUMENTS)

# The run is trained once and kept in bench-output.
bench: $(BINARY) python headers ## speed and memory on a run of 202 M parameters (ARGUMENTS="--layers 1", --tables, --memory: others)
	VARVE="$(VARVE)" python3 Benchmarks/Bench/run.py $(ARGUMENTS)

# libFuzzer and the address sanitizer come with the toolchain. Checks of overflow and bounds stay in, and are findings.
FUZZ_SECONDS := 60
FUZZ_TARGETS := safetensors torch pickle manifest part discovery archive shards
fuzz: packages ## fuzz every reader of foreign bytes, FUZZ_SECONDS=60 each (FUZZ_TARGETS="torch part": only those)
	swift build -c release --product Fuzz --scratch-path .build/fuzz --sanitize=address \
		-Xswiftc -sanitize=fuzzer -Xswiftc -DFUZZER -Xswiftc -Xclang-linker -Xswiftc -fuse-ld=lld
	Tests/Fuzz/run.sh .build/fuzz/release/Fuzz $(FUZZ_SECONDS) $(FUZZ_TARGETS)

mutate: packages ## damage every byte of eight small archives (half an hour; ARGUMENTS="--every 100": a sample)
	$(RELEASE) --product Mutation
	.build/release/Mutation $(ARGUMENTS)

# ARGUMENTS="kill --scenario WORD" and the like: Tests/Torture/Tool/Torture.swift. In memory if there is /dev/shm, because
# lost writes are worked out, not waited for. Exits 1 on any violation; full disks need root for mount.
torture: $(BINARY) packages ## kill every command at every call, fail it, take its power and its disk away (half an hour or more)
	$(RELEASE) --product Torture
	TMPDIR=$$(if [ -w /dev/shm ]; then echo /dev/shm; else echo /tmp; fi) OPENBLAS_NUM_THREADS=1 \
		nice .build/release/Torture $(or $(ARGUMENTS),kill errors power resume random disk) --tool "$(VARVE)"

man: $(BINARY) ## manual page and completions for bash, zsh and fish, in manual-output/
	@Scripts/manual.sh "$(VARVE)" $(MANUAL)

format: ## swift-format in place
	swift format --in-place --recursive --parallel $(SOURCES)

lint: ## swift-format, check only; the tree of folders
	swift format lint --strict --recursive --parallel $(SOURCES)
	Scripts/check-tree.sh
	python3 Scripts/check-edges.py

clean: ## remove build products, demo-output, fidelity-output, pages-output, optimizers-output, bench-output, manual-output and .venv
	rm -rf .build $(OUT) fidelity-output pages-output optimizers-output bench-output $(MANUAL) .venv

packages:
	@Scripts/packages.sh build
python:
	@Scripts/packages.sh python
headers:
	@Scripts/packages.sh headers
chromium:
	@Scripts/packages.sh chromium
