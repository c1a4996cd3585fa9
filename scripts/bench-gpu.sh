#!/bin/sh
# Tunes models on the machine's best device, measures each with and without the
# profile in turns, and prints the figures as a section of docs/performance.md.
#   scripts/bench-gpu.sh [FOLDER OF THE BINARIES] [BUDGET OF A TUNING] [MODEL…]
# Needs nothing but the two binaries. A model is one of the catalogue with its
# type, or "embedded". REPORTS, if set, is a folder for the tunings' reports, and
# MEMORY the device memory to use, such as 40GiB.
set -eu

bin=${1:-bin}
budget=${2:-5m}
[ $# -gt 2 ] && shift 2 || set -- embedded llama-125m:q4_0 llama-3.2-1b:q4_0
lines=$(mktemp)
trap 'rm -f "$lines"' EXIT

for model in "$@"; do
	tune="" bench="" # the embedded model needs no flag
	[ "$model" = embedded ] || { tune="-m $model"; bench="-synthetic $model"; }
	[ -z "${MEMORY:-}" ] || { tune="$tune -memory $MEMORY"; bench="$bench -memory $MEMORY"; }
	report=""
	[ -z "${REPORTS:-}" ] || report="-report $REPORTS/$(echo "$model" | tr : -).html"
	# shellcheck disable=SC2086 # flags are several words, or none
	"$bin/wgslgen" tune $tune $report -budget "$budget" >&2
	pp=512
	[ "$model" = embedded ] && pp=128 # its context is short
	# shellcheck disable=SC2086
	"$bin/dreamer" bench $bench -pp $pp -tg 128 -untuned | sed "s/^/$model /" | tee -a "$lines" >&2
done

device=$("$bin/dreamer" devices | sed -n '1s/ (.*//p')
printf '\n### Tuned on %s\n\n`make bench-gpu`, %s, a budget of %s for each tuning.\n\n' "$device" "$(date +'%-d %B %Y')" "$budget"
printf '| model | test | untuned tok/s | tuned tok/s | ratio |\n|---|---|---|---|---|\n'
sed -n 's/^\([^ ]*\) \([pt][pg][0-9]*\) *\([^ ]* ± [^ ]*\) tok\/s.*; untuned \([^ ]* ± [^ ]*\) tok\/s, ratio \(.*\)/| \1 | \2 | \4 | \3 | \5 |/p' "$lines"
