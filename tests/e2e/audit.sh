# What the audit says of a ledger that is in order, and of one that is not. usage: audit.sh INDSIGT
. "${0%/*}/tap.sh"
indsigt=$1
cd "$place" || exit 1

expect 0 "init" "$indsigt" init ledger --origin log.example/test
vkey=$(cat "$out")
for i in 1 2 3; do
	"$indsigt" sender add ledger --name "Sender $i" --org "cvr:$i" --key "$i.json" >/dev/null || exit 1
done
expect 0 "audit" "$indsigt" audit ledger --vkey "$vkey"
holds "... says how much there is" has "$out" "audit: ok entries=4 events=0 batches=0 senders=3 unendorsed=0"
holds "... on one line" test "$(wc -l <"$out")" = 1
holds "... and no bar where there is no terminal" test ! -s "$err"
expect 0 "audit --json" "$indsigt" audit ledger --vkey "$vkey" --json
holds "... the same as an object" has "$out" '{"ok":true,"entries":4,'

expect 2 "audit without a vkey" "$indsigt" audit ledger
expect 2 "audit with a vkey that is none" "$indsigt" audit ledger --vkey "${vkey}x"
expect 4 "audit of nothing" "$indsigt" audit nowhere --vkey "$vkey"
holds "... has the last line too" has "$out" "audit: NOT LOOKED nowhere is not a ledger"
expect 0 "another ledger" "$indsigt" init other --origin log.example/other
expect 5 "audit with the other vkey" "$indsigt" audit ledger --vkey "$(cat "$out")"
holds "... says so" has "$out" "audit: WRONG KEY this is another log"
expect 5 "the same as an object" "$indsigt" audit other --vkey "$vkey" --json
holds "... with what came of it" has "$out" '{"ok":false,"outcome":"wrong-key","reason":"this is another log'
expect 4 "nothing as an object" "$indsigt" audit nowhere --vkey "$vkey" --json
holds "... with what came of it" has "$out" '{"ok":false,"outcome":"not-looked","reason":"nowhere'
expect 4 "an address without http://" "$indsigt" audit 127.0.0.1:1 --vkey "$vkey"
holds "... was not looked at" has "$out" "audit: NOT LOOKED 127.0.0.1:1 is not a ledger"
holds "... and is told how it would be one" has "$out" "an address begins with http://"
holds "... and nothing else" test ! -s "$err"
expect 4 "audit where nobody answers" "$indsigt" audit http://127.0.0.1:1 --vkey "$vkey"
holds "... was not looked at" has "$out" "audit: NOT LOOKED the checkpoint cannot be had"
expect 4 "audit of an address that is none" "$indsigt" audit gopher://127.0.0.1:1 --vkey "$vkey"
holds "... was not looked at" has "$out" "audit: NOT LOOKED "

mv ledger/keys/master master
expect 0 "audit without keys" "$indsigt" audit ledger --vkey "$vkey"
holds "... says what was left out" has "$err" "the sealed records are not opened"
mv master ledger/keys/master

# ---- damage ----
store=ledger/store/data.mdb
cp "$store" good
truncate -s 8192 "$store"
expect 1 "audit of a store that is cut off" "$indsigt" audit ledger --vkey "$vkey"
holds "... says so" has "$out" "data.mdb was cut"
cp good "$store"
truncate -s -8192 "$store"
expect 1 "audit of a store that lacks its last pages" "$indsigt" audit ledger --vkey "$vkey"
holds "... the walker's death is a finding" has "$out" "pages are damaged"
holds "... with what was seen" has "$err" "a page of a store's file cannot be read"
: >"$store"
expect 1 "audit of an empty store" "$indsigt" audit ledger --vkey "$vkey"
holds "... is a finding" has "$out" "audit: FAILED index="
cp good "$store"

# One flipped bit anywhere: the audit ends with its last line, and holds only if it says the same as before.
"$indsigt" audit ledger --vkey "$vkey" >before
bytes=$(wc -c <good)
wrong=0
failed=0
at=13
while [ "$at" -lt "$bytes" ]; do
	byte=$(od -An -tu1 -j "$at" -N 1 good | tr -d ' ')
	flipped=$((byte ^ (1 << (at % 8))))
	# shellcheck disable=SC2059
	printf "\\$(printf '%03o' "$flipped")" | dd of="$store" bs=1 seek="$at" conv=notrunc 2>/dev/null
	if "$indsigt" audit ledger --vkey "$vkey" >after 2>/dev/null; then
		cmp -s before after || wrong=$((wrong + 1))
	else
		failed=$((failed + 1))
		tail -n 1 after | grep -q '^audit: FAILED \(epoch=[0-9]* \)\{0,1\}index=[0-9]* .' || wrong=$((wrong + 1))
	fi
	cp good "$store"
	at=$((at + 397))
done
holds "flipped bits never give another result" test "$wrong" = 0
holds "... and some are found" test "$failed" -gt 0
plan
