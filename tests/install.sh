#!/bin/sh
# Install what the tests of sticks and images use, for root on Debian and its like. A failure is no failure: what cannot
# be tested for it is skipped, with the reason.
PATH="$PATH:/usr/sbin:/sbin"
[ "$(uname -s)" = Linux ] || exit 0
missing=
for pair in mkfs.ext4:e2fsprogs mkfs.fat:dosfstools mkfs.exfat:exfatprogs mount.exfat-fuse:exfat-fuse fusefat:fusefat \
    mksquashfs:squashfs-tools mcopy:mtools fusermount3:fuse3 squashfuse:squashfuse lsblk:util-linux zstd:zstd openssl:openssl; do
    command -v "${pair%%:*}" >/dev/null || missing="$missing ${pair#*:}"
done
[ -n "$missing" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing for the tests of sticks:$missing"
    export DEBIAN_FRONTEND=noninteractive
    # One by one: a release that lacks one of them has the others.
    get() {
        for package in $missing; do
            apt-get install --yes --quiet --no-install-recommends "$package" >/dev/null 2>&1 || failed="$failed $package"
        done
    }
    failed=
    get
    if [ -n "$failed" ]; then
        apt-get update --quiet >/dev/null 2>&1
        missing=$failed failed=
        get
    fi
    [ -z "$failed" ] || echo "Could not be installed, so tests that need them are skipped:$failed"
else
    echo "Not found, so tests that need them are skipped:$missing"
fi
exit 0
