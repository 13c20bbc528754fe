# Pipelines: whatever a stage does, a message is delivered once and whole with
# 250, or not delivered and not 250.
load lib.bash
load smtp-accept.bash

setup() {
	accept_setup
}

teardown() {
	accept_teardown
}

# script FILE: makes a stage of standard input.
script() {
	{
		echo '#!/bin/sh'
		cat
	} >"$1"
	chmod 755 "$1"
}

@test "a line of words and | runs without a shell, every other one with it" {
	script stage <<-'E'
		echo "$1 $PPID" >ppid
		exec maildir-deliver mail
	E
	serve 'local=./stage a+b:c,d@e=%f/g | cat'
	one 250
	[ "$(cat ppid)" = "a+b:c,d@e=%f/g $(keeper)" ]
	stop_server
	serve "local=./stage 'a b' | cat; true"
	one 250
	read -r a b shell <ppid
	[ "$a $b" = "a b" ]
	[ "$shell" != "$SERVER" ]
}

@test "done is 250, reject and defer are what the stage says, all else is 451" {
	while IFS=: read -r say want; do
		serve "local=stage.py say $say"
		one "$want" || {
			echo "verdict: $say"
			return 1
		}
		stop_server
	done <<-'E'
		done:250 2\.0\.0 Ok [0-9a-f]{16}-1$
		pass:451 4\.3\.0
		reject 550 5.7.1 no thanks:550 5\.7\.1 no thanks$
		reject 552 5.3.4 big:552 5\.3\.4 big$
		defer 452 4.2.2 full:452 4\.2\.2 full$
		reject 450 4.0.0 what:[45]
		reject 250 2.0.0 what:[45]
		defer 250 2.0.0 what:451
		maybe:451 4\.3\.0
		done 250 2.0.0 yes:451 4\.3\.0
	E
}

@test "garbage, a wrong id or sum, half an answer, none, an exit: 451" {
	for how in garbage other-id wrong-sum cut echo 'leave 0' 'leave 99' \
	    'leave 100' 'leave 111' die 'exit 0' 'exit 99' 'exit 100' close; do
		serve -o deadline=5 "local=stage.py $how"
		one '451 4\.3\.0 ' || {
			echo "stage: $how"
			return 1
		}
		kill -0 "$SERVER"
		stop_server
		wait_for 10 all_gone
		rm -f pids
	done
	grep -q 'pipeline gives a wrong answer' log
	grep -q 'pipeline gives no verdict' log
	grep -q 'no stage took the message' log
	grep -q "route 'local': a stage exited with 100" log
}

@test "a stage that answers twice is not asked again" {
	serve -o pool=1 "local=stage.py twice"
	one 250
	one 250
	[ "$(wc -l <pids)" = 2 ]
	stop_server
	rm pids seen
	# the second answer comes late: it can be no other message's verdict
	serve -o pool=1 "local=stage.py stale"
	one 250
	wait_for 10 [ -e late ]
	one '451 4\.3\.0'
	one 250
	[ "$(wc -l <pids)" = 2 ]
}

@test "a stage that takes no message, or gives no verdict: 451 at the deadline, and the whole group is killed" {
	for line in 'stage.py sleep' 'stage.py deaf' 'stage.py half' \
	    'stage.py echo | stage.py sleep' 'stage.py sleep | stage.py echo' \
	    'sh -c "echo \$\$ >>pids; sleep 1000 & echo \$! >>pids; wait"'; do
		serve -o deadline=1 "local=$line"
		client <<-'E'
			p = Peer(P)
			start = time.monotonic()
			p.message((b"x" * 78 + b"\r\n") * 20000, "451 4\.3\.0")
			assert 0.9 < time.monotonic() - start < 8
			p.ask("QUIT", "221")
		E
		[ -s pids ]
		wait_for 10 all_gone
		rm pids
		stop_server
	done
	grep -q 'pipeline gives no verdict: time is up' log
}

@test "a command that does not exist: 451 and a clear line, and the server lives" {
	for line in no-such-command 'no-such-command | cat' 'cat | no-such-command x' \
	    'cat | ./nodes'; do
		: >log
		serve -o wait=5 "local=$line"
		one '451 4\.3\.0'
		one '451 4\.3\.0'
		grep -Eq "cannot run '(no-such-command|\./nodes)': (No such file|Permission)" log
		stop_server
	done
	serve 'local=no-such-command; exit 5'
	one '451 4\.3\.0'
	grep -q "route 'local': a stage exited with 5" log
}

@test "a pipeline carries many messages, and -o recycle of them at most" {
	serve -o pool=1 'local=stage.py say done'
	client <<-'E'
		p = Peer(P)
		for n in range(20):
		    p.message(b"x\r\n")
	E
	[ "$(wc -l <pids)" = 1 ]
	stop_server
	wait_for 10 all_gone
	rm pids
	serve -o pool=1 -o recycle=3 'local=stage.py say done'
	client <<-'E'
		p = Peer(P)
		for n in range(10):
		    p.message(b"x\r\n")
	E
	[ "$(wc -l <pids)" = 4 ]
	rm pids
	stop_server
	serve -o recycle=1 'local=stage.py say done'
	for n in 1 2 3 4; do one 250; done
	[ "$(wc -l <pids)" = 4 ]
	wait_for 10 all_gone
	[ "$(grep -c 'stage exited\|stage was killed' log)" = 0 ]
}

@test "-o pool pipelines work at a time" {
	serve -o pool=2 'local=stage.py wait go'
	client <<-'E'
		peers = [Peer(P) for n in range(3)]
		for p in peers:
		    p.envelope()
		    p.ask("DATA", "354")
		    p.send(b"x\r\n.\r\n")
		while not os.path.exists("seen") or len(list(open("seen"))) < 2:
		    time.sleep(0.02)
		time.sleep(0.3)
		assert len(list(open("seen"))) == 2
		open("go", "w").close()
		for p in peers:
		    p.want("250")
	E
	[ "$(wc -l <pids)" = 2 ]
}

@test "who waits for a pipeline waits at most -o wait, then 451" {
	serve -o pool=1 -o wait=3 'local=stage.py wait go'
	client <<-'E'
		one, two = Peer(P), Peer(P)
		for p in one, two:
		    p.envelope()
		    p.ask("DATA", "354")
		    p.send(b"x\r\n.\r\n")
		    while p is one and not os.path.exists("seen"):
		        time.sleep(0.02)
		two.want("451 4.3.2 ")
		two.ask("RSET", "250")
		open("go", "w").close()
		one.want("250")
		two.message(b"x\r\n")
	E
	[ "$(wc -l <seen)" = 2 ]
}

@test "no worker in time: 451 instead of 354, and the session goes on" {
	serve -o workers=1 -o wait=3
	client <<-'E'
		one, two = Peer(P), Peer(P)
		one.envelope()
		one.ask("DATA", "354")
		two.envelope()
		two.send(b"DATA\r\nRSET\r\n")
		two.want("451 4.3.2 ")
		two.want("250")
		two.envelope()
		two.send(b"BDAT 6 LAST\r\nQUIT\r\nNOOP\r\n")
		two.want("451 4.3.2 ")
		two.want("250 2.0.0")
		one.send(b"x\r\n.\r\n")
		one.want("250")
		one.ask("QUIT", "221")
		two.ask("RSET", "250")
		two.message(b"y\r\n")
	E
	[ "$(delivered)" = 2 ]
}

@test "a client that waits for a worker gets it when one is free" {
	serve -o workers=1
	client <<-'E'
		one, two = Peer(P), Peer(P)
		one.envelope()
		one.ask("DATA", "354")
		two.envelope()
		two.send(b"DATA\r\n")
		time.sleep(0.1)
		one.send(b"x\r\n.\r\nQUIT\r\n")
		one.want("250")
		one.want("221")
		one.gone()
		two.want("354")
		two.send(b"y\r\n.\r\n")
		two.want("250")
	E
	[ "$(delivered)" = 2 ]
}
