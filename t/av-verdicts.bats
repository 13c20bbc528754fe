# av-scand with a database of av-db says what clamd says with the files as they
# are, name for name.
load lib.bash
load av.bash

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return 1
	python3 "$BATS_TEST_DIRNAME/avplant.py" .
	"${B:-$BATS_TEST_DIRNAME/../build}/av-db" src full >/dev/null
	"${B:-$BATS_TEST_DIRNAME/../build}/av-db" -o profile=mail src small \
	    >/dev/null
}

setup() {
	common_setup
	ALL=$BATS_FILE_TMPDIR
	desk=
}

teardown() {
	clamd_stop
	[ -z "$desk" ] || kill "$desk"
	[ -z "$desk" ] || wait "$desk" || :
}

# desk DATABASE: av-scand with it, where clamdscan asks for clamd.
desk() {
	printf 'LocalSocket %s\n' "$D/clamd.sock" >clamd.conf
	av-scand -d "$1" clamd.sock 2>desk.log 3>&- &
	desk=$!
	wait_for 30 clamd_answers
}

# verdicts: what clamdscan prints for all messages, sorted, by base names.
verdicts() {
	clamdscan -c clamd.conf --fdpass --no-summary "$ALL"/mail/*.eml \
	    "$ALL"/good/*.eml | sed 's,^.*/\([a-z]*/[^/]*\)$,\1,' | sort
}

@test "clamd with the files as they are finds each and nothing else" {
	cp -R "$ALL/src" db
	clamd_start
	verdicts >said
	[ "$(wc -l <said)" = "$(find "$ALL/mail" "$ALL/good" -type f | wc -l)" ]
	run ! grep '^mail/.*OK$' said
	run ! grep '^good/.*FOUND$' said
	cp said "$ALL/clamd"
}

@test "av-scand says the same with the files as they are" {
	[ -s "$ALL/clamd" ]
	desk "$ALL/src"
	verdicts | diff "$ALL/clamd" -
}

@test "av-scand says the same with what av-db made of them" {
	[ -s "$ALL/clamd" ]
	[ ! -e "$ALL/full/local-planted.hdb" ]
	desk "$ALL/full"
	verdicts | diff "$ALL/clamd" -
}

@test "with the profile mail a program is found as such, all else the same" {
	[ -s "$ALL/clamd" ]
	desk "$ALL/small"
	sed 's/Planted\.[nl]db-program\.UNOFFICIAL/Policy.Executable/' \
	    "$ALL/clamd" >want
	run ! cmp -s want "$ALL/clamd"
	verdicts | diff want -
}

@test "the stage refuses programs, and only them, with the profile mail" {
	desk "$ALL/small"
	run -100 --separate-stderr av-scan -s clamd.sock \
	    <"$ALL/mail/ndb-program.eml"
	run -0 --separate-stderr av-scan -s clamd.sock <"$ALL/good/nothing.eml"
	kill "$desk"
	wait "$desk"
	desk "$ALL/full"
	run -100 --separate-stderr av-scan -s clamd.sock \
	    <"$ALL/mail/ndb-program.eml"
	[[ $output$stderr == *Planted.ndb-program* ]]
}
