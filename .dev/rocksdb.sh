#!/usr/bin/env bash
# Builds librocksdb.a once for this user and prints the folder that holds it.
#
# The stock build compiles RocksDB's 343 files one by one, and nearly all of the time goes into parsing the same headers
# 343 times, once for every cargo profile. Here the same sources, as the librocksdb-sys crate ships them, are joined into a few
# translation units with the crate's own defines: about a third of the work, and one library for all profiles.
# The library is kept in the user's cache folder under the crate's version and the compiler's. Whatever goes wrong, this prints
# nothing and exits 1, and cargo then builds RocksDB the ordinary way.
set -euo pipefail
jobs=$(nproc 2>/dev/null || echo 2)
groups=16

say() { printf '%s\n' "$*" >&2; }

[ "$(uname -s)" = Linux ] || { say "rocksdb: the joined build is for Linux"; exit 1; }
cd "$(dirname "$0")/.."
version=$(sed -n '/^name = "librocksdb-sys"$/{n;s/^version = "\(.*\)"$/\1/p}' Cargo.lock)
[ -n "$version" ] || { say "rocksdb: Cargo.lock names no librocksdb-sys"; exit 1; }
compiler=$(${CXX:-g++} -dumpfullversion 2>/dev/null) || { say "rocksdb: no C++ compiler"; exit 1; }
out="${XDG_CACHE_HOME:-$HOME/.cache}/v-stack/rocksdb-$version-$(uname -m)-gcc$compiler"
if [ -f "$out/librocksdb.a" ]; then echo "$out"; exit 0; fi

cargo fetch --locked >&2
src=$(find "${CARGO_HOME:-$HOME/.cargo}/registry/src" -maxdepth 2 -type d -name "librocksdb-sys-$version" | head -n 1)
[ -f "$src/rocksdb_lib_sources.txt" ] || { say "rocksdb: the sources of librocksdb-sys $version were not found"; exit 1; }

flags=(-std=c++20 -O2 -w -fPIC -include cstdint -DNDEBUG -DHAVE_ALIGNED_NEW -DHAVE_UINT128_EXTENSION -DOS_LINUX
  -DROCKSDB_PLATFORM_POSIX -DROCKSDB_LIB_IO_POSIX -DROCKSDB_SCHED_GETCPU_PRESENT -DROCKSDB_AUXV_GETAUXVAL_PRESENT
  -DROCKSDB_FALLOCATE_PRESENT -DROCKSDB_RANGESYNC_PRESENT
  "-I$src/rocksdb/include" "-I$src/rocksdb" "-I$src")
case $(uname -m) in
  x86_64) flags+=(-msse4.2 -mpclmul) ;;
  aarch64) flags+=(-march=armv8-a+crc+crypto) ;;
esac

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
say "rocksdb: compiling version $version once, on $jobs cores (about 6 CPU-minutes) …"

# Joins the files named in list $1 and compiles them; files whose private names clash are split until they do not.
compile() {
  local list=$1 n
  sed "s|.*|#include \"&\"|" "$list" > "$list.cc"
  if ${CXX:-g++} "${flags[@]}" -c "$list.cc" -o "$list.o" 2> "$list.err"; then return 0; fi
  n=$(wc -l < "$list")
  if [ "$n" -le 1 ]; then cat "$list.err" >&2; return 1; fi
  [ -z "${ROCKSDB_VERBOSE:-}" ] || { say "split $n: $(grep -m1 error: "$list.err")"; }
  split -n l/2 "$list" "$list-"
  compile "$list-aa" && compile "$list-ab"
}

# Files that share private names go to different units; the rest is dealt out like cards.
{ grep -v '^util/build_version.cc$' "$src/rocksdb_lib_sources.txt" | sed "s|^|$src/rocksdb/|"; echo; echo "$src/build_version.cc"; } \
  | sed '/^$/d' > "$work/all"
split -n "r/$groups" -d "$work/all" "$work/unit"
pids=()
export CXX
for list in "$work"/unit??; do
  while [ "$(jobs -rp | wc -l)" -ge "$jobs" ]; do sleep 0.2; done
  compile "$list" & pids+=($!)
done
for pid in "${pids[@]}"; do wait "$pid" || { say "rocksdb: the joined build failed"; exit 1; }; done
ar crs "$work/librocksdb.a" $(find "$work" -name '*.o' | sort)
mkdir -p "$out"
mv "$work/librocksdb.a" "$out/librocksdb.a.$$" && mv "$out/librocksdb.a.$$" "$out/librocksdb.a"
say "rocksdb: kept in $out"
echo "$out"
