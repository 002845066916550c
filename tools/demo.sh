#!/bin/sh
# Shows the main job on a real program: tools/demo.sh path/to/trapgate
# Traces a tar of this project's docs, prints every call, then counts and times the calls of the same work.
set -eu
trapgate=$1
archive=$(mktemp)
trap 'rm -f "$archive"' EXIT

show() {
    printf '\n$ trapgate %s\n' "$*"
    "$trapgate" "$@"
}

# A real file, not /dev/null: tar does not read what it would archive into /dev/null.
show trace -f tar cf "$archive" docs
show count tar cf "$archive" docs
