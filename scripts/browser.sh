#!/bin/sh
# Installs what tests in a browser need: Chromium and Node, on Debian and its kin
# where they are missing, and Playwright, as web/test pins it.
set -eu

missing=
command -v chromium >/dev/null || missing=chromium
command -v npm >/dev/null || missing="$missing nodejs npm"
if [ -n "$missing" ]; then
	if ! command -v apt-get >/dev/null; then
		echo "missing: $missing" >&2
		exit 1
	fi
	sudo=
	if [ "$(id -u)" != 0 ]; then
		sudo=sudo
	fi
	echo "installing $missing" >&2
	$sudo apt-get update -qq
	# shellcheck disable=SC2086 # words are split on purpose
	DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends $missing >/dev/null
fi
cd "$(dirname "$0")/../web/test"
if ! cmp -s package-lock.json node_modules/.installed; then
	npm ci --silent
	cp package-lock.json node_modules/.installed
fi
