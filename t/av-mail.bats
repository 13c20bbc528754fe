# Messages that lead scanners astray, and what Debian's ClamAV is tested with.
# One av-scand for each database of this file.
load lib.bash
load av.bash

FILES=/usr/share/clamav-testfiles

# scand NAME: an av-scand with the database NAME.db at NAME.sock
scand() {
	"$B/av-scand" -d "$1.db" "$1.sock" 2>"$1.log" 3>&- &
	wait_for 30 test -S "$1.sock"
	echo $! >>pids
}

setup_file() {
	: "${B:=$BATS_TEST_DIRNAME/../build}"
	export TMPDIR=$BATS_FILE_TMPDIR
	cd "$BATS_FILE_TMPDIR" || return 1
	database eicar.db
	mkdir clam.db
	printf '%s:%d:Test.Clam\n' \
	    "$(md5sum <$FILES/clam.exe | cut -d ' ' -f 1)" \
	    "$(wc -c <$FILES/clam.exe)" >clam.db/test.hdb
	scand eicar
	scand clam
}

teardown_file() {
	xargs kill <"$BATS_FILE_TMPDIR/pids"
}

setup() {
	common_setup
	F=$BATS_FILE_TMPDIR
	mkdir m
}

# mails WHAT...: messages in m
mails() {
	python3 "$BATS_TEST_DIRNAME/avmail.py" m "$@"
}

@test "an attachment is found however the message tries to hide it" {
	mails eicar
	run -100 --separate-stderr av-scan -s "$F/eicar.sock" m/*.eml
	echo "$output" >out
	[ "$(wc -l <out)" -gt 300 ]
	run -1 grep -v ': Test\.Eicar\.UNOFFICIAL FOUND' out
}

@test "such a message is rejected by the stage" {
	mails eicar
	for mail in m/*.eml; do
		echo "$mail"
		run -100 av-scan -s "$F/eicar.sock" <"$mail"
	done
}

@test "the same messages with line ends of files are no other" {
	mails eicar
	sed -i 's/\r$//' m/*.eml
	run -100 --separate-stderr av-scan -s "$F/eicar.sock" m/*.eml
	echo "$output" >out
	[ "$(wc -l <out)" -gt 300 ]
	run -1 grep -v ': Test\.Eicar\.UNOFFICIAL FOUND' out
}

@test "the same messages with a harmless attachment are clean" {
	mails harmless
	run -0 --separate-stderr av-scan -s "$F/eicar.sock" m/*.eml
	echo "$output" >out
	[ "$(wc -l <out)" -gt 300 ]
	run -1 grep -v ': OK' out
}

@test "without a socket one is found, too" {
	mails eicar
	run -100 --separate-stderr av-scan -d "$F/eicar.db" \
	    m/boundary-second-of-two.eml
	[[ $output == *'Test.Eicar.UNOFFICIAL FOUND'* ]]
	run -100 av-scan -d "$F/eicar.db" <m/boundary-second-of-two.eml
}

@test "each of ClamAV's test files is found in every way to attach it" {
	mails "$FILES"/*
	run -100 --separate-stderr av-scan -s "$F/clam.sock" m/*.eml
	echo "$output" >out
	[ "$(wc -l <out)" -gt 300 ]
	run -1 grep -v ': Test\.Clam\.UNOFFICIAL FOUND' out
}

@test "sections of programs are those that sigtool counts" {
	python3 "$BATS_TEST_DIRNAME/avpe.py" m 60
	same=0
	for program in m/*.exe "$FILES"/*.exe; do
		# its answer is a message for debugging
		sigtool --mdb "$program" 2>&1 |
		    sed -n 's/.*Section{[0-9]*}: \([0-9]*:[0-9a-f]\{32\}\)$/\1/p' |
		    sort -u >want
		# it does without what it takes for a broken program
		[ -s want ] || continue
		"$B/tool/sections" "$program" | sort -u >have
		diff want have
		same=$((same + 1))
	done
	echo "$same"
	[ "$same" -gt 60 ]
}
