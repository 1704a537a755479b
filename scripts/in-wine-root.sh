#!/bin/sh
# in-wine-root.sh ROOT DIR COMMAND…: runs a command with ROOT, the folder that has Wine, as its root directory.
# The machine's file system is /host there, and DIR of it the working directory. The mounts are in a mount namespace of the
# command, so they end with it.
root=$1 dir=$2
shift 2
export WINEPREFIX=${WS_LINGER_PREFIX:-/prefix} WINEDEBUG="${WINEDEBUG:--all}" WINEDLLOVERRIDES='mscoree,mshtml=' XDG_RUNTIME_DIR=/tmp
exec unshare --mount --propagation slave sh -c '
  root=$1 dir=$2; shift 2
  mount --rbind / "$root/host" && mount --rbind /proc "$root/proc" && mount --rbind /dev "$root/dev" || exit 125
  exec chroot "$root" sh -c '\''cd "/host$1" && shift && exec "$@"'\'' - "$dir" "$@"
' - "$root" "$dir" "$@"
