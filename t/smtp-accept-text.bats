# The text of messages: line ends, dots, chunks, and what nobody may smuggle.
load lib.bash
load smtp-accept.bash

setup() {
	accept_setup
}

teardown() {
	accept_teardown
}

@test "a bare CR or LF in a command: 5xx, and the connection ends" {
	serve
	client <<-'E'
		for bad in (b"NOOP\n", b"NOOP\r", b"NO\rOP\r\n", b"NOOP\r\r\n", b"\n",
		        b"NOOP x\ny\r\n", b"NOOP\n\r\n", b"\r\nNOOP\n"):
		    p = Peer(P)
		    p.send(bad + b"NOOP\r\nNOOP\r\n")
		    reply = p.reply()
		    if bad[:2] == b"\r\n":
		        assert reply.startswith("500 "), reply
		        reply = p.reply()
		    assert re.match("500 5.5.2 ", reply), (bad, reply)
		    p.gone()
	E
}

@test "no sequence but CRLF.CRLF ends DATA, and none smuggles a message" {
	serve
	client <<-'E'
		ends = [b"\n.\n", b"\n.\r\n", b"\r.\r\n", b"\r\n.\n", b"\r\n\x00.\r\n",
		    b"\r.\r", b"\r.\n", b"\n.\r", b"\r\n.\r", b"\r\n.\x00\r\n",
		    b"\r\n.\r\r\n", b"\r\r\n.\r\r\n",
		    b"\r\n .\r\n", b"\r\n. \r\n", b"\r\n\x85.\x85", b"\n\n.\r\n",
		    b"\r\n\r.\r\n", b"\r\n.\n\r\n", b"\xe2\x80\xa8.\xe2\x80\xa8",
		    b"\r\n\xef\xbb\xbf.\r\n", b"\x00\r\n.\n\x00", b"\r\n=2E\r\n"]
		second = (b"MAIL FROM:<evil@example.net>\r\n"
		    b"RCPT TO:<shop-evil@carol.example>\r\nDATA\r\n"
		    b"Subject: smuggled\r\n\r\nevil\r\n.\r\n")
		for n, end in enumerate(ends):
		    for split in range(len(end) + 1):
		        p = Peer(P)
		        p.envelope()
		        p.ask("DATA", "354")
		        p.send(b"Subject: %d\r\n\r\nx" % n + end[:split])
		        p.send(end[split:] + second)
		        reply = p.reply()
		        assert reply[:3] in ("250", "550"), (end, reply)
		        if reply[:3] == "250":
		            assert b"\n.\r" not in end and b"\r.\r" not in end, end
		            p.ask("QUIT", "221")
		        p.gone()
	E
	# what came of it is one message each, for the recipient of its envelope
	[ ! -d mail/shop ]
	[ "$(delivered)" -gt 20 ]
	run -1 grep -r '^Return-Path: <evil' mail
	[ -z "$(grep -L 'Subject: smuggled' -r mail)" ]
}

@test "the end of DATA is found however the octets are cut" {
	serve
	client <<-'E'
		text = b"a: b\r\n\r\n..\r\n...x\r\n..\r\n.\r\n"
		p = Peer(P)
		for n in range(len(text) + 1):
		    p.envelope()
		    p.ask("DATA", "354")
		    p.send(text[:n])
		    time.sleep(0.005)
		    p.send(text[n:])
		    p.want("250")
		p.envelope()
		p.ask("DATA", "354")
		for octet in text:
		    p.send(bytes([octet]))
		    time.sleep(0.002)
		p.want("250")
	E
	[ "$(delivered)" = 27 ]
	printf 'a: b\n\n.\n..x\n.\n' >want
	for file in mail/contact/new/*; do
		bare "$file" | cmp - want
	done
}

@test "messages come out octet for octet: dots, 8-bit, NUL, long lines" {
	serve
	mkdir in out
	printf '' >in/empty
	printf '\n' >in/newline
	printf '.\n' >in/dot
	printf '..\n.\n...\n. .\n.x\n\n.\n' >in/dots
	printf 'Subject: \303\274\n\n\200\377\000\001\n\000\n' >in/eightbit
	head -c 1048576 /dev/zero | tr '\0' x >in/long
	echo >>in/long
	python3 -c 'import sys
sys.stdout.buffer.write(bytes(c for c in range(256) if c not in b"\r\n") + b"\n")' \
	    >in/octets
	for n in 990 997 998 999 1000 1001 4095 4096 4097 32767 32768 32769; do
		head -c "$n" /dev/zero | tr '\0' y
		echo
	done >in/lines
	printf '\tbegins with a blank\n folded\n' >in/folded
	printf 'Received: one\n\tof our kind\nDelivered-To: x\n\nb\n' >in/headers
	head -c 200000 /dev/urandom | tr '\r' '\n' >in/random
	echo >>in/random
	message in/middle 1048570
	echo >>in/middle
	message in/big 3000000
	echo >>in/big
	client in out <<-'E'
		import glob
		p = Peer(P)
		for path in sorted(os.listdir("in")):
		    octets = open("in/" + path, "rb").read()
		    p.message(wire(octets) if octets else b"")
		    new, = glob.glob("mail/contact/new/*")
		    os.rename(new, "out/" + path)
	E
	for file in in/*; do
		bare "out/${file#in/}" | cmp - "$file"
	done
}

@test "BDAT: chunks of any size make one message, octet for octet" {
	serve
	python3 -c 'import sys
sys.stdout.buffer.write(b"a: b\n\n.\n..\n.\n" + bytes(c for c in range(256)
    if c not in b"\r\n") + b"\nlast line without an end")' >want
	client <<-'E'
		text = open("want", "rb").read().replace(b"\n", b"\r\n")
		p = Peer(P)
		for size in (1, 2, 3, 7, 100, 1000):
		    p.envelope()
		    for at in range(0, len(text), size):
		        part = text[at:at + size]
		        last = b" LAST" if at + size >= len(text) else b""
		        p.send(b"BDAT %d%s\r\n" % (len(part), last) + part)
		        p.want("250 2")
		p.envelope()
		p.send(b"bdat %d\r\n" % len(text) + text)
		p.want("250 2")
		p.send(b"BDAT 0 LAST\r\n")
		p.want("250 2.0.0 Ok [0-9a-f]")
		p.envelope()
		p.send(b"BDAT %d\r\n" % len(text) + text + b"BDAT 0\r\nBDAT 0 last\r\nQUIT\r\n")
		for want in ("250", "250", "250 2.0.0 Ok [0-9a-f]", "221"):
		    p.want(want)
		p.gone()
	E
	[ "$(delivered)" = 8 ]
	for file in mail/contact/new/*; do
		bare "$file" | cmp - want
	done
}

@test "BDAT of nothing but LAST is an empty message" {
	serve
	client <<-'E'
		p = Peer(P)
		p.envelope()
		p.ask("BDAT 0 LAST", "250 2.0.0")
	E
	[ "$(bare "$(only_one)" | wc -c)" = 0 ]
}

@test "BDAT with bare CR or LF, in a chunk or across two: 550, then the end" {
	serve
	client <<-'E'
		for chunks in ([b"a\rb"], [b"a\nb"], [b"a\r", b"b"], [b"a\r"], [b"a", b"\nb"],
		        [b"\r\r\n"], [b"a\r\n\n"], [b"a\r", b"", b"\r\n"]):
		    p = Peer(P)
		    p.envelope()
		    for n, chunk in enumerate(chunks):
		        last = b" LAST" if n == len(chunks) - 1 else b""
		        p.send(b"BDAT %d%s\r\n" % (len(chunk), last) + chunk)
		    replies = [p.reply() for chunk in chunks]
		    replies = [r for r in replies if r is not None]
		    assert re.match("550 5.5.2 ", replies[-1]), (chunks, replies)
		    p.gone()
		# a CRLF across two chunks is one
		p = Peer(P)
		p.envelope()
		p.send(b"BDAT 2\r\na\r")
		p.want("250")
		p.send(b"BDAT 3 LAST\r\n\nb\r")
		p.want("550 5.5.2")
		p = Peer(P)
		p.envelope()
		p.send(b"BDAT 2\r\na\rBDAT 2 LAST\r\n\nb")
		p.want("250")
		p.want("250")
	E
	printf 'a\nb' >want
	bare "$(only_one)" | cmp - want
}

@test "BDAT out of order: its octets are swallowed, never taken for commands" {
	serve
	client <<-'E'
		p = Peer(P)
		p.send(b"BDAT 16 LAST\r\nFOO\r\nFOO\r\nQUIT\r\nNOOP\r\n")
		p.want("503 5.5.1")
		p.want("250 2.0.0")
		p.ask("EHLO client", "250")
		p.ask("MAIL FROM:<a@b.example>", "250")
		p.send(b"RCPT TO:<x@carol.example>\r\nBDAT 6 LAST\r\nQUIT\r\nNOOP\r\n")
		p.want("550 5.1.1")
		p.want("554 5.5.1")
		p.want("250 2.0.0")
		# no DATA and no RCPT between chunks; RSET takes all back
		p.ask("RCPT TO:<talktome@carol.example>", "250")
		p.send(b"BDAT 3\r\nabc")
		p.want("250")
		p.ask("DATA", "503 5.5.1")
		p.ask("RCPT TO:<shop-a@carol.example>", "503 5.5.1")
		p.ask("MAIL FROM:<a@b.example>", "503 5.5.1")
		p.ask("RSET", "250")
		p.send(b"BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n")
		p.want("503 5.5.1")
		p.want("250 2.0.0")
		p.message(b"x\r\n")
	E
	[ "$(bare "$(only_one)")" = x ]
}

@test "BDAT with a size that is none: 501, and the connection ends" {
	serve -o size=1M
	client <<-'E'
		for size in ("", "x", "-1", "1 2", "1 LASTING", "1 LAST x", "0x10",
		        "99999999999999999999", "4294967296", "4294967295"):
		    p = Peer(P)
		    p.envelope()
		    p.send(b"BDAT " + size.encode() + b"\r\nNOOP\r\nNOOP\r\n")
		    p.want("5[05][12] 5")
		    p.want("421 4.7.0")
		    p.gone()
	E
	[ "$(delivered)" = 0 ]
}

# CORPORA is a directory of other people's messages and test suites.

@test "the sequences that smuggling testers send end no message" {
	json=${CORPORA:-}/smtp/smuggling-sequences/end-of-data.json
	[ -f "$json" ] || skip "needs CORPORA"
	serve
	client "$json" <<-'E'
		import json
		tried = 0
		for case in json.load(open(sys.argv[1])):
		    end = bytes.fromhex(case["hex"])
		    p = Peer(P)
		    p.envelope()
		    p.ask("DATA", "354")
		    p.send(b"x" + end + b"NOOP smuggled\r\n.\r\n")
		    reply = p.reply()
		    if case["must_end_data"]:
		        assert reply.startswith("250 2.0.0 Ok "), case
		        p.want("250 2.0.0")
		    elif reply.startswith("250"):
		        p.ask("QUIT", "221")
		        p.gone()
		    else:
		        assert reply.startswith("550 5.5.2"), (case, reply)
		        p.gone()
		    tried += 1
		assert tried >= 10
	E
}

@test "octets of other people's SMTP sessions get replies, and it lives on" {
	dir=${CORPORA:-}/smtp
	[ -d "$dir/profuzzbench" ] || skip "needs CORPORA"
	serve -o errors=1000
	client "$dir" <<-'E'
		import pathlib
		seeds = []
		for path in pathlib.Path(sys.argv[1]).rglob("*"):
		    if path.is_file() and (path.suffix == ".raw" or
		            path.parts[-3:-1] == ("server", "scripts") or
		            path.parts[-2].startswith(("0900", "0901", "4710"))):
		        seeds.append(path)
		assert len(seeds) > 50, len(seeds)
		for path in sorted(seeds)[:400]:
		    octets = path.read_bytes()
		    for octets in (octets, octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")):
		        p = Peer(P)
		        p.send(octets[:100000] + b"\r\n.\r\nRSET\r\nQUIT\r\n")
		        p.socket.shutdown(socket.SHUT_WR)
		        while p.reply(plain=True) is not None:
		            pass
		Peer(P).message(b"x\r\n")
	E
	[ "$(delivered)" = 1 ]
}

@test "other people's messages go through octet for octet" {
	dir=${CORPORA:-}/mime
	[ -d "$dir" ] || skip "needs CORPORA"
	serve "local=stage.py store"
	mkdir in
	client "$dir" <<-'E'
		import pathlib, random
		random.seed(5321)
		files = sorted(p for p in pathlib.Path(sys.argv[1]).rglob("*") if p.is_file())
		p, sent = Peer(P), 0
		for path in random.sample(files, 210):
		    octets = path.read_bytes().replace(b"\r\n", b"\n").replace(b"\r", b"\n")
		    if not octets.endswith(b"\n"):
		        octets += b"\n"
		    reply = p.message(wire(octets), "250|554 5.4.6")
		    if reply[0] == "2":
		        open("in/" + reply.split()[-1], "wb").write(octets)
		        sent += 1
		assert sent >= 200, sent
	E
	for file in in/*; do
		bare "stored-${file#in/}" | cmp - "$file"
	done
}
