# lib/accept/listserve.c, the process that asks DNS lists, against real name
# servers and against one that misbehaves; see t/unit/lists.c for what is parsed
# and counted.
load lib.bash
load dns.bash

setup() {
	dns_setup
	LISTER=
}

teardown() {
	stop_lists
	dns_teardown
}

# score [OPTION...] LISTS ADDRESS...: what the lists say of each, in the file
# `out`; what is said, in `said`.
score() {
	local options=()
	while [[ $1 == -* ]]; do
		options+=("$1" "$2")
		shift 2
	done
	printf '%s\n' "${@:2}" |
	    timeout 100 lists "${options[@]}" "$1" >out 2>said
}

is() { # LINE...: that was said
	printf '%s\n' "$@" | diff - out
}

# begin_lists ARGUMENT...: the same in the background, asked by `query`.
begin_lists() {
	mkfifo in
	: >out
	lists "$@" <in >out 2>said 3>&- &
	LISTER=$!
	exec 8>in
}

# query ADDRESS: sets ANSWER to the score and the text, MS to the time it took.
query() {
	local before now
	before=$(wc -l <out)
	MS=$(date +%s%3N)
	echo "$1" >&8
	until now=$(wc -l <out) && [ "$now" -gt "$before" ]; do
		sleep 0.01
	done
	MS=$(($(date +%s%3N) - MS))
	ANSWER=$(tail -n 1 out)
	ANSWER=${ANSWER#"$1" }
}

# Ends it; both processes must leave by themselves, with status 0.
stop_lists() {
	local status=0
	[ -n "$LISTER" ] || return 0
	exec 8>&-
	wait "$LISTER" || status=$?
	LISTER=
	cat said
	[ $status = 0 ]
}

said() { # REGEX: so many lines of it
	grep -cE "$1" said || :
}

@test "scores of the entries that match are added up" {
	serve_zones
	score -s "$NSD" 'bl.example=127.0.0.2*3, bl.example=127.0.0.[4..9]*5
		bl.example=127.0.0.10*-1 bl.example*7 other.example*50' \
	    192.0.2.8 192.0.2.9 192.0.2.10 192.0.3.77 ::ffff:192.0.2.9 \
	    2001:db8::1 2001:db8::2
	is '192.0.2.8 0' '192.0.2.9 12 bl.example=127.0.0.4' \
	    '192.0.2.10 11 bl.example=127.0.0.4 bl.example=127.0.0.10' \
	    '192.0.3.77 10 bl.example=127.0.0.2' \
	    '::ffff:192.0.2.9 12 bl.example=127.0.0.4' \
	    '2001:db8::1 10 bl.example=127.0.0.2' '2001:db8::2 0'
	[ ! -s said ]
}

@test "a resolver in between makes no difference" {
	serve_zones
	forward_to "$NSD"
	score -s "$UNBOUND" 'bl.example*3 other.example' 192.0.2.8 192.0.2.9
	is '192.0.2.8 0' '192.0.2.9 3 bl.example=127.0.0.4'
	[ ! -s said ]
}

@test "a file of records takes the place of servers" {
	printf '%s\n' '9.2.0.192.bl.example 60 IN A 127.0.0.3' \
	    '9.2.0.192.white.example 60 IN A 127.0.9.1' >zone
	score -z zone 'bl.example*3 white.example=127.0.[0..255].1*-2' \
	    192.0.2.8 192.0.2.9
	is '192.0.2.8 0' \
	    '192.0.2.9 1 bl.example=127.0.0.3 white.example=127.0.9.1'
}

@test "what is bogus does not count" {
	sign
	sed -i 's/^\(9.2.0.192.*\sA\s.*\)127.0.0.4$/\1127.0.0.5/' \
	    signed.example.signed
	serve_zones
	score -s "$NSD" -a anchor 'signed.example*2 bl.example' 192.0.2.9
	is '192.0.2.9 1 bl.example=127.0.0.4'
	score -s "$NSD" 'signed.example*2 bl.example' 192.0.2.9
	is '192.0.2.9 3 signed.example=127.0.0.5 bl.example=127.0.0.4'
}

@test "a list with several entries is asked once" {
	misbehave
	score -s "$BAD" 'one.example=127.0.0.2 ONE.example=127.0.0.[3..9]
		two.example one.example*5' 192.0.2.9
	is '192.0.2.9 7 one.example=127.0.0.2 two.example=127.0.0.2'
	[ "$(asked ' 9.2.0.192.one.example')" = 1 ]
	[ "$(asked ' 9.2.0.192.two.example')" = 1 ]
}

@test "a list that has everybody on it is not used, until it has not" {
	misbehave
	begin_lists -s "$BAD" -t 1 'liar.example*9 parked.example*9 good.example'
	query 192.0.2.9
	[ "$ANSWER" = '1 good.example=127.0.0.2' ]
	query 10.0.0.1
	[ "$ANSWER" = 0 ]
	[ "$(asked ' 9.2.0.192.(liar|parked)')" = 0 ]
	[ "$(said "warning: list 'liar.example' has 127.0.0.1 on it")" = 1 ]
	[ "$(said "warning: list 'parked.example' has 127.0.0.1 on it")" = 1 ]
	touch bad/cured
	# the answer is kept for its time to live, which is 1 s
	wait_for 30 grep -q "info: list 'liar.example' has 127.0.0.1" said
	wait_for 30 grep -q "info: list 'parked.example' has 127.0.0.1" said
	query 192.0.2.10
	[ "$ANSWER" = '19 liar.example=127.0.0.2 parked.example=127.0.0.2 good.example=127.0.0.2' ]
	rm bad/cured
	lies_again() { [ "$(said "warning: list 'liar.example' has")" = 2 ]; }
	wait_for 30 lies_again
	query 192.0.2.11
	[[ $ANSWER != *liar* ]]
}

@test "addresses by which a list refuses to answer are no score" {
	misbehave
	score -s "$BAD" 'refuses.example*9 mixed.example' 192.0.2.9 192.0.2.10 \
	    10.0.0.1
	is '192.0.2.9 1 mixed.example=127.0.0.3' \
	    '192.0.2.10 1 mixed.example=127.0.0.3' '10.0.0.1 0'
	# told once, and it does not mean that 127.0.0.1 is on it
	[ "$(said "warning: list 'refuses.example' refuses.*127.255.255.254")" = 1 ]
	[ "$(said "warning: list 'mixed.example' refuses.*127.255.255.254")" = 1 ]
	[ "$(wc -l <said)" = 2 ]
}

@test "forged answers and garbage are no score" {
	misbehave
	score -s "$BAD" 'forged.example*9 twisted.example*9 other.example*9
		many.example*9 garbage.example' 192.0.2.9 10.0.0.1
	is '192.0.2.9 1 garbage.example=127.0.0.2' '10.0.0.1 0'
}

@test "a late list scores nothing, and the others count in time" {
	misbehave
	begin_lists -s "$BAD" -w 1.4 'late.example*9 good.example'
	query 192.0.2.9
	query 192.0.2.10
	[ "$ANSWER" = '1 good.example=127.0.0.2' ]
	[ "$MS" -ge 1300 ] && [ "$MS" -lt 5000 ]
}

@test "a dead list is left alone, told once, and taken back when it answers" {
	misbehave
	# the test at the beginning is the first of three
	begin_lists -s "$BAD" -w 2 -r 3 'dead.example*9 good.example'
	query 192.0.2.1
	[ "$MS" -ge 1900 ]
	query 192.0.2.2
	[ "$MS" -ge 1900 ]
	[ "$ANSWER" = '1 good.example=127.0.0.2' ]
	[ "$(said "warning: list 'dead.example' does not answer")" = 1 ]
	query 192.0.2.3
	[ "$MS" -lt 1900 ]
	[ "$ANSWER" = '1 good.example=127.0.0.2' ]
	[ "$(asked ' 3.2.0.192.dead')" = 0 ]
	# the one who asks when it may be tried does not wait for it
	sleep 3.1
	query 192.0.2.4
	[ "$MS" -lt 1900 ]
	wait_for 10 grep -q ' 4.2.0.192.dead' bad/asked
	query 192.0.2.5
	[ "$(asked ' 5.2.0.192.dead')" = 0 ]
	touch bad/cured
	sleep 3.1
	query 192.0.2.6
	wait_for 10 grep -q "info: list 'dead.example' answers again" said
	query 192.0.2.7
	[ "$ANSWER" = '10 dead.example=127.0.0.2 good.example=127.0.0.2' ]
	stop_lists
	[ "$(said "warning: list 'dead.example' does not answer")" = 1 ]
}

@test "a list that comes back and lies then is not used" {
	misbehave
	begin_lists -s "$BAD" -w 1.5 -r 3 'dead.example*9 good.example'
	query 192.0.2.1
	query 192.0.2.2
	query 192.0.2.3
	[ "$(said "warning: list 'dead.example' does not answer")" = 1 ]
	touch bad/lying
	sleep 3.1
	query 192.0.2.4
	wait_for 10 grep -q "warning: list 'dead.example' has 127.0.0.1" said
	query 192.0.2.5
	[ "$ANSWER" = '1 good.example=127.0.0.2' ]
}

@test "without any server nobody waits for long" {
	begin_lists -s "127.0.0.1@$(free_port)" -w 3 -r 60 \
	    'a.example b.example c.example'
	query 192.0.2.1
	query 192.0.2.2
	[ "$ANSWER" = 0 ]
	query 192.0.2.3
	[ "$ANSWER" = 0 ]
	[ "$MS" -lt 2500 ]
	[ "$(said 'warning: list .* does not answer')" = 3 ]
	stop_lists
}

@test "every one of many questions is answered, also with a dead list" {
	misbehave
	serve_zones
	for a in 1 2 3; do
		for b in $(seq 250); do
			echo "10.0.$a.$b"
			echo "192.0.3.$b"
		done
	done >addresses
	lists -p -s "$NSD" 'bl.example other.example' <addresses >out 2>said
	is 'asked 1500 early 1500 answered 1500 hits 750'
	[ ! -s said ]
	lists -p -s "$BAD" -w 1 'dead.example good.example' <addresses >out 2>said
	grep -q '^asked 1500 early [0-9]* answered 1500 ' out
}

@test "more than 1000 open questions score nothing at once" {
	misbehave
	for a in $(seq 5); do
		printf "10.0.$a.%d\n" $(seq 250)
	done >addresses
	lists -p -s "$BAD" -w 4 'mute.example' <addresses >out 2>said
	is 'asked 1250 early 250 answered 1250 hits 0'
}

@test "a loop that does not listen does not block it" {
	serve_zones
	for a in $(seq 20); do
		printf "10.0.$a.%d\n" $(seq 250)
	done >addresses
	timeout 60 lists -d -w 1 -s "$NSD" 'bl.example' <addresses >out 2>said
	grep -q '^asked 5000 early [0-9]* answered [1-9][0-9]* hits 0$' out
}

@test "the text of an answer has whole entries and a limit" {
	local i lists=''
	for i in $(seq 10 41); do
		lists+=" a-list-with-a-name-$i.example"
		echo "9.2.0.192.a-list-with-a-name-$i.example 60 IN A 127.0.0.2"
	done >zone
	score -z zone "$lists" 192.0.2.9
	read -r address points text <out
	[ "$points" = 32 ]
	[ ${#text} -le 400 ] && [ ${#text} -gt 350 ]
	run -1 grep -vxE 'a-list-with-a-name-[0-9]+.example=127.0.0.2' \
	    <<<"${text// /$'\n'}"
}

@test "after it has begun it opens no file, and runs and forks nothing" {
	sanitized && skip 'with a sanitizer'
	misbehave
	serve_zones
	printf '%s\n' 192.0.2.9 192.0.2.8 2001:db8::1 | strace -f -o trace \
	    lists -s "$BAD" -w 0.5 'good.example late.example dead.example
	    garbage.example many.example long.example' >out 2>said
	pid=$(sed -n 's/^\([0-9]*\) .*PR_SET_NO_NEW_PRIVS.*/\1/p' trace)
	sed -n "/^$pid .*PR_SET_NO_NEW_PRIVS/,\$p" trace | grep "^$pid " |
	    sed 's/^[0-9]* *//; s/(.*//' | sort -u >calls
	grep -qx sendto calls
	run -1 grep -E 'open|exec|fork|clone|unlink|rename|stat|access' calls
}

@test "it leaves when the loop has died" {
	misbehave
	begin_lists -s "$BAD" 'good.example'
	query 192.0.2.9
	child=$(pgrep -P "$LISTER")
	kill -KILL "$LISTER"
	exec 8>&-
	wait "$LISTER" || :
	LISTER=
	gone() { ! kill -0 "$child" 2>/dev/null; }
	wait_for 10 gone
}

@test "what is no list of lists is told" {
	run -111 --separate-stderr lists 'a.example*101' </dev/null
	[[ $stderr == *"'a.example*101': not a weight from -100 to 100"* ]]
}

@test "without the DNS it does not begin" {
	run -111 --separate-stderr lists -z missing 'a.example' </dev/null
	[[ $stderr == *"cannot read 'missing'"* ]]
	[[ $stderr == *'fatal: the lists cannot be asked'* ]]
}
