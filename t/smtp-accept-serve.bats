# Where connections come from, what signals do, and real clients.
load lib.bash
load smtp-accept.bash

setup() {
	accept_setup
}

teardown() {
	accept_teardown
}

# launch COMMAND...: like serve, but with this whole command, which gets PORT.
launch() {
	"$@" 2>>log 3>&- &
	SERVER=$!
	wait_for 20 listening
	kill -0 $SERVER
}

# subject HOST PORT: of the certificate that is shown.
subject() {
	openssl s_client -connect "127.0.0.1:$PORT" "$@" </dev/null 2>/dev/null |
		openssl x509 -noout -subject | sed 's/.*CN *= *//'
}

@test "a port without an address is every address" {
	LISTEN='' serve
	client <<-'E'
		Peer(P).message(b"x\r\n")
	E
	if grep -q " lo$" /proc/net/if_inet6 2>/dev/null; then
		client <<-'E'
			Peer(P, "::1").message(b"x\r\n")
		E
		logged '^id=[0-9a-f]+ client=::1:[0-9]+ .*done=1'
	fi
	# an IPv4 client is not shown as a mapped one
	logged '^id=[0-9a-f]+ client=127\.0\.0\.1:[0-9]+ .*done=1'
}

@test "IPv6, and several -l" {
	grep -q " lo$" /proc/net/if_inet6 2>/dev/null || skip "no IPv6"
	other=$(free_port)
	HOST=::1 LISTEN='[::1]' serve -l "127.0.0.1:$other"
	client "$other" <<-'E'
		Peer(P, "::1").message(b"x\r\n", helo="[IPv6:::1]")
		Peer(int(sys.argv[1])).message(b"x\r\n")
		try:
		    Peer(P)
		    sys.exit("IPv4, too")
		except ConnectionRefusedError:
		    pass
	E
	[ "$(delivered)" = 2 ]
	grep -rqF 'Received: from [IPv6:::1] ([IPv6:::1])' mail
	grep -rqF 'Received: from client ([127.0.0.1])' mail
	logged '^id=[0-9a-f]+ client=::1:[0-9]+ helo=\[IPv6:::1\] .*done=1'
}

@test "-l :port is IPv4 and IPv6, and an IPv4 client is named as one" {
	grep -q " lo$" /proc/net/if_inet6 2>/dev/null || skip "no IPv6"
	LISTEN='' serve
	client <<-'E'
		Peer(P, "::1").message(b"x\r\n")
		Peer(P).message(b"x\r\n")
	E
	grep -rqF 'Received: from client ([IPv6:::1])' mail
	grep -rqF 'Received: from client ([127.0.0.1])' mail
}

@test "a listening socket on standard input" {
	PORT=$(free_port)
	launch python3 -c 'if 1:
		import os, socket, sys
		s = socket.create_server(("127.0.0.1", int(os.environ["PORT"])))
		os.dup2(s.fileno(), 0)
		os.execvp(sys.argv[1], sys.argv[1:])' smtp-accept "${AS[@]}" -n nodes \
	    "local=maildir-deliver mail"
	one 250
	one 250
	[ "$(delivered)" = 2 ]
}

@test "sockets of systemd" {
	[ -x "$(command -v systemd-socket-activate)" ] || skip "no systemd"
	PORT=$(free_port)
	other=$(free_port)
	launch systemd-socket-activate -l "127.0.0.1:$PORT" -l "127.0.0.1:$other" \
	    -E "PATH=$PATH" "$(command -v smtp-accept)" "${AS[@]}" -n nodes \
	    "local=maildir-deliver mail"
	one 250
	PORT=$other one 250
	[ "$(delivered)" = 2 ]
	# variables that were meant for another process are none of ours
	LISTEN_PID=1 LISTEN_FDS=1 run -111 --separate-stderr smtp-accept \
	    "${AS[@]}" -n nodes local=cat </dev/null
	[[ $stderr == *"standard input is not a socket"* ]]
}

@test "one connection from tcpserver" {
	[ -x "$(command -v tcpserver)" ] || skip "no tcpserver"
	PORT=$(free_port)
	launch tcpserver -H -R -l 0 127.0.0.1 "$PORT" smtp-accept "${AS[@]}" \
	    -n nodes "local=maildir-deliver mail"
	one 250
	client <<-'E'
		p = Peer(P)
		for n in range(3):
		    p.message(b"x\r\n")
		p.ask("QUIT", "221")
		p.gone()
		p = Peer(P)
		p.envelope()
		p.ask("DATA", "354")
		p.socket.close()
	E
	[ "$(delivered)" = 4 ]
	logged 'client=127.0.0.1:[0-9]+ helo=client .*messages=3'
	wait_for 10 sh -c "! pgrep -P $SERVER"
}

@test "one connection of inetd: 0 at its end, and no log to the client" {
	client "${AS[@]}" <<-'E'
		import subprocess
		ours, theirs = socket.socketpair()
		server = subprocess.Popen(["smtp-accept", *sys.argv[1:], "-n", "nodes",
		    "local=no-such-command; maildir-deliver mail"],
		    stdin=theirs, stdout=theirs, stderr=theirs)
		theirs.close()
		p = Peer(ours)
		p.message(b"x\r\n")
		p.ask("QUIT", "221")
		p.gone()
		assert server.wait(20) == 0
		# and with the log elsewhere
		ours, theirs = socket.socketpair()
		server = subprocess.Popen(["smtp-accept", *sys.argv[1:], "-n", "nodes",
		    "local=maildir-deliver mail"],
		    stdin=theirs, stdout=theirs, stderr=open("log", "w"))
		theirs.close()
		p = Peer(ours)
		p.ask("EHLO me", "250")
		p.socket.close()
		assert server.wait(20) == 0
	E
	[ "$(delivered)" = 1 ]
	grep -q '^id=.* client=unknown:0 helo=me ' log
}

@test "neither -l nor a socket: 111" {
	for from in /dev/null log pipe; do
		: >log
		if [ $from = pipe ]; then
			run -111 --separate-stderr sh -c ': | smtp-accept "$@"' sh \
			    "${AS[@]}" -n nodes local=cat
		else
			run -111 --separate-stderr smtp-accept "${AS[@]}" -n nodes \
			    local=cat <"$from"
		fi
		[[ $stderr == *"standard input is not a socket"* ]]
	done
	run -111 --separate-stderr sh -c 'smtp-accept "$@" <&-' sh "${AS[@]}" \
	    -n nodes local=cat
	[[ $stderr == *"standard input is not a socket"* ]]
}

@test "STARTTLS: once, without arguments, and all that was said is void" {
	certificate mx
	serve -o cert=mx.pem
	talk <<-'E'
		< 220
		> EHLO client
		< 250-(.*\n)+250-STARTTLS\n
		> STARTTLS now
		< 501 5\.5\.4
		> MAIL FROM:<a@b.example>
		< 250
		> STARTTLS
		< 220 2\.0\.0
		tls
		> RCPT TO:<talktome@carol.example>
		< 503 5\.5\.1
		> MAIL FROM:<a@b.example>
		< 503 5\.5\.1
		> EHLO client
		< 250-(?!(.*\n)*250.STARTTLS)
		> RCPT TO:<talktome@carol.example>
		< 503 5\.5\.1
		> STARTTLS
		< 503 5\.5\.1
		> MAIL FROM:<a@b.example>
		< 250
		> RCPT TO:<talktome@carol.example>
		< 250
		> DATA
		< 354
		> x\r\n.
		< 250
		> MAIL FROM:<a@b.example>
		< 250
		> RCPT TO:<talktome@carol.example>
		< 250
		> BDAT 3 LAST
		>> x\r\n
		< 250
		> QUIT
		< 221
		gone
	E
	[ "$(delivered)" = 2 ]
	for file in mail/contact/new/*; do
		grep -qx $'\t(TLSv1\.3 TLS_[A-Z0-9_]*)' "$file"
		grep -q 'with ESMTPS id' "$file"
	done
	logged 'helo=client tls=yes .*messages=2'
}

@test "what is sent along with STARTTLS is thrown away" {
	certificate mx
	serve -o cert=mx.pem
	client <<-'E'
		def check(p):
		    p.send(b"STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@x.example>\r\n"
		        b"RCPT TO:<talktome@carol.example>\r\n")
		    p.want("220")
		    p.tls()
		    p.ask("RSET", "250 2.0.0 Ok$")
		    p.ask("RCPT TO:<talktome@carol.example>", "503")
		    p.ask("QUIT", "221")
		    p.gone()
		check(Peer(P))
		p = Peer(P)          # and when a worker talks to us
		p.message(b"x\r\n")
		check(p)
	E
	[ "$(delivered)" = 1 ]
}

@test "no handshake, half of one, or an old protocol: the end, and it lives on" {
	certificate mx
	serve -o cert=mx.pem -o timeout=4
	client <<-'E'
		for octets in (b"NOOP\r\n" * 10, b"", b"\x16\x03\x01\x02\x00\x01", None):
		    p = Peer(P)
		    p.ask("EHLO half", "250")
		    p.ask("STARTTLS", "220")
		    if octets is None:
		        p.socket.close()
		        continue
		    p.send(octets)
		    try:
		        while p.socket.recv(1000):
		            pass
		    except ConnectionResetError:
		        pass
		p = Peer(P)
		p.ask("STARTTLS", "220")
		p.tls()
		p.ask("EHLO tls", "250")
		p.socket.close()     # without a goodbye
	E
	for old in -ssl3 -tls1 -tls1_1; do
		run -1 openssl s_client -connect "127.0.0.1:$PORT" -starttls smtp \
		    $old -cipher ALL@SECLEVEL=0 </dev/null
	done
	openssl s_client -connect "127.0.0.1:$PORT" -starttls smtp -tls1_2 \
	    </dev/null >out 2>&1
	grep -q 'Protocol *: TLSv1.2' out
	one 250
	logged 'helo=half .*end=tls'
}

@test "implicit TLS from the first octet, and nothing in the clear" {
	certificate mx
	IMPLICIT=1 serve -o cert=mx.crt -o key=mx.key -o implicit-tls=1 -o timeout=4
	client <<-'E'
		p = Peer(P, tls=True)
		assert "STARTTLS" not in p.ask("EHLO client", "250")
		p.message(b"x\r\n" * 100000)
		p.message(b"y\r\n")
		p.ask("QUIT", "221")
		p.gone()
		p = Peer(P, tls=True)    # all at once
		text = b"x" * 200000 + b"\r\n"
		p.send(b"EHLO client\r\n" + (b"MAIL FROM:<>\r\n"
		    b"RCPT TO:<talktome@carol.example>\r\nBDAT %d LAST\r\n" % len(text) +
		    text) * 3 + b"QUIT\r\n")
		p.want("250", plain=True)
		for want in ("250",) * 9 + ("221",):
		    p.want(want)
		p.gone()
		p = Peer(P, greeting=False)
		p.send(b"EHLO clear\r\nMAIL FROM:<>\r\n")
		try:
		    octets = b"".join(iter(lambda: p.socket.recv(1000), b""))
		except ConnectionResetError:
		    octets = b""
		assert not re.search(rb"\d\d\d", octets), octets
	E
	[ "$(delivered)" = 5 ]
}

@test "SIGHUP: new manifests and a new certificate, and broken ones change nothing" {
	certificate one
	certificate two
	cp one.pem cert.pem
	own cert.pem
	serve -o cert=cert.pem
	[ "$(subject -starttls smtp)" = one ]
	one 250 # an idle worker that knows the old manifests
	cat two.pem >cert.pem
	sed -i 's/talktome|/newname|/' nodes/carol.yaml
	kill -HUP $SERVER
	logged 'loaded anew'
	[ "$(subject -starttls smtp)" = two ]
	client <<-'E'
		p = Peer(P)
		p.ask("EHLO client", "250")
		p.ask("MAIL FROM:<>", "250")
		p.ask("RCPT TO:<talktome@carol.example>", "550 5.1.1")
		p.ask("RCPT TO:<newname@carol.example>", "250")
		p.ask("DATA", "354")
		p.ask("x\r\n.", "250")
		p.ask("MAIL FROM:<>", "250")
		p.ask("RCPT TO:<talktome@carol.example>", "550 5.1.1")
	E
	echo 'mailboxes: [' >nodes/carol.yaml
	echo 'no certificate' >cert.pem
	kill -HUP $SERVER
	logged 'nodes/(carol|self).yaml:[0-9]+: '
	logged "cannot load certificate 'cert.pem'"
	logged 'loaded anew, but for what is said above'
	[ "$(subject -starttls smtp)" = two ]
	client <<-'E'
		p = Peer(P)
		p.envelope("newname@carol.example")
		p.ask("DATA", "354")
		p.ask("x\r\n.", "250")
	E
	[ "$(delivered)" = 3 ]
	# a manifest of another node alone
	cp -R "$BATS_TEST_DIRNAME/../share/nodes/." nodes
	cat one.pem >cert.pem
	echo 'node: [' >nodes/bob.yaml
	kill -HUP $SERVER
	logged 'nodes/bob.yaml:[0-9]+: '
	wait_for 10 sh -c '[ $(grep -c "loaded anew" log) = 3 ]'
	one 250
	[ "$(subject -starttls smtp)" = one ]
}

@test "SIGHUP in the middle of a session or a delivery disturbs nobody" {
	serve -o pool=1 'local=stage.py wait go'
	client "$SERVER" <<-'E'
		import signal
		idle, half, waits = Peer(P), Peer(P), Peer(P)
		idle.ask("EHLO idle", "250")
		half.envelope()
		half.ask("DATA", "354")
		half.send(b"x\r\n")
		waits.envelope()
		waits.ask("DATA", "354")
		waits.send(b"x\r\n.\r\n")
		for n in range(5):
		    os.kill(int(sys.argv[1]), signal.SIGHUP)
		    idle.ask("NOOP", "250")
		open("go", "w").close()
		waits.want("250")
		half.send(b".\r\n")
		half.want("250")
		for p in half, waits, idle:
		    p.message(b"y\r\n")
	E
}

@test "SIGTERM: 421 to those who wait, running messages are finished, then 0" {
	serve -o pool=1 -o workers=2 'local=stage.py wait go'
	client "$SERVER" <<-'E'
		import signal
		idle, half, asked, queued, quiet = [Peer(P) for n in range(5)]
		idle.ask("EHLO idle", "250")
		half.envelope()
		half.ask("DATA", "354")
		half.send(b"x\r\n")
		asked.envelope()
		asked.ask("DATA", "354")
		asked.send(b"x\r\n.\r\n")
		while not os.path.exists("seen"):
		    time.sleep(0.02)
		queued.envelope()
		queued.send(b"DATA\r\n")
		idle.ask("NOOP", "250")
		os.kill(int(sys.argv[1]), signal.SIGTERM)
		for p in idle, queued, quiet:
		    p.want("421 4.3.2")
		    p.gone()
		try:
		    Peer(P)
		    sys.exit("still listening")
		except ConnectionRefusedError:
		    pass
		half.send(b".\r\n")
		time.sleep(0.2)
		os.kill(int(sys.argv[1]), signal.SIGTERM)
		open("go", "w").close()
		for p in asked, half:
		    p.want("250")
		    p.want("421 4.3.2")
		    p.gone()
	E
	[ "$(wc -l <seen)" = 2 ]
	logged 'helo=idle .*end=stop'
	wait_for 10 all_gone
	# teardown wants the server to be gone, with status 0
}

@test "SIGTERM and SIGINT with nobody there: 0 at once" {
	serve
	stop_server
	serve
	kill -INT $SERVER
	wait $SERVER
	SERVER=
}

@test "swaks, in the clear and under TLS" {
	[ -x "$(command -v swaks)" ] || skip "no swaks"
	certificate mx
	serve -o cert=mx.pem
	printf 'Subject: by swaks\n\n.dots\n..and more\nend\n' >m
	for how in '' -tls '-tls-optional' '-pipeline' '-tls -pipeline' \
	    '--protocol SMTP'; do
		# shellcheck disable=SC2086 # words
		swaks --server 127.0.0.1 --port "$PORT" --helo swaks.example \
		    --from a@b.example --to talktome@carol.example,shop-x@carol.example \
		    --data @m $how >out || {
			cat out
			return 1
		}
	done
	[ "$(delivered)" = 12 ]
	for file in mail/contact/new/*; do
		bare "$file" >out
		# swaks puts a header of its own in, and an empty line at the end
		sed '/^X-Mailer/d; $d' out | diff - m
	done
	run -24 swaks --server 127.0.0.1 --port "$PORT" --from a@b.example \
	    --to x@carol.example
	[[ $output == *"550 5.1.1"* ]]
}

@test "Python's smtplib, in the clear and under TLS" {
	certificate mx
	serve -o cert=mx.pem
	client <<-'E'
		import email.message, smtplib, ssl
		context = ssl._create_unverified_context()
		m = email.message.EmailMessage()
		m["Subject"] = "smtplib ü"
		m.set_content(".\n..\nüber\n" * 1000)
		for tls in False, True:
		    with smtplib.SMTP("127.0.0.1", P) as s:
		        if tls:
		            s.starttls(context=context)
		        for n in range(3):
		            s.send_message(m, "a@b.example",
		                ["talktome@carol.example", "shop-a@carol.example"])
		        refused = s.sendmail("a@b.example",
		            ["talktome@carol.example", "x@carol.example"], b"x: y\r\n\r\n\xff\r\n")
		        assert list(refused) == ["x@carol.example"], refused
		        assert s.verify("carol")[0] == 252
		        s.sendmail("ü@b.example", ["talktome@bücher.example"], b"x: y\r\n",
		            mail_options=["SMTPUTF8"])
		    with smtplib.SMTP("127.0.0.1", P) as s:
		        try:
		            s.sendmail("a@b.example", ["x@elsewhere.example"], b"x: y\r\n")
		            sys.exit("relayed")
		        except smtplib.SMTPRecipientsRefused:
		            pass
	E
	[ "$(delivered)" = 16 ]
}

@test "Postfix's smtp-source: hundreds of messages in parallel" {
	source=$(PATH=$PATH:/usr/sbin command -v smtp-source) || skip "no smtp-source"
	serve 'local=cat | maildir-deliver -o sync=0 mail'
	"$source" -s 20 -m 300 -l 4000 -f a@b.example -t talktome@carol.example \
	    "127.0.0.1:$PORT"
	"$source" -d -s 5 -m 100 -l 2000000 -f a@b.example \
	    -t talktome@carol.example "127.0.0.1:$PORT" &
	source=$!
	wait_for 30 sh -c '[ $(find mail -path "*/new/*" | wc -l) -ge 310 ]'
	one 250
	wait $source
	[ "$(delivered)" = 401 ]
	[ "$(left_in_tmp)" = 0 ]
	[ "$(find mail -path '*/new/*' -size -4k | wc -l)" = 1 ]
}

@test "what came over SMTP is there over IMAP, as it was sent" {
	[ -x /usr/lib/dovecot/imap ] || skip "no dovecot"
	certificate mx
	serve -o cert=mx.pem
	printf 'From: a@b.example\r\nSubject: \303\274\r\n\r\n.\r\n\377\r\nend\r\n' >m
	client <<-'E'
		p = Peer(P)
		p.ask("STARTTLS", "220")
		p.tls()
		text = open("m", "rb").read()
		p.message(text.replace(b"\r\n.", b"\r\n.."))
	E
	as=()
	[ "$(id -u)" != 0 ] || as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
	mkdir imap
	own imap
	cat >dovecot.conf <<-E
		log_path = $D/imap/log
		base_dir = $D/imap/run
		state_dir = $D/imap/state
		mail_location = maildir:$D/mail/contact
	E
	printf '%s\r\n' 'a select inbox' 'b fetch 1 body.peek[]' 'z logout' |
		"${as[@]}" env -i PATH="$PATH" USER=contact HOME="$D/imap" \
		    CONFIG_FILE="$D/dovecot.conf" /usr/lib/dovecot/imap >out 2>err
	grep -q '^z OK' out
	perl -0777 -ne 'print substr($2, 0, $1) if /BODY\[\] \{(\d+)\}\r\n(.*)/s' out >got
	tail -c "$(stat -c %s m)" got | cmp - m
	tr -d '\r' <got | grep -qx 'Return-Path: <a@example.net>'
}
