load lib.bash

setup() {
	common_setup
	message m 3000
	sealed >f
}

teardown() {
	if [ -n "${PID:-}" ]; then kill "$PID" 2>/dev/null || :; fi
	if [ -n "${MOUNT:-}" ]; then umount "$MOUNT"; fi
	if [ -n "${U:-}" ]; then rm -rf "$U"; fi
}

sealed() { # [FIELD...]: as seal(1) makes one, of m
	mk m t1 'direction: returned' 'node: bob' "$@"
}

put() { # STATUS ARGS...: puts the frame in f, answer in out
	run "-$1" --separate-stderr sh -c 'relay-put "$@" <f >out' - "${@:2}"
}

verdict() { # what the answer says
	mail-frame -c <out | cut -f 3
}

entries() { # DIR: how many are anywhere below
	find "$1" -type f -regextype posix-extended \
	    -regex '.*/[0-9a-f]{64}(\.held)?' | wc -l
}

content() { # FILE: the name that it gets
	sha256sum <"$1" | cut -d ' ' -f 1
}

# Somebody who is not root, and a directory for him, as the current one.
as_user() {
	U=$(mktemp -d /tmp/pimail.XXXXXX)
	cp "$(command -v relay-put)" m f "$U"
	cd "$U" || return 1
	export TMPDIR=$U
	user=()
	if [ "$(id -u)" = 0 ]; then
		chown -R 65534:65534 "$U"
		user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	fi
}

@test "usage and mistakes of the run script: 111, and nothing is made" {
	run -111 --separate-stderr relay-put
	[ "$stderr" = 'usage: relay-put [-n nodes] [-o name=value] dir' ]
	run -111 --separate-stderr relay-put q q
	run -111 --separate-stderr relay-put -z q
	for option in bytes=many messages=0 clear=2 free=-1 wait=601 no=1 bytes; do
		put 111 -o $option q
		[ ! -s out ]
	done
	put 111 -n nowhere q
	[ "$stderr" = "relay-put: fatal: cannot read 'nowhere/self.yaml': No such file or directory" ]
	mkdir nodes
	echo 'node: {}' >nodes/self.yaml
	put 111 -n nodes q
	put 111 not/there
	[[ $stderr == "relay-put: fatal: cannot open 'not/there': "* ]]
	[ ! -e q ]
}

@test "what is sealed is a frame in a file, named by its content (agamid 6.6)" {
	sealed 'envelope: 0123456789' >f
	put 0 q
	[ "$(verdict)" = "done" ]
	[ "$(mail-frame -c <out | cut -f 1)" = t1 ]
	id=$(content m)
	cmp "q/bob/$id" f
	[ "$(cat q/.queue)" = 'pimail-queue 1' ]
	[ "$(stat -c %a q q/bob "q/bob/$id" | tr '\n' ' ')" = '700 700 600 ' ]
	[ "$(find q | wc -l)" = 4 ]
	[ "$stderr" = "id=t1 verdict=done to='bob' entry=${id:0:16} from='' octets=$((3000 + $(sed '/^size/,$d' f | tail -n +2 | wc -c))) reason='stored'" ]
}

@test "it is text that can be read, and a frame again" {
	put 0 q
	run -1 grep -P '[^\n\t -~]' "q/bob/$(content m)"
	mail-frame -x <"q/bob/$(content m)" | cmp - m
}

@test "the same content comes again, under another id: stored once, done" {
	put 0 q
	mk m t2 'direction: returned' 'node: bob' 'from: alice' >f
	put 0 q
	[ "$(verdict)" = "done" ]
	[[ $stderr == *"reason='was here already'" ]]
	[ "$(entries q)" = 1 ]
	grep -q '^id: t1$' q/bob/*
	# held is there, too
	mv "q/bob/$(content m)" "q/bob/$(content m).held"
	put 0 q
	[ "$(entries q)" = 1 ]
}

@test "a stream of frames, each to its destination" {
	for n in 1 2 3 4 5; do
		message m $((1000 + n))
		mk m "t$n" 'direction: returned' "node: n$((n % 2))"
	done >f
	put 0 q
	[ "$(mail-frame -c <out | cut -f 1,3 | tr '\t\n' '  ')" = \
	    't1 done t2 done t3 done t4 done t5 done ' ]
	[ "$(entries q/n0)" = 2 ]
	[ "$(entries q/n1)" = 3 ]
}

@test "what nobody has sealed is deferred, and stored if that is allowed" {
	frame m >inbound
	sealed 'sender: a@b.example' 'recipient: bob bob@bob.example' >returned
	mk m t1 'node: bob' >none
	for f in inbound returned none; do
		cp $f f
		put 111 q
		[ "$(verdict)" = 'defer 451 4.3.0 Cannot store mail now' ]
		[[ $stderr == *"reason='not sealed'" ]]
		[ "$(entries q)" = 0 ]
		! grep -rq 'quick brown' q || return 1
	done
	for f in inbound returned none; do
		cp $f f
		put 0 -o clear=1 q
		[ "$(verdict)" = "done" ]
	done
	[ "$(entries q/carol.example)" = 1 ]
	[ "$(entries q/bob.example)" = 1 ]
	[ "$(entries q/bob)" = 1 ]
}

@test "what goes out goes to the domain of its first recipient" {
	for direction in submitted bounce; do
		mk m t1 "direction: $direction" 'sender: a@b.example' \
		    'recipient: - "a b"@EXAMPLE.Net' 'recipient: - c@d.example' >f
		put 0 q
		[ "$(verdict)" = "done" ]
	done
	[ "$(entries q)" = 2 ]
	[ "$(entries q/example.net)" = 2 ]
	# the name is that of fields and message: another recipient, another entry
	mk m t1 'direction: bounce' 'recipient: - b@example.net' >f
	put 0 q
	[ "$(entries q/example.net)" = 3 ]
}

@test "no name from outside leads anywhere but into the queue" {
	mkdir in
	for node in '' . .. ../x a/b /etc .hidden -x -rf 'a b' '.queue' \
	    "$(printf 'x%.0s' $(seq 256))"; do
		mk m t1 'direction: returned' "node: $node" >f
		put 111 in/q
		[ "$(verdict)" = 'defer 451 4.3.0 Cannot store mail now' ]
		[[ $stderr == *"reason='no destination"* ]]
	done
	mk m t1 'direction: returned' >f
	put 111 in/q
	for address in postmaster x@ x@.. x@../y x@a/b x@.x x@-x 'x@a b'; do
		mk m t1 'direction: submitted' "recipient: - $address" >f
		put 111 in/q
		[[ $(verdict) == 'defer 451 '* ]]
	done
	[ "$(find in ! -name .queue | wc -l)" = 2 ]
	mk m t1 'direction: returned' \
	    "node: $(printf 'x%.0s' $(seq 255))" >f
	put 0 in/q
	mk m t1 'direction: submitted' 'recipient: - x@[192.0.2.1]' >f
	put 0 in/q
	[ "$(entries in/q)" = 2 ]
	[ "$(find in -maxdepth 1 | wc -l)" = 2 ]
}

@test "symbolic links in the queue are not followed" {
	put 0 q
	mkdir away
	rm -r q/bob
	ln -s "$D/away" q/bob
	put 111 q
	[ "$(verdict)" = 'defer 451 4.3.0 Cannot store mail now' ]
	rm q/bob
	mkdir -m 700 q/bob
	echo precious >victim
	ln -s "$D/victim" "q/bob/.$(content m).new"
	put 111 q
	[ "$(cat victim)" = precious ]
	[ "$(ls away)" = '' ]
	# a link with the name of an entry is in the way, and nothing is written
	rm "q/bob/.$(content m).new"
	ln -s "$D/victim" "q/bob/$(content m)"
	put 0 q
	[ "$(cat victim)" = precious ]
}

@test "a queue that others may write to is refused" {
	put 0 q
	for mode in 720 702 777 1777; do
		chmod $mode q
		put 111 q
		[ "$stderr" = "relay-put: fatal: cannot open 'q': others may write to it" ]
		[ ! -s out ]
	done
}

@test "a queue of another user is refused, though we may write to it" {
	[ "$(id -u)" = 0 ] || skip "only root may write to what is another user's"
	put 0 q
	chown nobody q
	put 111 q
	[ "$stderr" = "relay-put: fatal: cannot open 'q': it must be our own, and we must get there" ]
	run -111 --separate-stderr relay-retry -1 q cat
	[[ $stderr == *"'q': it must be our own, "* ]]
	run -0 relay-ls q
	[ "${#lines[@]}" = 1 ]
}

@test "a queue of another version, or a directory with something in it, is refused" {
	put 0 q
	for version in 'pimail-queue 2' 'pimail-queue 10' 'pimail-queue' ''; do
		echo "$version" >q/.queue
		put 111 q
		[ "$stderr" = "relay-put: fatal: cannot open 'q': not a queue of this version" ]
	done
	rm q/.queue
	put 111 q
	mkdir -m 700 home
	touch home/precious
	put 111 home
	[ "$(ls -A home)" = precious ]
	mkdir -m 700 empty
	put 0 empty
	touch file
	put 111 file
}

@test "a queue that cannot be written: deferred, and the next frame works" {
	as_user
	"${user[@]}" ./relay-put q <f >out
	rm -r q/bob
	chmod 500 q
	run -111 --separate-stderr sh -c '"$@" ./relay-put q <f >out' - "${user[@]}"
	[ "$(verdict)" = 'defer 451 4.3.0 Cannot store mail now' ]
	[[ $stderr == *"reason='Permission denied'" ]]
	chmod 700 q
	mkdir -m 000 q/carol
	run -111 --separate-stderr sh -c '"$@" ./relay-put q <f >out' - "${user[@]}"
	[[ $stderr == *"cannot count what is in 'q/carol': Permission denied"* ]]
	rmdir q/carol
	"${user[@]}" ./relay-put q <f >out
	[ "$(verdict)" = "done" ]
}

@test "a frame that is cut or changed leaves nothing" {
	size=$(wc -c <f)
	cp f whole
	for n in 10 60 100 2000 $((size - 30)) $((size - 1)); do
		head -c $n whole >f
		put 111 q
		[ ! -s out ]
		flip whole $n >f
		put 111 q
	done
	[ "$(entries q)" = 0 ]
	# what came before it in the stream stays
	head -c 2000 whole | cat whole - >f
	put 111 q
	[ "$(verdict)" = "done" ]
	[ "$(entries q)" = 1 ]
}

@test "a message by itself, no input, a closed standard output" {
	cp m f
	put 111 q
	[ ! -s out ]
	[ "$stderr" = 'relay-put: warning: input is not a frame' ]
	: >f
	put 111 q
	sealed >f
	run -111 --separate-stderr sh -c 'relay-put q <f >&-'
	run -111 --separate-stderr sh -c 'relay-put q <f >/dev/full'
	run -111 --separate-stderr sh -c 'relay-put q <&-'
}

@test "a frame with a verdict goes through as it is" {
	maildir=$D/mail
	mkdir "$maildir"
	frame m | maildir-deliver "$maildir" >answer
	relay-put q <answer >out
	cmp answer out
	[ "$(entries q)" = 0 ]
}

@test "10 MB are stored octet for octet" {
	message m 10000000
	sealed >f
	put 0 q
	cmp "q/bob/$(content m)" f
}

@test "limits of our own: deferred, never refused" {
	put 0 q
	message m 2000
	sealed >f
	put 111 -o messages=1 q
	[ "$(verdict)" = 'defer 452 4.3.1 Insufficient system storage' ]
	[[ $stderr == *"reason='messages: "* ]]
	put 111 -o bytes=4K q
	[ "$(verdict)" = 'defer 452 4.3.1 Insufficient system storage' ]
	[[ $stderr == *"reason='bytes: "* ]]
	put 111 -o free=1024G q
	[ "$(verdict)" = 'defer 452 4.3.1 Insufficient system storage' ]
	[[ $stderr == *"reason='free: "* ]]
	[ "$(entries q)" = 1 ]
	# the limits of peers are not ours
	put 0 -o messages=2 -o peer-bytes=1 -o peer-messages=1 q
	# what is there is done, however full it is
	put 0 -o messages=1 q
	[ "$(entries q)" = 2 ]
}

@test "limits of a peer: refused, and another peer still gets in (agamid 8.5)" {
	from() { # PEER SIZE
		message m "$2"
		sealed "from: $1" >f
	}
	from alice 2000
	put 0 q
	from alice 2001
	put 100 -o peer-messages=1 q
	[ "$(verdict)" = 'reject 552 5.3.1 No room for more mail of yours' ]
	[[ $stderr == *"from='alice'"*"reason='peer-messages: "* ]]
	put 100 -o peer-bytes=4000 q
	[[ $stderr == *"reason='peer-bytes: "* ]]
	put 100 -o bytes=4000 q
	[[ $stderr == *"reason='bytes: "* ]]
	put 100 -o messages=1 q
	# a quarter is a peer's
	put 100 -o messages=4 q
	[[ $stderr == *"reason='peer-messages: "* ]]
	put 100 -o bytes=8400 q
	[[ $stderr == *"reason='peer-bytes: "* ]]
	[ "$(entries q)" = 1 ]
	from dave 2002
	put 0 -o peer-messages=1 q
	from alice 2003
	put 0 -o peer-messages=2 q
	[ "$(entries q)" = 3 ]
}

@test "limits hold inside of a stream, too, and for what is held" {
	for n in 1 2 3; do
		message m $((1000 + n))
		mk m "t$n" 'direction: returned' 'node: bob' 'from: alice'
	done >f
	put 100 -o peer-messages=2 q
	[ "$(mail-frame -c <out | cut -f 3 | cut -c -4 | tr '\n' ' ')" = 'done done reje ' ]
	for entry in q/bob/*; do mv "$entry" "$entry.held"; done
	put 100 -o peer-messages=2 q
	[ "$(entries q)" = 2 ]
	# room that others make is seen after a while
	mkfifo in
	relay-put -o peer-messages=2 q <in >out 2>err &
	PID=$!
	exec 7>in
	message m 1003
	sealed 'from: alice' >f
	cat f >&7
	wait_for 10 grep -q verdict=reject err
	rm q/bob/*.held
	for _ in $(seq 60); do
		cat f >&7
		sleep 0.5
		! grep -q verdict=done err || break
	done
	exec 7>&-
	wait $PID && return 1
	PID=
	[ "$(mail-frame -c <out | cut -f 3 | tail -n 1)" = "done" ]
}

@test "our own manifest says how much is stored" {
	mkdir nodes
	cat >nodes/carol.yaml <<'YAML'
node: {name: carol, host: mail.carol.example, domains: [carol.example],
  stores: {for: all, bytes: 4K}}
mailboxes:
  carol: {matches: 'carol'}
YAML
	ln -s carol.yaml nodes/self.yaml
	put 0 -n nodes q
	message m 2000
	sealed >f
	put 111 -n nodes q
	[[ $stderr == *"reason='bytes: "* ]]
	put 0 -n nodes -o bytes=1M q
	message m 2001
	sealed >f
	PIMAIL_NODES=nodes put 111 q
	[[ $stderr == *"reason='bytes: "* ]]
	PIMAIL_NODES=nowhere put 0 q
}

@test "a full disk: deferred, and nothing is left of it" {
	[ "$(id -u)" = 0 ] || skip 'needs root'
	mkdir disk
	mount -t tmpfs -o size=64k,mode=700 tmpfs disk || skip 'cannot mount'
	MOUNT=$D/disk
	put 0 -o free=0 disk/q
	message m 100000
	sealed >f
	# the reserve sees it coming
	put 111 -o free=0 disk/q
	[[ $stderr == *"reason='free: "* ]]
	# blocks that are gone when it is written
	head -c 50000 /dev/zero >disk/filler
	message m 7000
	sealed >f
	for n in 1 2 3; do put 111 -o free=0 disk/q; done
	[ "$(verdict)" = 'defer 452 4.3.1 Insufficient system storage' ]
	[ "$(entries disk/q)" = 1 ]
	[ -z "$(find disk/q -name '*.new')" ]
	rm disk/filler
	put 0 -o free=0 disk/q
	[ "$(entries disk/q)" = 2 ]
}

@test "a disk that fills up while it is written: deferred, nothing is left" {
	[ "$(id -u)" = 0 ] || skip 'needs root'
	# as it has the room when it is asked, and not when it writes
	message m 60000
	sealed >f
	run -111 --separate-stderr sh -c \
	    'ulimit -f 40; exec relay-put q <f >out'
	[ "$(verdict)" = 'defer 451 4.3.0 Cannot store mail now' ]
	[[ $stderr == *"reason='File too large'" ]]
	[ "$(entries q)" = 0 ]
	[ -z "$(find q -name '*.new')" ]
}

@test "every call that may fail leaves an entry that is whole, or none" {
	command -v strace >/dev/null || skip 'needs strace'
	export ASAN_OPTIONS=detect_leaks=0 # it cannot look while traced
	for call in openat write writev fsync renameat mkdirat flock ftruncate; do
		for n in 1 2 3 4 5 6; do
			rm -rf q
			strace -o /dev/null -f -e trace=$call \
			    -e inject=$call:error=EIO:when=$n \
			    relay-put q <f >out 2>err || :
			left=$(entries q 2>/dev/null || echo 0)
			if [ "$(verdict)" = "done" ]; then
				cmp "q/bob/$(content m)" f
			elif [ "$left" = 1 ]; then
				# only the answer could not be written
				cmp "q/bob/$(content m)" f
				[ ! -s out ]
			fi
			# then a runner removes it
			case $call in flock | ftruncate) continue ;; esac
			find q -path '*/bob/*.new' 2>/dev/null >left
			[ ! -s left ]
		done
	done
}

@test "killed before any call of it: an entry that is whole, or none" {
	command -v strace >/dev/null || skip 'needs strace'
	export ASAN_OPTIONS=detect_leaks=0 # it cannot look while traced
	message m 20000
	sealed >f
	relay-put q <f >out
	none=0 whole=0
	for call in openat writev write fsync renameat renameat2 flock; do
		for n in 1 2 3 4; do
			rm -rf q/bob
			strace -o /dev/null -e trace=$call \
			    -e inject=$call:signal=SIGKILL:when=$n \
			    relay-put q <f >out 2>err || :
			if [ "$(entries q)" = 0 ]; then
				none=$((none + 1))
				[ ! -s out ]
			else
				whole=$((whole + 1))
				cmp "q/bob/$(content m)" f
			fi
			# and it can be put again
			relay-put q <f >out 2>err
			cmp "q/bob/$(content m)" f
		done
	done
	[ $none -gt 2 ]
	[ $whole -gt 2 ]
}

@test "what a killed one has left unsynced is synced before done is said" {
	command -v strace >/dev/null || skip 'needs strace'
	export ASAN_OPTIONS=detect_leaks=0 # it cannot look while traced
	relay-put q </dev/null || :
	# killed before it syncs: the queue, for a new directory; and that, for
	# a new entry in it
	local n
	for n in 1 2 3 4 5; do
		strace -o /dev/null -e trace=fsync \
		    -e inject=fsync:signal=SIGKILL:when=$n \
		    relay-put q <f >out 2>err || :
		[ "$(entries q)" = 0 ] || break
	done
	[ "$(entries q)" = 1 ]
	strace -y -o calls -e trace=fsync relay-put q <f >out
	[ "$(verdict)" = "done" ]
	grep -q "fsync([0-9]*<$PWD/q>)" calls
	grep -q "fsync([0-9]*<$PWD/q/bob>)" calls
}

@test "killed at any moment: what was answered with done is there, all is whole (agamid 8.1)" {
	for n in $(seq 200); do
		printf 'Subject: %s\n\nbody %s\n' "$n" "$n" >m
		mk m "t$n" 'direction: returned' 'node: bob'
	done >f
	for _ in $(seq 15); do
		rm -rf q
		relay-put q <f >out 2>/dev/null &
		PID=$!
		sleep "0.0$((RANDOM % 9))$((RANDOM % 10))"
		kill -9 $PID 2>/dev/null || :
		wait $PID || :
		PID=
		[ -d q/bob ] || continue
		find q/bob -regextype posix-extended \
		    -regex '.*/[0-9a-f]{64}' -exec cat {} + >all
		[ ! -s all ] || mail-frame -c <all >checked
		[ -s all ] || : >checked
		cut -f 1 checked | sort >have
		mail-frame -c <out 2>/dev/null | grep -w "done" | cut -f 1 | sort >answered
		[ -z "$(comm -13 have answered)" ]
	done
}

@test "many who put the same at the same time: one entry, all are answered" {
	message m 200000
	sealed >f
	for n in 1 2 3 4 5 6 7 8; do
		relay-put q <f >out.$n 2>err.$n &
		pids[n]=$!
	done
	for n in 1 2 3 4 5 6 7 8; do wait "${pids[n]}"; done
	[ "$(cat err.* | grep -c "reason='stored'")" = 1 ]
	[ "$(cat err.* | grep -c "reason='was here already'")" = 7 ]
	cmp "q/bob/$(content m)" f
	[ "$(find q/bob -type f | wc -l)" = 1 ]
}

@test "what a dead writer has left is in nobody's way" {
	put 0 q
	rm q/bob/*
	head -c 1000 f >"q/bob/.$(content m).new"
	put 0 q
	cmp "q/bob/$(content m)" f
	[ "$(find q/bob -type f | wc -l)" = 1 ]
}

@test "before-answer: done when enough copies are noted, and no earlier" {
	relay-put -o before-answer=2 -o wait=30 q <f >out 2>err &
	PID=$!
	wait_for 10 test -e "q/bob/$(content m)"
	echo alice >"q/bob/$(content m).copies"
	sleep 0.3
	[ ! -s out ]
	echo dave >>"q/bob/$(content m).copies"
	wait $PID
	PID=
	[ "$(verdict)" = "done" ]
	[ "$(entries q)" = 1 ]
	# the same again has them already
	put 0 -o before-answer=2 q
}

@test "before-answer: done when it is gone, for then the owner has it" {
	relay-put -o before-answer=2 -o wait=30 q <f >out 2>err &
	PID=$!
	wait_for 10 test -e "q/bob/$(content m)"
	rm "q/bob/$(content m)"
	wait $PID
	PID=
	[ "$(verdict)" = "done" ]
}

@test "before-answer: too few in time, and it is taken away again" {
	put 111 -o before-answer=1 -o wait=0.2 q
	[ "$(verdict)" = 'defer 451 4.3.0 Cannot store mail now' ]
	[[ $stderr == *"reason='before-answer: too few copies'" ]]
	[ "$(entries q)" = 0 ]
	# what was answered before stays
	put 0 q
	put 111 -o before-answer=1 -o wait=0.2 q
	[ "$(entries q)" = 1 ]
	# a copy for a peer, and what goes out, wait for nothing
	sealed 'from: alice' >f
	rm q/bob/*
	put 0 -o before-answer=1 -o wait=10 q
	mk m t1 'direction: submitted' 'recipient: - b@example.net' >f
	put 0 -o before-answer=1 -o wait=10 q
	[ "$(entries q)" = 2 ]
}

@test "before-answer: waiting costs no time of the processor" {
	relay-put -o before-answer=1 -o wait=60 q <f >out 2>err &
	PID=$!
	wait_for 10 test -e "q/bob/$(content m)"
	sleep 0.3
	used() {
		awk '{ print $14 + $15 }' "/proc/$PID/stat"
	}
	before=$(used)
	sleep 2
	[ $(($(used) - before)) -le 2 ]
	kill $PID
	wait $PID || :
	PID=
}

@test "before-answer: the runner makes the copies, and then it is done" {
	mkdir -m 700 nodes
	for node in alice bob carol dave; do
		cat >nodes/$node.yaml <<YAML
node: {name: $node, host: mail.$node.example, domains: [$node.example],
  reach: "ssh://pimail@$node.example", stores: {for: all, bytes: 10M}}
mailboxes:
  $node: {matches: '$node|postmaster'}
YAML
	done
	ln -s carol.yaml nodes/self.yaml
	# bob is away; each of the others has a queue
	cat >transport <<'SH'
#!/bin/sh
case $1 in
bob) exit 1 ;;
*) exec relay-put -o free=0 "at-$1" ;;
esac
SH
	chmod +x transport
	relay-retry -n nodes -o hello=0 -o copies=2 q './transport %n' \
	    >log 2>&1 &
	PID=$!
	sealed 'envelope: 0123' >f
	put 0 -n nodes -o before-answer=2 -o wait=30 q
	[ "$(verdict)" = "done" ]
	[ "$(sort "q/bob/$(content m).copies" | tr '\n' ' ')" = 'alice dave ' ]
	for peer in alice dave; do
		mail-frame -x <"at-$peer/bob/$(content m)" | cmp - m
		run -1 grep -rq '^envelope' at-$peer
	done
	kill $PID
	wait $PID
	PID=
}

@test "it reaches nothing outside of the queue, and leaves no core" {
	mkfifo in
	relay-put q <in >out 2>err &
	PID=$!
	exec 7>in
	wait_for 1 grep -q 'Seccomp:.*2' "/proc/$PID/status" ||
		skip 'no filters here'
	grep -q 'NoNewPrivs:.*1' "/proc/$PID/status"
	grep -q 'Max core file size  *0  *0' "/proc/$PID/limits"
	exec 7>&-
	wait $PID || :
	PID=
}
