#!/bin/sh
# Installs Mesa's software Vulkan driver and the Vulkan loader on Debian and its
# kin, unless a driver is there already.
set -eu

for dir in /usr/share/vulkan/icd.d /etc/vulkan/icd.d /usr/local/share/vulkan/icd.d; do
	if ls "$dir"/*.json >/dev/null 2>&1 && ldconfig -p | grep -q 'libvulkan\.so\.1'; then
		exit 0
	fi
done
if [ "$(uname)" != Linux ]; then
	exit 0 # Metal and Direct3D come with the system
fi
if ! command -v apt-get >/dev/null; then
	echo "no Vulkan driver found: install one (Mesa's lavapipe will do) and the Vulkan loader" >&2
	exit 1
fi
sudo=
if [ "$(id -u)" != 0 ]; then
	sudo=sudo
fi
echo "installing a software Vulkan driver (mesa-vulkan-drivers, libvulkan1)" >&2
$sudo apt-get update -qq
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq mesa-vulkan-drivers libvulkan1 >/dev/null
