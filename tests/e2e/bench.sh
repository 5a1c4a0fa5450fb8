# A very small bench: every part runs and says what the contract says. usage: bench.sh INDSIGT
. "${0%/*}/tap.sh"
indsigt=$1
cd "$place" || exit 1

# Holds if the last output has a line that begins with the words of $1.
line()
{
	grep -q "^$1" "$out"
}

expect 0 "bench" "$indsigt" bench --events 300 --subjects 40 --dir kept
holds "batches of 1000" line "ingest events/s=[0-9]* batch=1000 events=300 "
holds "batches of 100" line "ingest events/s=[0-9]* batch=100 events=300 batches=[3-5] "
holds "batches of 1" line "ingest events/s=[0-9]* batch=1 events=30 batches=30 senders=32 "
holds "one event after the other" line "lone events/s=[0-9]* p50_ms=[0-9.]* p99_ms=[0-9.]* events=30 callers=1 "
holds "callers of one sender" line "callers events/s=[0-9]* p50_ms=[0-9.]* p99_ms=[0-9.]* events=30 callers=32 "
holds "new subjects" line "new-subjects events/s=[0-9]* batch=1000 events=75 "
holds "while an epoch runs" line "epoch ingest_ratio=[0-9.]* events/s=[0-9]* without_events/s=[0-9]* seconds=[0-9.]* filed=300 subjects=40"
holds "questions" line "query p50_ms=[0-9.]* p99_ms=[0-9.]* queries/s=[0-9]* events=20 "
holds "statements" line "statement p50_ms=[0-9.]* p99_ms=[0-9.]* verify_ms=[0-9.]* events=100 bytes=[0-9]*"
# 40 + 300 + 300 + 30 + 30 + 30 + 75 + 300 + 300 + 2000 + 2000 events
holds "the audit" line "audit entries/s=[0-9]* entries=[0-9]* seconds="
holds "memory" line "memory ingestd_anon_mib=[0-9.]* queryd_anon_mib=[0-9.]*"
expect 0 "audit of what was kept" "$indsigt" audit kept/ledger --vkey "$("$indsigt" vkey kept/ledger)"
holds "all events are there" has "$out" "events=5405 "
expect 1 "bench refuses an existing directory" "$indsigt" bench --dir kept
expect 0 "one size of batch" env TMPDIR="$place" "$indsigt" bench --events 50 --subjects 5 --batch 7 --senders 3
holds "is the only one" test "$(grep -c '^ingest' "$out")" = 1
holds "three senders" line "ingest events/s=[0-9]* batch=7 events=50 batches=[89] senders=3 "
holds "nothing is left of it" test -z "$(find . -name 'indsigt-bench-*')"
expect 0 "single events alone" env TMPDIR="$place" "$indsigt" bench --events 20 --subjects 5 --batch 1 --singles --senders 4
holds "... by senders" line "ingest events/s=[0-9]* batch=1 events=20 batches=20 senders=4 "
holds "... by callers" line "callers events/s=[0-9]* p50_ms=[0-9.]* p99_ms=[0-9.]* events=20 callers=4 "
holds "... and nothing else" test "$(grep -c . "$out")" = 6
expect 0 "sustained" env TMPDIR="$place" "$indsigt" bench --minutes 0.05 --subjects 200 --new-percent 20 --picture rate.svg
holds "... as a table" line "second  events/s  filed/s  unfiled  oldest s "
holds "... and a line" line "sustained events/s=[1-9][0-9]* seconds=[0-9.]* oldest_unfiled_s=[0-9.]* answer_p99_ms=[0-9.]* written_bytes=[1-9][0-9]*$"
holds "... all is filed" test "$(awk '$1 ~ /^[0-9]+$/ { left = $4 } END { print left }' "$out")" = 0
holds "... with questions" line "sustained-answers questions=[1-9][0-9]* p50_ms=[0-9.]* p99_ms=[0-9.]* statement_p50_ms="
holds "... and is audited" line "audit entries/s="
holds "a picture" python3 -c 'import sys, xml.dom.minidom; d = xml.dom.minidom.parse("rate.svg"); sys.exit(len(d.getElementsByTagName("path")) != 5)'
holds "nothing is left of it either" test -z "$(find . -name 'indsigt-bench-*')"
expect 0 "TLS beside plain" env TMPDIR="$place" "$indsigt" bench --tls --events 200 --subjects 20
holds "... as a table" line "a second  *plain  TLS  *ratio  wanted"
holds "... and a line" line "tls ratio batch=[0-9]*[.][0-9][0-9] single=[0-9]*[.][0-9][0-9] answers=[0-9]*[.][0-9][0-9]$"
expect 0 "... kept, as JSON" "$indsigt" bench --tls --events 50 --subjects 5 --dir both --json
holds "... of five rounds of each" python3 -c '
import json, sys
told = json.load(open(sys.argv[1]))
good = told["rounds"] == 5 and all(told[kind][side] > 0 for kind in ("batch", "single", "answers") for side in ("plain_per_second", "tls_per_second", "ratio"))
sys.exit(not good)' "$out"
# 5 + 2000 + 5 * 10 + 5 * 1 events
for side in plain tls; do
	expect 0 "... the ledger in $side holds" "$indsigt" audit both/$side/ledger --vkey "$("$indsigt" vkey both/$side/ledger)"
	holds "... and all events" has "$out" "events=2060 "
done
holds "nothing is left of the other" test -z "$(find . -name 'indsigt-bench-*')"
expect 2 "JSON of the sprint" "$indsigt" bench --json
expect 2 "minutes that are none" "$indsigt" bench --minutes x
holds "... are named" has "$err" "--minutes is a number from 0.05 to 1440"
expect 2 "a picture of the sprint" "$indsigt" bench --picture rate.svg
expect 2 "no senders" "$indsigt" bench --senders 0
expect 2 "a batch that is too large" "$indsigt" bench --batch 100000
plan
