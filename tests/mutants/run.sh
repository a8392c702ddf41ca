#!/bin/bash
# Takes one guard after the other out of the code and shows which test notices: `make mutants`.
#
# It works on a copy under target/mutants, never on the tree itself. A mutant that no test notices, or that does not
# compile, ends it with 1. With arguments only those with one of them in their name; with `--find` only whether each guard is
# still where rows.sh looks for it.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
work=$root/target/mutants
tree=$work/tree
find=
if [ "${1:-}" = --find ]; then find=1 && shift; fi
only=("${@:-}")
failed=0
export CARGO_TARGET_DIR=$work/build

copy() {
    rm -rf "$tree"
    mkdir -p "$tree/target"
    # As new files: what an earlier mutant has left in the build is older than all of them.
    git -C "$root" ls-files -z | tar -C "$root" --null -T - -c | tar -C "$tree" -xm
    ln -s "$root/target/nginx" "$tree/target/nginx"
    ln -s "$root/target/python" "$tree/target/python"
}

wanted() {
    local part
    for part in "${only[@]}"; do
        [[ $1 != *"$part"* ]] || return 0
    done
    return 1
}

# NAME, FILE, what perl does to it (-0: the file is one line), which tests, and what must fail among them.
mutant() {
    local name=$1 file=$2 change=$3 filter=${*: -1} log=$work/log outcome by
    wanted "$name" || return 0
    cp "$tree/$file" "$work/before"
    perl -0pi -e "$change" "$tree/$file"
    if cmp -s "$tree/$file" "$work/before"; then
        echo "$name: not found in $file" >&2
        failed=1
        return 0
    fi
    if [ -n "$find" ]; then
        cp "$work/before" "$tree/$file"
        return 0
    fi
    (cd "$tree" && env --default-signal timeout 400 cargo test --locked "${@:4:$#-4}" -- --test-threads=1 "$filter") \
        >"$log" 2>&1 </dev/null && outcome=missed || outcome=noticed
    by=$(sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p' "$log" | head -1)
    if [ "$outcome" = noticed ] && [ -n "$by" ]; then
        printf '%-24s %s\n' "$name" "$by"
    else
        printf '%-24s MISSED\n' "$name"
        tail -n 20 "$log" >&2
        failed=1
    fi
    cp "$work/before" "$tree/$file"
    touch "$tree/$file"
}

unit() { mutant "$1" "$2" "$3" --lib "$4"; }
real() { mutant "$1" "$2" "$3" --test real "$4"; }
# A run that is killed on the model must not end as it should.
sim() { mutant "sim: $1" "$2" "$3" --lib run::simulated; }
# A rule of the model of nginx: real nginx must differ.
model() { mutant "model: $1" src/protocol/nginx/"$2" "$3" --test conformance "${4:-the_surprises}"; }

copy
. "$root/tests/mutants/rows.sh"
exit "$failed"
