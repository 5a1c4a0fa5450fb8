# The commands beside a running ledger, and the real daemons under 'indsigt serve'. usage: running.sh INDSIGT
. "${0%/*}/tap.sh"
indsigt=$1
cd "$place" || exit 1
mkfifo ready

# Starts serve; its ready line comes into $line, its daemons into $ingest and $query (process ids).
serve()
{
	"$indsigt" serve ledger --demo-tokens "$@" >ready 2>log &
	serve=$!
	children=$serve
	read -r line <ready
	find_daemons
}

find_daemons()
{
	for pid in $(cat "/proc/$serve/task/$serve/children"); do
		case $(cat "/proc/$pid/comm") in
		indsigt-ingestd) ingest=$pid ;;
		indsigt-queryd) query=$pid ;;
		esac
	done
}

expect 0 "init" "$indsigt" init ledger --origin log.example/test
vkey=$(cat "$out")
serve --ingest 127.0.0.1:0 --query 127.0.0.1:0
address=${line#ready ingest=}
address=${address%% *}
holds "serve is ready" test "$line" = "ready ingest=$address query=${line##*query=}"

expect 4 "an audit of the port for senders" "$indsigt" audit "http://$address" --vkey "$vkey"
holds "... was not looked at" has "$out" "audit: NOT LOOKED "
holds "... and says why" has "$out" "speaks no HTTP"
expect 4 "a question to it" "$indsigt" who cpr:0101701234 --ledger "http://$address" --token x
holds "... is told why" has "$err" "speaks no HTTP"
expect 4 "a second serve is refused" "$indsigt" serve ledger --ingest 127.0.0.1:0 --query 127.0.0.1:0
holds "... names what holds the ledger" has "$err" "(indsigt-ingestd) holds the ledger"
holds "... once" test "$(grep -c "holds the ledger" "$err")" = 1
holds "... in three lines" test "$(wc -l <"$err")" = 3
expect 0 "sender add" "$indsigt" sender add ledger --name One --org cvr:1 --key one.json
holds "prints the id" test "$(cat "$out")" = 1
expect 1 "the same key again" "$indsigt" sender add ledger --name One --org cvr:1 --key one.json
expect 0 "sender endorse" "$indsigt" sender endorse --log "$vkey" --id 5 --name Five --org cvr:5 --key five.json \
	--endorsement five.endorsement
public=$(cat "$out")
expect 0 "sender add with an endorsement" "$indsigt" sender add ledger --public "$public" --endorsement five.endorsement
expect 0 "the same file again" "$indsigt" sender add ledger --public "$public" --endorsement five.endorsement
holds "... prints the id again" test "$(cat "$out")" = 5
expect 0 "sender endorse of an id that is taken" "$indsigt" sender endorse --log "$vkey" --id 5 --name Other --org cvr:5 \
	--key other.json --endorsement other.endorsement
public=$(cat "$out")
expect 1 "the same id again" "$indsigt" sender add ledger --public "$public" --endorsement other.endorsement
holds "... says which is free" has "$err" "--id 2"
expect 0 "sender rotate" "$indsigt" sender rotate ledger --key one.json
expect 0 "sender policy" "$indsigt" sender policy ledger --key one.json --policy withhold
expect 0 "sender revoke" "$indsigt" sender revoke ledger 5
expect 0 "sender list --json" "$indsigt" sender list ledger --json
holds "one is active and has its policy" has "$out" '"policy":["withhold"]'
holds "the other is revoked" has "$out" '"status":"revoked"'
holds "all of it is endorsed" lacks "$out" '"endorsed":false'
expect 0 "epoch" "$indsigt" epoch ledger

# A daemon that is killed comes back on the same port before a sender gives up.
cat >event.json <<-END
	{"subject":"cpr:0101701234","time":"2026-01-02T03:04:05Z","action":"read","outcome":"ok","org":{"id":"cvr:1","name":"One"},"system":"S","activity":"A","purpose":"P","actor":{"kind":"human","role":"R"}}
END
killed=$ingest
kill -KILL "$ingest"
expect 0 "send finds ingestd on its old port" "$indsigt" send --server "$address" --key one.json event.json
find_daemons
holds "it is another process" test "$ingest" != "$killed"

kill -TERM "$serve"
wait "$serve"
holds "SIGTERM ends it with 0" test "$?" -eq 0
children=
expect 0 "the store is free again: sender add" "$indsigt" sender add ledger --name Two --org cvr:2 --key two.json
holds "takes the lowest id that is free" test "$(cat "$out")" = 2
plan
