# make demo   write the report of the built-in demo case
# make test   pass all tests (those that need root, QEMU or Chromium skip themselves where these are missing)
GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X main.version=$(VERSION)
BUILD   := CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)'
FUZZ    ?= 60s

.PHONY: all build test lint bench noise fuzz fixtures docs demo dist clean

all: build

build:
	$(BUILD) -o bin/coldcase ./cmd/coldcase
	CGO_ENABLED=0 GOOS=linux $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/coldcase-collect ./cmd/coldcase-collect

demo: build
	bin/coldcase demo -o demo-report.html

test:
	$(GO) test ./...

# staticcheck comes through the module proxy, pinned here; it is no dependency of the project.
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
lint:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	$(GO) run $(STATICCHECK) ./...
	$(GO) run ./cmd/coldcase signatures lint

bench:
	$(GO) test -run '^$$' -bench . -benchmem ./analyze/... ./bundle ./parsers ./report
	fixtures/lab/bench-logs.sh
	fixtures/lab/bench-collect.sh

# noise makes 200 MiB of healthy and noisy logs and fails when there is a finding above info. It needs root.
NOISE ?= /tmp/coldcase-noise
noise: build
	fixtures/lab/noise.sh $(NOISE)
	bin/coldcase analyze $(NOISE)/case -q --fail-on warning -o $(NOISE)/report.md

fuzz:
	fixtures/lab/fuzz.sh $(FUZZ)

# fixtures rewrites the golden parts of the parser, log, report and replay fixtures; read the difference.
fixtures:
	$(GO) test ./parsers ./report -update
	$(GO) run ./cmd/coldcase replay --update fixtures/bundles

# docs rewrites the pages that are generated: one for each signature, and the list of what is collected.
docs:
	rm -rf docs/signatures
	$(GO) run ./cmd/coldcase signatures book docs/signatures
	COLDCASE_UPDATE=1 $(GO) test ./collect -run TestDocsList

dist:
	for os in linux darwin windows; do for arch in amd64 arm64; do \
	  ext=; [ $$os = windows ] && ext=.exe; \
	  CGO_ENABLED=0 GOOS=$$os GOARCH=$$arch $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o dist/coldcase-$$os-$$arch$$ext ./cmd/coldcase || exit 1; \
	done; done
	for arch in amd64 arm64; do \
	  CGO_ENABLED=0 GOOS=linux GOARCH=$$arch $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o dist/coldcase-collect-linux-$$arch ./cmd/coldcase-collect || exit 1; \
	done
	cd dist && sha256sum coldcase* > SHA256SUMS

clean:
	rm -rf bin dist demo-report.*
