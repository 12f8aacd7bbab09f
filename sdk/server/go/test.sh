#!/usr/bin/env bash
# Formatting, vet, tests against the real server, and the module as an app of its own uses it.
set -euo pipefail
cd "$(dirname "$0")"
unformatted=$(gofmt -l .)
[ -z "$unformatted" ] || { echo "not as gofmt writes it: $unformatted" >&2; exit 1; }
go vet ./...
# The standard library is all that it needs.
[ "$(go list -m all | wc -l)" = 1 ] || { echo "the module has dependencies" >&2; exit 1; }
go test -count=1 -timeout 600s .
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
module=$(pwd)
cat >"$out/main.go" <<'END'
package main

import sideroom "github.com/sideroom/sideroom/sdk/server/go"

func main() { _, _ = sideroom.New(sideroom.Config{}) }
END
cd "$out"
go mod init example.org/app 2>/dev/null
go mod edit -replace "github.com/sideroom/sideroom/sdk/server/go=$module"
GOFLAGS=-mod=mod GOPROXY=off go build -o app .
./app
