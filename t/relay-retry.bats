# relay-retry: what becomes of a queue.
load lib.bash

setup() {
	common_setup
	mkdir nodes
	node self
	node bob
	node carol
	node dave
	message m 500
	# what stands for ssh and a node: it answers from a file NODE.verdict,
	# but done to what has GOOD in it, keeps what it got, and is not there
	# if there is no such file
	cat >there <<-'EOF'
		#!/bin/sh
		echo "$1" >>visits
		[ -f "$1.verdict" ] || exit 255
		exec python3 peer.py "$1"
	EOF
	chmod +x there
	cat >peer.py <<-'EOF'
		import sys, zlib
		name = sys.argv[1]
		verdict = open(name + ".verdict").read().strip()
		got = open(name + ".got", "ab")
		stdin = sys.stdin.buffer
		while True:
		    head = stdin.readline()
		    if not head:
		        break
		    fields = []
		    while True:
		        line = stdin.readline()
		        if line == b"\n":
		            break
		        fields.append(line)
		    size = [int(f[6:]) for f in fields if f.startswith(b"size: ")][0]
		    fields = [f for f in fields if not f.startswith(b"size: ")]
		    text = stdin.read(size)
		    tail = stdin.readline() + stdin.readline()
		    hello = b"relay: hello\n" in fields
		    if not hello:
		        got.write(b"".join(fields) + text)
		        got.flush()
		    if verdict == "die":
		        sys.exit(1)
		    said = "done" if hello or b"GOOD" in text else verdict
		    octets = head + b"".join(fields) + b"size: 0\n\n"
		    octets += b"verdict: " + said.encode() + b"\n"
		    octets += b"end: %08x\n" % zlib.crc32(octets)
		    sys.stdout.buffer.write(octets)
		    sys.stdout.buffer.flush()
	EOF
}

teardown() {
	[ -z "${runner-}" ] || { kill "$runner"; wait "$runner" || :; }
}

# node NAME: its manifest; `self` is that of our own node, eve.
node() {
	local name=$1 file=$1
	if [ "$1" = self ]; then name=eve file=eve; fi
	cat >"nodes/$file.yaml" <<-EOF
		node:
		  name: $name
		  host: $name.example
		  domains: [$name.example]
		  reach: ssh://pimail@$name.example:2222
		mailboxes:
		  all: {matches: '.*'}
	EOF
	if [ "$1" = self ]; then ln -s eve.yaml nodes/self.yaml; fi
}

# put NODE TEXT [FIELD]...: a sealed message for NODE, as seal would leave it.
put() {
	local node=$1 text=$2 fields=()
	shift 2
	for field; do fields+=(-f "$field"); done
	printf '%s\n' "$text" |
		mail-frame -d returned -f "node: $node" "${fields[@]}" |
		relay-put q 2>>log >answer
	run -0 mail-frame -c <answer
	[[ $output == *$'\tdone\t'* ]]
}

# says NODE VERDICT: what it answers from now on.
says() {
	printf '%s\n' "$2" >"$1.verdict"
}

# The entries that are left for a node.
left() {
	find "q/$1" -maxdepth 1 -type f -name '????????????????????????*' \
	    ! -name '*.copies' ! -name '.*' | wc -l
}

is_left() { # NODE COUNT
	[ "$(left "$1")" = "$2" ]
}

retry() {
	relay-retry -n nodes -k keys "$@" q './there %n'
}

@test "what the owner takes is removed, and only that is sent which may be (agamid 7.2, 8.6)" {
	put bob one 'envelope: c2VjcmV0'
	put bob two 'from: carol'
	says bob 'done'
	run -0 --separate-stderr retry -1
	[ "$(left bob)" = 0 ]
	grep -qx one bob.got
	grep -qx two bob.got
	grep -qx 'node: bob' bob.got
	grep -qx 'direction: returned' bob.got
	run -1 grep -e '^envelope' -e '^from' -e '^sender' bob.got
	[[ $stderr == *'destination=bob to=bob verdict=done'* ]]
	# one visit for both
	[ "$(grep -c bob visits)" = 1 ]
}

@test "what is deferred stays, and is not tried before its time" {
	put bob one
	says bob 'defer 451 4.3.0 Not now'
	run -111 retry -1 -o copies=0
	[ "$(left bob)" = 1 ]
	grep -q '^note: 451 4.3.0 Not now$' q/bob/.state
	grep -q '^failures: 1$' q/bob/.state
	says bob 'done'
	run -111 retry -1 -o copies=0
	[ "$(left bob)" = 1 ]
	[ "$(grep -c bob visits)" = 1 ]
	rm q/bob/.state
	run -0 retry -1
	[ "$(left bob)" = 0 ]
}

@test "a host that is down is tried once and not for every message (agamid 8.4)" {
	for n in 1 2 3 4 5 6 7 8 9; do put bob "message $n"; done
	run -111 --separate-stderr retry -1 -o copies=0
	[ "$(grep -c bob visits)" = 1 ]
	[ "$(left bob)" = 9 ]
	[[ $stderr == *'destination=bob reached=no failures=1 next='* ]]
}

@test "why a node cannot be reached is told, with mail for it or without" {
	echo 'done' >carol.verdict
	run -0 --separate-stderr retry -1
	[[ $stderr == *"destination=bob reached=no failures=1 next="*" reason='"* ]]
	[[ $stderr != *'destination=carol'* ]]
	put bob 'a message'
	sed -i '/reach:/d' nodes/bob.yaml
	relay-ls -t q
	run -111 --separate-stderr relay-retry -1 -n nodes -k keys -o copies=0 \
	    -o hello=0 q './there %h'
	[[ $stderr == *"reason='cannot make the command: no manifest says how to reach it'"* ]]
}

@test "where another node answers, nothing is given and nothing given up" {
	put bob ours
	put bob theirs 'from: dave'
	# bob's name leads to carol, who does not store for him
	mkdir carols
	cp nodes/{bob,carol,dave,eve}.yaml carols
	sed -i '/domains/a\  stores: {for: [dave]}' carols/carol.yaml
	ln -s carol.yaml carols/self.yaml
	printf '#!/bin/sh\nexec %s\n' "relay-accept -p eve -n carols \\
	    -o seen=known own='maildir-deliver mail' other='relay-put other'" >there
	run -111 --separate-stderr retry -1 -o copies=0 -o bounces=bounces
	[ "$(left bob)" = 2 ]
	[ ! -d bounces ]
	[[ $stderr == *"destination=bob reached=no failures=1 "*"another node is there"* ]]
}

@test "when it dies in the middle nothing is lost" {
	for n in $(seq 40); do put bob "message $n"; done
	says bob die
	run -111 retry -1 -o copies=0
	[ "$(left bob)" = 40 ]
	rm q/bob/.state bob.got
	says bob 'done'
	run -0 retry -1
	[ "$(left bob)" = 0 ]
	[ "$(grep -c '^message ' bob.got)" = 40 ]
}

@test "if the owner is away two others get a copy, chosen by chance (agamid 8.2)" {
	for n in carol dave frank grace; do
		node $n
		says $n 'done'
	done
	# so many that each peer is chosen sometimes, but for one time in a million
	for n in $(seq 24); do put bob "message $n"; done
	run -111 retry -1
	[ "$(left bob)" = 24 ]
	cat carol.got dave.got frank.got grace.got | grep -c '^message ' >all
	[ "$(cat all)" = 48 ]
	# each peer has some, and none has any twice
	for n in carol dave frank grace; do
		grep '^message ' $n.got | sort >mine
		[ -s mine ]
		[ -z "$(uniq -d mine)" ]
	done
	for f in q/bob/*.copies; do [ "$(sort -u "$f" | wc -l)" = 2 ]; done
	# no more of them the next time
	rm q/bob/.state
	run -111 retry -1
	[ "$(cat ./*.got | grep -c '^message ')" = 48 ]
}

@test "a copy that we hold is given to nobody but the owner" {
	says carol 'done'
	put bob one 'from: dave'
	run -111 retry -1
	[ "$(left bob)" = 1 ]
	[ ! -s carol.got ]
}

@test "copies go only where both the owner and the peer want them (agamid 8.3)" {
	cat >>nodes/bob.yaml <<-'EOF'
		postmaster: all
	EOF
	sed -i '/domains/a\  backups: {except: [carol]}' nodes/bob.yaml
	sed -i '/domains/a\  stores: {for: [carol, eve]}' nodes/dave.yaml
	node frank
	for n in carol dave frank; do says $n 'done'; done
	put bob one
	run -111 retry -1
	[ ! -s carol.got ]
	[ ! -s dave.got ]
	grep -qx one frank.got
}

@test "a peer that refuses or is away is replaced by another" {
	node frank
	node grace
	node heidi
	says carol 'reject 552 5.3.1 No room'
	says dave 'defer 451 4.3.0 Later'
	says frank 'done'
	says grace 'done'
	put bob one
	run -111 retry -1
	sort q/bob/*.copies >have
	printf 'frank\ngrace\n' | diff - have
	[ "$(left bob)" = 1 ]
}

@test "a peer whose answers are slow does not keep mail from others" {
	local n
	says carol 'defer 451 4.3.0 Later'
	says dave 'done'
	# each answer of carol's is in time, but there are many
	sed 's/^\( *\)hello = /\1__import__("time").sleep(0.9)\n&/' peer.py \
	    >slow.py
	cat >there <<-'EOF'
		#!/bin/sh
		[ -f "$1.verdict" ] || exit 255
		if [ "$1" = carol ]; then exec python3 slow.py "$1"; fi
		exec python3 peer.py "$1"
	EOF
	for n in $(seq 80); do
		printf 'message %d\n' "$n" | mail-frame -d returned -f 'node: bob'
	done | relay-put q >answers 2>>log
	run -111 retry -1 -o copies=1 -o timeout=9 -o hello=0
	grep -q '^failures: 1$' q/carol/.state
	grep -q '^note: .*no answer in time$' q/carol/.state
	[ "$(cat q/bob/*.copies | grep -c dave)" = 80 ]
}

@test "a peer that was away a moment ago is not asked for room" {
	says dave 'done'
	put bob one
	run -111 retry -1 -o hello=0
	grep -q '^failures: 1$' q/carol/.state
	grep -qx one dave.got
	says carol 'done'
	put bob two
	rm q/bob/.state visits
	run -111 retry -1 -o hello=0
	run -1 grep -x carol visits
	grep -qx two dave.got
	[ "$(cat q/bob/*.copies)" = $'dave\ndave' ]
	# when it is time to try it again, it is one of them
	rm q/bob/.state q/carol/.state
	run -111 retry -1 -o hello=0
	[ "$(sed -n '/^one\|^two/p' carol.got | sort)" = $'one\ntwo' ]
}

@test "a damaged entry is held, and the others go" {
	put bob one
	put bob two
	set -- q/bob/[0-9a-f]*
	printf X | dd of="$1" bs=1 seek=60 conv=notrunc 2>/dev/null
	says bob 'done'
	run -0 --separate-stderr retry -1
	[[ $stderr == *'is damaged, and held'* ]]
	[ -e "$1.held" ]
	[ ! -e "$2" ]
}

@test "a verdict for another message is none (agamid 7.5)" {
	put bob one
	says bob 'done'
	cat >there <<-'EOF'
		#!/bin/sh
		python3 peer.py "$1" | sed -u "s/^id: ./id: z/"
	EOF
	run -111 --separate-stderr retry -1 -o hello=0 -o copies=0
	[ "$(left bob)" = 1 ]
	[[ $stderr == *'no proper frame came back'* ]]
}

@test "two runners at once do the work once" {
	for n in $(seq 30); do put bob "message $n"; done
	says bob 'done'
	retry -1 2>>log &
	local first=$!
	retry -1 2>>log &
	wait "$first" || :
	wait "$!" || :
	[ "$(left bob)" = 0 ]
	[ "$(grep -c '^message ' bob.got)" = 30 ]
}

@test "a daemon takes what comes, and a destination that is said to be due" {
	says bob 'done'
	put bob one
	relay-retry -n nodes -k keys -o first=3600 -o last=3600 -o copies=0 q \
	    './there %n' 2>>log 3>&- &
	runner=$!
	wait_for 10 grep -sqx one bob.got
	put bob two
	wait_for 10 grep -sqx two bob.got
	wait_for 10 is_left bob 0
	# a destination that is new
	put carol three
	wait_for 10 grep -sq '^failures: 1' q/carol/.state
	says carol 'done'
	rm -f q/carol/.state
	printf 'next: 0\nsucceeded: 0\nfailures: 0\nnote: \n' >q/carol/.new
	mv q/carol/.new q/carol/.state
	wait_for 10 grep -sqx three carol.got
	# and SIGHUP
	put dave four
	wait_for 10 grep -sq '^failures: 1' q/dave/.state
	says dave 'done'
	kill -HUP "$runner"
	wait_for 10 grep -sqx four dave.got
	kill "$runner"
	wait "$runner"
	runner=
}

@test "a node that answered when the clock was ahead is visited" {
	says carol 'done'
	says dave 'done'
	retry -1
	mkdir -p q/carol q/dave
	printf 'next: 0\nsucceeded: %d\nfailures: 0\nnote: \n' \
	    "$(($(date +%s) + 86400 * 3650))" >q/carol/.state
	printf 'next: 0\nsucceeded: %d\nfailures: 0\nnote: \n' \
	    "$(($(date +%s) - 60))" >q/dave/.state
	rm visits
	retry -1
	grep -qx carol visits
	run -1 grep -x dave visits
}

@test "a destination that was removed and comes again is seen" {
	says bob 'done'
	put bob one
	relay-retry -n nodes -k keys -o copies=0 -o hello=0 q './there %n' \
	    2>>log 3>&- &
	runner=$!
	wait_for 10 grep -sqx one bob.got
	wait_for 10 is_left bob 0
	sleep 0.3
	rm -r q/bob
	put bob two
	wait_for 10 grep -sqx two bob.got
	kill "$runner"
	wait "$runner"
	runner=
}

@test "an idle runner uses no processor time" {
	put bob one
	relay-retry -n nodes -k keys -o first=3600 -o last=3600 -o copies=0 q \
	    './there %n' 2>>log 3>&- &
	runner=$!
	wait_for 10 grep -sq '^failures: 1' q/bob/.state
	# field 14 and 15: ticks in user and system mode; and how often it woke
	used() {
		awk '{ print $14 + $15 }' "/proc/$runner/stat"
		grep ctxt "/proc/$runner/status"
	}
	rests() {
		used >before
		sleep 0.5
		used | cmp -s before -
	}
	# as soon as it is done with what has failed
	wait_for 10 rests
	used >before
	sleep 2
	used | diff before -
}

@test "a schedule that cannot be written does not make it run in circles" {
	put bob one
	mkdir q/bob/.state.new
	relay-retry -n nodes -k keys -o copies=0 -o hello=0 q './there %n' \
	    2>>log 3>&- &
	runner=$!
	wait_for 10 grep -sq 'cannot write the schedule' log
	sleep 1
	[ "$(grep -c bob visits)" = 1 ]
	kill "$runner"
	wait "$runner"
	runner=
	run -111 --separate-stderr retry -1 -o copies=0 -o hello=0
	[ "$(grep -c bob visits)" = 2 ]
}

@test "what is deferred for ever does not keep others from going" {
	says bob 'defer 451 4.3.0 Later'
	local n
	for n in $(seq 150); do
		printf 'message %d\n' "$n" | mail-frame -d returned -f 'node: bob'
	done >frames
	for n in $(seq 5); do
		printf 'GOOD %d\n' "$n" | mail-frame -d returned -f 'node: bob'
	done >>frames
	relay-put q <frames >answers 2>>log
	for n in $(seq 12); do
		run -111 retry -1 -o copies=0 -o hello=0
		rm q/bob/.state
	done
	[ "$(grep -l GOOD q/bob/[0-9a-f]* | wc -l)" = 0 ]
	[ "$(left bob)" = 150 ]
}

@test "answers with large fields do not block it" {
	says carol.example 'done'
	local n r=()
	for n in $(seq 500); do
		r+=(-r "box$n recipient-number-$n-with-a-long-name@carol.example")
	done
	for n in $(seq 20); do
		printf 'message %d\n' "$n" | mail-frame -s a@b.example "${r[@]}"
	done | relay-put -o clear=1 q >answers 2>>log
	[ "$(left carol.example)" = 20 ]
	run -0 --separate-stderr relay-retry -1 -o timeout=100 q \
	    'mail-filter true | mail-filter true | ./there %n'
	[ "$(left carol.example)" = 0 ]
}

@test "a message that cannot be read now does not stop the others" {
	# there is no place for one that is too long for memory
	message large 1500000
	mail-frame -d returned -f 'node: bob' <large | relay-put q >answer
	put bob one
	put bob two
	says bob 'done'
	TMPDIR=$D/nowhere run -111 --separate-stderr retry -1 -o copies=0
	[[ $stderr == *"cannot read 'q/bob/"* ]]
	[ "$(left bob)" = 1 ]
	rm q/bob/.state
	run -0 retry -1
	[ "$(left bob)" = 0 ]
}

@test "no domain becomes a command" {
	printf 'x\n' | mail-frame -d submitted -s a@b.example \
	    -r '- a@$(touch${IFS}pwned)' >frame
	run -111 --separate-stderr relay-put q <frame
	printf '%s\n' "$output" >answer
	grep -q '^verdict: defer' answer
	mkdir 'q/$(touch pwned)'
	cp q/.queue 'q/$(touch pwned)/x'
	run -0 relay-retry -1 q 'echo %n; cat'
	[ ! -e pwned ]
}

@test "copies of others go when their days are over, and nobody is told" {
	put bob old 'from: carol'
	put bob new 'from: carol'
	local entry
	entry=$(grep -l '^old' q/bob/*)
	touch -d '31 days ago' "$entry"
	printf '%s 1000\n' "$(date +%s)" >q/.clock
	run -111 --separate-stderr retry -1
	[ "$(left bob)" = 1 ]
	[ ! -e "$entry" ]
	[[ $stderr == *'to=nobody verdict=dropped'* ]]
	grep -q '^new' q/bob/*
}

@test "how long copies stay says our manifest, and 366 days are the most (agamid 8.7)" {
	aged() { # DAYS: whether mail that has been here for so long goes
		rm -rf q
		put bob "mail of $1 days" 'from: carol'
		touch -d "$1 days ago" q/bob/*
		printf '%s 1000\n' "$(date +%s)" >q/.clock
		run relay-retry -1 -n nodes -k keys -o hello=0 q './there %n'
		[ "$(left bob)" = 0 ]
	}
	sed -i '/domains/a\  stores: {for: all, days: 3}' nodes/eve.yaml
	aged 4
	run ! aged 2
	sed -i 's/days: 3/days: 1000/' nodes/eve.yaml
	run ! aged 365
	aged 367
}

@test "nothing expires while the clock is before the newest entry (agamid 8.8)" {
	put bob old 'from: carol'
	touch -d '31 days ago' q/bob/*
	put bob future 'from: carol'
	touch -d '1 day' "$(grep -l '^future' q/bob/*)"
	printf '%s 1000\n' "$(date +%s)" >q/.clock
	run -111 retry -1
	[ "$(left bob)" = 2 ]
}

@test "nothing expires when nobody has looked for long" {
	put bob old 'from: carol'
	touch -d '31 days ago' q/bob/*
	run -111 retry -1
	[ "$(left bob)" = 1 ]
	printf '%s 1000\n' "$(($(date +%s) - 200000))" >q/.clock
	run -111 retry -1
	[ "$(left bob)" = 1 ]
}

@test "any pipeline will do: what is in the clear goes to Maildirs" {
	mkdir mail
	frame m | relay-put -o clear=1 q >answer
	run -0 relay-retry -1 q 'maildir-deliver mail'
	[ "$(find mail/contact/new -type f | wc -l)" = 1 ]
	[ "$(left carol.example)" = 0 ]
}

@test "mail in the clear that is refused bounces to its sender" {
	says carol.example 'reject 550 5.1.1 Nobody here'
	frame m | relay-put -o clear=1 q >answer
	run -111 --separate-stderr relay-retry -1 q './there %n'
	[[ $stderr == *'there is no -o bounces'* ]]
	rm -f q/carol.example/.state
	run -0 relay-retry -1 -o bounces=bounces q './there %n'
	set -- bounces/example.net/[0-9a-f]*
	[ $# = 1 ]
	grep -qx 'direction: bounce' "$1"
	grep -qx 'recipient: - alice@example.net' "$1"
	grep -q '550 5.1.1 Nobody here' "$1"
}

@test "what nobody has taken after -o days bounces to its sender (agamid 10.2)" {
	frame m | relay-put -o clear=1 q >answer
	aged() { # DAYS
		touch -d "$1 days ago" q/carol.example/[0-9a-f]*
		printf '%s 1000\n' "$(date +%s)" >q/.clock
		rm -f q/carol.example/.state
		run relay-retry -1 -o days=5 -o bounces=bounces q './there %n'
	}
	aged 4
	[ ! -e bounces ]
	[ "$(left carol.example)" = 1 ]
	aged 6
	[ "$(left carol.example)" = 0 ]
	set -- bounces/example.net/[0-9a-f]*
	[ $# = 1 ]
	grep -qx 'recipient: - alice@example.net' "$1"
	for days in 0 367; do
		run -111 --separate-stderr relay-retry -1 -o days=$days q cat
		[[ $stderr == *"'days=$days'"* ]]
	done
}

@test "as many destinations as -o parallel says are tried at a time" {
	cat >slow <<-'EOF'
		#!/bin/sh
		echo begin >>at
		n=0 # until so many have begun, or for two seconds
		while [ "$(grep -c begin at)" -lt "$(cat want)" ] && [ $n -lt 20 ]; do
			sleep 0.1
			n=$((n + 1))
		done
		echo end >>at
		exit 1
	EOF
	chmod +x slow
	most() { awk '/begin/ { if (++n > max) max = n } /end/ { n-- }
		END { print max }' at; }
	for n in bob carol dave frank grace; do
		node $n
		put $n one
	done
	echo 2 >want
	run -111 relay-retry -1 -o parallel=1 q ./slow
	[ "$(grep -c begin at)" = 5 ]
	[ "$(most)" = 1 ]
	rm -f at q/*/.state
	echo 3 >want
	run -111 relay-retry -1 -o parallel=2 q ./slow
	[ "$(grep -c begin at)" = 5 ]
	[ "$(most)" = 2 ]
}

@test "a pipeline with a mistake is said at once" {
	run -111 --separate-stderr relay-retry -1 q 'ssh %z'
	[[ $stderr == *'not a pipeline of'* ]]
	run -111 --separate-stderr relay-retry -1 q ''
	[[ $stderr == *'not a pipeline'* ]]
	run -111 --separate-stderr relay-retry -1 q
	[[ $stderr == 'usage: relay-retry '* ]]
	run -111 --separate-stderr relay-retry -1 /proc/none 'cat'
	[[ $stderr == *"cannot open the queue"* ]]
}
