#!/usr/bin/env bash
# Installs what the tests and the cross-build need on a Debian machine. Safe to repeat: it installs only what is missing.
#
#   toolchain.sh build      compilers that build native/ for Windows
#   toolchain.sh native     the tools of check:native: formatter, linter, sanitizers, libuv
#   toolchain.sh windows    Wine 10 in a folder of its own, with an initialised prefix
#   toolchain.sh ia32       32-bit support for that Wine, with a prefix of its own
#   toolchain.sh network    ss and nft, with which the tests list sockets and drop packets
#   toolchain.sh browser    Chromium and a font
#   toolchain.sh prometheus Prometheus and promtool, in a folder whose path it prints
#   toolchain.sh foreign    WebSocket servers of Python and Go, nginx and HAProxy
#
# Without root it installs nothing and says what is missing. Downloads and the Wine folder are kept in ~/.cache/ws-linger, or
# in $WS_LINGER_CACHE.
set -euo pipefail

cache=${WS_LINGER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ws-linger}
root=$cache/wine-root

mkdir -p "$cache"

say() { echo "toolchain: $*" >&2; }

# Another apt-get may hold a lock: wait up to 10 minutes for it. apt-get waits by itself for dpkg's lock only, and not for the
# lock of the lists, which `update` takes.
apt() {
  for try in $(seq 60); do
    apt-get -o DPkg::Lock::Timeout=600 "$@" 2>"$cache/apt.err" && return
    grep -q "lists/lock" "$cache/apt.err" || break
    say "another apt-get is at work ($try of 60)"
    sleep 10
  done
  cat "$cache/apt.err" >&2
  return 1
}

need() { # need COMMAND PACKAGE…: installs the packages unless the command (or file) exists
  { [ -e "$1" ] || command -v "$1" >/dev/null 2>&1; } && return
  shift
  if [ "$(id -u)" != 0 ]; then
    say "missing. As root: apt-get install -y --no-install-recommends $*"
    exit 1
  fi
  say "installing $*"
  [ -n "${updated:-}" ] || { apt update -qq; updated=1; }
  DEBIAN_FRONTEND=noninteractive apt install -y -qq --no-install-recommends "$@" >/dev/null
}

build() {
  need /usr/lib/llvm-19/bin/clang++ clang-19
  need /usr/lib/llvm-19/bin/ld.lld lld-19
  need /usr/lib/llvm-19/bin/llvm-readobj llvm-19
  need x86_64-w64-mingw32-g++-posix g++-mingw-w64-x86-64-posix mingw-w64-common
  need i686-w64-mingw32-g++-posix g++-mingw-w64-i686-posix
}

native() {
  build
  need /usr/lib/llvm-19/bin/clang-format clang-format-19
  need /usr/lib/llvm-19/bin/clang-tidy clang-tidy-19
  need /usr/lib/llvm-19/lib/clang/19/lib/linux/libclang_rt.asan-x86_64.a libclang-rt-19-dev
  need /usr/include/uv.h libuv1-dev
  need /usr/include/doctest/doctest.h doctest-dev
}

network() {
  need ss iproute2
  need nft nftables
}

browser() {
  need chromium chromium fonts-dejavu-core
}

# Unpacked and not installed, since Debian's package starts a service.
prometheus() {
  if [ ! -x "$cache/prometheus/usr/bin/promtool" ]; then
    if [ "$(id -u)" != 0 ]; then
      say "Prometheus is missing. As root this script unpacks Debian's package."
      exit 1
    fi
    say "unpacking Prometheus (100 MB, once)"
    rm -rf "$cache/prometheus-deb" "$cache/prometheus"
    mkdir "$cache/prometheus-deb"
    apt update -qq
    (cd "$cache/prometheus-deb" && apt download -qq prometheus >/dev/null && dpkg-deb -x prometheus_*.deb unpacked)
    mv "$cache/prometheus-deb/unpacked" "$cache/prometheus"
    rm -r "$cache/prometheus-deb"
  fi
  echo "$cache/prometheus/usr/bin"
}

# Debian starts a server when it installs its package, unless this file says 101.
foreign() {
  policy=/usr/sbin/policy-rc.d
  if [ "$(id -u)" = 0 ] && [ ! -e $policy ]; then
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod +x $policy
    trap 'rm -f $policy' EXIT
  fi
  need /usr/lib/python3/dist-packages/websockets python3-websockets
  need /usr/share/gocode/src/github.com/gorilla/websocket golang-go golang-github-gorilla-websocket-dev
  need /usr/sbin/nginx nginx-light
  need /usr/sbin/haproxy haproxy
}

# Debian 12's Wine 8 cannot start Node 24. Debian 13's Wine 10 can, so a Debian 13 root folder is made for it.
windows() {
  if [ -n "${WINE:-}" ]; then
    "$WINE" --version >&2
    return
  fi
  if [ "$(id -u)" != 0 ]; then
    say "no root, and WINE is not set. Set WINE to a Wine 10 (or newer) binary, or run this as root to get one."
    exit 1
  fi
  need debootstrap debootstrap
  mkdir -p "$cache"
  exec 9>"$cache/lock"
  flock 9 # two runs must not build the same folder at the same time
  if [ ! -e "$root/.ready" ]; then
    say "building a Debian 13 folder with Wine (some 90 s, once)"
    rm -rf "$root"
    debootstrap --variant=minbase --include=wine64 trixie "$root" >"$cache/debootstrap.log" 2>&1 || {
      tail -5 "$cache/debootstrap.log" >&2
      exit 1
    }
    mkdir -p "$root/host" "$root/prefix"
    cp /etc/hosts "$root/etc/hosts"
    # 9>&-: wineserver outlives these commands and must not inherit the lock.
    "$(dirname "$0")/in-wine-root.sh" "$root" / sh -c '
      /usr/lib/wine/wine64 wineboot -i && /usr/lib/wine/wine64 winecfg -v win10' >"$cache/wineboot.log" 2>&1 9>&- || {
      tail -5 "$cache/wineboot.log" >&2
      exit 1
    }
    touch "$root/.ready"
  fi
}

# The 64-bit Wine runs 32-bit programs once it has their DLLs, which Debian ships in the i386 package only. It needs a kernel that takes
# 32-bit system calls: without them it leaves syswow64 empty.
ia32() {
  windows
  [ -n "${WINE:-}" ] || [ -e "$root/.ready-ia32" ] && return
  say "adding the 32-bit DLLs to Wine (100 MB, once)"
  "$(dirname "$0")/in-wine-root.sh" "$root" / sh -ec '
    dlls=/usr/lib/x86_64-linux-gnu/wine/i386-windows
    if [ ! -e $dlls/ntdll.dll ]; then
      dpkg --add-architecture i386
      apt-get update -qq
      cd /tmp
      apt-get download -qq libwine:i386
      dpkg-deb -x libwine_*_i386.deb libwine
      cp libwine/usr/lib/i386-linux-gnu/wine/i386-windows/* $dlls/
      rm -r libwine libwine_*_i386.deb
    fi
    export WINEPREFIX=/prefix-ia32
    rm -rf $WINEPREFIX
    /usr/lib/wine/wine64 wineboot -i && /usr/lib/wine/wine64 winecfg -v win10' >"$cache/ia32.log" 2>&1 9>&- || {
    tail -5 "$cache/ia32.log" >&2
    exit 1
  }
  if [ -z "$(ls "$root/prefix-ia32/drive_c/windows/syswow64")" ]; then
    say "Wine cannot start 32-bit programs here: this kernel takes no 32-bit system calls (ia32_emulation)"
    exit 1
  fi
  touch "$root/.ready-ia32"
}

case ${1:-} in
build | native | windows | ia32 | network | browser | prometheus | foreign) "$1" ;;
*)
  say "usage: toolchain.sh build|native|windows|ia32|network|browser|prometheus|foreign"
  exit 2
  ;;
esac
