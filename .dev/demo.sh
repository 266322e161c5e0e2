#!/usr/bin/env bash
# A film goes in, appears in the library and plays; every command is shown as one would type it.
#
#   .dev/demo.sh [FILE]    FILE is any film; without one, a clip of 20 s is made
#
# Everything happens in a scratch folder that is gone afterwards. `make demo` builds the programs first.
set -euo pipefail

film=${1:-}
[ -z "$film" ] || film=$(realpath -e -- "$film")
cd "$(dirname "$0")/.."
programs=$(realpath -m -- "${CARGO_TARGET_DIR:-target}/debug")
for program in vsd vsctl vsplay; do
  [ -x "$programs/$program" ] || { echo "$program is not built yet; type: make demo" >&2; exit 1; }
done
export PATH="$programs:$PATH"

scratch=$(mktemp -d)
cd "$scratch"
daemon=
clean_up() {
  local status=$?
  trap - EXIT
  if [ -n "$daemon" ]; then
    kill -TERM "$daemon" 2>/dev/null || true
    wait "$daemon" 2>/dev/null || true
  fi
  cd /
  rm -rf -- "$scratch"
  exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Contexts and unfinished uploads of the person who looks are none of the demo's business.
export XDG_CONFIG_HOME="$scratch/config" XDG_STATE_HOME="$scratch/state"
# The library lies among temporary files.
export TMPDIR="$scratch"

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi

say() { printf '\n%s%s%s\n' "$dim" "$*" "$plain"; }

# A command as one would type it.
show() {
  local word line=
  for word in "$@"; do
    case $word in
      '' | *[!A-Za-z0-9_./@:,=+-]*) word="'${word//\'/\'\\\'\'}'" ;;
    esac
    line+=" $word"
  done
  printf '%s$%s%s\n' "$bold" "$line" "$plain"
}

run() {
  show "$@"
  "$@"
}

if [ -z "$film" ]; then
  film=deep-zoom.mp4
  say "A clip to play with, 20 seconds:"
  run ffmpeg -nostdin -v error -f lavfi -i mandelbrot=size=640x360:rate=24 -f lavfi -i sine=frequency=220:sample_rate=48000 \
    -t 20 -c:v libx264 -preset veryfast -g 48 -pix_fmt yuv420p -c:a aac "$film"
fi

# The usual port, or the next one that nobody listens on.
port=7400
while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done

say "A library for trying things out; it is removed when this ends:"
if [ "$port" = 7400 ]; then
  start=(vsd dev)
else
  start=(vsd dev --port "$port")
fi
show "${start[@]}"
"${start[@]}" >ready 2>log &
daemon=$!
until grep -qs '^ready ' ready; do
  kill -0 "$daemon" 2>/dev/null || { cat log >&2; exit 1; }
  sleep 0.05
done
cat ready
if [ "$port" != 7400 ]; then
  export VSCTL_ENDPOINT="127.0.0.1:$port" VSPLAY_ENDPOINT="127.0.0.1:$port"
  say "Port 7400 is taken, so the tools are told another one:"
  show export "VSCTL_ENDPOINT=$VSCTL_ENDPOINT" "VSPLAY_ENDPOINT=$VSPLAY_ENDPOINT"
fi

say "The film goes in, is checked, cut into tracks and stored:"
run vsctl upload "$film"

say "It is in the library:"
run vsctl ls

say "What is known about it:"
run vsctl show @last

if [ -t 0 ] && [ -t 1 ]; then
  say "It plays here, in the terminal: space pauses, the arrows seek, ? helps, q quits."
  run vsplay @last
else
  say "It plays; without a terminal that is a report of what was fetched and verified:"
  run vsplay @last --headless --no-clock --report -
fi

say "That was all. To go on by yourself: vsd dev, vsctl --help, vsplay --help"
