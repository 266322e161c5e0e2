# Sourced before cargo: points it to the RocksDB that .dev/rocksdb.sh built, if that works on this machine.
if [ -z "${ROCKSDB_LIB_DIR:-}" ] && rocksdb_dir=$(.dev/rocksdb.sh); then
  export ROCKSDB_LIB_DIR="$rocksdb_dir" ROCKSDB_STATIC=1
fi
[ -d target/debug/deps ] || [ -n "${CARGO_TARGET_DIR:-}" ] || echo "first build: about 6 minutes on 2 cores, later ones take seconds" >&2
