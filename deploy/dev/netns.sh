#!/usr/bin/env bash
# Runs a command in a network of its own: loopback and one other address, 10.77.0.1, as some clients
# fail where only loopback exists. Needs root; nothing is left behind.
set -euo pipefail
exec unshare --net bash -c '
  ip link set lo up
  ip link add sideroom0 type veth peer name sideroom1
  ip addr add 10.77.0.1/24 dev sideroom0
  ip link set sideroom0 up
  ip link set sideroom1 up
  exec "$@"' netns "$@"
