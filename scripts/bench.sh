#!/bin/sh
# The measurements of docs/performance.md, on the machine's own device.
set -eu

for weights in f16 q4_0 q8_0 q4_k; do
	bin/dreamer bench -synthetic "llama-125m:$weights" -pp 64 -tg 128
done
bin/dreamer bench -synthetic llama-125m:q4_0 # pp512 and tg128, as llama-bench has them
