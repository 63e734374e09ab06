# Each target is a script in .setup/, which sets the same environment for all of them.

.PHONY: help setup build demo ablation ablation-quick bench bench-counts bench-peers bench-texts test test-neon lint clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  make \1 - \2/p' Makefile

setup: ## get what is missing (system packages, ONNX Runtime, encoder), then build; quick when all is there
	@sh .setup/setup.sh

build: ## build only
	@sh .setup/build.sh

demo: setup ## the demonstration: ingest, index, query, evaluate
	@sh .setup/demo.sh

ablation: setup ## every method and its parts, over the sets in the folder ARGTOP_DATA
	@sh .setup/ablation.sh

ablation-quick: setup ## the same over a cut of the demonstration's set
	@sh .setup/ablation.sh quick

bench: setup ## encoder and exact search, each against others in one run; kernels and stages
	@sh .setup/bench.sh

bench-counts: setup ## instructions of parse, plan, probe, re-rank against those kept; ACCEPT=1 keeps these
	@sh .setup/bench-counts.sh $(if $(ACCEPT),--accept)

bench-texts: setup ## from texts to labels: one at a time and whole logs, beside the same in Python
	@sh .setup/bench-texts.sh

bench-peers: setup ## argtop and other systems on the same vectors: recall, speed, inserts, opening (an hour)
	@sh .setup/bench-peers.sh

test: setup ## every test and every lint
	@sh .setup/test.sh

test-neon: ## tests of the kernels for 64-bit ARM, by an emulator where this machine is none
	@sh .setup/neon.sh

lint: ## format, clippy and documentation, warnings are errors
	@sh .setup/lint.sh

clean: ## remove what was built from this repository's own crates
	@sh .setup/clean.sh
