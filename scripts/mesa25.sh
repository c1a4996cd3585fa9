#!/bin/sh
# Unpacks the software Vulkan driver of Mesa 25 from Debian's backports into the
# user's cache, and prints the variables that make programs use it:
#
#	eval "$(scripts/mesa25.sh)"
#
# Unlike Mesa 22 it offers f16, subgroups (of 4, 8 or 16 invocations, by
# LP_NATIVE_VECTOR_WIDTH=128, 256 or 512) and packed dot products. Nothing
# outside the cache is changed.
set -eu

dir=${XDG_CACHE_HOME:-$HOME/.cache}/wgslgen/mesa25
icd=$dir/lvp_icd.json

fetch() {
	. /etc/os-release
	rm -rf "$dir"
	mkdir -p "$dir/lists/partial" "$dir/archives/partial" "$dir/parts" "$dir/root"
	# Where this system gets Debian itself from, its backports are too.
	site=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Identifier: Packages' | awk -v r="$VERSION_CODENAME" '$2 == r { print $1; exit }')
	for suite in "$VERSION_CODENAME" "$VERSION_CODENAME-updates" "$VERSION_CODENAME-backports"; do
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site $suite main"
	done >"$dir/sources.list"
	private="-o Dir::Etc::sourcelist=$dir/sources.list -o Dir::Etc::sourceparts=$dir/parts -o Dir::State::lists=$dir/lists
		-o Dir::Cache::archives=$dir/archives -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User= -o Debug::NoLocking=1"
	apt-get $private update -qq
	apt-get $private install -qq --yes --download-only --no-install-recommends --target-release "$VERSION_CODENAME-backports" mesa-vulkan-drivers
	for deb in "$dir"/archives/*.deb; do
		dpkg-deb -x "$deb" "$dir/root"
	done
	rm -rf "$dir/lists" "$dir/archives"
	driver=$(find "$dir/root" -name libvulkan_lvp.so)
	printf '{"file_format_version": "1.0.0", "ICD": {"library_path": "%s", "api_version": "1.4.0"}}\n' "$driver" >"$icd"
}

if [ ! -e "$icd" ]; then
	echo "unpacking Mesa 25's software Vulkan driver into $dir" >&2
	fetch >&2
fi
libraries=$(dirname "$(find "$dir/root" -name libvulkan_lvp.so)")
echo "export VK_ICD_FILENAMES='$icd' VK_DRIVER_FILES='$icd' LD_LIBRARY_PATH='$libraries'"
