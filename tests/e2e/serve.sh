# How 'indsigt serve' keeps two daemons running: with stand-ins for the daemons, which say on a pipe that they started.
# usage: serve.sh INDSIGT
. "${0%/*}/tap.sh"
mkdir "$place/bin"
cp "$1" "$place/bin/indsigt"
indsigt=$place/bin/indsigt
cd "$place" || exit 1
mkfifo started ready

# Listens on nothing; ends with status 0 on SIGTERM. A port 0 becomes the number in $1.
stand_in()
{
	cat >"bin/$2" <<-END
		#!/bin/sh
		address=\$3
		[ "\${address##*:}" = 0 ] && address=127.0.0.1:$1
		[ -e "$place/refuse-$2" ] && exit 1
		for n in 1 2 3; do
			rm "$place/unreadable-$2-\$n" 2>/dev/null && echo "ended the disk gives nothing" && exit 4
		done
		trap 'exit 0' TERM
		echo "listening \$address"
		echo "\$INDSIGT_RESTARTS" >"$place/restarts-$2"
		echo "$2 \$\$ \$*" >"$place/started"
		mkfifo "$place/never.\$\$"
		exec 5<>"$place/never.\$\$"
		read -r line <&5
	END
	chmod +x "bin/$2"
}
stand_in 4711 indsigt-ingestd
stand_in 4712 indsigt-queryd

expect 0 "init" "$indsigt" init ledger --origin log.example/test
expect 4 "serve of nothing" "$indsigt" serve nowhere
expect 2 "serve --demo-tokens off loopback" "$indsigt" serve ledger --query 0.0.0.0:0 --demo-tokens
holds "... says why" has "$err" "loopback"
expect 2 "serve on a bad address" "$indsigt" serve ledger --ingest nowhere
expect 2 "serve without a directory" "$indsigt" serve

: >refuse-indsigt-ingestd
expect 1 "a daemon that does not start" "$indsigt" serve ledger
holds "... is named" has "$err" "indsigt-ingestd did not start"
rm refuse-indsigt-ingestd

# A disk that does not give what it has, or an address that is still taken: that may pass.
for n in 1 2 3; do
	: >"unreadable-indsigt-ingestd-$n"
	: >"unreadable-indsigt-queryd-$n"
done
exec 3<>started
"$indsigt" serve ledger --ingest 127.0.0.1:0 --query 127.0.0.1:0 --demo-tokens --epoch-seconds 3 >ready 2>"$err" &
serve=$!
children=$serve
exec 4<ready
read -r line <&4
holds "ready line" test "$line" = "ready ingest=127.0.0.1:4711 query=127.0.0.1:4712"
[ -n "$line" ] || exit 1 # nobody writes to what is read next
read -r first <&3
read -r second <&3
holds "a first start that could not look is tried again" has "$err" "indsigt: indsigt-ingestd did not start; trying for 10 s"
holds "... and said once for each, with the reason" test "$(wc -l <"$err")" = 4
holds "... which the daemon gave" has "$err" "indsigt-queryd: the disk gives nothing"
holds "... and is no restart" test "$(cat restarts-indsigt-ingestd)" = 0
case $first in
indsigt-queryd*)
	swap=$first
	first=$second
	second=$swap
	;;
esac
# shellcheck disable=SC2086
set -- $first
ingest=$2
holds "ingestd's arguments" test "$first" = "indsigt-ingestd $ingest ledger --listen 127.0.0.1:0 --epoch-seconds 3"
# shellcheck disable=SC2086
set -- $second
query=$2
holds "queryd's arguments" test "$second" = "indsigt-queryd $query ledger --listen 127.0.0.1:0 --demo-tokens"

for round in 1 2 3; do
	kill -KILL "$ingest"
	read -r line <&3
	# shellcheck disable=SC2086
	set -- $line
	ingest=$2
	holds "killed ingestd comes back on its port, $round" \
		test "$line" = "indsigt-ingestd $ingest ledger --listen 127.0.0.1:4711 --epoch-seconds 3"
done
kill -KILL "$query"
read -r line <&3
# shellcheck disable=SC2086
set -- $line
query=$2
holds "killed queryd comes back on its port" \
	test "$line" = "indsigt-queryd $query ledger --listen 127.0.0.1:4712 --demo-tokens"
holds "the restarts are said" has "$err" "indsigt-ingestd ended by signal 9"
holds "... and counted" has "$err" "is started again (restart 3)"
holds "... from the first that ran" lacks "$err" "(restart 4)"

# Nothing can be started, and poll fails too, for want of file descriptors: what runs goes on, and all else when it can.
limit=$(sed -n 's/^Max open files *\([0-9]*\) .*/\1/p' "/proc/$serve/limits")
prlimit --pid "$serve" --nofile=3:
kill -KILL "$ingest"
until has "$err" "indsigt-ingestd cannot be started: no pipe can be made"; do
	kill -0 "$serve" || break
done
holds "serve goes on without file descriptors" kill -0 "$serve"
holds "... and so does queryd" kill -0 "$query"
prlimit --pid "$serve" --nofile="$limit":
read -r line <&3
# shellcheck disable=SC2086
set -- $line
ingest=$2
holds "... and ingestd is started when there are some again" \
	test "$line" = "indsigt-ingestd $ingest ledger --listen 127.0.0.1:4711 --epoch-seconds 3"

kill -TERM "$serve"
wait "$serve"
holds "SIGTERM ends it with 0" test "$?" -eq 0
children=
holds "ingestd is gone" test ! -e "/proc/$ingest"
holds "queryd is gone" test ! -e "/proc/$query"

# Children end with a parent that is killed: end of file comes when the last writer of the pipe is gone.
"$indsigt" serve ledger --ingest 127.0.0.1:0 --query 127.0.0.1:0 2>&1 >/dev/null | cat >/dev/null &
waiter=$!
read -r first <&3
read -r second <&3
# shellcheck disable=SC2086
set -- $first
ingest=$2
parent=$(sed -n 's/^PPid:\t//p' "/proc/$ingest/status")
kill -KILL "$parent"
wait "$waiter"
# A process closes its files a moment before it counts as dead.
ended()
{
	until [ ! -e "/proc/$1" ] || grep -q '^State:.*\(zombie\|dead\)' "/proc/$1/status" 2>/dev/null; do
		:
	done
}
holds "ingestd ended with its parent" ended "$ingest"
# shellcheck disable=SC2086
set -- $second
holds "queryd ended with its parent" ended "$2"
plan
