# share/post by itself, with a spool that is a directory.
load lib.bash

setup() {
	common_setup
	POST=$BATS_TEST_DIRNAME/../share/post
	message m 3000
	mail-frame -d returned -f 'node: bob' <m >f
	sum=$(sha256sum <f)
	sum=${sum%% *}
	mkdir spool
	printf '%s\n' '#!/bin/sh' 'exec cat >"$1/$$"' >queue
	chmod +x queue
}

carry() { # as relay-retry does
	mail-filter -f "$POST/carry" state bob ./queue spool <"${1-f}" >out 2>said
}

verdict() {
	mail-frame -c <out | cut -f 3
}

answered() { # STATUS: the answer to f, in `answer`
	mail-filter -f sh -c "exit $1" <f >answer 2>&1 || :
}

@test "a frame is queued as it is, once, and is not done" {
	for i in 1 2 3; do
		run -111 carry
		[[ $(verdict) == 'defer 451 '* ]]
	done
	[ "$(find spool -type f | wc -l)" = 1 ]
	cmp f spool/*
	[ "$(find state -type f)" = "state/bob/$sum.sent" ]
	# another is another
	mail-frame -d returned -f 'node: bob' <m >g
	run -111 carry g
	[ "$(find spool -type f | wc -l)" = 2 ]
}

@test "the answer is given once, and then nothing is left" {
	for status in 0 100 111; do
		run -111 carry
		answered $status
		"$POST/answer" state bob "$sum" <answer
		run -$status carry
		cmp answer out
		[ -z "$(find state -type f)" ]
	done
	run -111 carry
	[ "$(find spool -type f | wc -l)" = 4 ]
}

@test "what cannot be queued is not noted as sent" {
	rmdir spool
	run -111 carry
	[[ $(verdict) == 'defer 451 '* ]]
	[ -z "$(find state -type f)" ]
	mkdir spool
	run -111 carry
	[ "$(find spool -type f | wc -l)" = 1 ]
}

@test "without an answer it is queued again after a day, and forgotten after 30" {
	run -111 carry
	touch -d '23 hours ago' state/bob/*
	run -111 carry
	[ "$(find spool -type f | wc -l)" = 1 ]
	touch -d '25 hours ago' state/bob/*
	run -111 carry
	[ "$(find spool -type f | wc -l)" = 2 ]
	touch -d '32 days ago' "state/bob/$sum.sent" state/bob/frame.left
	mail-frame -d returned -f 'node: bob' <m >g
	run -111 carry g
	[ "$(find state -type f | wc -l)" = 1 ]
	[ ! -e "state/bob/$sum.sent" ]
}

@test "what was queued when the clock was ahead is queued again" {
	run -111 carry
	touch -d '10 years' "state/bob/$sum.sent"
	run -111 carry
	[ "$(find spool -type f | wc -l)" = 2 ]
	run -111 carry
	[ "$(find spool -type f | wc -l)" = 2 ]
}

@test "a question for a manifest is not carried" {
	echo | mail-frame -f 'relay: hello' -f 'node: bob' >g
	run -111 carry g
	[[ $(verdict) == 'defer 451 '* ]]
	[ -z "$(find spool state -type f)" ]
	# a message may say so
	printf 'relay: hello\n\nrelay: hello\n' >m
	mail-frame -d returned -f 'node: bob' <m >g
	run -111 carry g
	[ "$(find spool -type f | wc -l)" = 1 ]
}

@test "an answer counts only for what that node was sent" {
	run -111 carry
	answered 0
	"$POST/answer" state alice "$sum" <answer
	"$POST/answer" state bob "${sum/?/x}" <answer
	"$POST/answer" state bob "../bob/$sum" <answer
	"$POST/answer" state bob '' <answer
	"$POST/answer" state bob "$(printf '%064d' 0)" <answer
	[ "$(find state -type f)" = "state/bob/$sum.sent" ]
	[ ! -e state/alice ]
	# and it is one to this frame, or none
	frame m | mail-filter sh -c 'exit 99' >answer
	"$POST/answer" state bob "$sum" <answer
	run -111 carry
	[[ $(verdict) == 'defer 451 '* ]]
}

@test "an answer is bounded" {
	run -111 carry
	head -c 1000000 /dev/zero | "$POST/answer" state bob "$sum"
	[ "$(stat -c %s "state/bob/$sum.answer")" = 65536 ]
	run -111 carry
}

@test "take gives the frame to the command and sends the answer back" {
	printf '%s\n' '#!/bin/sh' 'cat >back; echo "$@" >args' >back.sh
	chmod +x back.sh
	for status in 0 100 111; do
		"$POST/take" './back.sh to carol' \
		    mail-filter -f sh -c "cat >got; exit $status" <f
		cmp f got
		[ "$(<args)" = "to carol $sum" ]
		mv back out
		[ "$(mail-frame -c <out | cut -f 1)" = "$(mail-frame -c <f | cut -f 1)" ]
		rm args
	done
	[[ $(verdict) == 'defer 451 '* ]]
	# no answer, no success: the transport may try again
	run ! "$POST/take" './back.sh to carol' false <f
	head -c 2000 f >cut
	run ! "$POST/take" './back.sh to carol' mail-filter -f true <cut
	[ ! -e args ]
	[ -z "$(find . -name 'tmp.*')" ]
}
