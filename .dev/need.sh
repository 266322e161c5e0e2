#!/usr/bin/env bash
# Checks for what the build and the tests need; installs the packages where that is allowed, prints the commands where it is not.
set -euo pipefail

packages=()
command -v g++ >/dev/null || packages+=(g++)
compgen -G '/usr/lib/llvm-*/lib/libclang*.so*' >/dev/null || compgen -G '/usr/lib/*/libclang*.so*' >/dev/null || packages+=(libclang-dev)
command -v ffmpeg >/dev/null && command -v ffprobe >/dev/null || packages+=(ffmpeg)
command -v curl >/dev/null || packages+=(curl)
command -v prlimit >/dev/null || packages+=(util-linux)

if [ ${#packages[@]} -gt 0 ]; then
  sudo=()
  [ "$(id -u)" = 0 ] || sudo=(sudo)
  if command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }; then
    echo "installing ${packages[*]} …" >&2
    "${sudo[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y -qq --no-install-recommends "${packages[@]}" >/dev/null
  else
    echo "missing: ${packages[*]}. Install them with:" >&2
    echo "  sudo apt-get update && sudo apt-get install ${packages[*]}" >&2
    exit 1
  fi
fi

if ! command -v cargo >/dev/null; then
  echo "missing: Rust. Install it from https://rustup.rs, then open a new shell:" >&2
  echo "  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh" >&2
  exit 1
fi
