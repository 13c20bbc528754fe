load lib.bash

setup() {
	command -v smtp-sink >/dev/null || PATH=$PATH:/usr/sbin
	common_setup
	port=$(free_port)
	to=talktome@carol.example
}

teardown() {
	if [ -n "${server:-}" ]; then
		kill "$server" 2>/dev/null || :
		wait "$server" 2>/dev/null || :
	fi
}

listening() {
	perl -MIO::Socket::INET -e \
	    'exit !IO::Socket::INET->new("127.0.0.1:$ARGV[0]")' "$port"
}

# sink OPTION...: smtp-sink, Postfix's test server, until the test ends.
sink() {
	local user=
	if [ "$(id -u)" = 0 ]; then user="-u nobody"; fi
	# shellcheck disable=SC2086
	smtp-sink $user "$@" "127.0.0.1:$port" 100 2>sink.err 3>&- &
	server=$!
	wait_for 5 listening
}

# serve: a server that is a Python function talk(file, socket, number), read
# from standard input, called for each connection.
serve() {
	{
		cat
		cat <<-END
			import os, socket, sys
			s = socket.create_server(("127.0.0.1", $port))
			open("up", "w")
			number = 0
			while True:
			    c, _ = s.accept()
			    number += 1
			    try:
			        with c, c.makefile("rwb", buffering=0) as f:
			            talk(f, c, number)
			    except OSError:
			        pass
		END
	} >server.py
	timeout 200 python3 server.py 2>server.err 3>&- &
	server=$!
	wait_for 5 test -e up
}

# keep: one that keeps the octets of each message, dots undone, as got.N.
keep() {
	serve <<-'END'
		def talk(f, c, number):
		    f.write(b"220 x\r\n")
		    for line in f:
		        if line.startswith(b"DATA"):
		            f.write(b"354 go\r\n")
		            text = b""
		            while (line := f.readline()) != b".\r\n":
		                text += line[1:] if line[:1] == b"." else line
		            with open("tmp", "wb") as out:
		                out.write(text)
		            os.rename("tmp", "got.%d" % number)
		        f.write(b"250 ok\r\n")
		        if line.startswith(b"QUIT"):
		            return
	END
}

field() { # NAME or OBJECT.NAME: of the JSON in $output
	case $1 in
	*.*) [[ $output =~ \"${1%.*}\":\{[^}]*\"${1#*.}\":([0-9.]+) ]] ;;
	*) [[ $output =~ \"$1\":([0-9.]+) ]] ;;
	esac || return 1
	echo "${BASH_REMATCH[1]}"
}

@test "fifty messages are a burst of fifty connections" {
	sink
	run -0 --separate-stderr timeout 40 smtp-load "127.0.0.1:$port" $to
	[[ ${lines[0]} =~ ^messages\ +50$ ]]
	[[ ${lines[1]} =~ ^accepted\ +50$ ]]
	[ -z "$stderr" ]
}

@test "-j prints one object of JSON with rates and delays apart" {
	sink
	run -0 --separate-stderr timeout 40 smtp-load -j -n 20 -c 2 \
	    "127.0.0.1:$port" $to
	[ ${#lines[@]} = 1 ]
	echo "$output" | python3 -m json.tool >pretty
	[ "$(field accepted)" = 20 ]
	[ "$(field messages)" = 20 ]
	[ "$(field failed)" = 0 ]
	for name in mean p50 p99 max; do
		[[ $(field "reply_ms.$name") =~ ^[0-9.]+$ ]]
	done
	python3 -c 'import json; o = json.load(open("pretty"))
d = o["reply_ms"]
assert 0 < d["p50"] <= d["p99"] <= d["max"] and d["mean"] <= d["max"]
assert abs(o["accepted_per_minute"] - 20 * 60 / o["seconds"]) < 1 + \
    o["accepted_per_minute"] / 100'
}

@test "messages have exactly the size, CRLF, the usual fields and text" {
	keep
	for size in 333 334 335 1000 1001 8192 65536; do
		run -0 --separate-stderr timeout 40 smtp-load -n 1 -s $size \
		    "127.0.0.1:$port" $to
	done
	[ "$(cat got.* | wc -c)" = $((333 + 334 + 335 + 1000 + 1001 + 8192 + 65536)) ]
	[ "$(wc -c <got.7)" = 65536 ]
	for f in got.*; do
		python3 - $f <<-'END'
			import email, email.policy, re, sys
			octets = open(sys.argv[1], "rb").read()
			assert octets.count(b"\n") == octets.count(b"\r\n")
			assert all(len(l) <= 78 for l in octets.split(b"\r\n"))
			m = email.message_from_bytes(octets,
			    policy=email.policy.strict)
			assert m["From"] == "load@example.net"
			assert m["To"] == "talktome@carol.example"
			assert m["Date"].datetime and m["Subject"]
			assert re.match("<.*@.*>$", m["Message-ID"])
			assert m["X-Load-Id"].split(".")[1] == "00000000"
		END
	done
}

@test "the same size is the same text, and neighbours differ" {
	keep
	for run_ in 1 2; do
		run -0 --separate-stderr timeout 40 smtp-load -n 2 -c 1 \
		    "127.0.0.1:$port" $to
	done
	for f in got.*; do
		sed '1,/^.$/d' $f >body.$f
	done
	cmp body.got.1 body.got.3
	cmp body.got.2 body.got.4
	run -1 cmp -s body.got.1 body.got.2
}

@test "a size smaller than the header is refused" {
	run -111 --separate-stderr timeout 40 smtp-load -s 100 "127.0.0.1:$port" $to
	[[ $stderr == *"header alone is longer"* ]]
}

@test "files go as they are, each once, dots and bare LF made right" {
	keep
	printf 'Subject: a\n\n.\n..x\nend' >one.eml
	printf 'Subject: b\r\n\r\n\377 text\r\n' >two.eml
	run -0 --separate-stderr timeout 40 smtp-load -j -c 1 "127.0.0.1:$port" \
	    $to one.eml two.eml
	[ "$(field accepted)" = 2 ]
	printf 'Subject: a\r\n\r\n.\r\n..x\r\nend\r\n' >want
	sed 1d got.1 | cmp - want
	sed 1d got.2 | cmp - two.eml
	[[ $(head -n 1 got.1) == "X-Load-Id: "* ]]
}

@test "-o invalid spreads recipients whose refusal is expected" {
	serve <<-'END'
		def talk(f, c, number):
		    f.write(b"220 x\r\n")
		    for line in f:
		        if line.startswith(b"RCPT TO:<nobody"):
		            f.write(b"550 5.1.1 no such user\r\n")
		        elif line.startswith(b"DATA"):
		            f.write(b"354 go\r\n")
		            while f.readline() != b".\r\n":
		                pass
		            f.write(b"250 ok\r\n")
		        else:
		            f.write(b"250 ok\r\n")
		        if line.startswith(b"QUIT"):
		            return
	END
	run -0 --separate-stderr timeout 40 smtp-load -j -n 20 -c 1 -o invalid=30 \
	    "127.0.0.1:$port" $to
	[ "$(field accepted)" = 14 ]
	[ "$(field refused)" = 6 ]
	[ "$(field refused_expected)" = 6 ]
	[ -z "$stderr" ]
	# on one connection, RSET has to come between
	run -0 --separate-stderr timeout 40 smtp-load -j -n 20 -c 1 -o invalid=50 \
	    -o reuse=20 "127.0.0.1:$port" $to
	[ "$(field accepted)" = 10 ]
	[ "$(field refused_expected)" = 10 ]
}

@test "an invalid recipient that is accepted is not as expected: 100" {
	sink
	run -100 --separate-stderr timeout 40 smtp-load -n 4 -o invalid=50 \
	    "127.0.0.1:$port" $to
}

@test "refused for good is 100, deferred is 111, and the reason is told once" {
	sink -f RCPT
	run -100 --separate-stderr timeout 40 smtp-load -j -n 5 "127.0.0.1:$port" $to
	[ "$(field refused)" = 5 ]
	[ "$(field refused_expected)" = 0 ]
	[[ $stderr == "smtp-load: warning: the first refused: 500 "* ]]
	[ "$(echo "$stderr" | wc -l)" = 1 ]
	teardown
	sink -r .
	run -111 --separate-stderr timeout 40 smtp-load -j -n 5 "127.0.0.1:$port" $to
	[ "$(field deferred)" = 5 ]
	teardown
	sink -f CONNECT
	run -100 --separate-stderr timeout 40 smtp-load -j -n 5 "127.0.0.1:$port" $to
	[ "$(field refused)" = 5 ]
	teardown
	sink -Q MAIL # 421
	run -111 --separate-stderr timeout 40 smtp-load -j -n 5 "127.0.0.1:$port" $to
	[ "$(field deferred)" = 5 ]
}

@test "nobody listens: 111, and a long run is given up" {
	run -111 --separate-stderr timeout 40 smtp-load -j "127.0.0.1:$port" $to
	[ "$(field failed)" = 50 ]
	[[ $stderr == *"Connection refused"* ]]
	run -111 --separate-stderr timeout 40 smtp-load -j -o time=60 \
	    "127.0.0.1:$port" $to
	[ "$(field failed)" = 100 ]
}

@test "a server that closes, early or late: 111" {
	sink -q DATA
	run -111 --separate-stderr timeout 40 smtp-load -j -n 3 "127.0.0.1:$port" $to
	[ "$(field failed)" = 3 ]
	[[ $stderr == *"closed the connection"* ]]
	teardown
	serve <<-'END'
		def talk(f, c, number):
		    pass
	END
	run -111 --separate-stderr timeout 40 smtp-load -j -n 3 "127.0.0.1:$port" $to
	[ "$(field failed)" = 3 ]
}

@test "garbage, an endless line and endless replies: 111, in bounded memory" {
	serve <<-'END'
		def talk(f, c, number):
		    if number == 1:
		        f.write(b"\0\xff\x1b[2J garbage\r\n")
		    elif number == 2:
		        while True:
		            f.write(b"2" * 65536)
		    else:
		        while True:
		            f.write(b"220-more\r\n" * 1000)
	END
	limit=400000 # KB; the address sanitizer takes terabytes
	(ulimit -v $limit && smtp-load -o help >/dev/null) || limit=unlimited
	run -111 --separate-stderr timeout 40 bash -c "ulimit -v $limit
	    exec smtp-load -j -n 3 -c 1 127.0.0.1:$port $to"
	[ "$(field failed)" = 3 ]
	[[ $stderr == *"that is no reply" ]]
}

@test "a server that says nothing, or trickles, ends at the timeout" {
	serve <<-'END'
		import time
		def talk(f, c, number):
		    while True:
		        f.write(b"220-x\r\n")
		        time.sleep(0.1)
	END
	run -111 --separate-stderr timeout 40 smtp-load -j -n 1 -o timeout=0.5 \
	    "127.0.0.1:$port" $to
	[ "$(field failed)" = 1 ]
	[[ $stderr == *"no reply in time"* ]]
}

@test "the terminal is safe from a reply" {
	serve <<-'END'
		def talk(f, c, number):
		    f.write(b"554 \x1b[2J\x07 go away\r\n")
	END
	run -100 --separate-stderr timeout 40 smtp-load -j -n 1 "127.0.0.1:$port" $to
	[[ $stderr == *"554 ?[2J? go away" ]]
}

@test "-o reuse and -o pipelining keep a connection" {
	sink
	run -0 --separate-stderr timeout 40 smtp-load -j -n 50 -c 2 -o reuse=10 \
	    -o pipelining=1 "127.0.0.1:$port" $to
	[ "$(field accepted)" = 50 ]
	run -0 --separate-stderr timeout 40 smtp-load -j -n 50 -c 2 -o reuse=100 \
	    "127.0.0.1:$port" $to
	[ "$(field accepted)" = 50 ]
}

@test "-i starts a message at a time, -o time ends the run" {
	sink
	run -0 --separate-stderr timeout 40 smtp-load -j -n 5 -i 0.5 \
	    "127.0.0.1:$port" $to
	[ "$(field accepted)" = 5 ]
	python3 -c "assert 2 <= $(field seconds) < 4.5"
	run -0 --separate-stderr timeout 40 smtp-load -j -o time=2 \
	    "127.0.0.1:$port" $to
	python3 -c "assert 1.9 <= $(field seconds) < 4 and $(field accepted) > 36"
	run -0 --separate-stderr timeout 40 smtp-load -j -n 3 -i 0.1 -o reuse=9 \
	    -o source=127.0.0.3 "127.0.0.1:$port" $to
	[ "$(field accepted)" = 3 ]
}

@test "idle and dripping connections stand beside the load" {
	sink
	run -0 --separate-stderr timeout 40 smtp-load -j -n 20 -c 2 -o idle=30 \
	    -o drip=5 -o from=127.0.0.2 "127.0.0.1:$port" $to
	[ "$(field accepted)" = 20 ]
	[ "$(field idle)" = 35 ]
	[ "$(field idle_closed)" = 0 ]
	[ "$stderr" = "smtp-load: info: 35 idle connections are up" ]
	run -0 --separate-stderr timeout 40 smtp-load -n 0 -o idle=3 -o time=0.2 \
	    "127.0.0.1:$port" $to
}

@test "the time to the greeting is measured, idle connections apart" {
	serve <<-'END'
		import time
		def talk(f, c, number):
		    if number <= 2: # idle ones: a line early, the last one late
		        f.write(b"220-wait\r\n")
		        time.sleep(1.5)
		        f.write(b"220 x\r\n")
		        os.dup(c.fileno()) # stays open
		        return
		    if number == 3:
		        f.write(b"554 no\r\n")
		        return
		    time.sleep(0.6)
		    f.write(b"220 x\r\n")
		    for line in f:
		        if line.startswith(b"DATA"):
		            f.write(b"354 go\r\n")
		            while f.readline() != b".\r\n":
		                pass
		            time.sleep(0.9)
		        f.write(b"250 ok\r\n")
		        if line.startswith(b"QUIT"):
		            return
	END
	# the two wait in the queue of the server, which serves one at a time
	run -100 --separate-stderr timeout 40 smtp-load -j -n 3 -c 1 -o idle=2 \
	    "127.0.0.1:$port" $to
	[ "$(field greeted)" = 2 ]
	[ "$(field idle_greeted)" = 2 ]
	[ "$(field idle_up)" = 2 ]
	python3 -c "assert 590 < $(field greeting_ms.mean) < 870
assert $(field reply_ms.p50) > 1490
assert 1490 < $(field idle_greeting_ms.p50) < 2700 < \
    $(field idle_greeting_ms.max) < 4500
rate = 3 * 60 / $(field seconds)
assert abs($(field answered_per_minute) - rate) < 1 + rate / 100
assert abs($(field accepted_per_minute) - rate * 2 / 3) < 1 + rate / 100"
}

@test "a connection that is closed before it is greeted is not up" {
	serve <<-'END'
		def talk(f, c, number):
		    f.write(b"421 4.7.0 too many\r\n")
	END
	run -0 --separate-stderr timeout 40 smtp-load -j -n 0 -o idle=3 \
	    -o time=1 "127.0.0.1:$port" $to
	[ "$(field idle)" = 3 ]
	[ "$(field idle_closed)" = 3 ]
	[ "$(field idle_greeted)" = 0 ]
	[ "$(field idle_up)" = 0 ]
}

@test "idle connections come from their own address and drip an octet" {
	serve <<-'END'
		def talk(f, c, number):
		    f.write(b"220 x\r\n")
		    with open("peer", "w") as peer:
		        print(c.getpeername()[0], c.recv(9), file=peer)
	END
	run -0 --separate-stderr timeout 40 smtp-load -j -n 0 -o drip=1 \
	    -o from=127.0.0.2 -o time=4 "127.0.0.1:$port" $to
	[ "$(field idle_closed)" = 1 ]
	[ "$(cat peer)" = "127.0.0.2 b'N'" ]
}

@test "-w times the way into the Maildir, by rename, link and write" {
	mkdir -p md/new md/tmp
	keep
	( # a delivery agent, with a header of its own on top
		for n in 1 2 3 4 5 6; do
			until [ -e got.$n ]; do sleep 0.01; done
			sleep 0.1
			{ echo "Received: by us"; cat got.$n; } >md/tmp/$n
			echo other >md/new/other.$n
			case $((n % 3)) in
			0) mv md/tmp/$n md/new/$n ;;
			1) ln md/tmp/$n md/new/$n ;;
			2) cat md/tmp/$n >md/new/$n ;;
			esac
		done
	) 3>&- &
	run -0 --separate-stderr timeout 40 smtp-load -j -n 6 -c 2 -w md \
	    -o wait=30 "127.0.0.1:$port" $to
	[ "$(field accepted)" = 6 ]
	[ "$(field delivered)" = 6 ]
	[ "$(field lost)" = 0 ]
	python3 -c "assert $(field delivery_ms.mean) > 90"
}

@test "-w: what is accepted and does not come is lost: 111" {
	mkdir -p md/new
	sink
	run -111 --separate-stderr timeout 40 smtp-load -j -n 3 -w md -o wait=0.3 \
	    "127.0.0.1:$port" $to
	[ "$(field accepted)" = 3 ]
	[ "$(field lost)" = 3 ]
	run -111 --separate-stderr smtp-load -w nowhere "127.0.0.1:$port" $to
	[[ $stderr == *"cannot watch 'nowhere'"* ]]
}

@test "an interrupt ends the run with what is known: 111" {
	sink
	# but for --foreground it would send SIGCONT, too, and that takes away the
	# SIGSTOP by which LeakSanitizer, at the end, waits for all threads
	run -111 --separate-stderr timeout --foreground --preserve-status -s INT 3 \
	    smtp-load -j -o time=60 -i 0.1 \
	    "127.0.0.1:$port" $to
	[ "$(field messages)" -gt 2 ]
}

@test "IPv6" {
	[ -e /proc/net/if_inet6 ] || skip "no IPv6 here"
	run -111 --separate-stderr timeout 40 smtp-load -n 1 "[::1]:$port" $to
	[[ $stderr == *"Connection refused"* ]]
	run -111 --separate-stderr timeout 40 smtp-load -n 1 ::1 $to
	[[ $stderr == *"host:port"* ]]
}

@test "what is wrong on the command line: 111" {
	host=127.0.0.1:$port
	run -111 --separate-stderr smtp-load
	[[ $stderr == "usage: smtp-load "* ]]
	run -111 --separate-stderr smtp-load "$host"
	run -111 --separate-stderr smtp-load -z "$host" $to
	for words in "-n x" "-n -1" "-c 0" "-c 99999999" "-s 1G" "-i x" \
	    "-o invalid=101" "-o none=1" "-o reuse=0" "-n 0" \
	    "-f not@an@address" "-o helo=a_b@c" "-o from=::1"; do
		# shellcheck disable=SC2086
		run -111 --separate-stderr smtp-load $words "$host" $to
		[[ $stderr == *fatal* ]]
	done
	run -111 --separate-stderr smtp-load "$host" $'a@b\r\nDATA'
	run -111 --separate-stderr smtp-load "$host" $to no-such-file
	run -111 --separate-stderr smtp-load "127.0.0.1:port:" $to
}

@test "-o help lists what the page describes" {
	run -0 --separate-stderr smtp-load -o help
	for line in "${lines[@]}"; do
		name=${line%%=*}
		grep -q "^\.It Cm $name Ns =" "$BATS_TEST_DIRNAME/../man/smtp-load.1"
	done
	[ ${#lines[@]} = "$(grep -c '^\.It Cm .* Ns =' \
	    "$BATS_TEST_DIRNAME/../man/smtp-load.1")" ]
}

@test "a full disk for the result: 111" {
	sink
	run -111 --separate-stderr bash -c \
	    "timeout 40 smtp-load -n 1 127.0.0.1:$port $to >/dev/full"
	run -111 --separate-stderr bash -c \
	    "timeout 40 smtp-load -n 1 127.0.0.1:$port $to >&-"
}
