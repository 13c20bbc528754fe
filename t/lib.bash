# What the bats files share.  B is where the programs are (make check sets it).
# Beware: bats' `run` changes the variable i of its caller.

bats_require_minimum_version 1.5.0

# The programs by their names, a temporary directory of the test's own.
common_setup() {
	: "${B:=$BATS_TEST_DIRNAME/../build}"
	PATH=$B:$PATH
	D=$BATS_TEST_TMPDIR
	export TMPDIR=$D
	cd "$D" || return 1
}

# message FILE OCTETS: a message of that size, of lines of text.
message() {
	{
		printf 'From: Alice <alice@example.net>\nSubject: test\n\n'
		yes 'the quick brown fox jumps over the lazy dog 0123456789'
	} 2>/dev/null | head -c "$2" >"$1"
}

# frame FILE: an inbound frame of FILE for one mailbox, on standard output.
frame() {
	mail-frame -s alice@example.net -r 'contact talktome@carol.example' <"$1"
}

# mk FILE ID FIELD...: a frame of FILE with just these fields, whatever they
# are, on standard output.
mk() {
	"$BATS_TEST_DIRNAME/relay.py" mk "$@"
}

# Every octet position of a file gets a turn: flip FILE N prints FILE with
# octet N (from 0) changed in its lowest bit.
flip() {
	head -c "$2" "$1"
	tail -c +"$(($2 + 1))" "$1" | head -c 1 |
		perl -0777 -ne 'print chr(ord($_) ^ 1)'
	tail -c +"$(($2 + 2))" "$1"
}

# A free TCP port on loopback.  The kernel would give the same one to somebody
# else before the test has bound it; so they are counted, below those that it
# gives, by all tests that run at a time.
free_port() {
	perl -MIO::Socket::INET -MFcntl=:DEFAULT,:flock -e '
	    sysopen(my $f, $ARGV[0], O_RDWR | O_CREAT) or die "$ARGV[0]: $!";
	    flock($f, LOCK_EX) or die "$ARGV[0]: $!";
	    my $port = <$f> // 10000 + int(rand(20000));
	    for (1 .. 20000) {
	        $port = 10000 + ($port - 9999) % 20000;
	        IO::Socket::INET->new(LocalAddr => "127.0.0.1",
	            LocalPort => $port, Listen => 1) or next;
	        seek($f, 0, 0);
	        printf $f "%d", $port;
	        print $port;
	        exit
	    }
	    die "no free port"' "${PORTS:-$BATS_RUN_TMPDIR/ports}"
}

# wait_for SECONDS COMMAND...: until it succeeds; fails when time is up, which
# is the fourfold, for machines with much else to do.
wait_for() {
	local end=$((SECONDS + 4 * $1))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || return 1
		sleep 0.02
	done
}
