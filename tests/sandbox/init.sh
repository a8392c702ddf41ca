#!/bin/bash
# Pid 1 of one test host: started by `unshare -m -n -p -f --kill-child`, it builds a root of its own, says `ready`
# and lives until its standard input ends, that is until the test process closes it or dies. Bash reaps what is left
# to it. Arguments: the directories of the machine that stay visible, read-only, at their own path.
set -euo pipefail
export PATH=/usr/sbin:/usr/bin:/sbin:/bin

# /run is there everywhere, and nothing that is needed here lies in it.
new=/run
mount -t tmpfs -o mode=755 host "$new"
cd "$new"
mkdir -p usr dev sys proc etc/nginx root srv tmp var/tmp run/lock var/log/nginx var/lib/nginx .usr-sbin .old
chmod 1777 tmp var/tmp run/lock
ln -s /run var/run
ln -s /run/lock var/lock

mount --rbind /usr usr
mount --rbind /dev dev
mount --rbind /sys sys
mount -t proc proc proc
for dir in bin sbin lib lib32 lib64 libx32; do
    if [ -L "/$dir" ]; then cp -P "/$dir" .; elif [ -d "/$dir" ]; then mkdir "$dir" && mount --rbind "/$dir" "$dir"; fi
done
for file in passwd group nsswitch.conf hosts localtime ld.so.cache ld.so.conf ld.so.conf.d; do
    [ ! -e "/etc/$file" ] || cp -a "/etc/$file" etc/
done

# /usr/sbin is a writable directory on one file system, as on a real host; what was in it is linked.
mount --rbind usr/sbin .usr-sbin
mount -t tmpfs -o mode=755 sbin usr/sbin
cp -rs "/.usr-sbin/." usr/sbin/ 2>/dev/null || for file in .usr-sbin/*; do ln -sf "/$file" usr/sbin/; done
rm -f usr/sbin/nginx
# What is installed by hand goes here; the machine's own stays as it is.
[ ! -d usr/local/sbin ] || mount -t tmpfs -o mode=755 local usr/local/sbin

# What runs are kept in is no tmpfs, as on a real host: a run warns of one.
mkdir -p .runs/upper .runs/work var/lib/changeover
mount -t overlay -o lowerdir=var/lib/changeover,upperdir=.runs/upper,workdir=.runs/work runs var/lib/changeover

lend() {
    mount --rbind "$1" ".$1"
    mount -o remount,bind,ro ".$1"
}
for dir in "$@"; do
    mkdir -p ".$dir"
    if [[ $(stat -c %A "$dir") == *[xt] ]]; then
        lend "$dir"
        continue
    fi
    # One that only its owner may enter (`mktemp -d`): nginx and its users must, so what is in it is lent, each by itself.
    for entry in "$dir"/*; do
        if [ -d "$entry" ]; then mkdir ".$entry"; else touch ".$entry"; fi
        lend "$entry"
    done
done

ip link set lo up
pivot_root . .old
umount -l /.old
rmdir /.old
cd /

# Pids that look like pids: no other number in a message is taken for one. Not every kernel has it.
{ echo 20000 >/proc/sys/kernel/ns_last_pid; } 2>/dev/null || true

echo ready
read -r _ || true
