#!/bin/sh
# Builds bin/web: the files of web/, the engine as WebAssembly (beside it by gzip,
# for servers that send files so), and the story model.
set -eu
cd "$(dirname "$0")/.."
out=bin/web
rm -rf $out
mkdir -p $out
for file in web/*; do
	case $file in
	web/test | web/wasm) ;;
	*) cp -r "$file" $out ;;
	esac
done
go run ./cmd/wgslgen archive
GOOS=js GOARCH=wasm go build -tags archive -trimpath -ldflags='-s -w' -o $out/dreamer.wasm ./web/wasm
gzip -9 -k -n $out/dreamer.wasm
cp "$(go env GOROOT)/lib/wasm/wasm_exec.js" runtime/embedded/*.gguf $out
