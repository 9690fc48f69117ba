#!/usr/bin/env bash
# A real text of over a million lines through a topic, written and read by `ottla` and by kcat in turn, checksums compared.
#
#   proto-tests/quickstart.sh [HOST:PORT]     a server that runs there; localhost:9092 if left out
#
# OTTLA names the binary (target/release/ottla), TEXT another text. Topics named quickstart-* are made anew.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
SERVER=${1:-localhost:9092}
OTTLA=${OTTLA:-${CARGO_TARGET_DIR:-target}/release/ottla}
WORK=$(mktemp -d); trap 'rm -rf "$WORK"' EXIT
export OTTLA_BOOTSTRAP_SERVER=$SERVER
say() { echo "quickstart: $*"; }

if [ -z "${TEXT:-}" ]; then
  TEXT=$WORK/packages.txt
  # The distribution's list of packages, without its empty lines: kcat cannot write an empty record from a file of lines.
  apt-cache dumpavail | grep . > "$TEXT" || true
  lines=$(wc -l < "$TEXT")
  [ "$lines" -ge 1000000 ] || { say "apt-cache knows $lines lines; run apt-get update, or set TEXT to a longer text" >&2; exit 1; }
fi
expected=$(sha256sum < "$TEXT")
say "$(wc -l < "$TEXT") lines, $(wc -c < "$TEXT") bytes, sha256 ${expected%% *}"

write_ottla()      { "$OTTLA" produce "$1" "$TEXT" >&2; }
write_ottla_zstd() { "$OTTLA" produce "$1" "$TEXT" --compression zstd >&2; }
write_kcat()       { kcat -b "$SERVER" -P -t "$1" -p 0 -l "$TEXT" -X queue.buffering.max.messages=1000000; }
read_ottla()       { "$OTTLA" consume "$1" --exit-at-end; }
read_kcat()        { kcat -b "$SERVER" -C -t "$1" -p 0 -o beginning -e -q; }

failed=0
for writer in ottla ottla_zstd kcat; do
  topic=quickstart-${writer//_/-}
  "$OTTLA" topic delete --if-exists --yes "$topic" > /dev/null
  # A deletion is answered before all of it is done.
  for _ in $(seq 50); do "$OTTLA" topic create "$topic" --partitions 1 > /dev/null 2> "$WORK/error" && break; sleep 0.1; done
  "$OTTLA" topic describe "$topic" > /dev/null || { cat "$WORK/error" >&2; exit 1; }
  "write_$writer" "$topic"
  for reader in ottla kcat; do
    found=$("read_$reader" "$topic" | sha256sum)
    if [ "$found" = "$expected" ]; then
      say "written by $writer, read by $reader: the same"
    else
      say "written by $writer, read by $reader: DIFFERENT, ${found%% *}" >&2; failed=1
    fi
  done
done
exit $failed
