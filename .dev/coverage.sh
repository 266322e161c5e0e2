#!/usr/bin/env bash
# How much of the three cores the simulator goes through: lines that its seeds execute.
#
#   .dev/coverage.sh [SEEDS]     0..200 unless told
#
# Installs LLVM's tools of this toolchain if they are not there (rustup component add llvm-tools).
set -euo pipefail
cd "$(dirname "$0")/.."
seeds=${1:-0..200}
[[ $seeds =~ ^[0-9]+\.\.[0-9]+$ ]] || { sed -n '2,6s/^# \{0,1\}//p' "$0"; exit 2; }
. .dev/env.sh
tools=$(rustc --print target-libdir)/../bin
[ -x "$tools/llvm-cov" ] || rustup component add llvm-tools
dir=$(realpath -m -- "${CARGO_TARGET_DIR:-target}")/coverage
rm -rf -- "$dir/profiles"
RUSTFLAGS="${RUSTFLAGS:-} -C instrument-coverage" CARGO_TARGET_DIR=$dir cargo build --quiet --release --config 'profile.release.lto=false' --package vs-sim
LLVM_PROFILE_FILE="$dir/profiles/%p-%m.profraw" "$dir/release/sim" --seeds "$seeds"
"$tools/llvm-profdata" merge --sparse -o "$dir/sim.profdata" "$dir"/profiles/*.profraw
"$tools/llvm-cov" export --summary-only --instr-profile "$dir/sim.profdata" "$dir/release/sim" > "$dir/summary.json"
"$tools/llvm-cov" report --instr-profile "$dir/sim.profdata" "$dir/release/sim" > "$dir/report.txt"
python3 - "$PWD" "$dir/summary.json" <<'PY'
import json, sys
root, path = sys.argv[1:]
files = json.load(open(path))["data"][0]["files"]
cores = {"vs-core": "proto/core/src/", "vsd-core": "vsd/core/src/", "vsplay-core": "vsplay/core/src/"}
total = [0, 0]
for name, below in cores.items():
    rows = []
    for file in files:
        if file["filename"].startswith(f"{root}/{below}"):
            lines = file["summary"]["lines"]
            rows.append((lines["covered"], lines["count"], file["filename"][len(root) + 1:]))
    covered, count = sum(row[0] for row in rows), sum(row[1] for row in rows)
    total = [total[0] + covered, total[1] + count]
    print(f"{name}: {covered} of {count} lines, {100 * covered / max(count, 1):.1f} %")
    for lines, of, file in sorted(rows, key=lambda row: row[0] - row[1])[:12]:
        print(f"  {of - lines:5} not of {of:5}  {file}")
print(f"together: {100 * total[0] / max(total[1], 1):.1f} %")
PY
