# Processes that are killed and disks that are full: a message is delivered once
# and whole with 250, or not delivered and not 250.
load lib.bash
load smtp-accept.bash

setup() {
	accept_setup
}

teardown() {
	accept_teardown
	[ ! -d small ] || umount small
}

@test "an idle pipeline whose stage is killed is replaced" {
	serve -o pool=1 'local=stage.py echo | stage.py say done'
	for n in 1 2 3 4; do
		one 250
		[ "$(wc -l <pids)" = $((n * 2)) ]
		# each in turn: the first stage, the last, both (of which the
		# server may have killed the second already)
		case $n in
		1) kill -KILL "$(tail -n 1 pids)" ;;
		2) kill -KILL "$(tail -n 2 pids | head -n 1)" ;;
		3) tail -n 2 pids | xargs kill -KILL || : ;;
		4) tail -n 2 pids | xargs kill -TERM || : ;;
		esac
		wait_for 10 all_gone # the other one of the pipeline, too
	done
	one 250
	[ "$(wc -l <pids)" = 10 ]
	logged "route 'local': a stage was killed by signal 9"
}

@test "a stage killed at every 4 KB: 451 and nothing, then the next is whole" {
	for line in 'stage.py kill | maildir-deliver -o sync=0 mail' \
	    'cat | stage.py kill | cat | maildir-deliver -o sync=0 mail'; do
		serve -o pool=1 "local=$line"
		client <<-'E'
			import glob
			whole = b"X-Kill: %d\r\n\r\n" + (b"x" * 78 + b"\r\n") * 1200
			p = Peer(P)
			for n in range(0, len(whole), 4096):
			    p.message(b"Subject: before\r\n\r\n", "250 ")
			    p.message(whole % n, "451 4\.3\.0 ")
			p.message(b"Subject: last\r\n\r\n", "250 ")
			new = glob.glob("mail/contact/new/*")
			assert len(new) == len(range(0, len(whole), 4096)) + 1, len(new)
			for path in new:
			    assert b"X-Kill" not in open(path, "rb").read()
			    os.unlink(path)
			assert not glob.glob("mail/contact/tmp/*")
		E
		stop_server
	done
}

@test "a delivering stage killed while it reads: 451, and nothing in new/" {
	cat >feed <<-'E'
		#!/usr/bin/env python3
		# hands a part of the frame to the real stage and kills it
		import os, subprocess, sys
		sys.argv[1:] = ["feed"]
		real = subprocess.Popen(["maildir-deliver", "-o", "sync=0", "mail"],
		    stdin=subprocess.PIPE)
		while True:
		    head = b""
		    while not head.endswith(b"\n\n"):
		        line = sys.stdin.buffer.readline()
		        if not line:
		            sys.exit(0)
		        head += line
		    size = int(head.split(b"\nsize: ")[1].split(b"\n")[0])
		    frame = head + sys.stdin.buffer.read(size)
		    frame += sys.stdin.buffer.readline() + sys.stdin.buffer.readline()
		    cut = frame.find(b"X-Kill: ")
		    if cut >= 0:
		        real.stdin.write(frame[:int(frame[cut + 8:].split()[0])])
		        real.stdin.flush()
		        real.kill()
		        real.wait()
		        os.kill(os.getpid(), 9)
		    real.stdin.write(frame)
		    real.stdin.flush()
	E
	chmod 755 feed
	serve -o pool=1 'local=./feed'
	client <<-'E'
		import glob
		whole = b"X-Kill: %d\r\n\r\n" + (b"x" * 78 + b"\r\n") * 600
		p, n = Peer(P), 0
		for n in range(0, len(whole), 4096):
		    p.message(b"Subject: before\r\n\r\n", "250 ")
		    p.message(whole % n, "451 4\.3\.0 ")
		p.message(b"Subject: last\r\n\r\n", "250 ")
		new = glob.glob("mail/contact/new/*")
		assert len(new) == len(range(0, len(whole), 4096)) + 1, len(new)
		assert not [path for path in new if b"X-Kill" in open(path, "rb").read()]
	E
}

@test "a worker that is killed: the client sees the end, and the next is fine" {
	serve -o pool=1 'local=maildir-deliver mail'
	client <<-'E' &
		import signal
		for text in (b"", b"half a line", b"x\r\n" * 100000):
		    p = Peer(P)
		    p.envelope()
		    p.ask("DATA", "354")
		    p.send(text)
		    open("kill", "w").close()
		    p.gone()
	E
	client=$!
	for n in 1 2 3; do
		wait_for 20 test -e kill
		rm kill
		[ -n "$(workers)" ]
		workers | xargs kill -KILL
	done
	wait $client
	one 250
	[ "$(delivered)" = 1 ]
	[ "$(left_in_tmp)" = 0 ]
	logged 'a worker was killed by signal 9'
}

@test "a worker that is killed in a delivery takes its pipeline with it" {
	serve -o pool=1 'local=stage.py wait go'
	client <<-'E' &
		p = Peer(P)
		p.envelope()
		p.ask("DATA", "354")
		p.send(b"x\r\n.\r\n")
		p.gone()
	E
	client=$!
	wait_for 20 test -s seen
	workers | xargs kill -KILL
	wait $client
	wait_for 10 all_gone
	touch go
	one 250
	[ "$(wc -l <pids)" = 2 ]
}

@test "stages that are killed at random: 250 if and only if it is there, once" {
	serve -o pool=3 'local=stage.py echo | maildir-deliver -o sync=0 mail'
	client <<-'E'
		import glob, signal, threading
		replies, stop, lock = {}, threading.Event(), threading.Lock()
		def send(name):
		    p = Peer(P)
		    for n in range(40):
		        word = "%s-%d" % (name, n)
		        reply = p.message(b"Subject: %s\r\n\r\n" % word.encode() +
		            (b"x" * 78 + b"\r\n") * 500, "250 2|451 4")
		        with lock:
		            replies[word] = reply[:3]
		def kill():
		    killed = 0
		    while not stop.is_set():
		        for pid in list(open("pids"))[killed:] if os.path.exists("pids") else ():
		            try:
		                os.kill(int(pid), signal.SIGKILL)
		            except ProcessLookupError:
		                pass
		            killed += 1
		            stop.wait(0.03)
		        stop.wait(0.01)
		killer = threading.Thread(target=kill)
		killer.start()
		senders = [threading.Thread(target=send, args="%d" % n) for n in range(8)]
		for t in senders:
		    t.start()
		for t in senders:
		    t.join()
		stop.set()
		killer.join()
		there = []
		for path in glob.glob("mail/contact/new/*"):
		    text = open(path).read()
		    assert text.count("x" * 78) == 500
		    there.append(re.search("Subject: (.*)", text)[1])
		said = [word for word, code in replies.items() if code == "250"]
		assert len(replies) == 320 and "451" in replies.values()
		assert sorted(there) == sorted(said), (len(there), len(said))
	E
	one 250
}

@test "the loop is killed: deliveries end well, and no process stays" {
	serve -o pool=1 'local=stage.py wait go'
	client "$SERVER" <<-'E'
		import signal
		peers = [Peer(P) for n in range(3)]
		for p in peers[:2]:
		    p.envelope()
		    p.ask("DATA", "354")
		    p.send(b"x\r\n.\r\n")
		    while not os.path.exists("seen"):
		        time.sleep(0.02)
		time.sleep(0.1)
		os.kill(int(sys.argv[1]), signal.SIGKILL)
		peers[2].gone()
		peers[1].want("451 4.3.0")
		open("go", "w").close()
		peers[0].want("250")
		for p in peers[:2]:
		    p.ask("QUIT", "221")
		    p.gone()
	E
	STATUS=137
	wait_for 10 all_gone
	[ "$(wc -l <seen)" = 1 ]
}

@test "a Maildir that cannot be written: 451, nothing in tmp/, and it mends" {
	[ "$(id -u)" != 0 ] || chown root mail
	chmod 555 mail
	serve
	one '451 4\.3\.0'
	chmod 755 mail
	own mail
	one 250
	stop_server
	serve "local=sh -c 'ulimit -f 4; exec maildir-deliver mail'"
	client <<-'E'
		Peer(P).message((b"x" * 78 + b"\r\n") * 1000, "45[12] 4.3.[01]")
	E
	[ "$(delivered)" = 1 ]
	[ "$(left_in_tmp)" = 0 ]
}

@test "no place for the temporary file: 4xx, and small messages go through" {
	local big='Peer(P).message((b"x" * 78 + b"\r\n") * 30000,'
	TMPDIR=$D/none serve
	client <<<"$big '451 4.3.0')"
	one 250
	logged 'message cannot be kept: No such file or directory'
	stop_server
	BEFORE=(sh -c 'ulimit -f 1000; exec "$@"' sh)
	serve
	client <<<"$big '45[12] 4.3.[01]')"
	one 250
	[ "$(delivered)" = 2 ]
}

@test "a full file system: 452 4.3.1, nothing in tmp/, and it goes on" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	mkdir small
	mount -t tmpfs -o size=1500k,mode=1777 small small 2>/dev/null || {
		rmdir small
		skip "cannot mount"
	}
	mkdir small/mail
	own small/mail
	serve -o free=0 "local=maildir-deliver small/mail"
	client <<-'E'
		p = Peer(P)
		p.message((b"x" * 78 + b"\r\n") * 20000, "452 4.3.1 ")
		p.message(b"x\r\n", "250 ")
	E
	[ "$(find small -path '*/tmp/*' | wc -l)" = 0 ]
	stop_server
	# and one for the server's own temporary files
	TMPDIR=$D/small serve -o free=0
	client <<-'E'
		p = Peer(P)
		p.message((b"x" * 78 + b"\r\n") * 30000, "452 4.3.1 ")
		p.message(b"x\r\n", "250 ")
	E
	[ "$(delivered)" = 1 ]
	stop_server
}

@test "too little room on a disk: 452 at MAIL, until there is some again" {
	[ "$(id -u)" = 0 ] || skip "needs root"
	mkdir small
	mount -t tmpfs -o size=1500k,mode=1777 small small 2>/dev/null || {
		rmdir small
		skip "cannot mount"
	}
	serve -o disk=small -o free=1M
	one 250
	head -c 1000000 /dev/zero >small/file
	logged 'disk full: no mail is taken'
	client <<-'E'
		p = Peer(P)
		p.ask("EHLO me", "250")
		p.ask("MAIL FROM:<>", "452 4.3.1 ")
		p.ask("NOOP", "250")
	E
	rm small/file
	logged 'disk has room again'
	one 250
	stop_server
}
