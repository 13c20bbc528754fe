load lib.bash

setup() {
	common_setup
}

teardown() {
	if [ -n "${PID:-}" ]; then kill "$PID" 2>/dev/null && wait "$PID" || :; fi
}

put() { # MESSAGE ID FIELD...: an entry
	mk <(printf %s "$1") "${@:2}" | relay-put -o free=0 q >answer 2>put.err
}

fill() { # a queue of five
	put $'Subject: one\n\n1\n' t1 'direction: returned' 'node: bob' \
	    'envelope: 0123'
	put $'Subject: two\n\n2\n' t2 'direction: returned' 'node: bob' \
	    'from: alice'
	put $'Subject: three\n\n3\n' t3 'direction: returned' \
	    'node: carol' 'from: alice'
	put $'Subject: four\n\n4\n' t4 'direction: submitted' \
	    'sender: Dave@example.net' 'recipient: - x@example.org'
	put $'Subject: five\n\n5\n' t5 'direction: bounce' 'sender: ' \
	    'recipient: - dave@example.net'
}

id_of() { # TEXT: the id of the entry with that text
	grep -rl "$1" q | sed 's/.*\///; s/\.held//'
}

ls_() { # STATUS ARGS...: runs it
	run "-$1" --separate-stderr relay-ls "${@:2}"
}

subjects() { # the subjects of what is shown
	sed -n 's/^Subject: //p' <<<"$output" | tr '\n' ' '
}

@test "usage and mistakes: 111, and nothing is made" {
	run -111 --separate-stderr relay-ls
	[ "$stderr" = 'usage: relay-ls [-cHrstvx] [-a age] [-f sender] [-n node] [-p peer] dir [id...]' ]
	ls_ 111 -z q
	ls_ 111 -c -x q
	ls_ 111 nowhere
	[ "$stderr" = "relay-ls: fatal: cannot open 'nowhere': No such file or directory" ]
	[ ! -e nowhere ]
	mkdir -m 700 dir
	ls_ 111 dir
	[ "$stderr" = "relay-ls: fatal: cannot open 'dir': not a queue of this version" ]
	[ -z "$(ls -A dir)" ]
	fill
	for id in 1234567 ABCDEF01 ../../../../x "$(printf '0%.0s' $(seq 65))" ''; do
		ls_ 111 q "$id"
	done
	for age in '' d 3w -1 3dd 1.5h; do ls_ 111 -a "$age" q; done
	echo 'pimail-queue 2' >q/.queue
	ls_ 111 q
}

@test "an empty queue is no mistake, nothing found is 100" {
	fill
	rm -r q/*
	ls_ 0 q
	[ -z "$output" ]
	ls_ 100 -n bob q
	ls_ 100 -a 0 q
	ls_ 100 q 12345678
	ls_ 100 -x -p alice q
}

@test "a line for each, by destination, the oldest first" {
	fill
	one=$(id_of 'Subject: one') two=$(id_of 'Subject: two')
	touch -d '3 days ago' "q/bob/$one"
	touch -d '5 hours ago' "q/bob/$two"
	printf 'alice\ndave\n' >"q/bob/$one.copies"
	ls_ 0 q
	[ ${#lines[@]} = 5 ]
	size=$(wc -c <"q/bob/$one")
	[ "${lines[0]}" = "${one:0:16}	bob	$size	3d	-	-	2" ]
	[[ ${lines[1]} == "${two:0:16}	bob	"*"	5h	alice	-	0" ]]
	[[ ${lines[2]} == *"	carol	"*"	alice	-	0" ]]
	[[ ${lines[3]} == *"	example.net	"*"	-	-	0" ]]
	[[ ${lines[4]} == *"	example.org	"*"	-	-	0" ]]
	ls_ 0 -v q
	[ "${lines[0]%%	*}" = "$one" ]
	touch -d '1 day ago' "q/bob/$one"
	touch -d '4 days ago' "q/bob/$two"
	ls_ 0 q
	[[ ${lines[0]} == "${two:0:16}	"* ]]
}

@test "ages are told in what is short" {
	fill
	one=$(id_of 'Subject: one')
	for age in 110:1m 5900:98m 6010:1h 172000:47h 172900:2d; do
		touch -d "@$(($(date +%s) - ${age%:*}))" "q/bob/$one"
		ls_ 0 q "$one"
		[ "$(cut -f 4 <<<"$output")" = "${age#*:}" ]
	done
	touch "q/bob/$one"
	ls_ 0 q "$one"
	[[ $(cut -f 4 <<<"$output") =~ ^[0-9]{1,2}s$ ]]
	touch -d 'next year' "q/bob/$one"
	ls_ 0 q "$one"
	[ "$(cut -f 4 <<<"$output")" = 0s ]
}

@test "by id, whole or the beginning of it, and by several" {
	fill
	one=$(id_of 'Subject: one') five=$(id_of 'Subject: five')
	ls_ 0 -s q "$one"
	[ "$(subjects)" = 'one ' ]
	ls_ 0 -s q "${one:0:8}"
	[ "$(subjects)" = 'one ' ]
	ls_ 0 -s q "${five:0:20}" "$one"
	[ "$(subjects)" = 'one five ' ]
	# what is there counts, what is not is no trouble
	ls_ 0 -s q "$one" ffffffffffffffff
	ls_ 100 -s q "$(rev <<<"$one")"
}

@test "by node, by peer, by sender, by age, and by all of that" {
	fill
	ls_ 0 -s -n bob q
	[ "$(subjects)" != '' ]
	[ "$(subjects | wc -w)" = 2 ]
	ls_ 100 -n bo q
	ls_ 100 -n ../q/bob q
	ls_ 0 -s -p alice q
	[ "$(subjects)" = 'two three ' ]
	ls_ 0 -s -p - q
	[ "$(subjects | wc -w)" = 3 ]
	ls_ 0 -s -f dave@EXAMPLE.net q
	[ "$(subjects)" = 'four ' ]
	ls_ 0 -s -f '' q
	[ "$(subjects)" = 'five ' ]
	ls_ 0 -s -n bob -p alice q
	[ "$(subjects)" = 'two ' ]
	ls_ 100 -n carol -p - q
	touch -d '3 days ago' "q/bob/$(id_of 'Subject: one')"
	for age in 2d 3d 72h 4319m 259200 200000s; do
		ls_ 0 -s -a $age q
		[ "$(subjects)" = 'one ' ]
	done
	ls_ 100 -a 4d q
	ls_ 0 -s -a 0 q
	[ "$(subjects | wc -w)" = 5 ]
	ls_ 100 -a 1d -p alice q
}

@test "shown are the fields and the header, and no line of the body" {
	put $'Subject: x\nX-Tab: a\tb\n folded\n\nsecret body\n' t1 \
	    'direction: returned' 'node: bob' 'from: alice'
	ls_ 0 -s q
	id=$(id_of 'Subject: x')
	printf '%s\n' "$output" >have
	printf 'entry: %s\nid: t1\ndirection: returned\nnode: bob\nfrom: alice\n\nSubject: x\nX-Tab: a b\n folded\n' "$id" |
		diff - have
}

@test "counts: what is there, for how long, and when it is tried next" {
	fill
	touch -d '3 days ago' "q/bob/$(id_of 'Subject: one')"
	ls_ 0 -H -p alice -n bob q
	printf 'next: %s\nsucceeded: 0\nfailures: 7\nnote: connect: timed out\n' \
	    $(($(date +%s) + 2039)) >q/bob/.state
	mkdir q/nobody
	ls_ 0 -c q
	octets=$(cat q/bob/[0-9a-f]* | wc -c)
	[ "${lines[0]}" = "bob	2	$octets	1	3d	33m	7	connect: timed out" ]
	[[ ${lines[1]} == 'carol	1	'*'	0	'*'s	now	0	' ]]
	[ "${lines[4]}" = 'nobody	0	0	0	-	now	0	' ]
	all=$(cat q/*/[0-9a-f]* | wc -c)
	[ "${lines[5]}" = "-	5	$all	1	3d" ]
	ls_ 0 -c -p alice q
	[ "$(cut -f 1,2 <<<"$output" | tr '\t\n' '  ')" = 'bob 1 carol 1 - 2 ' ]
	ls_ 100 -c -n nobody q
}

@test "hold, release, remove: listed, and done once" {
	fill
	one=$(id_of 'Subject: one')
	ls_ 0 -H q "$one"
	[[ $output == "${one:0:16}	bob	"*"	held	0" ]]
	[ -e "q/bob/$one.held" ]
	[ ! -e "q/bob/$one" ]
	ls_ 0 -H q "$one"
	ls_ 0 q "$one"
	[[ $output == *"	held	0" ]]
	ls_ 0 -r q "$one"
	[[ $output == *"	-	-	0" ]]
	[ -e "q/bob/$one" ]
	echo alice >"q/bob/$one.copies"
	ls_ 0 -x q "$one"
	[[ $output == *"	removed	0" ]]
	[ -z "$(find q -name "$one*")" ]
	ls_ 100 -x q "$one"
	[ "$(find q -regextype posix-extended -regex '.*/[0-9a-f]{64}' | wc -l)" = 4 ]
}

@test "what is removed has to be said; all are older than nothing" {
	fill
	ls_ 111 -x q
	[ "$stderr" = 'relay-ls: fatal: -x wants to know which: all are -a 0' ]
	[ "$(relay-ls q | wc -l)" = 5 ]
	ls_ 0 -x -a 0 q
	[ ${#lines[@]} = 5 ]
	[ -z "$(find q -name '[0-9a-f]*' -type f)" ]
}

@test "all can be held and released" {
	fill
	ls_ 0 -H q
	[ "$(find q -name '*.held' | wc -l)" = 5 ]
	ls_ 0 -r q
	[ "$(find q -name '*.held' | wc -l)" = 0 ]
}

@test "try now: the destination is due, and what it knew stays" {
	fill
	for node in bob carol; do
		printf 'next: 9999999999\nsucceeded: 5\nfailures: 7\nnote: x\n' >q/$node/.state
	done
	ls_ 0 -t -n bob q
	[ "$output" = bob ]
	[ "$(head -n 3 q/bob/.state | tr '\n' ' ')" = 'next: 0 succeeded: 5 failures: 7 ' ]
	grep -q 9999999999 q/carol/.state
	ls_ 0 -t q "$(id_of 'Subject: three')"
	[ "$output" = carol ]
	ls_ 0 -t q
	[ "$(tr '\n' ' ' <<<"$output")" = 'bob carol example.net example.org ' ]
	ls_ 100 -t -n dave q
}

@test "what is damaged is listed and can be removed, and asked for no fields" {
	fill
	one=$(id_of 'Subject: one')
	echo nonsense >"q/bob/$one"
	ls_ 0 q "$one"
	[[ $output == *"	9	"*"	?	-	0" ]]
	ls_ 100 -p - q "$one"
	ls_ 111 -s q "$one"
	[[ $stderr == *"$one"* ]]
	: >"q/bob/$one"
	ls_ 0 q
	[ ${#lines[@]} = 5 ]
	ls_ 0 -x q "$one"
}

@test "what is no entry is left alone" {
	fill
	touch "q/bob/.$(printf '0%.0s' $(seq 64)).new" q/bob/notes q/file \
	    "q/bob/$(printf 'A%.0s' $(seq 64))"
	mkdir q/.hidden q/-x 'q/a b'
	cp q/bob/[0-9a-f]* q/-x
	ls_ 0 -x -a 0 q
	[ ${#lines[@]} = 5 ]
	[ -e q/bob/notes ]
	[ "$(ls q/-x | wc -l)" = 2 ]
}

@test "symbolic links lead nowhere" {
	fill
	mkdir away
	mv q/carol/[0-9a-f]* away
	rmdir q/carol
	ln -s "$D/away" q/carol
	one=$(id_of 'Subject: one')
	mv "q/bob/$one" victim
	ln -s "$D/victim" "q/bob/$one"
	ls_ 0 q
	[ ${#lines[@]} = 4 ]
	[[ $output == *"	bob	"*"	?	-	0"* ]]
	ls_ 111 -s q "$one"
	[[ $output != *Subject* ]]
	ls_ 0 -x -a 0 q
	[ -e victim ]
	[ "$(ls away | wc -l)" = 1 ]
}

@test "a terminal gets no commands" {
	put $'Subject: \e[2J\x07x\x9b\n\n' t1 'direction: returned' \
	    'node: bob' $'x-note: \u202e\xc3\xa9' $'from: \u202ealice'
	ls_ 0 -s q
	[[ $output == *'Subject: ?[2J?x'* ]]
	[[ $output == *$'x-note: ?\xc3\xa9'* ]] || [[ $output == *$'x-note: ???\xc3\xa9'* ]]
	LC_ALL=C run -1 grep -P '[\x00-\x08\x0b-\x1f\x7f]' <<<"$output"
	ls_ 0 q
	LC_ALL=C run -1 grep -P '\xe2\x80' <<<"$output"
}

@test "standard output that is full or closed: 111" {
	fill
	run -111 --separate-stderr sh -c 'relay-ls q >/dev/full'
	run -111 --separate-stderr sh -c 'relay-ls -c q >/dev/full'
	run -111 --separate-stderr sh -c 'relay-ls q >&-'
}

# A runner for q, which brings everything to the queue "home" if "up" is there.
runner() {
	cat >transport <<'SH'
#!/bin/sh
[ -e up ] && exec relay-put -o free=0 -o clear=1 home
SH
	chmod +x transport
	relay-retry -o first=3600 q ./transport >log 2>&1 &
	PID=$!
}

is_home() { # COUNT: so many messages are
	[ "$(find home -name '[0-9a-f]*' -type f 2>/dev/null | wc -l)" = "$1" ]
}

@test "try now: a runner that would wait for an hour does so at once" {
	put m t1 'direction: returned' 'node: bob'
	runner
	wait_for 20 grep -qs 'failures: 1' q/bob/.state
	ls_ 0 -c -n bob q
	[[ ${lines[0]} =~ ^bob$'\t'1$'\t'[0-9]+$'\t'0$'\t'[0-9]+s$'\t'[0-9]+m$'\t'1$'\t'. ]]
	touch up
	ls_ 0 -t -n bob q
	wait_for 20 is_home 1
	ls_ 0 q
	[ -z "$output" ]
}

@test "what is held waits, and goes as soon as it is released" {
	fill
	ls_ 0 -H -n bob q
	touch up
	runner
	wait_for 20 is_home 3
	ls_ 0 q
	[ ${#lines[@]} = 2 ]
	ls_ 0 -r -p alice q
	wait_for 20 is_home 4
	ls_ 0 -s q
	[ "$(subjects)" = 'one ' ]
}

@test "what goes away while it looks is passed over" {
	"$B/tool/queuefill" q 3000 3 500
	relay-ls q >before
	[ "$(wc -l <before)" = 3000 ]
	find q -name '[0-9a-f]*' -type f >files
	xargs rm <files &
	pid=$!
	while kill -0 $pid 2>/dev/null; do
		relay-ls -c q >out 2>err
		relay-ls q >out 2>>err
		[ ! -s err ]
	done
	wait $pid
	[ -z "$(relay-ls q)" ]
}

@test "two remove the same: each entry is listed by one of them" {
	"$B/tool/queuefill" q 2000 2 500
	relay-ls -x -a 0 q >a 2>err.a &
	pid=$!
	relay-ls -x -a 0 q >b 2>err.b || [ $? = 100 ]
	wait $pid || [ $? = 100 ]
	[ ! -s err.a ]
	[ ! -s err.b ]
	[ "$(cat a b | cut -f 1 | sort -u | wc -l)" = 2000 ]
	[ "$(cat a b | wc -l)" = 2000 ]
}

@test "a large queue takes little memory" {
	readelf -d "$B/relay-ls" >dynamic
	! grep -q libasan dynamic || skip 'the sanitizer needs much'
	where=$D
	[ ! -d /dev/shm ] || where=$(mktemp -d /dev/shm/pimail.XXXXXX)
	"$B/tool/queuefill" "$where/q" 20000 2 300
	(ulimit -v 40000 && relay-ls "$where/q") >out || rm out
	[ "$where" = "$D" ] || rm -rf "$where"
	[ "$(wc -l <out)" = 20000 ]
}
