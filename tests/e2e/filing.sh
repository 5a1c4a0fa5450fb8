# How a sender checks the filing of what it reported, on real daemons, and who sees that it does. usage: filing.sh INDSIGT
. "${0%/*}/tap.sh"
indsigt=$1
cd "$place" || exit 1
mkfifo ready

# No epoch comes by itself while this runs.
serve()
{
	"$indsigt" serve ledger --epoch-seconds 3600 --ingest 127.0.0.1:0 --query 127.0.0.1:0 >ready 2>log &
	serve=$!
	children=$serve
	read -r line <ready
	address=${line#ready ingest=}
	address=${address%% *}
	url=http://${line##*query=}
}

# Events about the people with these numbers.
events()
{
	for number in "$@"; do
		echo "{\"subject\":\"cpr:01017$number\",\"time\":\"2026-01-02T03:04:05Z\",\"action\":\"read\",\"outcome\":\"ok\"," \
			"\"org\":{\"id\":\"cvr:1\",\"name\":\"One\"},\"system\":\"S\",\"activity\":\"A\",\"purpose\":\"P\"," \
			"\"actor\":{\"kind\":\"human\",\"role\":\"R\"}}"
	done
}

send()
{
	"$indsigt" send --server "$address" --key one.json --spool spool "$@"
}

expect 0 "init" "$indsigt" init ledger --origin log.example/test
vkey=$(cat "$out")
expect 0 "sender add" "$indsigt" sender add ledger --name One --org cvr:1 --key one.json
serve

# ---- a sender that does not check ----
events 01234 00002 01234 >first.jsonl
expect 0 "send with --query" send --query "$url" first.jsonl
holds "its first batch can claim nothing" has "$out" '"filing_checked":0'
expect 0 "audit" "$indsigt" audit ledger --vkey "$vkey"
holds "... counts a sender that says nothing" has "$out" "unchecked=1 lagging=0 unclaimed=3"
expect 0 "epoch" "$indsigt" epoch ledger

# ---- and then does ----
expect 0 "send --check-filing" send --query "$url" --check-filing
holds "... says what it found" has "$err" "is filed under those it is about"
holds "the book is the sender's alone" test "$(stat -c %a spool/filing spool/filing/* | sort -u | tr '\n' ' ')" = "600 700 "
events 00003 >second.jsonl
expect 0 "the next batch" send second.jsonl
holds "... says what was checked, also without --query" has "$out" '"filing_checked":3'
cp "$out" receipts
expect 0 "the receipt holds with it" "$indsigt" verify receipts --vkey "$vkey"
expect 0 "audit" "$indsigt" audit ledger --vkey "$vkey" --json
holds "... counts nobody any more" has "$out" '"unchecked":0,"lagging":0,"unclaimed":1,'
expect 0 "who --json" "$indsigt" who cpr:0101701234 --ledger ledger --json
holds "coverage says it to everybody" has "$out" '"filing_checked":3,"filing_unchecked":1,"filing_unchecked_since":"2'

# ---- the ledger cannot be asked: nothing is lost, nothing is held up ----
events 00002 >third.jsonl
expect 0 "send with a query daemon that is not there" send --again --query http://127.0.0.1:1 third.jsonl
holds "... claims what it knew" has "$out" '"filing_checked":3'
expect 0 "epoch" "$indsigt" epoch ledger
expect 0 "what was left is checked later" send --query "$url" --check-filing
expect 2 "--check-filing without --query" send --check-filing
expect 2 "--check-filing with input" send --query "$url" --check-filing first.jsonl

# ---- the proof itself ----
expect 0 "filing" "$indsigt" filing --query "$url" --key one.json --seq 1 -o proof.json
holds "is the sender's alone" test "$(stat -c %a proof.json)" = 600
expect 0 "verify" "$indsigt" verify proof.json --vkey "$vkey"
expect 4 "filing of what was never sent" "$indsigt" filing --query "$url" --key one.json --seq 77 -o none.json
holds "... says so" has "$err" "has not been received"
expect 2 "filing without a sequence" "$indsigt" filing --query "$url" --key one.json -o none.json

kill -TERM "$serve"
wait "$serve"
children=
plan
