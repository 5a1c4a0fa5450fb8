# How 'indsigt who' and 'indsigt token' behave, on a directory and on a query daemon. usage: asking.sh INDSIGT
. "${0%/*}/tap.sh"
indsigt=$1
queryd=${1%/tools/indsigt}/query/indsigt-queryd
cd "$place" || exit 1
unset LC_ALL LC_MESSAGES INDSIGT_TOKEN
export LANG=C

expect 0 "init" "$indsigt" init ledger --origin log.example/test
expect 0 "sender add" "$indsigt" sender add ledger --name "KSD Sygedagpenge" --org cvr:55133018 --key one.json

# ---- on the directory ----
expect 2 "who without a ledger" "$indsigt" who cpr:0101701234
holds "... says what is missing" has "$err" "--ledger is missing"
expect 2 "who of nobody" "$indsigt" who --ledger ledger
expect 2 "who of something else" "$indsigt" who 0101701234 --ledger ledger
holds "... says the grammar and not the value" lacks "$err" "0101701234"
expect 2 "who with a bad window" "$indsigt" who cpr:0101701234 --ledger ledger --from noon
holds "... names the option" has "$err" "--from"
expect 2 "who of an organisation by its name" "$indsigt" who cpr:0101701234 --ledger ledger --org "Aarhus Kommune"
holds "... says what it must be" has "$err" "SCHEME:ID"
expect 2 "who in a language that there is not" "$indsigt" who cpr:0101701234 --ledger ledger --lang sv
holds "... says which there are" has "$err" "da or en"
echo cpr:010170-1234 >subject
expect 0 "who of a subject from standard input" "$indsigt" who - --ledger ledger <subject
holds "... is about it" has "$out" "cpr:0101701234"
expect 0 "token of a subject from standard input" "$indsigt" token ledger - <subject
expect 0 "who of a subject from a file" "$indsigt" who --subject-file subject --ledger ledger
holds "... is about it" has "$out" "cpr:0101701234"
expect 0 "token of a subject from a file" "$indsigt" token ledger --subject-file subject
expect 4 "who of a file that is not there" "$indsigt" who --subject-file none --ledger ledger
expect 2 "who of an empty file" "$indsigt" who --subject-file /dev/null --ledger ledger
holds "... names the option" has "$err" "--subject-file"
expect 2 "who of a subject and of a file" "$indsigt" who cpr:0101701234 --subject-file subject --ledger ledger
expect 2 "who of an empty standard input" "$indsigt" who - --ledger ledger </dev/null
expect 0 "who in a window" env TZ=Europe/Copenhagen "$indsigt" who cpr:0101701234 --ledger ledger --from 2026-07-01
holds "... whose day begins here" has "$out" "from 2026-07-01 00:00:00 +02:00"
# a date is the same day whatever is asked for it
expect 2 "a statement with a bad window" "$indsigt" statement cpr:0101701234 --ledger ledger --from noon -o s.json
holds "... names the option" has "$err" "--from"
expect 2 "a statement of an empty window" "$indsigt" statement cpr:0101701234 --ledger ledger --from 2026-07-02 --to 2026-07-01 -o s.json
expect 0 "an epoch" "$indsigt" epoch ledger
expect 0 "a statement about a subject from a file" "$indsigt" statement --subject-file subject --ledger ledger -o s.json
expect 0 "... is about it" "$indsigt" verify s.json --vkey "$("$indsigt" vkey ledger)" --subject-file subject
echo cpr:0101701235 >somebody
expect 1 "... and not about another" "$indsigt" verify s.json --vkey "$("$indsigt" vkey ledger)" --subject-file somebody
expect 1 "... from standard input" "$indsigt" verify s.json --vkey "$("$indsigt" vkey ledger)" --subject - <somebody
expect 0 "a statement in a window" env TZ=Europe/Copenhagen "$indsigt" statement cpr:0101701234 --ledger ledger --from 2026-07-01 --to 2026-12-01 -o s.json
holds "... whose days begin here" has s.json '"2026-06-30T22:00:00Z"'
holds "... and end here" has s.json '"2026-11-30T23:00:00Z"'
holds "... which is said" has "$err" "from 2026-06-30T22:00:00Z on, and before 2026-11-30T23:00:00Z"
expect 0 "a statement before a time with a zone" env TZ=Europe/Copenhagen "$indsigt" statement cpr:0101701234 --ledger ledger --to 2026-07-01T00:00:00Z -o s.json
holds "... is before that" has s.json '"2026-07-01T00:00:00Z"'
expect 2 "who with a bad key" "$indsigt" who cpr:0101701234 --ledger ledger --vkey x
expect 4 "who of no ledger" "$indsigt" who cpr:0101701234 --ledger nowhere
expect 0 "who on the directory" "$indsigt" who cpr:010170-1234 --ledger ledger
holds "shows the canonical id" has "$out" "cpr:0101701234"
holds "says that nobody looked" has "$out" "Nobody has looked"
holds "shows coverage" has "$out" "systems that report here: 1"
expect 0 "who in Danish" env LANG=da_DK.UTF-8 "$indsigt" who cpr:0101701234 --ledger ledger
holds "speaks Danish" has "$out" "Ingen har slået op"
expect 0 "--lang before LANG" env LANG=da_DK.UTF-8 "$indsigt" who cpr:0101701234 --ledger ledger --lang en
holds "speaks English" has "$out" "Nobody has looked"
expect 0 "who --json" "$indsigt" who cpr:0101701234 --ledger ledger --json
for member in subject accesses complete_until withheld coverage checkpoint; do
	holds "has $member" has "$out" "\"$member\":"
done
holds "is one line" test "$(wc -l <"$out")" = 1
expect 0 "vkey" "$indsigt" vkey ledger
expect 0 "who with the log's key" "$indsigt" who cpr:0101701234 --ledger ledger --vkey "$(cat "$out")"
expect 0 "another ledger" "$indsigt" init other --origin log.example/test
expect 0 "its key" "$indsigt" vkey other
expect 5 "who with another log's key" "$indsigt" who cpr:0101701234 --ledger ledger --vkey "$(cat "$out")"
holds "... says so" has "$err" "of another log than the one of --vkey"

# ---- tokens ----
expect 2 "token of nobody" "$indsigt" token ledger
expect 2 "token with an unknown role" "$indsigt" token ledger cpr:0101701234 --role king
holds "... lists them" has "$err" "subject, proxy, authority, auditor or supervisor"
expect 2 "token for too long" "$indsigt" token ledger cpr:0101701234 --hours 8761
expect 4 "token of no ledger" "$indsigt" token nowhere cpr:0101701234
expect 0 "token" "$indsigt" token ledger cpr:0101701234
token=$(cat "$out")
holds "its key file is 0600" test "$(stat -c %a ledger/keys/token)" = 600
expect 0 "token of an auditor" "$indsigt" token ledger cpr:0101701234 --role auditor --hours 1
auditor=$(cat "$out")

# ---- on an address ----
mkfifo ready
"$queryd" ledger --listen localhost:0 --demo-tokens >ready 2>log &
daemon=$!
children=$daemon
exec 3<ready
read -r line <&3
url=http://${line#listening }
holds "the daemon is ready" test "${line%:*}" = "listening 127.0.0.1"
expect 2 "who on an address without a token" "$indsigt" who cpr:0101701234 --ledger "$url"
expect 0 "who on an address" "$indsigt" who cpr:0101701234 --ledger "$url" --token "$token"
holds "says that the signature was not checked" has "$out" "give --vkey"
expect 0 "a statement in a window of an address" env TZ=Europe/Copenhagen "$indsigt" statement cpr:0101701234 --ledger "$url" --token "$token" --from 2026-07-01 -o u.json
holds "... whose day begins here" has u.json '"2026-06-30T22:00:00Z"'
expect 0 "who with the token in the environment" env INDSIGT_TOKEN="$token" "$indsigt" who cpr:0101701234 --ledger "$url/"
expect 4 "who of somebody else" "$indsigt" who cpr:0101701235 --ledger "$url" --token "$token"
holds "... says so" has "$err" "about nobody else"
expect 4 "who as an auditor" "$indsigt" who cpr:0101701234 --ledger "$url" --token "$auditor"
holds "... says so" has "$err" "role"
expect 4 "who with something else" "$indsigt" who cpr:0101701234 --ledger "$url" --token nonsense
holds "... says so" has "$err" "answered 401: the token"
kill "$daemon"
wait "$daemon"
holds "the daemon ends cleanly" test $? = 0
children=
holds "its log holds nobody" lacks log 0101701234
expect 4 "who when nobody answers" "$indsigt" who cpr:0101701234 --ledger "$url" --token "$token"
plan
