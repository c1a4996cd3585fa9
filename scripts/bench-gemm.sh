#!/bin/sh
# Times gemm for prompts of 512 tokens at the shapes of Llama 3.2 1B and 3.1 8B:
# all points in shared memory of Q4_0, the likely ones of F16 and Q4_K, exact and
# in halves. With the folder of another version's kernels, those before.
#   scripts/bench-gemm.sh [wgslgen] [FOLDER OF OTHER KERNELS] [THEIR POINT]
set -eu

wgslgen=${1:-bin/wgslgen}
size() { echo "-size tokens=512,kind=1,rows=$1,cols=$2"; }
narrow="$(size 2048 2048) $(size 512 2048) $(size 2048 8192) $(size 4096 4096) $(size 1024 4096) $(size 4096 14336)"
wide="$(size 8192 2048) $(size 14336 4096)"
likely=R=8,T=8,across=8,down=8

measure() { # POINT [FLAGS], as epilogues store and gated
	point=$1
	shift
	# shellcheck disable=SC2086 # sizes are several words
	"$wgslgen" measure -kernel gemm -point "interleave=1,tier=shared,epilogue=store,$point" "$@" $narrow
	# shellcheck disable=SC2086
	"$wgslgen" measure -kernel gemm -point "interleave=1,tier=shared,epilogue=gated,$point" "$@" $wide
}

if [ $# -gt 1 ]; then
	echo "# the kernels of $2"
	measure "W=q4_0|f16|q4_k,${3:-R=4,T=4,across=16,down=8}" -kernels "$2"
fi
echo "# these kernels"
measure "W=q4_0"
measure "W=f16|q4_k,$likely"
"$wgslgen" measure -kernel gemm -point "interleave=1,tier=shared,W=q4_0,epilogue=add,$likely" $(size 2048 2048) $(size 2048 8192)
