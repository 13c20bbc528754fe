# What the files smtp-accept*.bats share: a server of the test's own.

accept_setup() {
	local dir
	common_setup
	export PYTHONPATH=$BATS_TEST_DIRNAME PYTHONDONTWRITEBYTECODE=1
	PATH=$BATS_TEST_DIRNAME:$PATH
	AS=()
	if [ "$(id -u)" = 0 ]; then
		# the server's user needs a way to its files
		AS=(-u nobody)
		for dir in "$D" "$BATS_FILE_TMPDIR" "$BATS_SUITE_TMPDIR" \
		    "$BATS_RUN_TMPDIR"; do
			chmod a+rx "$dir"
		done
	fi
	chmod 1777 "$D"
	cp -R "$BATS_TEST_DIRNAME/../share/nodes" nodes
	mkdir mail
	own mail
	BEFORE=() # a command that runs the server
	SERVER=
	STATUS=0
	export PORT
}

accept_teardown() {
	stop_server
	[ ! -e log ] || sane_log
}

# own FILE...: gives files to the user that the server runs as.
own() {
	[ "$(id -u)" != 0 ] || chown -R nobody "$@"
}

# What no log of a test may have in it.
sane_log() {
	local bad='AddressSanitizer|LeakSanitizer|runtime error|Assertion'
	if grep -E "$bad" log >bad; then
		cat log
		return 1
	fi
	return 0
}

listening() {
	kill -0 "$SERVER" 2>/dev/null || return 0
	python3 -c 'if 1:
		import smtp, sys
		host, port, tls = sys.argv[1:]
		p = smtp.Peer(int(port), host, tls=tls == "1")
		p.ask("QUIT", "221")
		p.gone()' "${HOST:-127.0.0.1}" "$PORT" "${IMPLICIT:-0}" 2>/dev/null
}

# serve [ARGUMENT...]: starts the server on PORT with these arguments, its
# log in the file `log`; the default route delivers below mail/.
serve() {
	local route=("local=maildir-deliver mail") argument try
	for argument; do
		case $argument in local=* | backup=*) route=() ;; esac
	done
	for try in 1 2 3 4 5; do
		PORT=$(free_port)
		"${BEFORE[@]}" smtp-accept -l "${LISTEN-127.0.0.1}:$PORT" -n nodes \
		    "${AS[@]}" "$@" "${route[@]}" 2>>log 3>&- &
		SERVER=$!
		wait_for 20 listening
		kill -0 $SERVER 2>/dev/null && return 0
		grep -q 'cannot listen' log || break # somebody took the port
		echo "try $try: port $PORT is taken"
	done
	cat log
	return 1
}

# The pid of the server's process that runs the pipelines; those of workers.
keeper() {
	pgrep -P "$SERVER" smtp-keeper
}
workers() {
	pgrep -P "$SERVER" smtp-worker
}

server_gone() {
	! kill -0 "$SERVER" 2>/dev/null
}

# Ends the server if it runs; it must leave by itself, with status 0.
stop_server() {
	local status=0
	[ -n "$SERVER" ] || return 0
	kill -TERM "$SERVER" 2>/dev/null || :
	if ! wait_for 20 server_gone; then
		echo 'the server does not leave'
		kill -KILL "$SERVER"
	fi
	wait "$SERVER" || status=$?
	SERVER=
	[ $status = "$STATUS" ] || {
		echo "the server left with $status"
		cat log
		return 1
	}
}

# talk [tls]: the dialogue on standard input; see smtp.py.
talk() {
	timeout 60 python3 "$BATS_TEST_DIRNAME/smtp.py" "$PORT" "$@"
}

# client: the Python program on standard input, with P as the port.
client() {
	timeout 120 python3 -c 'if 1:
		import os, re, smtp, socket, sys, time
		from smtp import Peer, wire
		P = int(os.environ.get("PORT") or 0)
		exec(compile(sys.stdin.read(), "client", "exec"))' "$@"
}

# How many messages were delivered; how many files were left in tmp/.
delivered() {
	find mail -path '*/new/*' -type f | wc -l
}
left_in_tmp() {
	find mail -path '*/tmp/*' -type f | wc -l
}

# newest: the path of the one message in mail/; remove it to wait for another.
only_one() {
	[ "$(delivered)" = 1 ] || {
		echo "delivered: $(delivered)" >&2
		return 1
	}
	find mail -path '*/new/*' -type f
}

# bare FILE: a delivered message as it came, without what was put on top.
bare() {
	python3 -c 'if 1:
		import re, sys
		text = open(sys.argv[1], "rb").read()
		top = re.match(rb"(?:(?!Received: )[A-Za-z-]+: [^\n]*\n)*Received: from "
		    rb"[^\n]*\n(?:\t[^\n]*\n)*?"
		    rb"\t\w{3}, \d{1,2} \w{3} \d{4} [\d:]{8} [+-]\d{4}\n", text)
		sys.stdout.buffer.write(text[top.end():])' "$1"
}

# logged REGEX: such a line is in the log by and by.
logged() {
	wait_for 10 grep -Eq "$1" log || {
		echo "not in the log: $1"
		cat log
		return 1
	}
}

# certificate NAME: makes NAME.pem, key and certificate, for the server.
certificate() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 \
	    -nodes -days 2 -subj "/CN=$1" -keyout "$1.key" -out "$1.crt" \
	    2>/dev/null
	cat "$1.key" "$1.crt" >"$1.pem"
	own "$1.pem"
}

# one REGEX: sends a message, whose reply begins like this.
one() {
	client "$1" <<-'E'
		Peer(P).message(b"Subject: one\r\n\r\nx\r\n", sys.argv[1])
	E
}

# all_gone: of the pids in the file `pids` nobody lives.
all_gone() {
	local pid
	while read -r pid; do
		! kill -0 "$pid" 2>/dev/null || return 1
	done <pids
}
