#!/usr/bin/env bash
# npm run test:scale: runs the tests with thousands of connections. Needs Linux and root, since they make network namespaces.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/toolchain.sh network >&2
npm run -s compile
npm run -s compile:test
ulimit -n 16384
exec node --test --test-force-exit --test-concurrency=1 --test-timeout=300000 --test-reporter=spec dist-test/scale/*.test.js
