#!/usr/bin/env bash
# Three members of etcd and three nodes on this machine, until Ctrl-C: `make cluster`. Addresses 127.0.0.1, ports from
# 17900 on. Logs and data are in .cache/cluster, which each start empties.
set -euo pipefail
cd "$(dirname "$0")/../.."

server=${1:-target/release/sideroom}
here=.cache/cluster
export PATH="$PATH:$PWD/.cache/etcd/usr/bin"
rm -rf "$here"
mkdir -p "$here"

running=()
stop() {
  trap - EXIT INT TERM
  kill "${running[@]}" 2>/dev/null || true
  wait || true
}
trap stop EXIT INT TERM

members= urls=
for at in 1 2 3; do
  members+=${members:+,}etcd-$at=http://127.0.0.1:$((12380 + at * 10))
  urls+=${urls:+,}http://127.0.0.1:$((12379 + at * 10))
done
for at in 1 2 3; do
  etcd --name etcd-$at --data-dir "$here/etcd-$at" --initial-cluster "$members" \
    --listen-client-urls http://127.0.0.1:$((12379 + at * 10)) --advertise-client-urls http://127.0.0.1:$((12379 + at * 10)) \
    --listen-peer-urls http://127.0.0.1:$((12380 + at * 10)) --initial-advertise-peer-urls http://127.0.0.1:$((12380 + at * 10)) \
    --logger zap --log-level warn >"$here/etcd-$at.log" 2>&1 &
  running+=($!)
done

"$server" cluster init media-1 media-2 media-3 --directory "$here/certificates" >/dev/null
secret=$(head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n')
for at in 1 2 3; do
  port=$((17900 + at * 100))
  cat >"$here/media-$at.toml" <<END
[node]
name = "media-$at"
workers = 1
[http]
listen = "127.0.0.1:$port"
[grpc]
listen = "127.0.0.1:$((port + 1))"
[admin]
listen = "127.0.0.1:$((port + 2))"
[media]
bind = "127.0.0.1"
first_port = $((port + 10))
[cluster]
etcd = ["${urls//,/\", \"}"]
listen = "127.0.0.1:$((port + 3))"
authority_file = "$here/certificates/authority.pem"
certificate_file = "$here/certificates/media-$at.pem"
key_file = "$here/certificates/media-$at-key.pem"
END
  SIDEROOM_AUTH_KEYS=dev:$secret "$server" serve --dev --config "$here/media-$at.toml" \
    >"$here/media-$at.out" 2>"$here/media-$at.log" &
  running+=($!)
done
for at in 1 2 3; do
  until grep -q ^store "$here/media-$at.out"; do
    kill -0 "${running[@]}" 2>/dev/null || { cat "$here"/*.log; exit 1; }
    sleep 0.2
  done
done

cat <<END

Three nodes, one cluster. Open the same room at two of them:

    http://127.0.0.1:18000/    http://127.0.0.1:18100/    http://127.0.0.1:18200/
    the console:               http://127.0.0.1:18000/console

In another shell:

    $server cluster status --config $here/media-1.toml
    $server cluster rooms --config $here/media-1.toml
    $server cluster hand-over ROOM --config $here/media-1.toml
    kill -9 ${running[3]}                # the first node; its rooms go on at the others

END
wait
