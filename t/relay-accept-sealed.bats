# relay-accept with what was really sealed: alice and bob bring carol her mail.
load lib.bash
load seal.bash

setup_file() {
	seal_setup_file
}

teardown_file() {
	seal_teardown_file
}

setup() {
	common_setup
	export PYTHONDONTWRITEBYTECODE=1
	mkdir mail
	OWN="own=unseal -o seen=known -k $K/keys/carol -n $K/view/carol | maildir-deliver mail"
	message m 3000
}

accept() { # STATUS PEER FILE: what the peer brings; answers in out
	run "-$1" --separate-stderr sh -c 'relay-accept -p "$1" -n "$2" -o seen=known \
	    "$3" <"$4" >out' - "$2" "$K/view/carol" "$OWN" "$3"
}

boxed() { # how many messages are in the Maildir
	find mail -path '*/new/*' -type f | wc -l
}

@test "what was sealed comes home once, whoever brings it" {
	backup m >f
	sealing alice <f >sealed
	for peer in alice bob alice; do
		accept 0 $peer sealed
		[ "$(verdict out)" = 'done' ]
	done
	[ "$(boxed)" = 1 ]
	tail -n +3 mail/contact/new/* | cmp - m
	grep -q ' done [0-9a-f]\{32\}$' known
}

@test "in another wrapping it is the same mail" {
	backup m >f
	for ((n = 0; n < 3; n++)); do
		sealing alice <f >sealed
		mail-frame -x <sealed | sha256sum >>contents
		accept 0 bob sealed
		[ "$(verdict out)" = 'done' ]
	done
	[ "$(sort -u contents | wc -l)" = 3 ]
	[ "$(boxed)" = 1 ]
	[ "$(grep -c ' done ' known)" = 3 ]
	# sealed by another node it is another mail
	sealing bob <f >sealed
	accept 0 bob sealed
	[ "$(boxed)" = 2 ]
}

@test "in another wrapping it is the same mail, also if nobody knows whether it came" {
	backup m >f
	sealing alice <f >first
	sealing alice <f >second
	cat >leave <<-'EOT'
		#!/bin/sh
		exec 3<&0
		maildir-deliver mail <&3 >answer &
		until [ -s answer ]; do sleep 0.1; done
		kill -KILL 0
	EOT
	chmod +x leave
	run -111 --separate-stderr sh -c 'relay-accept -p alice -n "$1" -o seen=known \
	    "$2" <first >out' - "$K/view/carol" \
	    "own=unseal -k $K/keys/carol -n $K/view/carol | ./leave"
	[ "$(boxed)" = 1 ]
	accept 0 bob second
	[[ $stderr == *"file='(it was there)'"* ]]
	accept 0 alice first
	[ "$(verdict out)" = 'done' ]
	[ "$(boxed)" = 1 ]
}

@test "what is damaged, for others or by strangers is not delivered" {
	backup m >f
	sealing alice <f >sealed
	mail-frame -x <sealed >outer
	at=$(($(wc -c <outer) / 2))
	flip outer $at >bad
	"$BATS_TEST_DIRNAME/relay.py" mk bad x 'direction: returned' 'node: carol' >wrong
	accept 100 alice wrong
	[[ $(verdict out) == 'reject 554 5.7.7 '* ]]
	# carol's name on the outside, and bob's key on the inside
	sed 's/node: carol/node: bob/' f >g
	mail-frame -f 'node: bob' -s a@b.example -r 'contact talktome@bob.example' <m |
	    sealing alice | mail-frame -x >outer
	"$BATS_TEST_DIRNAME/relay.py" mk outer y 'direction: returned' 'node: carol' >wrong
	accept 100 alice wrong
	"$BATS_TEST_DIRNAME/relay.py" mk m z 'direction: returned' 'node: carol' >wrong
	accept 100 alice wrong
	[ "$(boxed)" = 0 ]
	[ "$(grep -c ' undone$' known)" = 3 ]
	# and what comes behind is
	accept 0 alice sealed
	[ "$(boxed)" = 1 ]
}

@test "the agent of gpg does not keep the lock" {
	backup m >f
	sealing alice <f >sealed
	gpgconf --homedir "$K/keys/carol" --kill all
	accept 0 alice sealed
	agent=$(pgrep -f "gpg-agent --homedir $K/keys/carol")
	[ -n "$agent" ]
	run -1 grep -s known <(ls -l "/proc/$agent/fd")
	# it is free at once
	flock -n known.lock true
}

@test "killed at any moment, together with gpg: each mail is there once" {
	for ((n = 0; n < 12; n++)); do
		printf 'Subject: mail %d\n\ntext\n' $n >m
		backup m >f
		sealing alice <f >"s$n"
		sealing alice <f >"t$n"
	done
	cat >bring.py <<-'EOF'
		# brings s0 to s11 as alice, t0 to t11 as bob, until all is done
		import os, random, signal, subprocess, sys, threading, time
		nodes, own = sys.argv[1:]
		chance, running = random.Random(7), {}

		def bring(peer, letter):
		    left = ["%s%d" % (letter, n) for n in range(12)]
		    while left:
		        name = random.Random(len(left)).choice(left)
		        with open(name) as file:
		            process = subprocess.Popen(
		                ["relay-accept", "-p", peer, "-n", nodes,
		                 "-o", "seen=known", own],
		                stdin=file, stdout=subprocess.PIPE)
		        running[peer] = process.pid
		        if b"\nverdict: done\n" in process.communicate()[0]:
		            left.remove(name)
		        running[peer] = 0

		def family(pid):
		    try:
		        with open("/proc/%d/task/%d/children" % (pid, pid)) as file:
		            below = [int(word) for word in file.read().split()]
		    except OSError:
		        return []
		    return [pid] + [p for b in below for p in family(b)]

		threads = [threading.Thread(target=bring, args=arguments)
		           for arguments in (("alice", "s"), ("bob", "t"))]
		for thread in threads:
		    thread.start()
		kills = 0
		for _ in range(40):
		    time.sleep(chance.uniform(0, 0.1))
		    pids = family(running.get(chance.choice(["alice", "bob"]), 0) or -1)
		    if pids:
		        try:
		            os.kill(chance.choice(pids), signal.SIGKILL)
		            kills += 1
		        except ProcessLookupError:
		            pass
		for thread in threads:
		    thread.join()
		print(kills)
	EOF
	run -0 --separate-stderr timeout 120 python3 bring.py "$K/view/carol" "$OWN"
	[ "$output" -gt 10 ]
	[ "$(boxed)" = 12 ]
	find mail -path '*/new/*' -type f -exec sed -n 's/^Subject: //p' {} + | sort -u >subjects
	[ "$(wc -l <subjects)" = 12 ]
}
