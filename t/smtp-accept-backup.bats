# A backup is for the time when the owner is away: -o backup=when-down.
load lib.bash
load smtp-accept.bash

setup() {
	accept_setup
	OWNER=
	PEER=
	export PEER_PORT
	PEER_PORT=$(free_port)
	rm nodes/bob.yaml
	node bob localhost
	# the owner's view: bob is himself, and there is nobody else
	mkdir bobs
	cp nodes/bob.yaml bobs
	ln -s bob.yaml bobs/self.yaml
}

teardown() {
	owner_down
	peer_down
	accept_teardown
}

# node NAME HOST: a manifest.
node() {
	cat >"nodes/$1.yaml" <<-END
		node:
		  name: $1
		  host: $2
		  domains: [$1.example]
		  key: 9C41D7E05B62F8A3170D4E96AB58C2F3E7710B4D
		mailboxes:
		  $1: {matches: '$1|robert'}
	END
}

# The owner's mail server, at PEER_PORT.
owner_up() {
	local PORT=$PEER_PORT
	smtp-accept -l "127.0.0.1:$PEER_PORT" -n bobs "${AS[@]}" local=cat \
	    2>>owner.log 3>&- &
	OWNER=$!
	SERVER=$OWNER wait_for 20 listening
	wait_for 10 grep -q end=quit owner.log
	: >owner.log
}
owner_down() {
	[ -z "$OWNER" ] || {
		kill "$OWNER"
		wait "$OWNER"
	}
	OWNER=
}

# knocks: how often the owner was asked whether he is there.
knocks() {
	grep -c 'helo= .* end=quit' owner.log
}

# peer: the Python program on standard input as the owner's mail server; it is
# run for each connection, with c as the socket.
peer() {
	peer_down
	cat >peer.py
	python3 -c 'if 1:
		import os, socket, sys, threading, time
		code = compile(open("peer.py").read(), "peer", "exec")
		s = socket.socket()
		s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		s.bind(("127.0.0.1", int(os.environ["PEER_PORT"])))
		s.listen(100)
		open("peer.up", "w").close()
		while True:
		    c = s.accept()[0]
		    threading.Thread(target=exec, args=(code, {"c": c,
			"time": time}), daemon=True).start()' 3>&- &
	PEER=$!
	wait_for 20 test -e peer.up
}
peer_down() {
	[ -z "$PEER" ] || {
		kill "$PEER"
		wait "$PEER" || :
	}
	PEER=
	rm -f peer.up
}

backup() {
	serve -o backup=when-down -o "backup-port=$PEER_PORT" \
	    -o backup-cache=1 -o tarpit=0 "$@" "local=maildir-deliver mail" \
	    "backup=tee -a backup | maildir-deliver mail"
}

prober() {
	pgrep -P "$(keeper)" smtp-prober
}

# rcpt REPLY [ADDRESS]: what a recipient gets.
rcpt() {
	client "$1" "${2-bob@bob.example}" <<-'E'
		p = Peer(P)
		p.ask("EHLO me", "250")
		p.ask("MAIL FROM:<a@example.net>", "250")
		p.ask("RCPT TO:<%s>" % sys.argv[2], sys.argv[1])
		p.ask("QUIT", "221")
	E
}

@test "while the owner is up his mail is deferred; when he is down it is taken (agamid 5.2)" {
	owner_up
	backup
	rcpt '451 4.3.2 .*try there'
	rcpt '250 ' talktome@carol.example
	logged "node 'bob' \(localhost\) is up"
	logged 'refused-to=<bob@bob.example> reply=451'
	owner_down
	wait_for 10 rcpt '250 '
	logged "node 'bob' \(localhost\) is down \(Connection refused\)"
	owner_up
	wait_for 10 rcpt '451 4.3.2 '
	# each state is said when it begins, however often he is asked
	[ "$(grep -c "node 'bob'.* is up" log)" = 2 ]
	[ "$(grep -c "node 'bob'.* is down" log)" = 1 ]
}

@test "mail for a node that is down goes through the route backup" {
	backup
	client <<-'E'
		p = Peer(P)
		p.envelope("bob@bob.example", "Robert@BOB.example")
		p.ask("DATA", "354")
		p.send(b"Subject: x\r\n\r\nx\r\n.\r\n")
		p.want("250 ")
	E
	grep -aq '^node: bob$' backup
	grep -aq '^recipient: bob bob@bob.example$' backup
	logged ' done=1 '
}

@test "a worker asks, too, for the second message of a connection" {
	owner_up
	backup
	client <<-'E'
		p = Peer(P)
		p.message(b"x\r\n")
		p.ask("MAIL FROM:<>", "250")
		p.ask("RCPT TO:<bob@bob.example>", "451 4.3.2 ")
		p.ask("RCPT TO:<talktome@carol.example>", "250")
	E
	[ "$(knocks)" = 1 ]
	owner_down
	wait_for 10 rcpt '250 '
	client <<-'E'
		p = Peer(P)
		p.message(b"x\r\n")
		time.sleep(1)
		p.ask("MAIL FROM:<>", "250")
		p.ask("RCPT TO:<bob@bob.example>", "250 ")
	E
}

@test "an address that the owner's manifest refuses is refused, up or down (agamid 5.1)" {
	owner_up
	backup
	rcpt '550 5.1.1 ' nobody@bob.example
	rcpt '550 5.7.1 ' bob@other.example
	[ "$(knocks)" = 0 ]
	owner_down
	rcpt '550 5.1.1 ' nobody@bob.example
	stop_server
	# a manifest that is broken might say more
	echo 'node: {' >nodes/other.yaml
	backup
	rcpt '451 4.3.0 ' bob@other.example
	rcpt '550 5.1.1 ' nobody@bob.example
	rcpt '250 ' bob@bob.example
}

@test "a greeting of 4xx or 5xx, or none, is down; of several lines it is up" {
	backup
	peer <<<'c.sendall(b"554 no\r\n"); c.recv(9)'
	rcpt '250 '
	logged "down \(it greets with 554\)"
	peer <<<'c.sendall(b"220-wait"); time.sleep(.3); c.sendall(b"\r\n220 x\r\n"); c.recv(9)'
	wait_for 10 rcpt '451 4.3.2 '
	peer <<<'c.sendall(b"421 later\r\n"); c.recv(9)'
	wait_for 10 rcpt '250 '
	peer <<<'c.sendall(b"2"); time.sleep(.2); c.sendall(b"20 x\r\n"); c.recv(9)'
	wait_for 10 rcpt '451 4.3.2 '
	peer <<<'c.close()'
	wait_for 10 rcpt '250 '
	logged 'it hangs up without a greeting'
	peer <<<'c.sendall(b"\n" * 10000)'
	sleep 1.1
	rcpt '250 '
	peer <<<'c.sendall(b"HTTP/1.1 400 no\r\n\r\n")'
	sleep 1.1
	rcpt '250 '
}

@test "an owner that accepts and does not greet is down after -o backup-wait" {
	backup -o backup-wait=2
	peer <<<'time.sleep(30)'
	rcpt '250 '
	logged 'down \(no greeting in time\)'
	# nor does one that comes octet by octet
	peer <<<$'for x in b"220 so slow":\n    c.sendall(bytes([x])); time.sleep(1)'
	sleep 1.1
	rcpt '250 '
	# nor is a greeting without end waited for
	peer <<<$'while True: c.sendall(b"220-x\\r\\n" * 1000)'
	wait_for 10 rcpt '451 4.3.2 '
}

@test "Postfix as the owner: it greets, greets late, with 5xx, with 4xx" {
	postfix() {
		peer_down
		/usr/sbin/smtp-sink "${AS[@]}" "$@" "127.0.0.1:$PEER_PORT" 100 3>&- &
		PEER=$!
		wait_for 20 up
	}
	up() {
		python3 -c 'if 1:
			import os, socket
			socket.create_connection(("127.0.0.1",
			    int(os.environ["PEER_PORT"])))' 2>/dev/null
	}
	backup -o backup-wait=1
	postfix
	rcpt '451 4.3.2 '
	postfix -W connect:30
	wait_for 20 rcpt '250 '
	logged 'is down \(no greeting in time\)'
	postfix
	wait_for 20 rcpt '451 4.3.2 '
	postfix -f connect
	wait_for 20 rcpt '250 '
	logged 'is down \(it greets with 5'
	postfix
	wait_for 20 rcpt '451 4.3.2 '
	postfix -r connect
	wait_for 20 rcpt '250 '
	logged 'is down \(it greets with 4'
}

@test "QUIT is said when the greeting has ended, and not before" {
	backup
	peer <<-'E'
		c.sendall(b"220-one\r\n")
		c.settimeout(0.5)
		try:
		    said = c.recv(99)
		except TimeoutError:
		    said = b"nothing "
		c.settimeout(5)
		c.sendall(b"220 two\r\n")
		said += c.recv(99)
		c.sendall(b"221 bye\r\n")
		open("said", "wb").write(said + c.recv(99))
	E
	rcpt '451 4.3.2 '
	wait_for 10 test -s said
	[ "$(tr -d '\r' <said)" = 'nothing QUIT' ]
}

@test "a name that leads nowhere is down; one good address of several is up" {
	node none mail.none.example
	node many mail.many.example
	{
		echo 'mail.many.example. 60 IN A 127.0.0.99'
		echo 'mail.many.example. 60 IN A 127.0.0.1'
		echo 'mail.many.example. 60 IN AAAA ::1'
	} >zone
	own zone
	owner_up
	backup -o zone=zone
	rcpt '250 ' none@none.example
	logged "node 'none'.*down \(no address: no such name\)"
	rcpt '451 4.3.2 ' many@many.example
	rcpt '451 4.3.2 '
	stop_server
	# whose name server is away, too
	backup -o "dns=127.0.0.1@$(free_port)" -o backup-wait=1
	rcpt '250 ' none@none.example
	rcpt '451 4.3.2 '
}

@test "the prober is killed: 451 until there is another one" {
	backup
	rcpt '250 '
	first=$(prober)
	kill -KILL "$first"
	logged 'the prober died'
	sleep 1.1
	rcpt '(451 4.3.2 .*[Nn]ot sure|250 )'
	again() {
		local now
		now=$(prober) && [ "$now" != "$first" ]
	}
	wait_for 20 again
	wait_for 20 rcpt '250 '
}

@test "a prober that hangs: 451 after a moment, and there is another one" {
	backup -o backup-wait=1
	rcpt '250 '
	first=$(prober)
	kill -STOP "$first"
	sleep 1.1
	rcpt '451 4.3.2 .*[Nn]ot sure'
	logged 'the prober does not answer'
	wait_for 20 rcpt '250 '
	kill -KILL "$first"
}

@test "200 connections at once, and a worker, knock once" {
	owner_up
	backup -o backup-cache=60
	client <<-'E'
		peers = [Peer(P) for n in range(200)]
		w = Peer(P)
		w.message(b"x\r\n")
		for p in peers + [w]:
		    p.send(b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bob@bob.example>\r\n"
		        b"RCPT TO:<talktome@carol.example>\r\n"
		        b"RCPT TO:<robert@bob.example>\r\nQUIT\r\n")
		for p in peers + [w]:
		    p.want("250", True)
		    for want in "250", "451 4.3.2 ", "250", "451 4.3.2 ", "221":
		        p.want(want)
	E
	wait_for 10 grep -q end=quit owner.log
	rcpt '451 4.3.2 '
	[ "$(knocks)" = 1 ]
}

@test "clients that leave while they wait, and a server that stops, cost nothing" {
	peer <<<'time.sleep(30)'
	backup -o backup-wait=1
	client <<-'E'
		for n in range(50):
		    p = Peer(P)
		    p.envelope("talktome@carol.example")
		    p.send(b"RCPT TO:<bob@bob.example>\r\n" * 3)
	E
	rcpt '250 '
	rcpt '250 ' talktome@carol.example
	sleep 1
	client <<-'E' &
		p = Peer(P)
		p.envelope("talktome@carol.example")
		p.send(b"RCPT TO:<bob@bob.example>\r\n")
		open("sent", "w").close()
		p.want("421 4.3.2 ")
	E
	talker=$!
	wait_for 30 [ -e sent ]
	sleep 0.5
	stop_server
	wait $talker
}

@test "new manifests count at once: another host is asked anew" {
	owner_up
	backup -o backup-cache=60
	rcpt '451 4.3.2 '
	node bob 127.0.0.1.nip.invalid
	kill -HUP "$SERVER"
	wait_for 10 rcpt '250 '
	[ "$(knocks)" = 1 ]
}

@test "by default nobody is asked; without the route it cannot be asked for" {
	owner_up
	serve "local=maildir-deliver mail" "backup=maildir-deliver mail"
	rcpt '250 '
	run -1 prober
	[ "$(knocks)" = 0 ]
	stop_server
	run -111 --separate-stderr smtp-accept -l 127.0.0.1:0 -n nodes \
	    "${AS[@]}" -o backup=when-down local=cat
	[[ $stderr = *'fatal: -o backup=when-down needs the route backup'* ]]
	run -111 --separate-stderr smtp-accept -l 127.0.0.1:0 -n nodes \
	    "${AS[@]}" -o backup=sometimes local=cat
	[[ $stderr = *'fatal: -o backup: always or when-down'* ]]
}

@test "the prober has no rights and is nobody's to read" {
	backup
	rcpt '250 '
	pid=$(prober)
	grep -q '^NoNewPrivs:.*1$' "/proc/$pid/status"
	if [ "$(id -u)" = 0 ]; then
		[ "$(stat -c %u "/proc/$pid/fd")" = 0 ] # not dumpable
		grep -q "^Uid:.$(id -u nobody)" "/proc/$pid/status"
	fi
	if ! nm "$(command -v smtp-accept)" | grep -q __asan_init; then
		grep -q '^Seccomp:.*2$' "/proc/$pid/status"
	fi
	kill -KILL "$(keeper)"
	STATUS=111
	wait_for 20 server_gone
	gone() {
		! kill -0 "$pid" 2>/dev/null
	}
	wait_for 20 gone
}
