#!/usr/bin/env bash
# Installs the programs that a make target needs and this machine lacks: `setup.sh npm|e2e|sdks|deploy|janus …`.
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

prometheus() { # Unpacked, not installed: nobody wants it to run as a service here.
  local into=.cache/prometheus
  command -v promtool >/dev/null && command -v prometheus >/dev/null && return 0
  [ -x "$into/usr/bin/promtool" ] && return 0
  say "fetching prometheus into $into"
  mkdir -p "$into"
  (
    cd "$into"
    apt-get download -qq prometheus 2>/dev/null || {
      [ "$(id -u)" = 0 ] && apt-get update -qq >/dev/null
      apt-get download -qq prometheus
    }
    dpkg-deb -x prometheus_*.deb . && rm prometheus_*.deb
  )
}

for part in "$@"; do
  case "$part" in
    npm) npm_packages ;;
    e2e)
      debian chromium=chromium firefox-esr=firefox-esr ip=iproute2 curl=curl openssl=openssl go=golang-go
      npm_packages
      python_packages deploy/dev/requirements.txt .venv
      ;;
    sdks)
      debian go=golang-go
      python_packages deploy/dev/requirements-sdks.txt .cache/sdks
      ;;
    deploy)
      debian systemd-analyze=systemd
      prometheus
      ;;
    janus) debian janus=janus ip=iproute2 ;;
    *) say "no such part: $part"; exit 2 ;;
  esac
done
