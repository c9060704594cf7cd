# make demo      everything from nothing: system packages, release build, a real run compressed, reported, restored
# make test      all Swift tests
# make interop   what Varve restored, loaded and trained on by torch, safetensors and the Trainer
# make fidelity  trains small models, measures what compression costs them
# make peers     ratios and speeds of the exact coder beside those of other lossless compressors
# make bench     speed and memory on a run of 202 M parameters, beside other compressors and the published method
# make fuzz      hostile input of every kind, under the address sanitizer
# make man       manual page and shell completions, made from the command's own definitions
# make torture   kills, failing calls, lost power and full disks, at every call of every command
# make mutate    small archives, every byte of them changed in ten ways and cut at every length (half an hour)
# make help      the rest

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help torture packages build demo test interop live fidelity fidelity-full peers bench man python headers fuzz mutate format lint clean

VARVE ?= .build/release/varve
RUN := Fixtures/hf-trainer-run
OUT := demo-output
MANUAL := manual-output
# VARVE=PATH is used as it is, without building.
BINARY := $(if $(filter command line environment,$(origin VARVE)),,build)
STEP := 800

# pkg-config's name of each system library, and the Debian package that has it.
LIBRARIES := libzstd:libzstd-dev openblas:libopenblas-dev libxxhash:libxxhash-dev zlib:zlib1g-dev

# Installs Debian packages, as root or with sudo, saying which: $(call install,PACKAGES,WHY)
define install
	echo "Installing with apt-get, needed to $(2):" $(1); \
	root=; if [ "$$(id -u)" != 0 ]; then root=sudo; fi; \
	if ! command -v apt-get > /dev/null; then \
		echo "There is no apt-get here; install these (Debian's names) yourself and run make again:" $(1) >&2; exit 1; fi; \
	if [ -n "$$root" ] && ! command -v sudo > /dev/null; then \
		echo "Neither root nor sudo; run as root: apt-get install" $(1) >&2; exit 1; fi; \
	$$root apt-get update -qq; \
	$$root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1) > /dev/null
endef

help:
	@echo "make demo      compress a real run, report it per layer, restore and verify a step, from nothing"
	@echo "make test      all Swift tests"
	@echo "make interop   load and resume restored checkpoints with torch, safetensors and the Hugging Face Trainer"
	@echo "make fidelity  train small models, compress, resume: ratio against damage (minutes; results in fidelity-output/)"
	@echo "make fidelity-full   the same with larger models, longer runs and more settings, and a sentence encoder (an hour or two)"
	@echo "make live      small training runs watched, killed, resumed; every checkpoint ever saved compared with a copy"
	@echo "make peers     the exact coder beside lossless compressors from PyPI (ARGUMENTS=\"--chain PATH\": another run)"
	@echo "make bench     speed and memory on a run of 202 M parameters (ARGUMENTS=\"--layers 1\", --tables, --memory: others)"
	@echo "make fuzz      fuzz every reader of foreign bytes, FUZZ_SECONDS=60 each (FUZZ_TARGETS=\"torch part\": only those)"
	@echo "make man       manual page and completions for bash, zsh and fish, in manual-output/"
	@echo "make torture   kill every command at every call, fail it, take its power and its disk away (half an hour or more)"
	@echo "make mutate    damage every byte of seven small archives (ARGUMENTS=\"--every 100\": a sample)"
	@echo "make build     release build: .build/release/varve"
	@echo "make format    swift-format in place;  make lint: check only"
	@echo "make clean     remove build products, demo-output, fidelity-output, bench-output, manual-output and .venv"

# The Swift toolchain (6.2 or newer) and the system libraries that Package.swift names.
packages:
	@if ! command -v swift > /dev/null; then \
		echo "Varve is built with Swift 6.2 or newer, and there is no 'swift' on the PATH. See swift.org/install." >&2; \
		exit 1; fi
	@version=$$(swift --version 2> /dev/null | sed -n 's/.*Swift version \([0-9]*\)\.\([0-9]*\).*/\1 \2/p' | head -n 1); \
	read -r major minor <<< "$${version:-0 0}"; \
	if (( major < 6 || (major == 6 && minor < 2) )); then \
		echo "Varve is built with Swift 6.2 or newer; this is $$major.$$minor. See swift.org/install." >&2; exit 1; fi
	@missing=(); command -v pkg-config > /dev/null || missing+=(pkg-config); \
	for pair in $(LIBRARIES); do \
		pkg-config --exists "$${pair%%:*}" 2> /dev/null || missing+=("$${pair##*:}"); done; \
	if (( $${#missing[@]} )); then $(call install,"$${missing[@]}",build Varve); fi

# Vectors of 32 bytes and the newer bit instructions where this machine has them: some 15 % faster, and not a bit
# different. PORTABLE=1 makes a program that runs on every x86-64.
ifeq ($(PORTABLE)$(shell uname -m),x86_64)
CPU := $(shell grep -qw avx2 /proc/cpuinfo && grep -qw bmi2 /proc/cpuinfo && grep -qw fma /proc/cpuinfo && echo x86-64-v3)
endif
RELEASE := swift build -c release $(if $(CPU),-Xswiftc -Xcc -Xswiftc -march=$(CPU))

build: packages
	$(RELEASE) --product varve

demo: build
	@rm -rf $(OUT) && mkdir -p $(OUT)
	@echo; echo "== A run of five checkpoints, written by the Hugging Face Trainer"
	.build/release/varve inspect $(RUN)
	@echo; echo "== Compressed"
	.build/release/varve compress $(RUN) $(OUT)/run.varve
	@echo; echo "== Per layer"
	.build/release/varve report $(OUT)/run.varve --by layer
	@echo; echo "== Step $(STEP) restored"
	.build/release/varve restore $(OUT)/run.varve --step $(STEP) --output $(OUT)/checkpoint-$(STEP)
	@echo; echo "== Verified: the archive itself, then against the originals"
	.build/release/varve verify $(OUT)/run.varve --deep
	.build/release/varve verify $(OUT)/run.varve --against $(RUN)
	@echo; echo "== Compared: each restored file of step $(STEP) with the original"
	@for file in $(RUN)/checkpoint-$(STEP)/*; do \
		name=$${file##*/}; restored=$(OUT)/checkpoint-$(STEP)/$$name; \
		if cmp -s "$$file" "$$restored"; then says="identical"; \
		elif [ "$$(wc -c < "$$file")" = "$$(wc -c < "$$restored")" ]; then says="same size, values quantized"; \
		else echo "$$name: missing or of another size" >&2; exit 1; fi; \
		printf '%-24s %9d bytes  %s\n' "$$name" "$$(wc -c < "$$file")" "$$says"; done
	@for name in config.json tokenizer.json trainer_state.json scheduler.pt rng_state.pth training_args.bin; do \
		cmp $(RUN)/checkpoint-$(STEP)/$$name $(OUT)/checkpoint-$(STEP)/$$name; done
	@original=$$(find $(RUN) -type f -printf '%s\n' | awk '{ n += $$1 } END { print n }'); \
	stored=$$(find $(OUT)/run.varve -type f -printf '%s\n' | awk '{ n += $$1 } END { print n }'); \
	echo; echo "Run $$original bytes, archive $$stored bytes. Everything is in $(OUT)/."

# Optimised: the transform's arithmetic is some thirty times slower without. Traps and assertions on overflow stay.
test: packages
	swift build --build-tests --quiet -Xswiftc -O
	swift test --skip-build -Xswiftc -O

interop: $(BINARY) python
	VARVE="$(VARVE)" python3 Tests/Interop/run.py

# Made anew from the definitions every time, so that there is no copy to grow old.
man: $(BINARY)
	@mkdir -p $(MANUAL)
	$(VARVE) manual > $(MANUAL)/varve.1
	@for shell in bash zsh fish; do \
		$(VARVE) --generate-completion-script $$shell > $(MANUAL)/varve.$$shell; done
	@echo "man -l $(MANUAL)/varve.1; completions: $(MANUAL)/varve.bash, .zsh, .fish"

# Small training runs beside `varve watch --remove-source`, then with the watch killed again and again, then a training
# that is killed at every file boundary of its saves (ckpt-chaos) and resumes from what Varve restores.
live: $(BINARY) python
	VARVE="$(VARVE)" python3 Tests/Live/run.py $(ARGUMENTS)
	VARVE="$(VARVE)" python3 Tests/Live/run.py --kill --quality lossless $(ARGUMENTS)
	VARVE="$(VARVE)" python3 Tests/Live/run.py chaos

# ARGUMENTS="--fresh" and the like: python3 Benchmarks/Fidelity/fidelity.py --help
fidelity: $(BINARY) python
	VARVE="$(VARVE)" python3 Benchmarks/Fidelity/run.py $(ARGUMENTS)

fidelity-full: $(BINARY) python
	VARVE="$(VARVE)" python3 Benchmarks/Fidelity/run.py --full $(ARGUMENTS)

# ARGUMENTS="--chain PATH" and the like: python3 Benchmarks/Peers/run.py --help. Exits 1 where a peer is ahead.
peers: $(BINARY) packages python headers
	$(RELEASE) --product LosslessBench
	VARVE="$(VARVE)" LOSSLESS_BENCH=.build/release/LosslessBench python3 Benchmarks/Peers/run.py $(ARGUMENTS)

# ARGUMENTS="--run PATH" and the like: python3 Benchmarks/Bench/run.py --help. The run is trained once and kept in bench-output.
bench: $(BINARY) python headers
	VARVE="$(VARVE)" python3 Benchmarks/Bench/run.py $(ARGUMENTS)

# libFuzzer and the address sanitizer come with the toolchain. Checks of overflow and bounds stay in, and are findings.
FUZZ_SECONDS := 60
FUZZ_TARGETS := safetensors torch pickle manifest part discovery archive
fuzz: packages
	swift build -c release --product Fuzz --scratch-path .build/fuzz --sanitize=address \
		-Xswiftc -sanitize=fuzzer -Xswiftc -DFUZZER -Xswiftc -Xclang-linker -Xswiftc -fuse-ld=lld
	Tests/Fuzz/run.sh .build/fuzz/release/Fuzz $(FUZZ_SECONDS) $(FUZZ_TARGETS)

mutate: packages
	$(RELEASE) --product Mutation
	.build/release/Mutation $(ARGUMENTS)

# Python's venv module is a package of its own on Debian.
python:
	@python3 -c 'import ensurepip, venv' 2> /dev/null \
		|| { $(call install,python3 python3-venv,run the checks in Python); }

# Two of the peers come as source.
headers:
	@missing=(); command -v gcc > /dev/null || missing+=(gcc); \
	python3 -c 'import os, sysconfig; os.stat(os.path.join(sysconfig.get_path("include"), "Python.h"))' 2> /dev/null \
		|| missing+=(python3-dev); \
	if (( $${#missing[@]} )); then $(call install,"$${missing[@]}",build zipnn and z4ai for make peers); fi

# ARGUMENTS="kill --scenario WORD" and the like: Tests/Torture/Tool/Torture.swift. In memory where that can be: what a disk
# would have lost is worked out, not waited for. Exits 1 on any violation; full disks need root for mount.
ARGUMENTS_OF_TORTURE := $(if $(ARGUMENTS),$(ARGUMENTS),kill errors power resume random disk)
torture: $(BINARY) packages
	$(RELEASE) --product Torture
	TMPDIR=$$(if [ -w /dev/shm ]; then echo /dev/shm; else echo /tmp; fi) OPENBLAS_NUM_THREADS=1 \
		nice .build/release/Torture $(ARGUMENTS_OF_TORTURE) --tool "$(VARVE)"

format:
	swift format --in-place --recursive --parallel Package.swift Sources Tests Benchmarks

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests Benchmarks

clean:
	rm -rf .build $(OUT) fidelity-output bench-output manual-output .venv
