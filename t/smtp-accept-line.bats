# Who crowds, guesses, drips or talks too early costs the others nothing.
load lib.bash
load smtp-accept.bash

setup() {
	accept_setup
}

teardown() {
	accept_teardown
}

# from_there: a client program with connect(address), which connects from there.
from_there() {
	{
		cat <<-'E'
			def connect(source, port=0):
			    return socket.create_connection(("127.0.0.1", P),
			        source_address=(source, port))
			def peer(source, **more):
			    return Peer(connect(source), **more)
			def evicted(p):
			    p.want("421 4.7.0 ")
			    p.gone()
		E
		cat
	} | client
}

@test "without room the longest idle ones of the noisiest network go" {
	serve -o connections=100
	from_there <<-'E'
		quiet = [peer("127.0.4.1"), peer("127.0.5.1")]
		noisy = [peer("127.0.3.%d" % (n % 3 + 1)) for n in range(90)]
		noisy[0].ask("NOOP", "250")
		more = [peer("127.0.3.%d" % (n % 3 + 1)) for n in range(40)]
		late = [peer("127.0.6.%d" % n) for n in range(1, 6)]
		for p in noisy[1:30]:
		    evicted(p)
		noisy[0].ask("NOOP", "250")
		more[-1].ask("NOOP", "250")
		for p in quiet + late:
		    p.message(b"x\r\n")
	E
	[ "$(delivered)" = 7 ]
	[ "$(grep -c 'client=127.0.3.*end=evicted' log)" -ge 35 ]
	[ "$(grep 'end=evicted' log | grep -vc 'client=127.0.3')" = 0 ]
}

@test "a flood of connections: nobody outside of its source is refused" {
	serve -o connections=200
	from_there <<-'E'
		import threading
		stop = threading.Event()
		def flood():
		    crowd = []
		    while not stop.is_set():
		        try:
		            crowd.append(connect("127.0.3.1"))
		        except OSError:
		            pass
		        if len(crowd) > 500:
		            crowd.pop(0).close()
		threads = [threading.Thread(target=flood) for n in range(2)]
		for t in threads:
		    t.start()
		try:
		    for n in range(40):
		        peer("127.0.4.1").message(b"x\r\n")
		finally:
		    stop.set()
		    for t in threads:
		        t.join()
	E
	[ "$(delivered)" = 40 ]
	[ "$(grep 'end=evicted' log | grep -vc 'client=127.0.3.1')" = 0 ]
}

@test "a source that delivered good mail may hold more than one that did not" {
	serve -o connections=20 -o pool=1
	from_there <<-'E'
		for n in range(4):
		    for m in range(4):
		        p = peer("127.0.4.1")
		        p.message(b"x\r\n")
		        p.ask("QUIT", "221")
		known = [peer("127.0.4.1") for n in range(10)]
		noisy = [peer("127.0.3.1") for n in range(9)]
		newcomers = [peer("127.0.5.1") for n in range(2)]
		evicted(noisy[0])
		for p in known:
		    p.ask("NOOP", "250")
	E
}

@test "a command has its time, in however many octets it comes" {
	serve -o timeout=2
	from_there <<-'E'
		p = peer("127.0.0.1")
		start = time.monotonic()
		try:
		    for n in range(100):
		        p.send(b"x")
		        time.sleep(0.1)
		except OSError:
		    pass
		assert time.monotonic() - start < 8
		p = peer("127.0.0.1")
		p.envelope()
		p.ask("DATA", "354")
		try:
		    for n in range(100):
		        p.send(b"x")
		        time.sleep(0.1)
		except OSError:
		    pass
		assert time.monotonic() - start < 16
		# who says a whole command now and then may stay
		p = peer("127.0.0.1")
		for n in range(8):
		    time.sleep(0.4)
		    p.ask("NOOP", "250")
		p.message(b"x\r\n")
	E
	logged 'messages=0 .*end=timeout'
	logged 'accepted=1 .*messages=0 .*end=timeout'
	[ "$(delivered)" = 1 ]
}

@test "with little room there is less time, and fewer errors are borne" {
	serve -o connections=20
	from_there <<-'E'
		crowd = [peer("127.0.3.1", timeout=60) for n in range(19)]
		time.sleep(1.5)
		p = peer("127.0.4.1")
		for n in range(2):
		    p.ask("WHAT", "500")
		p.ask("WHAT", "500")
		p.want("421 4.7.0 ")
		start = time.monotonic()
		crowd[0].want("421 4.4.2 ")
		assert time.monotonic() - start < 30
	E
	logged 'client=127.0.3.1.*end=timeout'
}

@test "only commands that bring no mail: 421 after a hundred of them" {
	serve
	from_there <<-'E'
		p = peer("127.0.0.1")
		for n in range(100):
		    p.ask("NOOP", "250")
		p.ask("NOOP", "421 4.7.0 ")
		p.gone()
	E
}

@test "who guesses recipients waits longer each time, and nobody else does" {
	serve -o tarpit=0.4 -o harvest=0
	from_there <<-'E'
		p = peer("127.0.3.1")
		p.ask("EHLO me", "250")
		p.ask("MAIL FROM:<>", "250")
		def guess(n):
		    start = time.monotonic()
		    p.ask("RCPT TO:<nobody%d@carol.example>" % n, "550 5.1.1 ")
		    return time.monotonic() - start
		guess(1)
		guess(2) # after this it is 0.4 s, then 0.8 s
		start = time.monotonic()
		p.send(b"RCPT TO:<nobody3@carol.example>\r\n"
		    b"RCPT TO:<nobody4@carol.example>\r\nQUIT\r\n")
		other = peer("127.0.4.1")
		other.message(b"x\r\n")
		p.want("550")
		assert time.monotonic() - start >= 0.35
		p.want("550")
		assert time.monotonic() - start >= 1.1
		p.want("221")
		p.gone()
	E
}

@test "after -o harvest unknown recipients a source is refused, others are not" {
	serve -o tarpit=0 -o harvest=5
	from_there <<-'E'
		def guess(source, times):
		    for n in range(times):
		        p = peer(source)
		        p.ask("EHLO me", "250")
		        p.ask("MAIL FROM:<>", "250")
		        p.ask("RCPT TO:<x%d@carol.example>" % n, "550 5.1.1 ")
		        p.ask("QUIT", "221")
		guess("127.0.3.1", 6)
		for n in range(3):
		    p = peer("127.0.3.1", greeting=False)
		    p.want("421 4.7.0 ")
		    p.gone()
		peer("127.0.3.2").message(b"x\r\n")
		# within a worker, too
		p = peer("127.0.4.1")
		p.message(b"x\r\n")
		p.ask("MAIL FROM:<>", "250")
		for n in range(18):
		    p.ask("RCPT TO:<x%d@carol.example>" % n, "550 5.1.1 ")
		p.ask("QUIT", "221")
		p.gone()
		# as soon as the worker has told
		for n in range(100):
		    p = peer("127.0.4.1", greeting=False)
		    if p.want("220|421 4.7.0 ", plain=True)[:3] == "421":
		        break
		    p.ask("QUIT", "221")
		    time.sleep(0.1)
		else:
		    sys.exit("it is not refused")
	E
	[ "$(delivered)" = 2 ]
	# no line for each that is refused at once, but one for all
	[ "$(grep -c 'client=127.0.3.1' log)" = 6 ]
	stop_server
	grep -q 'refused=4 sources=2 worst=127.0.3.1:3,127.0.4.1:1' log
}

@test "who talks before the greeting is refused, or marked" {
	serve -o greet-delay=2
	from_there <<-'E'
		p = peer("127.0.3.1", greeting=False)
		p.send(b"EHLO me\r\n")
		p.want("554 5.5.1 ")
		p.gone()
		start = time.monotonic()
		patient = peer("127.0.4.1")
		assert time.monotonic() - start > 1.9
		patient.message(b"x\r\n")
		patient.ask("QUIT", "221")
		patient.gone()
		# a known good source does not wait, as soon as it is known
		for n in range(20):
		    start = time.monotonic()
		    patient = peer("127.0.4.1")
		    if time.monotonic() - start < 1.9:
		        break
		else:
		    sys.exit("it is not known")
	E
	logged 'client=127.0.3.1.*end=early'
	stop_server
	serve -o greet-delay=0.5 -o early=mark "local=tee frames | maildir-deliver mail"
	from_there <<-'E'
		p = peer("127.0.3.1", greeting=False)
		p.send(b"EHLO me\r\nMAIL FROM:<>\r\n")
		p.want("220", plain=True)
		p.want("250", plain=True)
		p.want("250 2.1.0 ")
		p.ask("RCPT TO:<talktome@carol.example>", "250")
		p.ask("DATA", "354")
		p.send(b".\r\n")
		p.want("250 ")
		peer("127.0.4.1").message(b"x\r\n")
	E
	[ "$(grep -ac '^early: yes$' frames)" = 1 ]
}

@test "a client that leaves or resets while it waits for the greeting" {
	serve -o greet-delay=0.5
	from_there <<-'E'
		import struct
		for n in range(20):
		    s = connect("127.0.3.1")
		    if n % 2:
		        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
		            struct.pack("ii", 1, 0))
		    s.close()
		peer("127.0.3.1").message(b"x\r\n")
	E
	[ "$(delivered)" = 1 ]
}

@test "a proxy that is listed says who the client is, in version 1 and 2" {
	serve -o proxy=127.0.3.1,127.0.9.0/24 -o harvest=2 -o tarpit=0 \
	    "local=tee frames | maildir-deliver mail"
	from_there <<-'E'
		import struct
		def v2(command, family, body):
		    return (b"\r\n\r\n\0\r\nQUIT\n" + bytes([0x20 | command, family]) +
		        struct.pack(">H", len(body)) + body)
		four = (socket.inet_aton("192.0.2.9") + socket.inet_aton("127.0.0.1") +
		    struct.pack(">HH", 4711, 25))
		six = (socket.inet_pton(socket.AF_INET6, "2001:db8::9") + bytes(16) +
		    struct.pack(">HH", 4712, 25))
		for header in (b"PROXY TCP4 192.0.2.7 127.0.0.1 4710 25\r\n",
		    v2(1, 0x11, four), v2(1, 0x21, six + b"\x04\0\x01x")):
		    p = peer("127.0.9.77", greeting=False)
		    for n in range(len(header)):
		        p.send(header[n:n + 1])
		    p.want("220", plain=True)
		    p.message(b"x\r\n")
		for header in (v2(0, 0, b""), b"PROXY UNKNOWN\r\n"):
		    p = peer("127.0.3.1", greeting=False)
		    p.send(header)
		    p.want("220", plain=True)
		    p.message(b"x\r\n")
		# the source that is accounted for is the client
		p = peer("127.0.3.1", greeting=False)
		p.send(b"PROXY TCP4 192.0.2.8 127.0.0.1 4710 25\r\n")
		p.want("220", plain=True)
		p.ask("EHLO me", "250")
		p.ask("MAIL FROM:<>", "250")
		for n in range(4):
		    p.ask("RCPT TO:<nobody%d@carol.example>" % n, "550")
		p.ask("QUIT", "221")
		for client, code in ("192.0.2.8", "421"), ("192.0.2.10", "220"):
		    p = peer("127.0.3.1", greeting=False)
		    p.send(b"PROXY TCP4 %s 127.0.0.1 4710 25\r\n" % client.encode())
		    p.want(code, plain=True)
	E
	for client in '192.0.2.7 4710' '192.0.2.9 4711' '2001:db8::9 4712'; do
		grep -aq "^client: $client\$" frames
	done
	[ "$(grep -ac '^client: 127.0.3.1 ' frames)" = 2 ]
	logged 'client=192.0.2.7:4710 '
}

@test "a proxy without a right header is closed on, a stranger's is no command" {
	serve -o proxy=127.0.3.1
	from_there <<-'E'
		for header in (b"EHLO me\r\n", b"PROXY TCP4 x y 1 2\r\n",
		    b"PROXY " + b"x" * 200, b"\r\n\r\n\0\r\nQUIT\n\x11\x11\0\0",
		    b"\r\n\r\n\0\r\nQUIT\n\x21\x11\xff\xff" + b"x" * 5000):
		    p = peer("127.0.3.1", greeting=False)
		    p.send(header)
		    p.gone()
		p = peer("127.0.4.1")
		p.ask("PROXY TCP4 192.0.2.7 127.0.0.1 4710 25", "500 5.5.1 ")
		p.message(b"x\r\n")
		# half a header, then nothing
		p = peer("127.0.3.1", greeting=False)
		p.send(b"PROXY TCP4 192")
		p.gone()
	E
	[ "$(grep -c 'end=proxy' log)" = 5 ]
	logged 'client=127.0.3.1.*end=timeout'
	run -1 grep -q 'client=192.0.2.7' log
}

@test "a handshake may follow the header of a proxy at once" {
	certificate mx
	IMPLICIT=1 serve -o cert=mx.pem -o implicit-tls=1 -o proxy=127.0.3.1
	from_there <<-'E'
		p = peer("127.0.3.1", greeting=False)
		p.send(b"PROXY TCP4 192.0.2.7 127.0.0.1 4710 25\r\n")
		p.tls()
		p.want("220", plain=True)
		p.message(b"x\r\n")
	E
	logged 'client=192.0.2.7:4710 .* tls=yes .*done=1'
}

@test "with pipelines busy and many waiting, the next one is not let begin" {
	serve -o pool=1 -o wait=6 -o workers=30 'local=stage.py wait go'
	from_there <<-'E'
		import select
		peers = []
		for n in range(18):
		    p = peer("127.0.%d.1" % (n + 3))
		    p.envelope()
		    p.ask("DATA", "354")
		    peers.append(p)
		for q in peers[:9]:
		    q.send(b"x\r\n.\r\n")
		    while not os.path.exists("seen"):
		        time.sleep(0.02)
		# as soon as the others of the nine are in front of the pipeline
		for n in range(100):
		    p = peer("127.0.99.%d" % (n + 1))
		    p.envelope()
		    p.send(b"DATA\r\n")
		    if not select.select([p.socket], [], [], 1)[0]:
		        break
		    p.want("354")
		    p.socket.close()
		# these wait when the nine are gone
		for q in peers[9:]:
		    q.send(b"x\r\n.\r\n")
		p.want("451 4.3.2 ")
		p.ask("NOOP", "250")
		open("go", "w").close()
		peers[0].want("250")
		for q in peers[1:]:
		    q.want("250|451 4.3.2 ")
		p.message(b"x\r\n")
	E
}

@test "one network cannot hold all workers" {
	serve -o workers=6 -o wait=4
	from_there <<-'E'
		for n in range(4):
		    p = peer("127.0.3.%d" % (n + 1))
		    p.envelope()
		    p.ask("DATA", "354")
		    globals()["keep%d" % n] = p
		p = peer("127.0.3.9")
		p.envelope()
		p.ask("DATA", "451 4.3.2 ")
		peer("127.0.4.1").message(b"x\r\n")
		keep0.send(b".\r\n")
		keep0.want("250")
		keep0.ask("QUIT", "221")
		p.message(b"x\r\n")
	E
	[ "$(delivered)" = 3 ]
}

@test "with all workers busy slow senders get less time" {
	serve -o workers=1 -o wait=30
	from_there <<-'E'
		slow = peer("127.0.3.1", timeout=60)
		slow.envelope()
		slow.ask("DATA", "354")
		start = time.monotonic()
		peer("127.0.4.1", timeout=60).message(b"x\r\n")
		assert 8 < time.monotonic() - start < 29
		slow.want("421 4.4.2 ")
	E
}

@test "-o memory: a message beyond its share goes into a file" {
	# where there can be no file, it shows which ones want one
	TMPDIR=$D/none serve -o memory=1M -o workers=10
	client <<-'E'
		line = b"x" * 78 + b"\r\n"
		Peer(P).message(line * 1000, "250 ")
		Peer(P).message(line * 1400, "451 4.3.0 ")
	E
	stop_server
	serve -o memory=1M -o workers=10
	client <<-'E'
		Peer(P).message((b"x" * 78 + b"\r\n") * 1400, "250 ")
	E
	[ "$(delivered)" = 2 ]
}

@test "a large message is not in the clear on disk before it is delivered" {
	[ "$(id -u)" = 0 ] || skip "only root sees the server's open files"
	TMPDIR=$D serve -o memory=1M -o workers=10
	export SERVER D
	client <<-'E'
		import glob
		p = Peer(P)
		p.envelope()
		p.ask("DATA", "354")
		line = b"this is what nobody else may read\r\n"
		p.send(b"\r\n" + line * 20000)
		def files():
		    for fd in glob.glob("/proc/[0-9]*/fd/[0-9]*"):
		        try:
		            name = os.readlink(fd)
		            if name.startswith(os.environ["D"] + "/#"):
		                yield open(fd, "rb").read()
		        except OSError:
		            pass
		end = time.monotonic() + 20
		while sum(map(len, files())) < 400000:
		    assert time.monotonic() < end
		    time.sleep(.1)
		assert not any(b"nobody else" in text for text in files())
		p.send(b".\r\n")
		p.want("250 ")
	E
	[ "$(bare "$(only_one)" | grep -c '^this is what nobody else may read$')" = 20000 ]
}
