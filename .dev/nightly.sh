#!/usr/bin/env bash
# What a night is for: everything that finds more the longer it runs, and one summary of it.
#
#   .dev/nightly.sh [--minutes M] [--dir DIR]     M minutes for each of the four, 60 unless told; DIR is target/nightly
#
# Runs the simulator, the mistakes that it has to catch, the model of the chunk store, histories of disturbed clusters and
# the fuzzers. One that fails does not keep the others from running. The summary is DIR/summary.txt, DIR/summary.json says the same, DIR/NAME.log has all that was
# printed. Exits with 1 if anything failed.
set -euo pipefail
usage() { sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 2; }
minutes=60 dir=
while [ $# -gt 0 ]; do
  case $1 in
    --minutes) minutes=${2:-}; shift 2 || usage ;;
    --dir) dir=${2:-}; shift 2 || usage ;;
    *) usage ;;
  esac
done
[[ $minutes =~ ^[0-9]+(\.[0-9]+)?$ ]] || usage
cd "$(dirname "$0")/.."
dir=$(realpath -m -- "${dir:-${CARGO_TARGET_DIR:-target}/nightly}")
mkdir -p -- "$dir"
. .dev/env.sh
cargo build --quiet --workspace --bins --tests

# Decoders are fuzzed side by side, so that together they take as long as was asked.
decoders=$(cargo test --quiet --package vs-tests --test fuzz -- --list 2>/dev/null | grep -c ': test$')
share() { awk -v minutes="$minutes" -v all="$decoders" -v cores="$(nproc)" 'BEGIN { print minutes * (cores < all ? cores / all : 1) }'; }

names=() states=() seconds=() repeats=()
part() {
  local name=$1 began=$SECONDS state=passed
  shift
  echo "$name: $*"
  "$@" > "$dir/$name.log" 2>&1 || state=failed
  names+=("$name") states+=("$state") seconds+=($((SECONDS - began))) repeats+=("$*")
  echo "$name: $state after $((SECONDS - began)) s"
}
# other seeds every night
part simulator cargo sim --minutes "$minutes" --from "$(date -u +%Y%m%d)00000"
part mutants cargo sim --mutant all --seeds 0..3000
part model cargo model -- --minutes "$minutes"
part histories env VS_HISTORY_MINUTES="$minutes" cargo test --quiet --package vs-tests --test histories -- --ignored --nocapture one_history_after
part fuzzers env VS_FUZZ_MINUTES="$(share)" cargo test --quiet --package vs-tests --test fuzz -- --nocapture

failed=0
{
  echo "$(date -u +%Y-%m-%dT%H:%M:%SZ)  $(git rev-parse --short HEAD 2>/dev/null || echo 'no commit')  $minutes minutes each"
  for at in "${!names[@]}"; do
    printf '\n%-10s %s, %s s\n' "${names[at]}" "${states[at]}" "${seconds[at]}"
    if [ "${states[at]}" = failed ]; then
      failed=1
      printf '  again: %s\n' "${repeats[at]}"
      grep -hE 'again:|panicked|FAILED|--seed' "$dir/${names[at]}.log" | sort -u | head -n 20 | sed 's/^/  /' || true
    fi
    tail -n 4 -- "$dir/${names[at]}.log" | sed 's/^/  /'
  done
} > "$dir/summary.txt"
{
  printf '{"minutes":%s,"parts":[' "$minutes"
  for at in "${!names[@]}"; do
    [ "$at" = 0 ] || printf ','
    printf '{"name":"%s","state":"%s","seconds":%s,"command":"%s"}' "${names[at]}" "${states[at]}" "${seconds[at]}" "${repeats[at]}"
  done
  printf ']}\n'
} > "$dir/summary.json"
cat -- "$dir/summary.txt"
exit "$failed"
