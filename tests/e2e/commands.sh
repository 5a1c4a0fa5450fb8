# What the commands do to a ledger in a directory, without a daemon. usage: commands.sh INDSIGT
. "${0%/*}/tap.sh"
indsigt=$1
manual=$(cd "${0%/*}" && pwd)/../../man/indsigt.1
cd "$place" || exit 1

# ---- help and usage ----
expect 0 "help" "$indsigt" help
for command in $(sed -n '/^Commands:/,/^$/p' "$out" | sed -n 's/^  \([a-z]* *[a-z]*\)  .*/\1/p' | tr -s ' ' | tr ' ' '+'); do
	command=$(echo "${command%+}" | tr '+' ' ')
	# shellcheck disable=SC2086
	expect 0 "$command --help" "$indsigt" $command --help
	holds "$command --help shows its usage" has "$out" "usage: indsigt $command"
	holds "the manual has $command" grep -q "^\.\(It \)\{0,1\}Cm $command\( \|$\)" "$manual"
	# shellcheck disable=SC2086
	expect 2 "$command --no-such-option" "$indsigt" $command --no-such-option
done
expect 0 "sender --help shows all of its kind" "$indsigt" sender --help
holds "... add among them" has "$out" "sender add"
expect 0 "help recovery" "$indsigt" help recovery
holds "... says where to look" has "$out" "newer store"
expect 2 "no command" "$indsigt"
expect 2 "unknown command" "$indsigt" conjure
holds "... says what to do" has "$err" "indsigt help"
expect 2 "unknown topic" "$indsigt" help conjure
expect 2 "half a command" "$indsigt" sender
holds "... lists what there is" has "$err" "indsigt sender revoke"
holds "... and says why" has "$err" "indsigt: behind 'sender' a command is missing"
expect 2 "half a command and a wrong half" "$indsigt" sender conjure
holds "... says what is wrong" has "$err" "indsigt: 'sender' has no command of that name"
holds "... and lists what there is" has "$err" "indsigt sender revoke"
for program in mirror witness; do
	expect 2 "indsigt-$program alone" "${indsigt%/*}/indsigt-$program"
	holds "... says why" has "$err" "indsigt: behind '$program' a command is missing"
	holds "... lists what there is, a line each" test "$(grep -c "^  indsigt $program [a-z]*  *[a-z]" "$err")" -ge 2
	holds "... and no more" lacks "$err" "usage"
	expect 2 "indsigt-$program with a wrong word" "${indsigt%/*}/indsigt-$program" conjure
	holds "... says what is wrong" has "$err" "indsigt: '$program' has no command of that name"
	holds "... and lists what there is" has "$err" "  indsigt $program serve "
	expect 0 "indsigt-$program --help" "${indsigt%/*}/indsigt-$program" --help
	holds "... is all of its help" has "$out" "usage: indsigt $program serve"
done
expect 2 "a slip of the fingers" "$indsigt" sned
holds "... is guessed" has "$err" "did you mean 'send'?"
expect 0 "-h" "$indsigt" -h
holds "... is the help" has "$out" "usage: indsigt COMMAND"
expect 0 "-h of a command" "$indsigt" audit -h
holds "... is its help" has "$out" "usage: indsigt audit"
expect 0 "help event" "$indsigt" help event
holds "... says that somebody or a number must be there" has "$out" "required, or subjects"
holds "... has every field" has "$out" "access_point"
holds "... and their words" has "$out" "required: human, system, ai"
expect 2 "an empty batch" "$indsigt" send --server h:1 --key k --batch 0
holds "... says the limits" has "$err" "--batch is a whole number from 1 to 4096"
expect 2 "an unknown format" "$indsigt" send --server h:1 --key k --format xml
holds "... says which there are" has "$err" "--format is json, fhir, dicom, syslog, otlp or cadf"
expect 2 "an option that many lines of usage would hide" "$indsigt" send --no-such-option
holds "... is named last, before where the help is" test "$(tail -2 "$err" | head -1)" = "indsigt: there is no option --no-such-option"
for command in "who cpr:0101701234 --ledger https://localhost:1" "send --server tls://localhost:1 --key k"; do
	# shellcheck disable=SC2086
	expect 4 "$command with a --ca that is not there" "$indsigt" $command --ca no-such-file
	holds "... names it, and no usage" test "$(cat "$err")" = "indsigt: the file of --ca, 'no-such-file', cannot be read: No such file or directory"
done
expect 0 "--version" "$indsigt" --version
holds "... is a number" grep -q '^indsigt [0-9][0-9.]*$' "$out"
for missing in "init x:--origin" "audit x:--vkey" "send x:--server" "send --server h\:1:--key" "statement cpr\:0101701234:--ledger" \
	"sender add x --org cvr\:1:--name" "sender policy x:--key" "sender rotate x:--key" "sender endorse:--log"; do
	option=${missing##*:}
	# shellcheck disable=SC2046
	expect 2 "without $option: ${missing%% *}" "$indsigt" $(echo "${missing%:*}" | tr -d '\\')
	holds "... says so" has "$err" "$option is missing"
done

# ---- init, vkey ----
expect 2 "init without a name" "$indsigt" init ledger
expect 1 "init with a bad name" "$indsigt" init bad --origin "two words"
expect 1 "init for an operator that is none" "$indsigt" init operated --origin log.example/operated --operator nobody --operator-name x
holds "... makes nothing" test ! -e operated
expect 1 "init for an operator without a name" "$indsigt" init operated --origin log.example/operated --operator cvr:1 --operator-name " "
expect 0 "init for one" "$indsigt" init operated --origin log.example/operated --operator cvr:1 --operator-name x
expect 0 "init" "$indsigt" init ledger --origin log.example/test
vkey=$(cat "$out")
holds "init prints the vkey" has "$out" "log.example/test+"
expect 1 "init refuses an existing ledger" "$indsigt" init ledger --origin log.example/test
holds "... says what to do" has "$err" "choose another place"
expect 0 "vkey" "$indsigt" vkey ledger
holds "vkey prints the same" test "$(cat "$out")" = "$vkey"
expect 4 "vkey of something else" "$indsigt" vkey .
holds "key files are 0600" test "$(stat -c %a ledger/keys/log)" = 600

# ---- sender add, list ----
expect 0 "sender add" "$indsigt" sender add ledger --name "KSD Sygedagpenge" --org cvr:55133018 --key one.json
holds "prints the id" test "$(cat "$out")" = 1
holds "the key file is 0600" test "$(stat -c %a one.json)" = 600
expect 1 "the same key again" "$indsigt" sender add ledger --name Other --org cvr:1 --key one.json
holds "... says that it is registered" has "$err" "registered already"
expect 0 "a second sender" "$indsigt" sender add ledger --name "Nævn Ø" --org cvr:2 --key two.json \
	--policy open=actor.name --policy close=session --policy purpose=tilsyn
holds "gets the next id" test "$(cat "$out")" = 2
expect 2 "an unknown policy word" "$indsigt" sender add ledger --name X --org cvr:1 --key x.json --policy open=nothing
expect 2 "a field that may not be closed" "$indsigt" sender add ledger --name X --org cvr:1 --key x.json --policy close=time
expect 1 "an organisation without scheme" "$indsigt" sender add ledger --name X --org 55133018 --key x.json
expect 1 "an empty name" "$indsigt" sender add ledger --name "" --org cvr:1 --key x.json
holds "no key file was made" test ! -e x.json
expect 2 "sender add without key" "$indsigt" sender add ledger --name X --org cvr:1
chmod 644 two.json
expect 4 "a key file that others may read" "$indsigt" sender add ledger --name X --org cvr:2 --key two.json
chmod 600 two.json
for command in vkey clock epoch evidence cosign recover serve "sender list" "sender show" "mirror serve" "witness serve" export; do
	# shellcheck disable=SC2086
	expect 2 "$command without a directory" "$indsigt" $command
	holds "... is told what is missing" has "$err" "DIR is missing"
done
expect 2 "the key file for its spool" "$indsigt" spool one.json
holds "... is told what to say" has "$err" "--key"
expect 2 "the proof of something" "$indsigt" proof ledger first
holds "... names what is wanted" has "$err" "INDEX is the number of an entry"
expect 0 "another ledger" "$indsigt" init other --origin log.example/other
expect 5 "a key file of another ledger" "$indsigt" sender add other --name X --org cvr:1 --key one.json
expect 0 "sender list" "$indsigt" sender list ledger
holds "... ends no line in a blank" sh -c '! grep -q " $" "$1"' - "$out"
holds "shows the policy" has "$out" "open=actor.name"
holds "shows the name" has "$out" "Nævn Ø"
expect 0 "sender list --json" "$indsigt" sender list ledger --json
holds "has the name" has "$out" '"name":"KSD Sygedagpenge"'
holds "nobody is unendorsed" lacks "$out" '"endorsed":false'

# A key file that was written before the registration failed is used by the next attempt.
expect 0 "a ledger that cannot be written" mv ledger/guard guard
expect 1 "sender add refuses it" "$indsigt" sender add ledger --name Three --org cvr:3 --key three.json
holds "... says where help is" has "$err" "indsigt help recovery"
expect 0 "the guard comes back" mv guard ledger/guard
seed=$(grep '"seed"' three.json)
expect 0 "sender add goes on" "$indsigt" sender add ledger --name Three --org cvr:3 --key three.json
holds "with the same key" test "$(grep '"seed"' three.json)" = "$seed"

# ---- rotate, policy ----
registered() {
	"$indsigt" sender show ledger 3 | sed -n 's/^  Public key *//p'
}
before=$(registered)
expect 0 "sender rotate" "$indsigt" sender rotate ledger --key three.json
holds "... says what was and what is" has "$out" "sender 3, Three (cvr:3): key $(registered); before: $before"
holds "... which is another" test "$(registered)" != "$before"
holds "the file holds another key" test "$(grep '"seed"' three.json)" != "$seed"
holds "nothing is left beside it" test ! -e three.json.new
expect 0 "rotate again" "$indsigt" sender rotate ledger --key three.json
# As if it had died before the registration: the new key lies there already.
seed=$(grep '"seed"' three.json)
cp three.json three.json.kept
expect 0 "rotate once more" "$indsigt" sender rotate ledger --key three.json
# As if it had died after it: the registered key is in three.json.new only.
mv three.json three.json.new
mv three.json.kept three.json
expect 0 "rotate finishes what was begun" "$indsigt" sender rotate ledger --key three.json
holds "... says so" has "$out" "sender 3: key $(registered) was registered before, and is in 'three.json' now"
holds "the registered key is in place" test "$(grep '"seed"' three.json)" != "$seed"
expect 0 "sender policy" "$indsigt" sender policy ledger --key three.json --policy withhold
holds "... says what was and what is" has "$out" "sender 3, Three (cvr:3): policy withhold; before: none"
expect 0 "sender policy without words" "$indsigt" sender policy ledger --key three.json
holds "... shows it" has "$out" "sender 3, Three (cvr:3): policy withhold"
expect 2 "words and none" "$indsigt" sender policy ledger --key three.json --policy withhold --clear
expect 0 "sender list" "$indsigt" sender list ledger --json
holds "has the policy" has "$out" '"policy":["withhold"]'
holds "all of it is endorsed" lacks "$out" '"endorsed":false'
expect 5 "rotate with a key that is not registered" "$indsigt" sender rotate other --key one.json

# ---- endorse ----
expect 0 "sender endorse" "$indsigt" sender endorse --log "$vkey" --id 9 --name "Away" --org cvr:9 --key nine.json \
	--endorsement nine.endorsement --policy close=session
public=$(cat "$out")
expect 1 "endorse leaves an existing endorsement alone" "$indsigt" sender endorse --log "$vkey" --id 9 --name "Away" \
	--org cvr:9 --key nine.json --endorsement nine.endorsement
expect 5 "an endorsement for another ledger" "$indsigt" sender add other --public "$public" --endorsement nine.endorsement
expect 5 "an endorsement by another key" "$indsigt" sender add ledger \
	--public AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= --endorsement nine.endorsement
expect 1 "an endorsement for another organisation" "$indsigt" sender add ledger --org cvr:8 --public "$public" \
	--endorsement nine.endorsement
sed 's/"Away"/"Astray"/' nine.endorsement >changed.endorsement
expect 1 "an endorsement that was changed" "$indsigt" sender add ledger --public "$public" --endorsement changed.endorsement
holds "... says so" has "$err" "does not verify"
expect 0 "sender add with an endorsement" "$indsigt" sender add ledger --public "$public" --endorsement nine.endorsement
holds "prints the id that was endorsed" test "$(cat "$out")" = 9
expect 0 "the same file again" "$indsigt" sender add ledger --public "$public" --endorsement nine.endorsement
holds "... prints the id again" test "$(cat "$out")" = 9
expect 0 "sender endorse of an id that is taken" "$indsigt" sender endorse --log "$vkey" --id 9 --name "Away" --org cvr:9 \
	--key taken.json --endorsement taken.endorsement
public=$(cat "$out")
expect 1 "the same id again" "$indsigt" sender add ledger --public "$public" --endorsement taken.endorsement
holds "... says which is free" has "$err" "--id 4"
expect 2 "an endorsement without a key" "$indsigt" sender add ledger --endorsement nine.endorsement

# ---- show ----
expect 0 "sender endorse with a mandate" "$indsigt" sender endorse --log "$vkey" --id 21 --name "Much" --org cvr:21 --key much.json \
	--endorsement much.endorsement --reports-for cvr:8 --reports-for cvr:7 --events-per-second 100 --bytes-per-second 65536 \
	--grants --reads --certificate "$(printf '%064d' 5)" --policy withhold
expect 0 "... is registered" "$indsigt" sender add ledger --public "$(cat "$out")" --endorsement much.endorsement
expect 0 "sender show" "$indsigt" sender show ledger 21
holds "... ends no line in a blank" sh -c '! grep -q " $" "$1"' - "$out"
for line in "Last received     never" "Policy            withhold" "Reports for       cvr:7 cvr:8" "At most           100 events a second" \
	"At most           65536 bytes a second" "grants: who" "reads of this" "TLS certificate   $(printf '%064d' 5)"; do
	holds "shows: $line" has "$out" "$line"
done

# ---- revoke ----
expect 0 "sender revoke, where nobody can be asked" "$indsigt" sender revoke ledger 1 </dev/null
holds "... says whom" has "$out" "sender 1, KSD Sygedagpenge (cvr:55133018): status revoked; before: active"
expect 0 "sender revoke --compromised" "$indsigt" sender revoke ledger 2 --compromised --yes
holds "... says so" has "$out" "): status revoked, its key reported compromised; before: active"
expect 1 "revoke twice" "$indsigt" sender revoke ledger 1
expect 5 "revoke nobody" "$indsigt" sender revoke ledger 77
expect 2 "revoke a word" "$indsigt" sender revoke ledger one
expect 1 "rotate a revoked sender" "$indsigt" sender rotate ledger --key one.json
holds "... leaves no secret behind" test ! -e one.json.new
# The largest id takes no other id away.
expect 0 "an endorsement of the largest id" "$indsigt" sender endorse --log "$vkey" --id 4294967295 --name "Last" --org cvr:5 \
	--key last.json --endorsement last.endorsement
expect 0 "... is registered" "$indsigt" sender add ledger --public "$(cat "$out")" --endorsement last.endorsement
expect 0 "... and the next sender gets the lowest free id" "$indsigt" sender add ledger --name Four --org cvr:4 --key four.json
holds "... which is 4" test "$(cat "$out")" = 4
expect 0 "a policy is taken away" "$indsigt" sender policy ledger --key three.json --clear
holds "... in words" has "$out" "sender 3, Three (cvr:3): policy none; before: withhold"
echo no >answer
expect 1 "revoke on a terminal asks" script -qec "$indsigt sender revoke ledger 4" typescript <answer
holds "... and takes no for an answer" has "$out" "nothing was revoked"
expect 0 "... but not with --yes" script -qec "$indsigt sender revoke ledger 4 --yes" typescript <answer
expect 1 "export into the ledger itself" "$indsigt" export ledger ledger
holds "... says why" has "$err" "files for everybody do not belong there"
holds "... and writes nothing" test ! -e ledger/tile
expect 0 "sender list" "$indsigt" sender list ledger
holds "shows the compromised key" has "$out" "revoked, key compromised"

# ---- epoch ----
expect 0 "epoch" "$indsigt" epoch ledger
expect 4 "epoch of nothing" "$indsigt" epoch nowhere

plan
