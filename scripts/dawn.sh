#!/bin/sh
# Installs Dawn for Node, as tools/dawn pins it, and Node itself on Debian and
# its kin where it is missing.
set -eu

if ! command -v npm >/dev/null; then
	if ! command -v apt-get >/dev/null; then
		echo "npm is missing: install Node 18 or newer" >&2
		exit 1
	fi
	sudo=
	if [ "$(id -u)" != 0 ]; then
		sudo=sudo
	fi
	echo "installing nodejs, npm" >&2
	$sudo apt-get update -qq
	DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends nodejs npm >/dev/null
fi
cd "$(dirname "$0")/../tools/dawn"
if ! cmp -s package-lock.json node_modules/.installed; then
	npm ci --silent
	cp package-lock.json node_modules/.installed
fi
