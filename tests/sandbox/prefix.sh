#!/bin/bash
# Stands in for init.sh where the kernel gives no namespaces: the host is a directory (the argument), says `ready`
# and lives until its standard input ends; then everything that runs a file of that directory is ended.
set -euo pipefail
prefix=$1
mkdir -p "$prefix"/{usr/sbin,etc/nginx,run,srv,var/log/nginx,var/lib/nginx}
echo ready
read -r _ || true
for round in 1 2 3; do
    for exe in /proc/[0-9]*/exe; do
        case "$(readlink "$exe" 2>/dev/null)" in
            "$prefix"/*) pid=${exe#/proc/} && kill -KILL "${pid%/exe}" 2>/dev/null || true ;;
        esac
    done
done
rm -rf "$prefix"
