# Clients that want to do harm: bounded memory, the right code, and it lives on.
load lib.bash
load smtp-accept.bash

setup() {
	accept_setup
	case $(nm "$(command -v smtp-accept)" 2>/dev/null) in
	*__asan_init*) ROOM=400000 ;; # the sanitizer needs memory itself
	*) ROOM=24000 ;;
	esac
}

teardown() {
	accept_teardown
}

# peak PID: the most memory that it ever had, in KB.
peak() {
	sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}

# small: that of the server is within bounds.
small() {
	local now
	now=$(peak "$SERVER")
	[ "$now" -lt "$ROOM" ] || {
		echo "it had $now KB"
		return 1
	}
}

@test "a command without an end: 500, and the connection ends" {
	serve
	client <<-'E'
		for octets in (b"x" * 65536, b"EHLO " + b"x" * 65536,
		        b"MAIL FROM:<" + b" " * 65536, b"\0" * 65536):
		    p = Peer(P)
		    try:
		        for n in range(10 ** 7):
		            p.socket.sendall(octets)
		        sys.exit("no end")
		    except ConnectionError:
		        pass
		    try:
		        p.want("500 5.5.2 ")
		        p.gone()
		    except ConnectionError:
		        pass
		# a line that is a little too long, read to its end
		p = Peer(P)
		p.send(b"NOOP " + b"x" * 2100)
		p.want("500 5.5.2 ")
		p.gone()
	E
	small
}

@test "a message without an end: 552, and its worker stays small" {
	serve
	client "$SERVER" "$ROOM" <<-'E'
		import subprocess
		def peak():
		    pids = subprocess.run(["pgrep", "-P", sys.argv[1]],
		        capture_output=True, text=True).stdout.split()
		    sizes = []
		    for pid in pids:
		        if open("/proc/%s/comm" % pid).read() == "smtp-worker\n":
		            status = open("/proc/%s/status" % pid).read()
		            sizes.append(int(re.search(r"VmHWM:\s*(\d+)", status)[1]))
		    return max(sizes, default=0)
		for begin in b"", b"BDAT 100000000\r\n":
		    p = Peer(P)
		    p.envelope()
		    if begin:
		        p.send(begin)
		    else:
		        p.ask("DATA", "354")
		    seen = 0
		    try:
		        for n in range(16000):
		            p.send(b"x" * 65536)
		            if n % 100 == 0:
		                seen = max(seen, peak())
		        sys.exit("no end")
		    except ConnectionError:
		        pass
		    assert 0 < seen < int(sys.argv[2]), seen
		p = Peer(P)
		p.message(b"small\r\n")
	E
	small
	[ "$(delivered)" = 1 ]
}

@test "100,000 recipients: 452 for what is too many, 421 for unknown ones" {
	serve -o recipients=1000 -o tarpit=0 -o harvest=0
	client <<-'E'
		import threading
		def flood(form, count=100000):
		    p = Peer(P)
		    p.ask("EHLO client", "250")
		    p.ask("MAIL FROM:<a@b.example>", "250")
		    def write():
		        try:
		            for n in range(0, count, 1000):
		                p.socket.sendall(b"".join(b"RCPT TO:<%s>\r\n" % form(k)
		                    for k in range(n, n + 1000)))
		        except OSError:
		            pass
		    writer = threading.Thread(target=write)
		    writer.start()
		    codes = {}
		    for n in range(count):
		        reply = p.reply()
		        if reply is None:
		            break
		        codes[reply[:9]] = codes.get(reply[:9], 0) + 1
		    try:
		        p.socket.shutdown(socket.SHUT_RDWR)
		    except OSError:      # it has ended already
		        pass
		    writer.join()
		    return codes
		codes = flood(lambda n: b"talktome+%d@carol.example" % n)
		assert codes == {"250 2.1.5": 1000, "452 4.5.3": 99000}, codes
		codes = flood(lambda n: b"talktome@carol.example", 50000)
		assert codes == {"250 2.1.5": 50000}, codes
		codes = flood(lambda n: b"x%d@carol.example" % n)
		assert codes == {"550 5.1.1": 20, "421 4.7.0": 1}, codes
	E
	small
}

@test "commands octet by octet, and all of a session in odd pieces" {
	serve
	client <<-'E'
		text = (b"EHLO client\r\nMAIL FROM:<a@b.example>\r\n"
		    b"RCPT TO:<talktome@carol.example>\r\nDATA\r\nx\r\n.\r\n"
		    b"MAIL FROM:<a@b.example>\r\nRCPT TO:<talktome@carol.example>\r\n"
		    b"BDAT 3\r\nx\r\nBDAT 3 LAST\r\ny\r\nQUIT\r\n")
		for size in 1, 2, 3, 5, 7, 11, 50:
		    p = Peer(P)
		    p.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
		    for n in range(0, len(text), size):
		        p.send(text[n:n + size])
		        time.sleep(0.001)
		    p.want("250", plain=True)
		    for want in ("250", "250", "354", "250", "250", "250", "250", "250", "221"):
		        p.want(want)
		    p.gone()
	E
	[ "$(delivered)" = 14 ]
}

@test "NUL and control characters in commands: 5xx, and they end no string" {
	serve -o errors=1000
	client <<-'E'
		p = Peer(P)
		p.ask(b"EHLO a\0b", "501")
		p.ask(b"EHLO\0 b", "50[01]")
		p.ask(b"EHLO \x1b[2J", "501")
		p.ask(b"\0", "500")
		p.ask(b"EHLO client", "250")
		p.ask(b"MAIL FROM:<a@b.example\0>", "501")
		p.ask(b"MAIL FROM:<a@b.example>\0", "501|555")
		p.ask(b'MAIL FROM:<"a\0b"@b.example>', "501")
		p.ask(b'MAIL FROM:<"a\tb"@b.example>', "501")
		p.ask(b"MAIL FROM:<a\x01@b.example>", "501")
		p.ask(b"MAIL FROM:<a@b.example>", "250")
		p.ask(b"RCPT TO:<talktome@carol.example\0.elsewhere.example>", "501")
		p.ask(b"RCPT TO:<talktome\0x@carol.example>", "501")
		p.ask(b"RCPT TO:<talktome@carol.example>\0", "555|501")
		p.ask(b'RCPT TO:<"talktome\\\0"@carol.example>', "501")
		p.ask(b"DATA\0", "5")
		p.ask(b"QUIT\0", "5")
	E
}

@test "a session that is cut after any octet delivers only what got its 250" {
	serve "local=cat | maildir-deliver -o sync=0 mail"
	client <<-'E'
		start = (b"EHLO client\r\nMAIL FROM:<a@b.example>\r\n"
		    b"RCPT TO:<talktome@carol.example>\r\n")
		got = 0
		for text in (start + b"DATA\r\na: b\r\n\r\n..x\r\n.\r\nQUIT\r\n",
		        start + b"BDAT 8\r\na: b\r\n\r\nBDAT 3 LAST\r\nx\r\nQUIT\r\n"):
		    last = text.rfind(b"QUIT")
		    for n in range(len(text) + 1):
		        # half a connection: the replies can be read
		        p = Peer(P)
		        p.send(text[:n])
		        p.socket.shutdown(socket.SHUT_WR)
		        replies = []
		        while (reply := p.reply(plain=True)) is not None:
		            replies.append(reply)
		        done = len([r for r in replies if re.match("250 2.0.0 Ok [0-9a-f]{16}", r)])
		        assert done == (n >= last), (text[:n], replies)
		        got += done
		        if n < last:
		            p = Peer(P)
		            p.send(text[:n])
		            p.socket.close()
		open("got", "w").write(str(got))
	E
	one 250
	# what was done is there, and nothing else
	[ "$(delivered)" = $(($(cat got) + 1)) ]
	[ "$(left_in_tmp)" = 0 ]
	for file in mail/contact/new/*; do
		grep -q '^\.\?x' "$file"
	done
}

@test "cut under TLS, and with a reset, nothing is delivered and it lives on" {
	certificate mx
	serve -o cert=mx.pem "local=maildir-deliver -o sync=0 mail"
	client <<-'E'
		import struct
		text = (b"EHLO client\r\nMAIL FROM:<a@b.example>\r\n"
		    b"RCPT TO:<talktome@carol.example>\r\nDATA\r\na: b\r\n\r\nx\r\n.\r")
		for n in range(0, len(text) + 1, 5):
		    p = Peer(P)
		    p.ask("STARTTLS", "220")
		    if n % 2:
		        p.tls()
		    p.send(text[:n])
		    p.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
		        struct.pack("ii", 1, 0))
		    p.socket.close()
	E
	one 250
	[ "$(delivered)" = 1 ]
}

@test "a client that reads nothing is let go before it costs memory" {
	serve -o timeout=5
	client <<-'E'
		for line in b"EHLO client\r\n", b"NOOP\r\n", b"VRFY x\r\n", b"RSET\r\n":
		    p = Peer(P)
		    p.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
		    p.socket.settimeout(1)
		    try:
		        for n in range(1000):
		            p.send(line * 1000)
		    except OSError:      # the server does not read on, or has closed
		        p.socket.close()
		Peer(P).message(b"x\r\n")
	E
	small
}

@test "thousands of connections come and go: no descriptor, no process stays" {
	[ "$(id -u)" = 0 ] || skip "only root sees the server's descriptors"
	serve
	one 250
	sleep 0.1
	before=$(find "/proc/$SERVER/fd" | wc -l)
	client <<-'E'
		peers = []
		for n in range(3000):
		    s = socket.create_connection(("127.0.0.1", P))
		    if n % 3 == 0:
		        s.sendall(b"EHLO x\r\nQUIT\r\n")
		    if n % 3 == 1:
		        s.close()
		    peers.append(s)
		    if len(peers) > 300:
		        peers.pop(0).close()
		for s in peers:
		    s.close()
		for n in range(50):
		    p = Peer(P)
		    p.envelope()
		    p.ask("DATA", "354")
		    p.socket.close()
		p = Peer(P)
		p.message(b"x\r\n")
	E
	after() {
		[ "$(find "/proc/$SERVER/fd" | wc -l)" -le $((before + 16)) ]
	}
	wait_for 10 after
	no_zombies() {
		! pgrep -P "$SERVER" -r Z
	}
	wait_for 10 no_zombies
	small
}

@test "when descriptors run out it waits without spinning, and comes back" {
	BEFORE=(sh -c 'ulimit -n 64; exec "$@"' sh)
	serve
	client "$SERVER" <<-'E'
		peers = [socket.create_connection(("127.0.0.1", P)) for n in range(100)]
		time.sleep(0.5)
		def ticks():
		    stat = open("/proc/%s/stat" % sys.argv[1]).read()
		    fields = stat.rsplit(")", 1)[1].split()
		    return int(fields[11]) + int(fields[12])
		before = ticks()
		time.sleep(1)
		assert ticks() - before < os.sysconf("SC_CLK_TCK") // 4
		for s in peers:
		    s.close()
		Peer(P).message(b"x\r\n")
	E
	small
	[ "$(delivered)" = 1 ]
}

@test "noise, by itself and in the middle of sessions: it lives on" {
	serve "local=maildir-deliver -o sync=0 mail"
	client <<-'E'
		import random
		random.seed(1)
		words = [b"EHLO x", b"MAIL FROM:<a@b.example>", b"MAIL FROM:<>",
		    b"RCPT TO:<talktome@carol.example>", b"RCPT TO:<x@y>", b"DATA", b"RSET",
		    b"BDAT 3", b"BDAT 0 LAST", b"BDAT 9 LAST", b".", b"..", b"QUIT", b"x" * 600,
		    b"VRFY", b"STARTTLS", b"SIZE=9", b"\r\n", b"\r\n", b"\r\n", b"\0", b"\xff"]
		for n in range(400):
		    if n % 2:
		        octets = bytes(random.randrange(256) for k in range(300))
		    else:
		        octets = b"".join(random.choice(words) + b"\r\n" * random.randrange(2)
		            for k in range(60))
		    p = Peer(P)
		    p.send(b"EHLO x\r\n" * (n % 3 == 0) + octets)
		    p.socket.shutdown(socket.SHUT_WR)
		    while p.reply(plain=True) is not None:
		        pass
	E
	one 250
	small
}
