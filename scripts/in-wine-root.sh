#!/bin/sh
# in-wine-root.sh ROOT DIR COMMAND…: runs a command inside the Wine root folder, in DIR of this machine.
# The machine's own file system is seen there as /host. The mounts live in a namespace that ends with the command.
root=$1 dir=$2
shift 2
export WINEPREFIX=${WS_LINGER_PREFIX:-/prefix} WINEDEBUG="${WINEDEBUG:--all}" WINEDLLOVERRIDES='mscoree,mshtml=' XDG_RUNTIME_DIR=/tmp
exec unshare --mount --propagation slave sh -c '
  root=$1 dir=$2; shift 2
  mount --rbind / "$root/host" && mount --rbind /proc "$root/proc" && mount --rbind /dev "$root/dev" || exit 125
  exec chroot "$root" sh -c '\''cd "/host$1" && shift && exec "$@"'\'' - "$dir" "$@"
' - "$root" "$dir" "$@"
