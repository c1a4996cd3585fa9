#!/bin/sh
# Installs what building with -tags wgpu29 needs beside Go and a C compiler, on
# Debian and its kin: the headers of EGL.
set -eu

if [ "$(uname)" != Linux ] || echo '#include <EGL/egl.h>' | cc -E - >/dev/null 2>&1; then
	exit 0
fi
if ! command -v apt-get >/dev/null; then
	echo "EGL/egl.h is missing: install the development files of EGL" >&2
	exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
	sudo=sudo
fi
echo "installing libegl1-mesa-dev" >&2
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq libegl1-mesa-dev >/dev/null
