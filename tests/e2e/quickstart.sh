# The first command of the README: once, again on the same ledger, and until it is told to end. usage: quickstart.sh INDSIGT
. "${0%/*}/tap.sh"
source=$(cd "${0%/*}/../.." && pwd)
build=$(cd "${1%/tools/indsigt}" && pwd)
cd "$place" || exit 1
cp -r "$source/tools" tools # demo/ comes to lie beside it
ln -s "$build" build

# Nobody holds the ledger: the daemons are gone.
ended()
{
	flock -n demo true && ! test -e demo/control.sock
}

expect 2 "quickstart with an unknown option" sh tools/quickstart --twice
expect 0 "quickstart --once" sh tools/quickstart --once
holds "shows a citizen's answer, read over HTTP" has "$out" "Accesses to data about cpr:0101701234"
holds "... from all four systems" has "$out" "Accesses: 7"
holds "... with every line proven" has "$out" "Verified: 7"
holds "counts what is withheld" has "$out" "Withheld for now: 1"
holds "ends the audit well" has "$out" "events=15 batches=5 senders=5 unendorsed=0 unchecked="
holds "verifies a statement" has "$out" "accesses filed until"
holds "prints the address" has "$out" "The ledger answers at http://127.0.0.1:"
if [ -f build/query/web/index.html ]; then
	holds "... and that of the page" has "$out" "The citizen's page: http://127.0.0.1:"
fi
holds "the ledger records what is done on the page" has "$out" "systems that report here: 5"
holds "there are test persons to sign in as" has demo/demo-persons.json "Karen"
holds "leaves no daemon behind" ended
holds "every batch has a receipt" test "$(cat demo/*.receipts | wc -l)" = 5
grep '^audit:' "$out" >before

expect 0 "quickstart --once again" sh tools/quickstart --once
holds "goes on with the same ledger" has "$out" "goes on"
grep '^audit:' "$out" >after
holds "doubles nothing" cmp -s before after
holds "leaves no daemon behind" ended

mkfifo said
sh tools/quickstart >said 2>err &
quickstart=$!
children=$quickstart
until_said=no
exec 3<said
while read -r line <&3; do
	case $line in
	*"until Ctrl-C"*)
		until_said=yes
		break
		;;
	esac
done
holds "without --once it goes on running" test "$until_said" = yes
holds "... and the ledger with it" lacks err "did not start"
if ended; then report "not ok" "the ledger is being served"; else report ok "the ledger is being served"; fi
kill -TERM "$quickstart"
wait "$quickstart"
holds "a signal ends it" test $? = 143
children=
holds "leaves no daemon behind" ended
plan
