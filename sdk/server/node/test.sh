#!/usr/bin/env bash
# Types, tests against the real server, and the tarball as it would be published, installed, imported and type-checked.
set -euo pipefail
cd "$(dirname "$0")"
tsc=$(realpath ../../node_modules/.bin/tsc)
rm -rf dist test/dist
"$tsc" -p tsconfig.test.json
timeout 600 node --test --test-timeout=300000 --test-concurrency=4 --test-reporter=dot test/dist/test/*.test.js
out=$(mktemp -d)
trap 'rm -rf "$out"' EXIT
npm pack --silent --pack-destination "$out" >/dev/null
mkdir "$out/app"
npm install --silent --offline --no-audit --no-fund --prefix "$out/app" "$out"/sideroom-server-*.tgz >/dev/null
cat >"$out/app/use.mts" <<'END'
import { Client, type Room } from '@sideroom/server';
export const read = async (room: string): Promise<Room | undefined> => (await new Client().rooms.getRoom({ room })).room;
END
cd "$out/app"
"$tsc" --noEmit --strict --module nodenext --target es2022 --lib es2022 --types node \
  --typeRoots "$OLDPWD/../../node_modules/@types" use.mts
node --input-type=module -e "import { Client, Key, Watch } from '@sideroom/server'; if (!Client || !Key || !Watch) process.exit(1)"
