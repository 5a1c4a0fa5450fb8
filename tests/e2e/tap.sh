# TAP from a POSIX shell; read with '.'. Every test works in a directory of its own, gone afterwards.
#
#   expect CODE WHAT COMMAND...   runs it; holds if it exits CODE. Its output is in $out and $err (files).
#   holds WHAT COMMAND...         holds if the command succeeds
#   has FILE TEXT                 succeeds if the file contains the text
#   plan                          at the end

set -u
export LC_ALL=C.UTF-8
place=$(mktemp -d "${TMPDIR:-/tmp}/indsigt-e2e-XXXXXX")
out=$place/stdout
err=$place/stderr
tests=0
children=

# Ends what was started in the background ($children), by its id.
finish()
{
	for child in $children; do
		kill "$child" 2>/dev/null
	done
	wait
	rm -rf "$place"
}
trap finish EXIT
trap 'exit 1' INT TERM

report()
{
	tests=$((tests + 1))
	echo "$1 $tests - $2"
}

expect()
{
	wanted=$1
	what=$2
	shift 2
	"$@" >"$out" 2>"$err"
	code=$?
	if [ "$code" -eq "$wanted" ]; then
		report ok "$what"
	else
		report "not ok" "$what"
		echo "# exit $code instead of $wanted: $*"
		sed 's/^/# /' "$err"
	fi
}

holds()
{
	what=$1
	shift
	if "$@"; then
		report ok "$what"
	else
		report "not ok" "$what"
		echo "# $*"
	fi
}

has()
{
	grep -qF -e "$2" "$1"
}

lacks()
{
	! has "$1" "$2"
}

plan()
{
	echo "1..$tests"
}
