# make demo and make test do everything on a fresh Debian machine with Go.

STATICCHECK = honnef.co/go/tools/cmd/staticcheck@v0.8.2
DREAMER     = bin/dreamer
GOFLAGS    += -trimpath

.PHONY: demo test test29 test-web web build driver generate lint fuzz bench bench-tokenizer golden dawn clean

demo: driver build ## tell a story with the embedded model
	$(DREAMER) run -chat -p "Tell me a story about a fox who lost a key."

test: driver ## every test, on the machine's WebGPU device
	go test -timeout 60m ./...

test29: driver ## what needs f16, subgroups or dp4a, with wgpu 29: on the machine's device, and on Mesa 25
	@scripts/wgpu29.sh
	go test $(V) -tags wgpu29 ./runtime/gpu/...
	eval "$$(scripts/mesa25.sh)" && \
		LP_NATIVE_VECTOR_WIDTH=128 go test $(V) -tags wgpu29 ./runtime/gpu/native -run TestConformance && \
		LP_NATIVE_VECTOR_WIDTH=256 go test $(V) -tags wgpu29 ./runtime/engine -run TestFast && \
		LP_NATIVE_VECTOR_WIDTH=256 scripts/kerneltest.sh -tags wgpu29 -- -test.run TestDevice -features narrow && \
		LP_NATIVE_VECTOR_WIDTH=512 scripts/kerneltest.sh -tags wgpu29 -- -test.run TestDevice -features wide

web: ## the page, its engine and the story model, as files for any server, in bin/web
	@scripts/web.sh

test-web: web ## what runs in a browser, in headless Chromium
	@scripts/browser.sh
	node --test web/test/*.test.mjs
	GOOS=js GOARCH=wasm go test $(V) -count=1 -timeout 30m -p 1 -tags archive -exec "$(CURDIR)/web/test/exec.mjs" ./runtime/gpu/web ./web/test/conformance

dawn: ## have Dawn, Chromium's WebGPU, validate every shader
	@scripts/dawn.sh
	go test -count=1 ./tools/dawn

build:
	go build $(GOFLAGS) -o bin/ ./cmd/dreamer ./cmd/wgslgen

driver: ## install a software Vulkan driver where there is none
	@scripts/vulkan.sh

generate: ## make generated/ anew from templates/
	go generate ./...

golden: ## accept what the golden-file tests now print
	WGSLGEN_UPDATE=1 go test ./golden/... ./ir/... ./cmd/wgslgen/...

lint:
	@test -z "$$(gofmt -l .)" || { echo "gofmt:"; gofmt -l .; exit 1; }
	go vet ./...
	@test -z "$$(go run ./cmd/wgslgen fmt -l templates)" || { echo "wgslgen fmt:"; go run ./cmd/wgslgen fmt -l templates; exit 1; }
	go run $(STATICCHECK) ./...

fuzz: ## each fuzz target for FUZZTIME
	@scripts/fuzz.sh $(or $(FUZZTIME),10s)

bench: driver build ## the figures of docs/performance.md
	@scripts/bench.sh

bench-tokenizer: ## tokenisers on one core, on made-up English or the file WGSLGEN_TEXT
	go test -run '^$$' -bench 'Bytes|Encode|RareWords' -cpu 1 ./runtime/tokenizer

bench-gpu: build ## tune this machine's GPU, measure with and without, and add the figures to docs/performance.md
	scripts/bench-gpu.sh bin $(or $(BUDGET),5m) > bin/bench-gpu.md
	cat bin/bench-gpu.md >> docs/performance.md

clean:
	rm -rf bin
