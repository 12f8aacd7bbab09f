#!/usr/bin/env bash
# Builds what is released into target/dist: a static binary in a tarball, a Debian package, the bill of materials and
# their checksums. `build.sh [BINARY [INTO]]`: with a binary it builds none and only packs. The result depends on the
# commit, the toolchain and nothing else: not on the directory, the time, the time zone or the umask.
set -euo pipefail
cd "$(dirname "$0")/../.."
umask 022
export LC_ALL=C TZ=UTC
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
target=x86_64-unknown-linux-gnu
arch=amd64

# With the C library inside; docs/decisions/0031 says which, and why.
build() {
  local sysroot home=${CARGO_HOME:-$HOME/.cargo}
  sysroot=$(rustc --print sysroot)
  export RUSTFLAGS="-C target-feature=+crt-static --remap-path-prefix=$PWD=/sideroom --remap-path-prefix=$home=/cargo --remap-path-prefix=$sysroot=/rust"
  export CFLAGS="-ffile-prefix-map=$PWD=/sideroom -ffile-prefix-map=$home=/cargo"
  # Names of functions stay, for the backtraces in the log.
  export CARGO_PROFILE_SHIPPED_STRIP=debuginfo
  "${CARGO:-cargo}" build --profile shipped --locked --target "$target" -p sideroom
}

if [ $# -gt 0 ]; then
  binary=$(realpath "$1")
else
  build
  binary=$(realpath "${CARGO_TARGET_DIR:-target}/$target/shipped/sideroom")
fi
into=$(realpath -m "${2:-target/dist}")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
rm -rf "$into"
mkdir -p "$into"

# Of a binary that was built otherwise, too: lines of debug information are most of it.
strip --strip-debug -o "$scratch/sideroom" "$binary"
binary=$scratch/sideroom

python3 deploy/package/sbom.py "$into/sideroom-$version.cdx.json"
python3 deploy/package/man.py "$binary" "$scratch/sideroom.1"

put() { install -D -m "$1" "$2" "$3"; } # put MODE FILE INTO

tarball() {
  local name=sideroom-$version-x86_64-linux
  local root=$scratch/tarball/$name
  put 755 "$binary" "$root/sideroom"
  for file in deploy/sideroom.toml deploy/sideroom.service deploy/sysctl/60-sideroom.conf docs/operating.md \
    CHANGELOG.md LICENSE-APACHE LICENSE-MIT; do
    put 644 "$file" "$root/${file##*/}"
  done
  put 644 "$scratch/sideroom.1" "$root/sideroom.1"
  tar -C "$scratch/tarball" --sort=name --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner \
    --format=gnu -cf - "$name" | gzip -n -9 >"$into/$name.tar.gz"
}

debian_package() {
  local root=$scratch/debian from=deploy/package/debian
  put 755 "$binary" "$root/usr/bin/sideroom"
  # A key of its own for each installation: postinst makes the secret, systemd hands it over.
  put 644 deploy/sideroom.toml "$root/etc/sideroom/sideroom.toml"
  sed -i 's|^keys = \[\]$|keys = [{ id = "app", secret_file = "/run/credentials/sideroom.service/secrets_app" }]|' \
    "$root/etc/sideroom/sideroom.toml"
  put 644 deploy/sideroom.service "$root/lib/systemd/system/sideroom.service"
  sed -i 's|/usr/local/bin/sideroom|/usr/bin/sideroom|' "$root/lib/systemd/system/sideroom.service"
  put 644 deploy/sysctl/60-sideroom.conf "$root/usr/lib/sysctl.d/60-sideroom.conf"
  put 644 docs/operating.md "$root/usr/share/doc/sideroom/operating.md"
  put 644 "$from/copyright" "$root/usr/share/doc/sideroom/copyright"
  put 644 "$scratch/sideroom.1" "$root/usr/share/man/man1/sideroom.1"
  put 644 "$into/sideroom-$version.cdx.json" "$root/usr/share/doc/sideroom/sideroom.cdx.json"
  put 644 CHANGELOG.md "$root/usr/share/doc/sideroom/changelog"
  gzip -n -9 "$root/usr/share/man/man1/sideroom.1" "$root/usr/share/doc/sideroom/changelog"
  for script in postinst prerm postrm; do put 755 "$from/$script" "$root/DEBIAN/$script"; done
  echo /etc/sideroom/sideroom.toml >"$root/DEBIAN/conffiles"
  local size
  size=$(du -sk --apparent-size "$root" | cut -f1)
  sed "s/@VERSION@/$version/; s/@ARCH@/$arch/; s/@SIZE@/$size/" "$from/control" >"$root/DEBIAN/control"
  (cd "$root" && find . -path ./DEBIAN -prune -o -type f -printf '%P\0' | sort -z | xargs -0 md5sum) >"$root/DEBIAN/md5sums"
  chmod 644 "$root/DEBIAN/control" "$root/DEBIAN/conffiles" "$root/DEBIAN/md5sums"
  find "$root" -exec touch --no-dereference --date="@$SOURCE_DATE_EPOCH" {} +
  dpkg-deb --root-owner-group -Zxz --threads-max=1 --build "$root" "$into/sideroom_${version}_$arch.deb" >/dev/null
}

tarball
debian_package
(cd "$into" && sha256sum -- * >SHA256SUMS && cat SHA256SUMS)
