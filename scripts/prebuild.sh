#!/usr/bin/env bash
# Builds prebuilds/ from native/, the same bytes on every Debian machine, and writes their checksums.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/toolchain.sh build

for arch in x64; do
  PREBUILD_PLATFORM=win32 PREBUILD_ARCH=$arch PREBUILD_NODE_GYP=$PWD/scripts/node-gyp-cross.js \
    npx --no-install prebuildify --napi -t 20.20.2
done

cd prebuilds
sha256sum */*.node | tee SHA256SUMS
