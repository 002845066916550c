#!/bin/sh
# Builds the C extension with the address and undefined-behaviour sanitizers, and traces programs with it.
# Usage: tools/sanitize.sh path/to/python. The status is 1 when a sanitizer reported something.
set -eu
python=$1
folder=$PWD/build/sanitize
rm -rf "$folder"
mkdir -p "$folder/reports"

export CFLAGS="-fsanitize=address,undefined -fno-omit-frame-pointer -g -O1" LDFLAGS="-fsanitize=address,undefined"
"$python" setup.py -q build --build-lib "$folder/lib" --build-temp "$folder/objects" >"$folder/build.log" 2>&1 ||
    { cat "$folder/build.log"; exit 1; }
unset CFLAGS LDFLAGS

# The interpreter is not built with the sanitizer, so its library must come first. Python's own blocks are
# never all freed: leaks are not asked for.
watched() {
    LD_PRELOAD=$(gcc -print-file-name=libasan.so) PYTHONPATH=$folder/lib PYTHONMALLOC=malloc \
        ASAN_OPTIONS=detect_leaks=0:log_path=$folder/reports/asan UBSAN_OPTIONS=print_stacktrace=1:log_path=$folder/reports/ubsan \
        "$python" -m trapgate "$@"
}

for source in ptrace bpf; do
    if ! watched doctor --source $source >/dev/null; then
        echo "skipped: $source does not work here (trapgate doctor --source $source)"
        continue
    fi
    for words in "ls -lR /etc" "sh -c 'ls /nowhere | cat; kill -TERM \$\$'" "tar cf $folder/docs.tar docs" \
        "$python -c 'import threading as t; [x.start() for x in [t.Thread(target=print) for _ in range(20)]]'"; do
        echo "$source: $words"
        eval "watched trace --source $source -f -s 4096 -v -E LD_PRELOAD -o $folder/trace.txt $words" >/dev/null 2>&1 || true
        [ -s "$folder/trace.txt" ] || { echo "nothing was traced"; exit 1; }
        rm "$folder/trace.txt"
    done
done
if [ -n "$(ls "$folder/reports")" ]; then
    cat "$folder"/reports/*
    exit 1
fi
echo "no report"
