# Leads the process group of the control plane. Each line on its standard input is `name command…`, started in the background.
# When that pipe closes, because its owner asked or died in whatever way, everything in the group ends and the folder goes.
cd "$1" || exit 1
while read -r name command; do
  (
    trap '' TERM # lives until its program has ended, so that the end is noticed
    (trap - TERM && eval "exec $command") >"$name.log" 2>&1 </dev/null
    echo "$?" >"$name.ended"
  ) &
done
trap '' TERM
kill -TERM 0
# Nothing here is worth a graceful end, but programs that remove what they made get a moment. The guard is in a session of its
# own: it has to outlive the group, since the folder can be removed for good only when nobody writes there any more.
cd /
setsid sh -c 'sleep 2; kill -s KILL -- "-$0"; rm -rf "$1"' "$$" "$1" </dev/null >/dev/null 2>&1 &
guard=$!
for job in $(jobs -p); do [ "$job" = "$guard" ] || wait "$job" 2>/dev/null; done
rm -rf "$1"
kill -KILL 0
