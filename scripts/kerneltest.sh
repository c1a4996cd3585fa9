#!/bin/sh
# Runs the tests of kernels in as many processes as there are processors, each
# with a share of the variants: a software driver compiles the shaders of a
# process one after the other. What stands before -- goes to the build, what
# stands after it to the tests:
#
#	kerneltest.sh -tags wgpu29 -- -test.run TestDevice
set -eu

build=
while [ $# -gt 0 ]; do
	word=$1
	shift
	if [ "$word" = -- ]; then
		break
	fi
	build="$build $word"
done
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
# shellcheck disable=SC2086 # words are split on purpose
go test -c $build -o "$dir/kerneltest" ./internal/kerneltest
cd internal/kerneltest
n=$(getconf _NPROCESSORS_ONLN)
pids=
for k in $(seq 0 $((n - 1))); do
	GOMAXPROCS=1 "$dir/kerneltest" -test.v -test.timeout 40m -shard "$k/$n" "$@" >"$dir/$k.log" 2>&1 &
	pids="$pids $!"
done
status=0
for pid in $pids; do
	wait "$pid" || status=1
done
cat "$dir"/*.log
exit $status
