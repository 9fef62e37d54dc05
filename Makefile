# make run    install what is missing, build, and show thumbnails of sample pictures at http://127.0.0.1:8090/
# make test   install what the tests need, and pass them
# make help   the rest

SHELL    := /bin/bash
BIN      := bin/imgorigin
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null)
LDFLAGS  := -s -w -X main.version=$(VERSION)
RUN_DIR  ?= data
RUN_ARGS ?=

.PHONY: help run build test e2e lint fuzz torture soak chaos bench gallery deps test-deps docs screenshot image-test clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: build ## build and serve the sample pictures on 127.0.0.1:8090
	@exec $(BIN) serve --demo --dir $(RUN_DIR) $(RUN_ARGS)

build: deps ## build bin/imgorigin
	@mkdir -p bin
	go build -trimpath -ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/imgorigin

PIXELS := AsSharp|Lanczos|IsShifted|ShowTheSame|ComesTheSame
test: test-deps lint ## run all tests with the race detector
	go test -race -timeout 14m ./...
	go test -run NoAllocation ./origin/server ./internal/intern # the race detector allocates
	go test -run '$(PIXELS)' ./transform/vips # and makes loops over pixels ten times as slow

# The SDK's tests, the wire tables and the matrix of the file APIs, with their libraries where many servers may share them.
E2E := PocketBaseSDK|Wire|AFileOfAnyAPI|FilesOfTheLibrary|ProtectedFiles|FileTokens|KeyThatIsRevoked|SecondStart|ConditionsAndRanges|Nginx|Varnish|WhatAThumb
e2e: test-deps ## run the client tests, the wire tables and the matrix on PostgreSQL and S3
	IMGORIGIN_TEST_LIBRARY=postgres+s3 go test -count=1 -timeout 14m ./cmd/imgorigin -run '$(E2E)'

lint: deps ## check formatting and vet
	@unformatted="$$(gofmt -l $$(git ls-files '*.go'))"; \
	  if [ -n "$$unformatted" ]; then echo "gofmt would change:"; echo "$$unformatted"; exit 1; fi
	go vet ./...

FUZZTIME ?= 30s
fuzz: deps ## run every fuzz target for FUZZTIME (30s)
	@scripts/fuzz $(FUZZTIME)

torture: build ## send a corpus of hostile pictures, and write the tally to bench/RESULTS.md
	go run ./bench/torture -program $(BIN) -results bench/RESULTS.md

SOAK ?= 10m
soak: build ## keep the program busy for SOAK (10m), and fail when its memory grows
	go run ./bench/soak -program $(BIN) -for $(SOAK) -results bench/RESULTS.md -plot docs/soak.svg

CHAOS ?= 5m
SEED  ?= 1
chaos: build test-deps ## kill, cut and fill up parts of a cluster under load for CHAOS (5m), and fail when anything is lost
	@scripts/deps bench
	go run ./bench/chaos -program $(BIN) -for $(CHAOS) -seed $(SEED) -results bench/RESULTS.md

# ONLY=hits,srcset measures these parts; ROUNDS=1 shows that it runs; BENCH_DIR is where photographs are kept between runs.
ONLY      ?=
ROUNDS    ?= 5
BENCH_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/imgorigin-bench
bench: build ## measure the program beside others, and write tables and plots: bench/RESULTS.md
	@scripts/deps bench
	@scripts/photos $(BENCH_DIR)
	go run ./bench/speed -program $(BIN) -photos $(BENCH_DIR) -only '$(ONLY)' -rounds $(ROUNDS) -results bench/RESULTS.md -plots docs

gallery: build ## write docs/thumbs.md and its thumbs anew
	go run ./bench/gallery -program $(BIN) -page docs/thumbs.md

deps: ## install what building needs (libvips)
	@scripts/deps build

test-deps: ## install what the tests need
	@scripts/deps test

docs: build ## write the option table of docs/options.md anew
	go test ./cmd/imgorigin -run TestOptionsDocumented -update

screenshot: build test-deps ## take the README's screenshot of the demo page
	@scripts/screenshot docs/demo.png

image-test: ## build the Dockerfile without a container engine, and ask the result for a thumb (needs root)
	@scripts/image-test

clean: ## remove what was built
	rm -rf bin build
