# relay-accept: what a peer may bring, and that it is delivered once.
load lib.bash

setup() {
	common_setup
	export PYTHONDONTWRITEBYTECODE=1
	R=$BATS_TEST_DIRNAME/relay.py
	SSHD=
	mkdir nodes mail
	# bob is where we are; eve wants no backup, frank is not stored by us
	node bob 'stores: {for: [carol, dave, eve, grace]}'
	node carol
	node dave 'backups: {only: [bob, carol]}'
	node eve 'backups: {only: [carol]}'
	node frank
	ln -s bob.yaml nodes/self.yaml
	OWN="own=$R open | maildir-deliver mail"
	OTHER="other=tee other | $R open | maildir-deliver mail"
	mail 1 >m
}

teardown() {
	[ -z "$SSHD" ] || kill "$SSHD"
}

node() { # NAME [LINE]: a manifest
	printf 'node:\n  name: %s\n  host: %s.example.net\n  domains: [%s.example]\n' \
	    "$1" "$1" "$1" >"nodes/$1.yaml"
	printf '  key: 5E1F000000000000000000000000000000000000\n' >>"nodes/$1.yaml"
	[ -z "${2-}" ] || printf '  %s\n' "$2" >>"nodes/$1.yaml"
	printf 'mailboxes: {contact: {matches: talktome}}\n' >>"nodes/$1.yaml"
}

mail() { # N: what was sealed
	printf 'From: bob@bob.example.net\nX-Mark: %s\n\nsealed\n' "$1"
}

mk() { # ID FIELD...: a frame of m with just these fields
	"$R" mk m "$@"
}

ours() { # ID FIELD...: one for ourselves
	mk "$1" 'direction: returned' 'node: bob' "${@:2}"
}

accept() { # STATUS ARGS...: what is in f, from carol; answers in out
	run "-$1" --separate-stderr sh -c 'relay-accept -p carol -n nodes \
	    -o seen=known "$@" <f >out' - "${@:2}"
}

says() { # ANSWER...: the ids and verdicts of all answers in out
	printf '%s\n' "$@" >want
	perl -0777 -ne 'while (s/^pimail 1\nid: (\S+)\nsize: (\d+)\n\n//) {
	    $id = $1; substr($_, 0, $2) = "";
	    s/^verdict: (.*)\nend: \w{8}\n// or die; print "$id $1\n" }
	    print' out | diff want -
}

boxed() { # how many messages are in the Maildir
	find mail -path '*/new/*' -type f | wc -l
}

lines() { # STATE: how many lines of the file of seen say so
	grep -c " [0-9]* $1\( \|$\)" known || :
}

@test "usage and mistakes of the configuration: 111" {
	ours a >f
	usage="usage: relay-accept [-n nodes] [-o name=value]... -p peer own='pipeline' [other='pipeline']"
	run -111 --separate-stderr relay-accept
	[ "$stderr" = "$usage" ]
	run -111 --separate-stderr relay-accept -n nodes own=cat
	[ "$stderr" = "$usage" ]
	for arguments in 'other=cat' 'own=cat third=cat' 'own=cat x' 'own=cat own=cat' \
	    'own=' 'own=|cat' '-o seen own=cat' '-o none=1 own=cat' '-o size=0 own=cat' \
	    '-n none own=cat' '-p bob own=cat' '-p nobody own=cat' '-p ../carol own=cat' \
	    '-o seen=none/there own=cat' '-z own=cat'; do
		# shellcheck disable=SC2086
		accept 111 $arguments
		[ ! -s out ]
	done
	: >known
	chmod 620 known
	accept 111 own=cat
	[[ $stderr == *"fatal: cannot open 'known'"* ]]
}

@test "mail of ours is delivered, and answered when it is" {
	ours a >f
	accept 0 "$OWN"
	says 'a done'
	[ "$(boxed)" = 1 ]
	tail -n +3 mail/contact/new/* | cmp - m
	[[ $stderr == *"id=a peer=carol node=bob content=$(sha256sum <m | cut -c 1-64) verdict=done"* ]]
	grep -q "^$(sha256sum <m | cut -c 1-64) [0-9]* done [0-9a-f]\{32\}$" known
}

@test "the answer has the id of the question and no other field" {
	ours a 'x-other: y' >f
	accept 0 "$OWN"
	head -n 4 out >first
	printf 'pimail 1\nid: a\nsize: 0\n\n' | cmp - first
}

@test "what was delivered is done, whoever brings it and however often (agamid 9.2)" {
	for peer in carol dave eve; do
		ours "$peer" >f
		ours "$peer.2" >>f
		accept 0 -p $peer "$OWN"
		says "$peer done" "$peer.2 done"
	done
	[ "$(boxed)" = 1 ]
	[ "$(wc -l <opened)" = 1 ]
	ours r >one
	for ((n = 0; n < 1000; n++)); do cat one; done >f
	accept 0 "$OWN"
	[ "$(grep -c 'verdict: done' out)" = 1000 ]
	[ "$(boxed)" = 1 ]
}

@test "no id of a peer is the name of anything" {
	ours .. >f
	accept 0 "$OWN"
	mail 2 >m
	ours --help >f
	accept 0 "$OWN"
	mail 3 >m
	ours ../../x >f
	accept 111 "$OWN"
	[ ! -s out ]
	[ "$(boxed)" = 2 ]
	[ -z "$(find . -name '*help*')" ]
}

@test "fields that nobody asked for are dropped (agamid 7.1, 7.2)" {
	ours a 'recipient: root root@bob.example' 'sender: x@y.example' 'junk: yes' \
	    'again: yes' 'once: 0123456789abcdef0123456789abcdef' 'from: dave' \
	    'sealed-by: dave' 'envelope: x' 'received-at: 1' >f
	accept 0 "$OWN"
	says 'a done'
	[ "$(cat opened)" = 'direction: returned from: carol id: a node: bob size: '"$(wc -c <m)" ]
	[[ $stderr == *"peer 'carol' sends fields that are dropped"* ]]
	[ ! -d mail/root ]
}

@test "mail of others goes to its own pipeline, and says from whom it came" {
	mk a 'direction: returned' 'node: dave' >f
	accept 0 "$OWN" "$OTHER"
	says 'a done'
	[ "$(cat opened)" = 'direction: returned from: carol id: a node: dave size: '"$(wc -c <m)" ]
	[ ! -s known ]
	# the same again is the store's business
	accept 0 "$OWN" "$OTHER"
	[ "$(wc -l <opened)" = 2 ]
}

@test "what others store here is what both manifests allow" {
	for name in eve frank nobody; do
		mk $name 'direction: returned' "node: $name" >f
		accept 100 "$OWN" "$OTHER"
		says "$name reject 550 5.7.1 Not kept here"
	done
	mk d 'direction: returned' 'node: dave' >f
	accept 100 "$OWN"
	says 'd reject 550 5.7.1 Not kept here'
	# a manifest that cannot be read says neither yes nor no
	echo 'node: {' >nodes/grace.yaml
	mk g 'direction: returned' 'node: grace' >f
	accept 111 "$OWN" "$OTHER"
	says 'g defer 451 4.3.0 Cannot take it now'
	[ ! -e other ]
	[ "$(boxed)" = 0 ]
}

@test "what is no mail between nodes is refused, and the next frame is read" {
	: >empty
	{
		mk 1 'direction: inbound' 'node: bob'
		mk 2 'node: bob'
		mk 3 'direction: returned'
		mk 4 'direction: returned' 'node: bob' 'node: dave'
		mk 5 'direction: returned' 'node: ../bob'
		mk 6 'direction: returned' 'node: -bob'
		mk 7 'direction: returned' "node: $(printf '%065d' 1)"
		"$R" mk empty 8 'direction: returned' 'node: bob'
		mk 9 'direction: returned' 'node: bob' '!x: y'
		mk 10 'direction: returned' 'node: bob' 'relay: goodbye'
		mk 11 'direction: returned' 'node: BOB'
		mk 12 'direction: bounce' 'node: bob' 'sender: ' 'recipient: a a@b.example'
		ours 13
	} >f
	accept 111 "$OWN" "$OTHER"
	says '1 reject 554 5.7.1 Not returned mail' \
	    '2 reject 554 5.7.1 Not returned mail' '3 reject 554 5.6.0 No node' \
	    '4 reject 554 5.6.0 No node' '5 reject 554 5.6.0 No node' \
	    '6 reject 554 5.6.0 No node' '7 reject 554 5.6.0 No node' \
	    '8 reject 554 5.6.0 Empty message' '9 defer 451 4.5.2 Not understood here' \
	    '10 reject 554 5.6.0 Not a hello' '11 reject 550 5.7.1 Not kept here' \
	    '12 reject 554 5.7.1 Not returned mail' '13 done'
	[ "$(boxed)" = 1 ]
	[ "$(wc -l <opened)" = 1 ]
}

@test "the verdict of the pipeline is the answer (agamid 7.4, 9.1)" {
	PATH=$BATS_TEST_DIRNAME:$PATH
	for verdict in 'done' 'reject 554 5.7.1 Virus' 'defer 451 4.3.0 Later'; do
		mail "$verdict" >m
		ours a >f
		run --separate-stderr sh -c 'relay-accept -p carol -n nodes -o seen=known "$1" \
		    <f >out' - "own=stage.py say '$verdict'"
		says "a $verdict"
	done
	# nobody took it
	mail x >m
	ours a >f
	accept 111 own=cat
	says 'a defer 451 4.3.0 Cannot take it now'
	[ "$(lines 'done')" = 1 ]
	[ "$(lines undone)" = 3 ]
}

@test "a pipeline that dies or talks nonsense defers, and the next frame starts it again" {
	PATH=$BATS_TEST_DIRNAME:$PATH
	for how in die 'leave 0' 'exit 0' garbage other-id cut wrong-sum unknown; do
		rm -f pids
		ours a >f
		ours b >>f
		accept 111 "own=stage.py $how"
		says 'a defer 451 4.3.0 Cannot take it now' 'b defer 451 4.3.0 Cannot take it now'
		[ "$(wc -l <pids)" = 2 ]
		[ "$(lines 'done')" = 0 ]
	done
	ours a >f
	accept 111 'own=no-such-program'
	says 'a defer 451 4.3.0 Cannot take it now'
	accept 0 "$OWN"
	says 'a done'
	mk o 'direction: returned' 'node: dave' >f
	accept 111 "$OWN" 'other=stage.py die'
	says 'o defer 451 4.3.0 Cannot take it now'
}

@test "a pipeline that hangs is killed, and so are its stages" {
	PATH=$BATS_TEST_DIRNAME:$PATH
	ours a >f
	for how in sleep half close deaf; do
		accept 111 -o answer=1 "own=stage.py $how | stage.py sleep"
		says 'a defer 451 4.3.0 Cannot take it now'
	done
	[ "$(wc -l <pids)" -gt 0 ]
	while read -r pid; do
		run -1 kill -0 "$pid"
	done <pids
	[ "$(lines 'done')" = 0 ]
}

@test "a frame that is cut leaves nothing, and what came before it counts" {
	ours a >whole
	size=$(wc -c <whole)
	for ((at = 1; at < size; at += 7)); do
		head -c "$at" whole >f
		accept 111 "$OWN"
		[ ! -s out ]
		[ "$(boxed)" = 0 ]
	done
	[ ! -s known ]
	mail 2 >m
	ours b >f
	head -c $((size - 1)) whole >>f
	accept 111 "$OWN"
	says 'b done'
	[ "$(boxed)" = 1 ]
	[[ $stderr == *"a frame is cut or changed"* ]]
}

@test "a frame that is wrong in one octet leaves nothing" {
	ours a >whole
	size=$(wc -c <whole)
	for ((at = 0; at < size; at += 3)); do
		flip whole "$at" >f
		accept 111 "$OWN"
		[ ! -s out ]
	done
	[ "$(boxed)" = 0 ]
	[ ! -e opened ]
}

@test "what is no frame at all is an error, and nothing is answered" {
	for text in 'From: a@b' 'SSH-2.0-x' 'relay-accept' $'\n\n' "$(printf '%05000d' 1)"; do
		printf '%s\n' "$text" >f
		accept 111 "$OWN"
		[ ! -s out ]
	done
	: >f
	accept 0 "$OWN"
	# a head without an end
	{ echo 'pimail 1'; yes 'x: y'; } 2>/dev/null | head -c 300000 >f
	accept 111 "$OWN"
	[[ $stderr == *"a frame is over a limit"* ]]
}

@test "a message that is too large is refused, and the next one is read" {
	message m 100000
	ours large >f
	mail 2 >m
	ours small >>f
	accept 100 -o size=99999 "$OWN"
	says 'large reject 552 5.3.4 Message is too large' 'small done'
	[ "$(boxed)" = 1 ]
	[ "$(lines 'done')" = 1 ]
	# of which a changed octet means that it was not this message
	message m 100000
	ours large >whole
	flip whole 50000 >f
	accept 111 -o size=99999 "$OWN"
	[ ! -s out ]
	cp whole f
	accept 0 -o size=100000 "$OWN"
	says 'large done'
}

@test "who brings more than a connection may is told to come again" {
	for n in 1 2 3 4; do
		mail $n >m
		ours $n
	done >f
	accept 111 -o messages=2 "$OWN"
	says '1 done' '2 done' '3 defer 452 4.5.3 Enough for now' \
	    '4 defer 452 4.5.3 Enough for now'
	[ "$(boxed)" = 2 ]
	accept 111 -o bytes=$((2 * $(wc -c <m) + 1)) "$OWN"
	says '1 done' '2 done' '3 defer 452 4.5.3 Enough for now' \
	    '4 defer 452 4.5.3 Enough for now'
	accept 0 "$OWN"
	[ "$(boxed)" = 4 ]
	# and who does not care is not listened to any more
	cp f four
	for ((n = 0; n < 25; n++)); do cat four; done >f
	accept 111 -o messages=2 "$OWN"
	[ "$(grep -c '^verdict: done' out)" = 2 ]
	[ "$(grep -c '^verdict: defer' out)" = 16 ]
	[[ $stderr == *"it sends too much"* ]]
}

@test "who is slow or silent is left" {
	ours a >f
	run -111 --separate-stderr sh -c 'sleep 3 | relay-accept -p carol -n nodes \
	    -o seen=known -o idle=0.3 "$1"' - "$OWN"
	[[ $stderr == *"timed out"* ]]
	run -111 --separate-stderr sh -c '"$1" cut f 3 | relay-accept -p carol -n nodes \
	    -o seen=known -o frame=0.5 "$2"' - "$R" "$OWN"
	[ -z "$output" ]
	[[ $stderr == *"timed out"* ]]
	run -111 --separate-stderr sh -c '(cat f; sleep 6) | relay-accept -p carol -n nodes \
	    -o seen=known -o time=4 "$1" >out' - "$OWN"
	says 'a done'
	[[ $stderr == *"timed out"* ]]
}

@test "who does not hear the answers does not keep us" {
	ours a >f
	for ((n = 0; n < 12; n++)); do
		cat f f >twice
		mv twice f
	done
	# more answers than a pipe holds
	run -0 --separate-stderr sh -c '{ relay-accept -p carol -n nodes -o seen=known \
	    -o answer=4 "$1" <f || echo $? >status; } |
	    timeout 200 sh -c "until [ -s status ]; do sleep 0.1; done"' - "$OWN"
	[ "$(cat status)" = 111 ]
	[[ $stderr == *"peer 'carol': Connection timed out"* ]]
	[ "$(boxed)" = 1 ]
}

@test "what began and has no end is in doubt, and all that comes then is looked for" {
	PATH=$BATS_TEST_DIRNAME:$PATH
	ours a >f
	accept 111 'own=stage.py die'
	[ "$(lines begun)" = 1 ]
	[ "$(lines 'done')" = 0 ]
	# another one first
	cp f first
	mail 2 >m
	ours b >f
	accept 0 -p dave "$OWN"
	grep -q '^again: yes ' opened
	cp first f
	accept 0 "$OWN"
	[ "$(grep -c '^again: yes ' opened)" = 2 ]
	[ "$(boxed)" = 2 ]
	# now there is no doubt
	mail 3 >m
	ours c >f
	accept 0 "$OWN"
	[ "$(grep -c '^again: yes ' opened)" = 2 ]
	# what was refused before is looked for, and nothing else is
	mail 4 >m
	ours d >f
	accept 111 'own=stage.py say defer 451 4.3.0 Later'
	cp f first
	mail 5 >m
	ours e >f
	accept 0 "$OWN"
	[ "$(grep -c '^again: yes ' opened)" = 2 ]
	cp first f
	accept 0 "$OWN"
	[ "$(grep -c '^again: yes ' opened)" = 3 ]
	[ "$(boxed)" = 5 ]
}

@test "a stage that is killed behind the delivery does not make it two" {
	cat >leave <<-'EOF'
		#!/bin/sh
		maildir-deliver mail >answer
		kill -KILL $$
	EOF
	chmod +x leave
	ours a >f
	accept 111 -o answer=2 "own=$R open | head -c 400 | ./leave"
	accept 0 -p dave "$OWN"
	says 'a done'
	[ "$(boxed)" = 1 ]
	grep -q '^again: yes ' opened
}

@test "if we are killed, the next one waits for the stages that go on" {
	ours a >f
	relay-accept -p carol -n nodes -o seen=known \
	    "own=$R open go | maildir-deliver mail" <f >out1 2>err1 3>&- &
	pid=$!
	wait_for 10 [ -s opened ]
	kill -KILL $pid
	wait $pid || :
	[ "$(boxed)" = 0 ]
	{ sleep 1; touch go; } 3>&- &
	accept 0 -p dave "$OWN"
	says 'a done'
	[ "$(boxed)" = 1 ]
	# it had been looked for, and was there
	[ "$(wc -l <opened)" = 2 ]
	[[ $stderr == *"file='(it was there)'"* ]]
}

@test "another peer's delivery is waited for, but not for ever" {
	ours a >f
	relay-accept -p carol -n nodes -o seen=known \
	    "own=$R open go | maildir-deliver mail" <f >out1 2>err1 3>&- &
	pid=$!
	wait_for 10 [ -s opened ]
	accept 111 -p dave -o lock=0.2 "$OWN"
	says 'a defer 451 4.3.0 Cannot take it now'
	{ sleep 1; touch go; } 3>&- &
	accept 0 -p dave "$OWN"
	says 'a done'
	wait $pid
	[ "$(boxed)" = 1 ]
	[ "$(wc -l <opened)" = 1 ]
}

@test "a peer has so many connections at a time, and others have theirs" {
	local pids=() n
	ours a >f
	mkfifo hold
	exec 9<>hold
	for n in 1 2; do
		relay-accept -p carol -n nodes -o seen=known "$OWN" \
		    < <(exec cat f hold 3>&- 9>&-) >"answer$n" 2>>log 3>&- 9>&- &
		pids+=($!)
		wait_for 10 grep -sq '^verdict: done' "answer$n"
	done
	accept 111 -o connections=2 "$OWN"
	[ ! -s out ]
	[ "$stderr" = "relay-accept: fatal: peer 'carol' has all its connections" ]
	accept 0 -o connections=2 -p dave "$OWN"
	accept 0 -o connections=3 "$OWN"
	# one that is killed has left
	kill -9 "${pids[1]}"
	wait "${pids[1]}" || :
	accept 0 -o connections=2 "$OWN"
	exec 9>&-
	kill "${pids[0]}" || :
}

@test "who brings much does not keep the others from their turn" {
	local flood n
	for n in $(seq 80); do
		mail "much $n" >m
		ours "t$n"
	done >much
	printf '#!/bin/sh\nsleep 0.4\nexec cat\n' >slowly
	chmod +x slowly
	relay-accept -p carol -n nodes -o seen=known "own=$R open |
	    mail-filter -- ./slowly | maildir-deliver mail" <much >answers 2>log 3>&- &
	flood=$!
	wait_for 10 grep -sq verdict answers
	for n in 1 2 3 4 5; do
		mail "few $n" >m
		ours "d$n" >one
		relay-accept -p dave -n nodes -o seen=known -o lock=6 "own=$R open |
		    maildir-deliver mail" <one >"out$n" 2>>log 3>&- || :
	done
	kill "$flood"
	wait "$flood" || :
	[ "$(grep -l '^verdict: done' out? | wc -l)" = 5 ]
}

@test "two holders at once, and kills at any moment: each mail is there once" {
	for seed in 1 2; do
		rm -rf mail known opened
		mkdir mail
		run -0 --separate-stderr timeout 120 "$R" storm $seed relay-accept \
		    -n nodes -o seen=known "$OWN"
		read -r ours stages tries <<<"$output"
		echo "killed: $ours of ours, $stages stages; $tries connections"
		[ $((ours + stages)) -gt 8 ]
		[ "$(boxed)" = 36 ]
		find mail -path '*/new/*' -type f -exec sed -n 's/^X-Mark: //p' {} + |
		    sort -u >marks
		[ "$(wc -l <marks)" = 36 ]
	done
}

@test "a full disk defers, and nothing is lost" {
	ours a >f
	# where it is written what was seen
	printf '%04095d\n' 1 >known
	chmod 600 known
	run -111 --separate-stderr sh -c 'ulimit -f 8; relay-accept -p carol -n nodes \
	    -o seen=known "$1" <f >out' - "$OWN"
	says 'a defer 451 4.3.0 Cannot take it now'
	[[ $stderr == *"cannot write down what is seen: File too large"* ]]
	[ "$(boxed)" = 0 ]
	rm known
	# and in the Maildir
	message m 20000
	ours b >f
	run -111 --separate-stderr sh -c 'ulimit -f 8; relay-accept -p carol -n nodes \
	    -o seen=known "$1" <f >out' - "$OWN"
	says 'b defer 451 4.3.0 Cannot deliver now'
	[ "$(boxed)" = 0 ]
	accept 0 "$OWN"
	says 'b done'
	[ "$(boxed)" = 1 ]
	# an answer that cannot be written
	run -111 --separate-stderr sh -c 'relay-accept -p carol -n nodes -o seen=known \
	    "$1" <f >/dev/full' - "$OWN"
	[ "$(boxed)" = 1 ]
}

@test "hello is answered with our manifest, if it is newer" {
	hello() { "$R" mk empty h 'relay: hello' "node: $1" "${@:2}"; }
	: >empty
	node bob 'serial: 7'
	echo signature >nodes/bob.yaml.sig
	echo key >nodes/bob.asc
	hello bob 'serial: 6' >f
	mail 1 >m
	ours a >>f
	accept 0 "$OWN"
	says 'h pass' 'a done'
	size=$(wc -c <nodes/bob.yaml)
	printf 'pimail-manifest 1\nmanifest: %d\nsignature: 10\nkey: 4\n\n' "$size" |
	    cat - nodes/bob.yaml nodes/bob.yaml.sig nodes/bob.asc >parcel
	perl -0777 -ne 'print $1 if /\n\n(pimail-manifest.*?)verdict: pass\n/s' out |
	    cmp - parcel
	for serial in 7 8 9007199254740991; do
		hello bob "serial: $serial" >f
		accept 0 "$OWN"
		says 'h done'
	done
	for serial in -1 x '' 07 99999999999999999999; do
		hello bob "serial: $serial" >f
		accept 100 "$OWN"
		says 'h reject 554 5.6.0 No serial'
	done
	hello bob >f
	accept 100 "$OWN"
	says 'h reject 554 5.6.0 No serial'
	hello dave 'serial: 1' >f
	accept 100 "$OWN"
	says 'h reject 550 5.7.1 Another node is here'
	# one that is not signed is not given
	rm nodes/bob.yaml.sig
	hello bob 'serial: 0' >f
	accept 0 "$OWN"
	says 'h done'
}

@test "mail that waits for a peer becomes due when it comes" {
	mkdir -p queue/carol queue/dave
	chmod 700 queue queue/*
	echo 'pimail-queue 1' >queue/.queue
	for name in carol dave; do
		printf 'next: 4000000000\nsucceeded: 1\nfailures: 3\nnote: down\n' \
		    >queue/$name/.state
	done
	: >f
	accept 0 -o queue=queue "$OWN"
	[ "$(head -n 1 queue/carol/.state)" = 'next: 0' ]
	grep -qx 'failures: 3' queue/carol/.state
	[ "$(head -n 1 queue/dave/.state)" = 'next: 4000000000' ]
	accept 0 -p eve -o queue=queue "$OWN"
	[ ! -e queue/eve ]
	accept 0 -o queue=none "$OWN"
	[[ $stderr == *"cannot open the queue 'none'"* ]]
}

@test "stages get a clean environment, no descriptor of others, and no core" {
	ours a >f
	cat >look <<-'EOF'
		#!/bin/sh
		env | sort >env
		ls -l /proc/$$/fd | sed -n 's/.* \([0-9]*\) -> /\1 /p' >fds
		ulimit -c >core
		exec maildir-deliver mail
	EOF
	chmod +x look
	cat >bare <<-'EOF'
		#!/bin/bash
		# without what bats has open
		for fd in /proc/$$/fd/*; do
			[ "${fd##*/}" -le 2 ] || eval "exec ${fd##*/}>&-"
		done
		exec relay-accept "$@"
	EOF
	chmod +x bare
	LD_X=1 LC_ALL=C LANG=x SSH_CONNECTION=y SSH_ORIGINAL_COMMAND='x; rm -rf /' TZ=UTC \
	    run -0 --separate-stderr sh -c './bare -p carol -n nodes -o seen=known "$1" \
	    <f >out' - "own=$R open | ./look"
	cut -d = -f 1 env | grep -v -e '^PWD$' -e '^_$' -e '^OLDPWD$' -e '^SHLVL$' >names
	run -1 grep -v -e '^HOME$' -e '^LOGNAME$' -e '^PATH$' -e '^TMPDIR$' -e '^TZ$' \
	    -e '^USER$' names
	grep -qx TZ names
	[ "$(cat core)" = 0 ]
	[[ $stderr == *"the peer asked for 'x; rm -rf /', which does not matter"* ]]
	grep -q '/known.lock$' fds
	run -1 grep -v -e '^[012] ' -e '/look$' -e '/known.lock$' fds
}

# A real server on loopback, for whoever runs this; keys of peers in
# authorized_keys, as share/ssh has them.
serve_ssh() {
	local share=$BATS_TEST_DIRNAME/../share/ssh peer
	ssh-keygen -q -t ed25519 -N '' -f host_key
	cat >relay-from <<-EOF
		#!/bin/sh
		cd '$D' && PATH='$PATH' TMPDIR='$D' exec relay-accept -p "\$1" -n nodes \\
		    -o seen=known "$OWN" "$OTHER"
	EOF
	chmod +x relay-from
	for peer in carol dave; do
		ssh-keygen -q -t ed25519 -N '' -f "key.$peer"
		sed -n "s|^\(.*\)/etc/pimail/relay-from $peer\" .*|\1$D/relay-from $peer\"|p" \
		    "$share/authorized_keys" | tr '\n' ' '
		cat "key.$peer.pub"
	done >authorized_keys
	[ "$(wc -l <authorized_keys)" = 2 ]
	PORT=$(free_port)
	cat >sshd_config - <<-EOF
		Port $PORT
		ListenAddress 127.0.0.1
		HostKey $D/host_key
		PidFile none
		AuthorizedKeysFile $D/authorized_keys
		StrictModes no
		UsePAM no
		PasswordAuthentication no
		PermitRootLogin forced-commands-only
		AcceptEnv LANG LC_*
	EOF
	sed "s/Match User pimail/Match User $(id -un)/" "$share/sshd_config" >>sshd_config
	[ "$(id -u)" != 0 ] || mkdir -p /run/sshd
	/usr/sbin/sshd -D -f sshd_config -E sshd.log 3>&- &
	SSHD=$!
	printf '[127.0.0.1]:%d %s\n' "$PORT" "$(cat host_key.pub)" >known_hosts
	wait_for 10 grep -q listening sshd.log
	SSH=(ssh -F "$share/config" -p "$PORT" -o UserKnownHostsFile="$D/known_hosts"
	    -T -l "$(id -un)" 127.0.0.1)
}

by_ssh() { # PEER ARGS...: with its key, and the config of share/ssh
	"${SSH[@]}" -i "key.$1" "${@:2}"
}

@test "over a real ssh a key is a peer, and can do nothing else (agamid 7.6)" {
	serve_ssh
	ours a >f
	mail 2 >m
	mk b 'direction: returned' 'node: dave' >>f
	run -0 --separate-stderr by_ssh carol relay-accept <f
	printf '%s\n' "$output" >out
	says 'a done' 'b done'
	[ "$(boxed)" = 2 ]
	run -0 --separate-stderr by_ssh dave relay-accept <f
	printf '%s\n' "$output" >out
	says 'a done' 'b done'
	grep -q 'from: dave id: b' opened
	[[ $stderr == *'id=a peer=dave node=bob '*' verdict=done'* ]]
	[ "$(grep -c 'node: bob' opened)" = 1 ]
	# whatever it asks for, this is what it gets
	for asked in "touch $D/hacked" '' 'relay-accept -p bob' 'sh -i'; do
		mail "$asked" >m
		ours a >f
		# shellcheck disable=SC2086
		run -0 --separate-stderr by_ssh carol ${asked:+"$asked"} <f
		[[ $output == *'verdict: done'* ]]
		[[ $stderr == *' peer=carol '* ]]
	done
	[ ! -e hacked ]
	# no terminal, no forwarding, no files
	run --separate-stderr by_ssh carol -tt </dev/null
	[ -z "$output" ]
	run ! sftp -q -F none -i key.carol -P "$PORT" -o UserKnownHostsFile="$D/known_hosts" \
	    -o BatchMode=yes "$(id -un)@127.0.0.1:sshd_config" got
	[ ! -e got ]
	free=$(free_port)
	run ! by_ssh carol -N -o ClearAllForwardings=no -o ExitOnForwardFailure=yes \
	    -R "$free:127.0.0.1:$PORT" </dev/null
	# no such key
	ssh-keygen -q -t ed25519 -N '' -f key.eve
	run -255 --separate-stderr by_ssh eve relay-accept <f
	[ -z "$output" ]
}

@test "a connection that breaks in the middle leaves whole messages" {
	serve_ssh
	message m 3000000
	ours a >whole
	mail 2 >m
	ours b >f
	head -c 2000000 whole >>f
	mkfifo pipe
	"${SSH[@]}" -i key.carol relay-accept <pipe >out 2>err 3>&- &
	pid=$!
	exec 5>pipe
	cat f >&5
	wait_for 10 grep -q 'verdict: done' out
	kill -KILL $pid
	wait $pid || :
	exec 5>&-
	says 'b done'
	[ "$(boxed)" = 1 ]
	run -0 --separate-stderr by_ssh carol relay-accept <whole
	[[ $output == *'verdict: done'* ]]
	[ "$(boxed)" = 2 ]
}
