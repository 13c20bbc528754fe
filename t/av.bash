# What the bats files about viruses share; needs lib.bash.

# eicar: the test string of EICAR, put together here so that no scanner finds
# it in our sources.
# shellcheck disable=SC2016 # as it is
eicar() {
	printf '%s%s' 'X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-' \
	    'STANDARD-ANTIVIRUS-TEST-FILE!$H+H*'
}

# hex: standard input as hexadecimal digits.
hex() {
	od -An -v -tx1 | tr -d ' \n'
}

# database DIR: signatures of ours: Test.Eicar anywhere, Test.Marker for a text.
database() {
	mkdir -p "$1"
	{
		printf 'Test.Eicar:0:*:%s\n' "$(eicar | hex)"
		printf 'Test.Marker:0:*:%s\n' \
		    "$(printf 'marker-of-a-test-virus' | hex)"
	} >"$1/test.ndb"
}

# infected FILE [CRLF]: a message with the string of EICAR as an attachment.
infected() {
	{
		printf 'From: Alice <alice@example.net>\nSubject: test\n'
		printf 'MIME-Version: 1.0\n'
		printf 'Content-Type: multipart/mixed; boundary=b\n\n'
		printf -- '--b\nContent-Type: text/plain\n\nhello\n'
		printf -- '--b\nContent-Type: application/octet-stream\n'
		printf 'Content-Disposition: attachment; filename=eicar.txt\n'
		printf 'Content-Transfer-Encoding: base64\n\n'
		eicar | base64 -w 60
		printf -- '\n--b--\n'
	} >"$1"
	if [ "${2-}" = CRLF ]; then sed -i 's/$/\r/' "$1"; fi
}

# clamd_start [LINE...]: a clamd at $D/clamd.sock with the database $D/db and
# these lines of configuration; its pid is in $clamd.
clamd_start() {
	local line
	mkdir -p "$D/clamd.tmp"
	# as root it would become another user
	{
		printf 'LocalSocket %s\n' "$D/clamd.sock"
		printf 'DatabaseDirectory %s\n' "$D/db"
		printf 'TemporaryDirectory %s\n' "$D/clamd.tmp"
		printf 'LogFile %s\nForeground yes\nUser %s\n' \
		    "$D/clamd.log" "$(id -un)"
		for line; do printf '%s\n' "$line"; done
	} >"$D/clamd.conf"
	rm -f "$D/clamd.sock"
	# nor may it hold what a test writes to
	clamd -c "$D/clamd.conf" >/dev/null 2>&1 3>&- 9>&- &
	clamd=$!
	wait_for 30 clamd_answers
}

clamd_answers() {
	python3 -c 'if 1:
		import socket, sys
		s = socket.socket(socket.AF_UNIX)
		s.connect(sys.argv[1])
		s.sendall(b"zPING\0")
		sys.exit(s.recv(9) != b"PONG\0")' "$D/clamd.sock" 2>/dev/null
}

clamd_stop() {
	if [ -n "${clamd-}" ]; then
		kill "$clamd" 2>/dev/null
		wait "$clamd" || :
		clamd=
	fi
}
