# How 'indsigt verify' behaves: options, exit codes, and what a real ledger gives. usage: verify.sh INDSIGT
. "${0%/*}/tap.sh"
indsigt=$1
corpus=$(cd "${0%/*}/../fuzz/corpus" && pwd)
cd "$place" || exit 1
unset LC_ALL LC_MESSAGES
export LANG=C
forge=log.example.dk/forge+e9f0232a+Ae4KTQD3m8zuE6MzAy2YFU50JbqjI+VbyZwDyv0oV0/O
auditor=auditor.example.dk+4dbbd6f2+ATMJ86xZia5F0u/x4kpBZTgWU+OrAtJJkNCvF415FoIt
witness=witness1.example+f0938990+BIvTstflRqxrv6Xl6EMq/sza3wzd9v/v66qok2ggOlB6

# ---- files at hand ----
expect 2 "verify without a key" "$indsigt" verify "$corpus/statement/open.json"
expect 2 "verify with a bad key" "$indsigt" verify "$corpus/statement/open.json" --vkey x
holds "... says which" has "$err" "--vkey"
expect 2 "verify with a bad auditor's key" "$indsigt" verify "$corpus/statement/open.json" --vkey "$forge" --auditor x
expect 2 "verify of something that is no subject" "$indsigt" verify "$corpus/statement/open.json" --vkey "$forge" --subject 0101701234
expect 4 "verify of no file" "$indsigt" verify nowhere --vkey "$forge"
expect 0 "a statement" "$indsigt" verify "$corpus/statement/open.json" --vkey "$forge" --subject cpr:010170-1234
holds "says about whom" has "$out" "Statement about cpr:0101701234 in the log log.example.dk/forge"
holds "says that all are listed" has "$out" "All 5 accesses filed until 2026-11-23 12:00:20 UTC are listed."
holds "says what is not proven" has "$out" "Not proven without a witness policy"
holds "says that the note was not checked" has "$out" "not its key (--auditor)"
expect 0 "with the auditor's key" "$indsigt" verify "$corpus/statement/open.json" --vkey "$forge" --auditor "$auditor"
holds "says who audited" has "$out" "The auditor auditor.example.dk"
expect 0 "from standard input" sh -c "\"$indsigt\" verify - --vkey '$forge' <\"$corpus/statement/nobody.json\""
holds "says that nobody looked" has "$out" "Nobody's access is filed"
expect 0 "in Danish" "$indsigt" verify "$corpus/statement/nobody.json" --vkey "$forge" --lang da
holds "says it in Danish" has "$out" "Ingens opslag er arkiveret"
expect 1 "about somebody else" "$indsigt" verify "$corpus/statement/open.json" --vkey "$forge" --subject cpr:0202802345
holds "... says so" has "$out" "DOES NOT HOLD: the statement is about another subject"
expect 1 "one that does not hold" "$indsigt" verify "$corpus/statement/refused.json" --vkey "$forge"
holds "... says what" has "$out" "DOES NOT HOLD: these events and their number are not what the log's map holds"
expect 1 "the same as JSON" "$indsigt" verify "$corpus/statement/refused.json" --vkey "$forge" --json
holds "... names the check" has "$out" '"check":"presence"'
expect 5 "under the key of something else" "$indsigt" verify "$corpus/statement/open.json" --vkey "$auditor"
holds "... says so" has "$out" "ANOTHER LOG: this file does not name auditor.example.dk"
expect 4 "with no such policy" "$indsigt" verify "$corpus/statement/open.json" --vkey "$forge" --policy nowhere
echo "quorum" >policy
expect 2 "with a policy that is none" "$indsigt" verify "$corpus/statement/open.json" --vkey "$forge" --policy policy
holds "... names the line" has "$err" "line 1"
echo "log $auditor" >policy
echo "quorum none" >>policy
expect 1 "with a policy for another log" "$indsigt" verify "$corpus/statement/open.json" --vkey "$forge" --policy policy
holds "... says so" has "$out" "DOES NOT HOLD: the cosignatures do not fulfil the witness policy: it is for other logs"
echo "witness one $witness" >policy
echo "quorum one" >>policy
expect 1 "with a policy that is not fulfilled" "$indsigt" verify "$corpus/statement/open.json" --vkey "$forge" --policy policy
holds "... says so" has "$out" "DOES NOT HOLD: the cosignatures do not fulfil the witness policy"
expect 1 "a filing proof with a policy that is not fulfilled" "$indsigt" verify "$corpus/filing_proof/proofs.json" --vkey "$forge" --policy policy
holds "... says so" has "$out" "DOES NOT HOLD: the cosignatures do not fulfil the witness policy"
expect 1 "with an auditor, and no note" "$indsigt" verify "$corpus/statement/nobody.json" --vkey "$forge" --auditor "$auditor"
holds "... says so" has "$out" "DOES NOT HOLD: an auditor's key was given"
expect 2 "a filing proof with an auditor" "$indsigt" verify "$corpus/filing_proof/proofs.json" --vkey "$forge" --auditor "$auditor"
expect 0 "a filing proof" "$indsigt" verify "$corpus/filing_proof/proofs.json" --vkey "$forge"
holds "says what is not proven" has "$out" "Not proven without a witness policy"
holds "says that all are filed" has "$out" "All 3 events of system no. 1, sequences 0 to 2, are filed"
expect 0 "a proof file" "$indsigt" verify "$corpus/tlog_proof/batch" --vkey "$forge"
holds "says what stands where" has "$out" "Entry 8 stands in the log log.example.dk/forge, which had 13 entries then."
holds "says what it is" has "$out" "It is a signed batch of system no. 1, sequences 0 to 5."
expect 0 "the same in Danish" "$indsigt" verify "$corpus/tlog_proof/batch" --vkey "$forge" --lang da
expect 0 "the same as JSON" "$indsigt" verify "$corpus/tlog_proof/batch" --vkey "$forge" --json
holds "... names the kind" has "$out" '"entry":"batch"'
expect 2 "a filing proof with a subject" "$indsigt" verify "$corpus/filing_proof/proofs.json" --vkey "$forge" --subject cpr:0101701234
echo "something else" >other
expect 4 "something else" "$indsigt" verify other --vkey "$forge"
holds "... says that it is none of these" has "$out" "NOT LOOKED AT: this is no statement"

# what is not whole was not looked at, wherever it was cut and whatever stands behind it; it is called what it is
whole=$corpus/statement/open.json
size=$(wc -c <"$whole")
for cut in 60 200 1000 $((size / 2)) $((size - 3)); do
	head -c "$cut" "$whole" >cut.json
	expect 4 "a statement cut off at $cut" "$indsigt" verify cut.json --vkey "$forge" --subject cpr:0101701234
	holds "... is a statement that is not whole" has "$out" "NOT LOOKED AT: this is a statement, and not whole"
done
(cat "$whole" && printf x) >longer.json
expect 4 "a statement with a byte too many" "$indsigt" verify longer.json --vkey "$forge"
holds "... is not whole" has "$out" "NOT LOOKED AT: this is a statement, and not whole"
expect 4 "the same in Danish" "$indsigt" verify longer.json --vkey "$forge" --lang da
holds "... says it in Danish" has "$out" "IKKE UNDERSØGT: dette er en erklæring, men ikke hele filen"
expect 4 "the same as JSON" "$indsigt" verify longer.json --vkey "$forge" --json
holds "... says it" has "$out" '"text":"the file is not whole"'
expect 4 "two statements in one" sh -c "cat '$whole' '$whole' | '$indsigt' verify - --vkey '$forge'"
expect 4 "under the key of something else too" "$indsigt" verify cut.json --vkey "$auditor"
sed 's/"type": *"[^"]*",//' "$whole" >untyped.json
expect 4 "a statement that says no type" "$indsigt" verify untyped.json --vkey "$forge"
holds "... is no receipt" has "$out" "NOT LOOKED AT: this is no statement"
sed 's/"later":/"latex":/' "$whole" >altered.json
expect 1 "one that is whole and altered" "$indsigt" verify altered.json --vkey "$forge"
holds "... does not hold" has "$out" "DOES NOT HOLD: the file is malformed"
head -c 300 "$corpus/filing_proof/proofs.json" >cut.json
expect 4 "a filing proof cut off" "$indsigt" verify cut.json --vkey "$forge"
holds "... is a filing proof" has "$out" "this is a filing proof, and not whole"
for cut in 60 250 400 $(($(wc -c <"$corpus/tlog_proof/batch") - 5)); do
	head -c "$cut" "$corpus/tlog_proof/batch" >cut
	expect 4 "a proof file cut off at $cut" "$indsigt" verify cut --vkey "$forge"
	holds "... is a proof file" has "$out" "this is a proof file, and not whole"
done
(cat "$corpus/tlog_proof/batch" && printf x) >longer
expect 4 "a proof file with a byte too many" "$indsigt" verify longer --vkey "$forge"

# ---- a real ledger ----
expect 0 "init" "$indsigt" init ledger --origin log.example/test
vkey=$(cat ledger/vkey)
expect 0 "sender add" "$indsigt" sender add ledger --name "KSD Sygedagpenge" --org cvr:55133018 --key one.json
mkfifo ready
"$indsigt" serve ledger --ingest 127.0.0.1:0 --query 127.0.0.1:0 >ready 2>log &
children=$!
exec 3<ready
read -r line <&3
ingest=${line#*ingest=}
ingest=${ingest%% *}
for i in 1 2 3; do
	echo '{"subject":"cpr:0101701234","time":"2026-11-23T08:15:30Z","action":"read","outcome":"ok","org":{"id":"cvr:55133018","name":"Aarhus Kommune"},"system":"KSD","activity":"Opslag '$i'","purpose":"sagsbehandling","actor":{"kind":"human","role":"sagsbehandler"}}'
done >events.json
expect 0 "send" "$indsigt" send --server "$ingest" --key one.json --batch 2 events.json
cp "$out" receipts.json
expect 0 "receipts" "$indsigt" verify receipts.json --vkey "$vkey"
holds "says that they hold" has "$out" "2 receipts for 3 events hold: they stand in the log log.example/test"
expect 1 "receipts with a policy that is not fulfilled" "$indsigt" verify receipts.json --vkey "$vkey" --policy policy
holds "... says which" has "$out" "DOES NOT HOLD: receipt 1: the cosignatures do not fulfil"
expect 2 "receipts with an auditor" "$indsigt" verify receipts.json --vkey "$vkey" --auditor "$auditor"
head -c 300 receipts.json >cut.json
expect 4 "receipts cut off" "$indsigt" verify cut.json --vkey "$vkey"
holds "... says where" has "$out" "NOT LOOKED AT: receipt 1 is not whole"
size=$(wc -c <receipts.json)
head -c $((size - 9)) receipts.json >cut.json
expect 4 "receipts cut off later" "$indsigt" verify cut.json --vkey "$vkey"
holds "... says where" has "$out" "NOT LOOKED AT: receipt 2 is not whole"
expect 4 "the same as JSON" "$indsigt" verify cut.json --vkey "$vkey" --json
holds "... says where" has "$out" '"receipt":2'
sed 's/"first_index":/"first_index":1/' receipts.json >wrong.json
expect 1 "receipts with another index" "$indsigt" verify wrong.json --vkey "$vkey"
holds "... says which" has "$out" "DOES NOT HOLD: receipt 1: a batch entry does not stand in the log"
# What is over the limit is not looked at, never in part: a hole behind the receipts makes it so long.
cp receipts.json long.json
truncate -s 268435457 long.json
expect 4 "receipts of a byte more than the limit" "$indsigt" verify long.json --vkey "$vkey"
holds "... say the limit, and what to do" has "$err" "long.json has more than the 268435456 bytes that are looked at in one file; receipts can be given in parts"
truncate -s 268435456 long.json
expect 4 "receipts that the limit has room for" "$indsigt" verify long.json --vkey "$vkey"
holds "... are looked at to the one that is not whole" has "$out" "NOT LOOKED AT: receipt 3 is not whole"
rm long.json
expect 5 "receipts under another log's key" "$indsigt" verify receipts.json --vkey "$forge"
holds "... says so" has "$out" "ANOTHER LOG: this file does not name log.example.dk/forge"
expect 5 "the same as JSON" "$indsigt" verify receipts.json --vkey "$forge" --json
expect 5 "a proof file under another log's key" sh -c "\"$indsigt\" proof ledger 0 | \"$indsigt\" verify - --vkey '$forge' --lang da"
holds "... says so" has "$out" "EN ANDEN LOG"
expect 0 "another ledger of that name" "$indsigt" init namesake --origin log.example/test
expect 1 "receipts under its key are looked at" "$indsigt" verify receipts.json --vkey "$(cat namesake/vkey)"
holds "... do not hold" has "$out" "DOES NOT HOLD: receipt 1: the checkpoint"
expect 0 "epoch" "$indsigt" epoch ledger
expect 0 "statement" "$indsigt" statement cpr:0101701234 --ledger ledger -o statement.json
expect 0 "the statement holds" "$indsigt" verify statement.json --vkey "$vkey" --subject cpr:0101701234
holds "says that all are listed" has "$out" "All 3 accesses filed until"
holds "shows them" has "$out" "Opslag 2"
expect 0 "statement about nobody" "$indsigt" statement cpr:0202802345 --ledger ledger -o nobody.json
expect 0 "it holds" "$indsigt" verify nobody.json --vkey "$vkey"
holds "says that nobody looked" has "$out" "Nobody's access is filed"
plan
