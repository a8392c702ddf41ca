#!/bin/bash
# Takes one guard after the other out of the code and shows which test notices: `make mutants`, some minutes.
#
# It works on a copy under target/mutants, never on the tree itself. A mutant that no test notices, or that does not
# compile, ends it with 1. With an argument only those with that in their name.
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
work=$root/target/mutants
tree=$work/tree

# NAME | FILE | what perl does to it (-0: the file is one line) | the tests that must fail
way_back=src/protocol/way_back/mod.rs
rule() { echo "rule $1|$way_back|s/    \\(\"$1\", [^\\n]*\\n//|--lib protocol::way_back"; }
mutants() {
    for number in 0 1 2 3 4 5 6 7 8 9 10 11 12; do rule "$number"; done
    echo 'quiet barrier|src/run/steps/signal.rs|s/Master::Settled => Looked::Ready\(\(state/_ => Looked::Ready((state/|--test real races::the_runner_17'
    echo 'identity check|src/host/pidfd.rs|s/        Process::again\(id\)[^\n]*\n//|--lib host::pidfd'
    echo 'crash loop|src/engine/expect.rs|s/new\.stability\.crash_loop\(expected\)/false/|--test real guards::workers_of_new_that_are_killed_again'
    echo 'not reached|src/probe/choose.rs|s/Err\(Outcome::NotReached \{[^}]*\}\)/self.unattributed("nobody", opened).await/|--test real probes::a_generation_that_does_not_accept'
    echo 'new runs its file|src/engine/expect.rs|s/self\.new_runs\.is_none_or\(.file. runs\(new, file\)\)/true/|--test real races::a_second_upgrade_by_hand_as'
    echo 'path guard|src/engine/expect.rs|s/if situation\.path != self\.path/if false/|--lib engine::expect'
}

copy() {
    rm -rf "$tree"
    mkdir -p "$tree/target"
    git -C "$root" ls-files -z | tar -C "$root" --null -T - -c | tar -C "$tree" -x
    ln -s "$root/target/nginx" "$tree/target/nginx"
    ln -s "$root/target/python" "$tree/target/python"
}

failed=0
copy
export CARGO_TARGET_DIR=$work/build
while IFS='|' read -r name file change tests; do
    [[ $name == *"${1:-}"* ]] || continue
    cp "$tree/$file" "$work/before"
    perl -0pi -e "$change" "$tree/$file"
    if cmp -s "$tree/$file" "$work/before"; then
        echo "$name: not found in $file" >&2
        exit 1
    fi
    read -r -a words <<<"$tests"
    log=$work/log
    # shellcheck disable=SC2015
    (cd "$tree" && env --default-signal timeout 300 cargo test --locked "${words[@]::${#words[@]}-1}" -- --test-threads=1 "${words[-1]}") \
        >"$log" 2>&1 </dev/null && outcome=missed || outcome=noticed
    by=$(sed -n 's/^test \(.*\) \.\.\. FAILED$/\1/p' "$log" | head -1)
    if [ "$outcome" = noticed ] && [ -n "$by" ]; then
        printf '%-18s %s\n' "$name" "$by"
    else
        printf '%-18s MISSED\n' "$name"
        tail -n 20 "$log" >&2
        failed=1
    fi
    cp "$work/before" "$tree/$file"
    touch "$tree/$file"
done < <(mutants)
exit "$failed"
