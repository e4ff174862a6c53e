# What a person types. `make` alone lists the targets.
# On a machine without make, `deploy/setup.sh` installs it along with everything else.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
# Cargo takes all cores by itself; two cargos at once only wait for each other.
.NOTPARALLEL:

# Cargo's folder for what it builds, here or where CARGO_TARGET_DIR says.
TARGET := $(or $(CARGO_TARGET_DIR),target)
CARGO := cargo
PROGRAMS := $(TARGET)/debug

# What deploy/setup.sh fetched is found by the programs themselves too; saying it here makes it plain.
export GATEHOUSE_ONNXRUNTIME ?= $(CURDIR)/.native/onnxruntime/libonnxruntime.so
# Tools that deploy/setup.sh built. Not on everybody's PATH: C libraries are built anew where PATH is another, so that
# `make` and a plain `cargo` would take turns at rebuilding them.
with_tools := PATH="$(CURDIR)/.native/cargo-tools/bin:$$PATH"
# .cargo/config.toml knows where OpenCV lies on x86_64; other processors have another folder.
MULTIARCH := $(shell uname -m)-linux-gnu
ifneq ($(MULTIARCH),x86_64-linux-gnu)
export OPENCV_LINK_PATHS ?= /usr/lib/$(MULTIARCH)
export OPENCV_INCLUDE_PATHS ?= /usr/include/opencv4,/usr/include/$(MULTIARCH)/opencv4
endif

# Where models come from besides their origin: a folder or an address.
MIRROR ?= $(wildcard ../shared/models)
mirror = $(if $(MIRROR),--mirror $(MIRROR))

# $(call timed,NAME,COMMAND): says what runs and how long it took.
timed = @echo "== $(1)"; SECONDS=0; $(2); echo "== $(1): $$SECONDS s"

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

.PHONY: setup
setup: ## Install what building and testing needs (Debian 12)
	@deploy/setup.sh

.PHONY: setup-demo
setup-demo:
	@deploy/setup.sh --for demo

.PHONY: demo
demo: setup-demo ## Run camera, gate, broker, hub and page on the sample video; ONCE=1 plays it once, PORT=n moves the page
	$(call timed,build,$(CARGO) build --locked --package gatehouse)
	@$(PROGRAMS)/gatehouse demo $(if $(filter-out 0,$(ONCE)),--once) $(if $(PORT),--port $(PORT)) $(mirror)

.PHONY: models
models: setup-demo ## Fetch the recommended models and check their hashes; MIRROR=folder or address
	@$(CARGO) build --locked --package edge
	@$(PROGRAMS)/gatehouse-edge models pull $(mirror)

# Pinned: another one may lay the packages out differently.
CARGO_DEB_VERSION := 3.8.0

.PHONY: deb
deb: setup-demo ## Build Debian packages of edge and hub and list them
	@$(with_tools) cargo-deb --version 2>/dev/null | grep -qx $(CARGO_DEB_VERSION) || CARGO_PROFILE_RELEASE_LTO=off \
	$(CARGO) install --locked cargo-deb --version $(CARGO_DEB_VERSION) --root .native/cargo-tools
	$(call timed,release build,$(CARGO) build --locked --release --package edge --package hub)
	@for package in edge hub; do $(with_tools) cargo-deb --no-build --locked --strip --package $$package; done
	@for package in $(TARGET)/debian/gatehouse-*.deb; do echo "== $$package"; dpkg-deb --info $$package | sed -n '/^ Package/,$$p'; \
	dpkg-deb --contents $$package; done

.PHONY: test
test: setup fmt tidy deny shell-test page-test lint rust-test ## Everything that must hold before a change lands

.PHONY: fmt
fmt: ## Check the formatting
	$(call timed,formatting,$(CARGO) fmt --all --check)

.PHONY: tidy
tidy: ## Check the house rules
	$(call timed,house rules,$(CARGO) xtask tidy)

.PHONY: deny
deny: ## Check which crates enter the build, their licences and their origin
	$(call timed,dependency rules,$(with_tools) $(CARGO) deny --locked check --allow unused-wrapper bans licenses sources)

.PHONY: lint
lint: ## Lint the Rust code
	$(call timed,lints,$(CARGO) clippy --locked --workspace --all-targets -- --deny warnings)

.PHONY: shell-test
shell-test: ## Lint the shell scripts and test set-up and installation
	$(call timed,shell scripts,shellcheck -x deploy/*.sh deploy/lib/*.sh deploy/tests/*.sh deploy/debian/*/* .ci/run; deploy/tests/setup_test.sh; deploy/tests/install_test.sh)

.PHONY: page-test
page-test: ## Lint, check and test the console's code; test the plain page's logic, where Node.js 20 or later is installed
	$(call timed,console,cd crates/console && npm run --silent fetched && npm run --silent check)
	@if node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)'; then echo "== plain page"; \
	cd crates/hub/page && node --test --test-reporter=dot tests/*.test.js; \
	else echo "== plain page: skipped, Node.js is older than 20"; fi

# Last in `test`, so that the counts stand at the end.
.PHONY: rust-test
rust-test: ## Run every Rust test
	@$(CARGO) xtask test

.PHONY: crash-test
crash-test: setup ## Kill edge, hub and broker at 500 seeded points; nothing may be lost or doubled; SEED=n draws others
	@$(CARGO) build --locked --workspace --bins
	@$(CARGO) run --locked --package gatehouse-tests --bin crash-test -- $(if $(SEED),--seed $(SEED))

.PHONY: offline-test
offline-test: setup ## Keep 72 simulated hours without a broker and deliver them; HOURS=n for more or fewer
	@$(CARGO) build --locked --workspace --bins
	@$(CARGO) run --locked --package gatehouse-tests --bin offline-test -- $(if $(HOURS),--hours $(HOURS))

.PHONY: reconnect-test
reconnect-test: setup ## Have 1,000 nodes with the backlog of a day come back at once; NODES=n, HOURS=n
	@$(CARGO) build --locked --workspace --bins
	@ulimit -n $$(ulimit -H -n); $(TARGET)/debug/reconnect-test $(if $(NODES),--nodes $(NODES)) $(if $(HOURS),--hours $(HOURS))

.PHONY: fuzz
fuzz: setup ## Send the hub messages and requests that are almost right, ten minutes each; MINUTES=n, SEED=n
	@$(CARGO) build --locked --workspace --bins
	@for target in envelope api; do \
	$(TARGET)/debug/fuzz $$target $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED)) || exit 1; done

.PHONY: replica-test
replica-test: setup ## Two hubs on one PostgreSQL, one killed every 3 s for five minutes; nothing lost or doubled; SECONDS=n
	@GATEHOUSE_REPLICA_SECONDS=$(or $(SECONDS),300) $(CARGO) test --locked --package hub --test hub -- \
	replicas::hubs_killed_in_turn_lose_nothing_and_double_nothing --exact --nocapture

.PHONY: soak
soak: setup-demo ## Four full-size cameras on one node for half an hour, held to its limits; MINUTES=n, DETECTOR=id
	@$(CARGO) build --locked --release --workspace --bins
	@$(TARGET)/release/soak $(if $(MINUTES),--minutes $(MINUTES)) $(if $(DETECTOR),--detector $(DETECTOR))

.PHONY: bench
bench: setup ## CPU time of the whole edge beside bare decoding and inference
	@$(CARGO) build --locked --release --workspace --bins
	@$(CARGO) run --locked --release --package gatehouse-benches --bin edge -- $(if $(VIDEO),--video $(VIDEO)) $(if $(DETECTOR),--detector $(DETECTOR))

.PHONY: bench-hub
bench-hub: setup ## Events a second from Mosquitto to committed over the bare limit of the same rows; EVENTS=n
	@$(CARGO) build --locked --release --package hub --package gatehouse-benches --bin gatehouse-hub --bin hub
	@$(TARGET)/release/hub $(if $(EVENTS),--events $(EVENTS))

.PHONY: bench-steady
bench-steady: setup ## Whether the hub keeps up with a steady stream, and how late a watcher hears; RATE=n, SECONDS=n, ONLY=sqlite
	@$(CARGO) build --locked --release --package hub --package gatehouse-benches --bin gatehouse-hub --bin hub
	@$(TARGET)/release/hub --rate $(or $(RATE),1000) --seconds $(or $(SECONDS),60) --watched $(if $(ONLY),--only $(ONLY))

.PHONY: bench-large
bench-large: setup ## What pages ask of a log of 20 million events on PostgreSQL, 50 GB of disk; EVENTS=n
	@$(CARGO) build --locked --release --package hub --package gatehouse-benches --bin gatehouse-hub --bin hub
	@$(TARGET)/release/hub --large $(or $(EVENTS),20000000)

.PHONY: bench-peer
bench-peer: setup ## The same beside a Python program with OpenCV and ONNX Runtime; DETECTOR=id, VIDEO=file
	@$(CARGO) build --locked --release --workspace --bins
	@test -x .native/peer/bin/python || python3 -m venv .native/peer
	@.native/peer/bin/pip install --quiet opencv-python-headless==4.10.0.84 onnxruntime==1.31.1
	@$(CARGO) run --locked --release --package gatehouse-benches --bin edge -- --peer .native/peer/bin/python $(if $(VIDEO),--video $(VIDEO)) $(if $(DETECTOR),--detector $(DETECTOR))

.PHONY: bench-plates
bench-plates: setup ## Plate reading beside rapidocr-onnxruntime, on the pictures in ../shared/data; EVERY=n takes each n-th
	@$(CARGO) build --locked --release --package edge
	@test -x .native/plate-peer/bin/python || python3 -m venv .native/plate-peer
	@.native/plate-peer/bin/pip install --quiet rapidocr-onnxruntime==1.4.4
	@.native/plate-peer/bin/python benches/plates.py --edge $(TARGET)/release/gatehouse-edge $(if $(EVERY),--every $(EVERY))

# The console's tests in a browser, its pictures and its measures each start a demo of their own.
browser = cd crates/console && GATEHOUSE_PROGRAM=$(abspath $(PROGRAMS))/gatehouse $(if $(MIRROR),GATEHOUSE_MIRROR=$(abspath $(MIRROR))) \
	$(if $(MINUTES),GATEHOUSE_MINUTES=$(MINUTES)) node node_modules/@playwright/test/cli.js test --config

.PHONY: browser-test
browser-test: setup-demo ## The console's tests in Chromium against the running demo and a hub of their own
	@$(CARGO) build --locked --package gatehouse --package hub
	@$(browser) browser/playwright.config.ts

.PHONY: screenshots
screenshots: setup-demo ## Take pictures of every page of the console from the running demo, and the README's
	@$(CARGO) build --locked --package gatehouse
	@$(browser) browser/pictures.config.ts

.PHONY: console-measures
console-measures: setup-demo ## Bytes, first paint and interaction of each page on a slowed-down computer and line; its memory; MINUTES=n
	@$(CARGO) build --locked --package gatehouse
	@$(browser) browser/measures.config.ts
