#!/usr/bin/env bash
# Unpacks what pack.mjs packed, once, and runs one of its programs there: run.sh e2e|bench [OPTION…]. README.md says more.
set -euo pipefail

packed=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
home=${NODE_ODE_HOME:-/tmp/node-ode-$(cat "$packed/commit" 2>/dev/null || echo unknown)}

unpack() {
  if command -v xz >/dev/null; then
    tar -xJf "$1" -C "$home"
  else
    python3 -c 'import sys, tarfile; tarfile.open(sys.argv[1]).extractall(sys.argv[2])' "$1" "$home"
  fi
}

if [ ! -e "$home/.unpacked" ]; then
  mkdir -p "$home/libraries"
  for archive in node onnxruntime workspace; do unpack "$packed/$archive.tar.xz"; done
  for deb in "$packed"/debs/*.deb; do dpkg-deb -x "$deb" "$home/libraries"; done
  touch "$home/.unpacked"
fi

search() { export LD_LIBRARY_PATH="${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$1"; }

# The CUDA provider, if it was brought: see README.md.
if compgen -G "$packed/cuda/*.so" >/dev/null; then
  cp "$packed"/cuda/*.so "$home/node_modules/onnxruntime-node/bin/napi-v6/linux/x64/"
  # CUDA as pip installs it, beside the Python that is first on the path.
  packages=$(python3 -c 'import sysconfig; print(sysconfig.get_path("purelib"))' 2>/dev/null || true)
  for folder in "$packages"/nvidia/*/lib; do
    if [ -d "$folder" ]; then search "$folder"; fi
  done
fi

# The system's own loader, where there is one, knows its drivers.
if ! ldconfig -p 2>/dev/null | grep -q libvulkan.so.1; then search "$home/libraries/usr/lib/x86_64-linux-gnu"; fi
nvidia=/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json
if [ -z "${VK_ICD_FILENAMES:-}${VK_DRIVER_FILES:-}" ] && [ -e "$nvidia" ]; then export VK_DRIVER_FILES=$nvidia; fi

export NODE_ODE_COMMIT=${NODE_ODE_COMMIT:-$(cat "$packed/commit" 2>/dev/null || true)}
program=${1:?e2e or bench}
shift
case $program in
  e2e) entry=e2e/dist/main.js ;;
  bench) entry=tools/dist/bench/main.js ;;
  *) echo "run.sh: '$program'; expected e2e or bench" >&2; exit 2 ;;
esac
exec "$home/node" "$home/$entry" "$@"
