#!/bin/bash
# A package is built by somebody who is not root, its files belong to others: fakeroot's daemon remembers that, and is told
# and asked by messages.
set -euo pipefail
if ((EUID == 0)); then exec setpriv --reuid=65534 --regid=65534 --clear-groups "$0"; fi
mkdir -p package/DEBIAN package/usr/share/doc/carried
echo text > package/usr/share/doc/carried/copyright
cat > package/DEBIAN/control <<CONTROL
Package: carried
Version: 1
Architecture: all
Maintainer: Nobody <nobody@example.org>
Description: built under fakeroot
CONTROL
chmod 0755 package/DEBIAN
fakeroot-sysv bash -c '
  set -e
  chown -R root:root package
  chown daemon:games package/usr/share/doc/carried/copyright
  test "$(stat -c %U:%G package/usr/share/doc/carried/copyright)" = daemon:games
  dpkg-deb --build package carried.deb >/dev/null'
dpkg-deb --contents carried.deb | tee contents
grep -q '^drwx.* root/root .*/usr/share/doc/carried/$' contents
grep -q ' daemon/games .*/copyright$' contents
