# halfstep from a fresh checkout: `make run` serves it, `make test` tests it. Needs Linux, Go, gcc and Python 3.11+ with pip.

PYTHON ?= python3
GOARCH := $(shell go env GOARCH)
ORT_VERSION := $(shell sed -n 's/.*"version": "\(.*\)".*/\1/p' models/ort/lock.json)
ORT_LIBRARY := .cache/onnxruntime/$(ORT_VERSION)/$(GOARCH)/libonnxruntime.so
ORT_PACKED := models/ort/lib/$(GOARCH).so.zst

export CGO_ENABLED = 1
export PYTHON

.PHONY: help run build test lint bench train setup venv redis clean

help:
	@echo "make run     build, and serve on 127.0.0.1:8080 with a sample of customers"
	@echo "make build   bin/halfstep: one binary that carries all it needs"
	@echo "make test    Go tests with the race detector, Python tests, end-to-end tests"
	@echo "make lint    go vet, staticcheck, ruff"
	@echo "make bench   the tables of benchmarks/results"
	@echo "make train   the bundles that ship and their reports, from the data in HALFSTEP_DATA (../shared/datasets)"
	@echo "make clean   remove what the others made, except ./data"

run: build
	@bin/halfstep serve

build: $(ORT_PACKED)
	go build -trimpath -tags embedort,nomsgpack -o bin/halfstep ./server/cmd/halfstep

test: setup venv redis
	@venv/bin/python .ci/suites.py

lint: venv
	@venv/bin/python .ci/suites.py --only-lint

bench: setup redis
	go run ./benchmarks/...

train: build venv
	venv/bin/python -m training all

# The ONNX Runtime library, for `go test` and `go run` in the checkout.
setup:
	@$(PYTHON) deploy/setup/onnxruntime.py --arch $(GOARCH)

venv:
	@deploy/setup/venv.sh

redis:
	@deploy/setup/redis.sh

$(ORT_LIBRARY): | setup ;

$(ORT_PACKED): $(ORT_LIBRARY)
	GOARCH= go run ./models/ort/pack $< $@

clean:
	rm -rf bin venv .cache models/ort/lib/*.zst
