# Every target does its own set-up on a fresh Debian machine that has cargo, node and python3.
# `make help` lists them.

CARGO ?= cargo
SETUP := deploy/dev/setup.sh
# What `build` builds. In `make test` everything, as its other steps do: dependencies are shared then.
PACKAGES ?= -p sideroom
# The bad network that some of the browser tests and `bench-networks` put between a browser and the server.
LINK ?= -p sideroom-sim

.DEFAULT_GOAL := help
.PHONY: help run cluster build web test test-rust test-js test-sdks generate e2e lint dist bench bench-networks bench-peers fuzz nightly

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## Build everything, start a development server and print the address of the demo meeting
	./target/release/sideroom serve --dev

cluster: build ## Three nodes over three members of etcd on this machine, until Ctrl-C
	@$(SETUP) etcd
	deploy/dev/cluster.sh

build: web ## Build the SDK, the pages and the server
	$(CARGO) build --release --locked $(PACKAGES)

web: ## Build the SDK and the pages that the server serves
	@$(SETUP) npm
	cd sdk && npm run --silent build

test: PACKAGES = --workspace --bins
test: LINK = --workspace --bins
test: lint test-rust test-js test-sdks e2e ## Run everything: lints, tests of every crate, SDK tests, browsers and other real clients

test-rust: web ## Tests of the Rust crates, those with a real etcd too
	@$(SETUP) etcd
	TEST_ETCD=required $(CARGO) test --release --locked --workspace

test-js: web ## Tests of the SDK and the dialects
	cd sdk && npm test --silent

test-sdks: build ## Server SDKs against the real server, which they kill, and their packages
	@$(SETUP) sdks
	sdk/server/test.sh

generate: ## Write what the server SDKs take from the proto
	@$(SETUP) sdks
	.cache/sdks/bin/python sdk/server/generate

e2e: build ## Real browsers and native clients against the real server
	$(CARGO) build --release --locked $(LINK)
	@$(SETUP) e2e
	deploy/dev/e2e.sh

lint: ## Formatting, clippy and docs, warnings are errors; threats have tests; circles of modules; RFC citations
	python3 docs/check/held_by.py
	python3 docs/check/circles.py
	python3 docs/check/rfcs.py
	$(CARGO) fmt --all --check
	$(CARGO) clippy --release --locked --workspace --all-targets -- -D warnings
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --release --locked --workspace --no-deps --quiet

dist: web ## Build and check what is released: a static binary, a Debian package, the bill of materials (target/dist)
	@$(SETUP) package
	deploy/package/build.sh
	.cache/charts/bin/python deploy/package/check.py target/dist --static \
		--again $${CARGO_TARGET_DIR:-target}/x86_64-unknown-linux-gnu/shipped/sideroom

bench: build ## The floor, the bare path, micro benches and a set of load scenarios
	benches/bench.sh

bench-networks: build ## Chromium behind bad networks, which writes docs/benchmarks/bad-networks.md
	$(CARGO) build --release --locked $(LINK)
	@$(SETUP) e2e
	cd sdk && node e2e/badnet/run.mjs

bench-peers: build ## The same fan-outs against Janus and against Sideroom in turns (needs root)
	benches/peers.sh

nightly: build ## The long simulations, 10,000 cancelled joins, a million events through webhooks, 200 deaths and cuts in a cluster, seven minutes without etcd, the release built twice, and every push of `sideroom-load exhaust` at full size
	$(CARGO) run --release --locked -p sideroom-sim -- faults --seeds 200 --steps 6000
	$(CARGO) run --release --locked -p sideroom-sim -- cluster --seeds 300 --steps 20000
	$(CARGO) run --release --locked -p sideroom-sim -- plane --seeds 10000 --steps 1100
	$(CARGO) run --release --locked -p sideroom-sim -- --seeds 1000 --steps 10600
	@$(SETUP) etcd
	TEST_ETCD=required TEST_CLUSTER_ROUNDS=200 $(CARGO) test --release --locked -p sideroom --test rounds -- --nocapture
	TEST_CANCELLED_JOINS=10000 $(CARGO) test --release --locked -p sideroom --test cancelled
	TEST_WEBHOOK_EVENTS=1000000 $(CARGO) test --release --locked -p sideroom --test webhooks -- --nocapture nothing_is_lost
	$(CARGO) build --release --locked -p sideroom-bench
	benches/etcd_gone.py
	ulimit -n $$(ulimit -Hn); ./target/release/sideroom-load exhaust --max-added-delay-ms 1 --max-added-command-ms 50
	ulimit -n $$(ulimit -Hn); ./target/release/sideroom-load exhaust --push bytes --push sockets --pushers 200 \
		--max-added-delay-ms 1 --max-added-command-ms 50
	deploy/package/twice.sh
	@$(SETUP) sdks
	.cache/sdks/bin/python sdk/server/openapi/check.py coverage,fuzzing 100

fuzz: ## Run every fuzz target for two minutes (needs a nightly toolchain and cargo-fuzz)
	deploy/dev/fuzz.sh
