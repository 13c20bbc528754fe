load lib.bash

setup() {
	common_setup
	message m 3000
	frame m >f
}

verdict() { # of the one frame in FILE
	mail-frame -c <"$1" | cut -f 3
}

@test "exit 0 passes what the program printed" {
	run -0 --separate-stderr sh -c 'mail-filter sed s/quick/slow/ <f >g'
	mail-frame -x <g >out
	sed s/quick/slow/ m | cmp - out
	[ "$(verdict g)" = pass ]
}

@test "the envelope and fields that nobody knows go through" {
	{
		printf 'pimail 1\nid: x\nx-new: value\nsender: \nsize: 1\n\nm'
		printf 'verdict: pass\n'
	} >new
	printf 'end: %s\n' "$(python3 -c 'import sys, zlib
print("%08x" % zlib.crc32(open("new", "rb").read()), end="")')" >>new
	mail-filter cat <new >out
	cmp new out
}

@test "a field that must be understood and is not defers" {
	printf 'pimail 1\nid: x\n!new: 1\nsize: 1\n\nmverdict: pass\n' >new
	printf 'end: %s\n' "$(python3 -c 'import zlib
print("%08x" % zlib.crc32(open("new", "rb").read()), end="")')" >>new
	run -111 --separate-stderr sh -c 'mail-filter cat <new >out'
	[[ $(verdict out) == "defer 451 "* ]]
}

@test "a program that prints nothing leaves the message as it is" {
	mail-filter grep -q quick <f >out
	cmp f out
}

@test "exit 99 is done, 100 reject, everything else defer" {
	run -0 --separate-stderr sh -c 'mail-filter sh -c "exit 99" <f >g'
	[ "$(verdict g)" = done ]
	run -100 --separate-stderr sh -c 'mail-filter sh -c "exit 100" <f >g'
	[[ $(verdict g) == "reject 554 5.7.1 "* ]]
	for status in 1 2 64 75 101 111 126 127 255; do
		run -111 --separate-stderr sh -c "mail-filter sh -c 'exit $status' <f >g"
		[[ $(verdict g) == "defer 451 4.3.0 "* ]]
	done
}

@test "a program that is killed defers, whatever it printed" {
	run -111 --separate-stderr sh -c 'mail-filter sh -c "cat; kill -9 \$\$" <f >g'
	[[ $(verdict g) == "defer 451 4.3.0 "* ]]
	[ "$(mail-frame -c <g | cut -f 4)" = 0 ]
}

@test "-s reads the status as sysexits" {
	for status in 65 67 68 69; do
		run -100 --separate-stderr sh -c "mail-filter -s sh -c 'exit $status' <f >g"
	done
	for status in 1 64 70 71 73 74 75 76 77 78 99 100; do
		run -111 --separate-stderr sh -c "mail-filter -s sh -c 'exit $status' <f >g"
	done
}

@test "a frame that has its verdict is handed on untouched" {
	mail-filter sh -c 'exit 100' <f >g || :
	run -100 --separate-stderr sh -c 'mail-filter sh -c "echo ran >>ran" <g >h'
	cmp g h
	[ ! -e ran ]
}

@test "many frames in a stream each get their own run" {
	for i in 1 2 3 4 5; do printf 'n: %s\n\n' $i >n; frame n; done >five
	mail-filter sed s/n:/m:/ <five >out
	[ "$(mail-frame -c <out | wc -l)" = 5 ]
	[ "$(grep -c '^m: [1-5]$' out)" = 5 ]
}

@test "a frame cut anywhere is not run at all" {
	for i in 1 20 200 2900 3100; do
		head -c $i f >cut
		rm -f ran
		run -111 --separate-stderr sh -c 'mail-filter sh -c "echo >ran" <cut >out'
		[ ! -e ran ]
	done
}

@test "a program that reads nothing, and one that prints without end" {
	message m 3000000
	frame m >f
	run -0 --separate-stderr sh -c 'mail-filter true <f >out'
	cmp f out
	run -0 --separate-stderr sh -c 'mail-filter sh -c "echo gone" <f | mail-frame -x'
	[ "$output" = gone ]
	run -111 --separate-stderr sh -c 'mail-filter yes <f >out'
	[[ $(verdict out) == "defer "* ]]
}

@test "a large message goes through both ways at once" {
	message m 5000000
	frame m >f
	mail-filter cat <f >out
	cmp f out
}

@test "raw input: the message comes out, the exit status is the verdict" {
	run -0 --separate-stderr sh -c 'mail-filter tr a-z A-Z <m >out'
	tr a-z A-Z <m | cmp - out
	run -100 --separate-stderr sh -c 'mail-filter sh -c "cat; exit 100" <m >out'
	[ ! -s out ]
	run -99 --separate-stderr sh -c 'mail-filter sh -c "exit 99" <m >out'
	run -111 --separate-stderr sh -c 'mail-filter false <m >out'
	[ ! -s out ]
}

@test "-f: the command gets the whole frame, and 0 is done" {
	run -0 --separate-stderr sh -c 'mail-filter -f dd of=got status=none <f >g'
	cmp f got
	[ "$(verdict g)" = done ]
	[ "$(mail-frame -c <g | cut -f 1,4)" = "$(mail-frame -c <f | cut -f 1)"$'\t'0 ]
	# a large one, too, and each by itself
	message big 3000000
	{ frame big; cat f; } >two
	run -0 --separate-stderr sh -c 'mail-filter -f dd of=got oflag=append \
	    conv=notrunc status=none <two >g'
	{ cat f two; } | cmp - got
	[ "$(mail-frame -c <g | cut -f 3 | uniq)" = done ]
}

@test "-f: without an answer the exit status is the verdict" {
	run -0 --separate-stderr sh -c 'mail-filter -f sh -c "exit 99" <f >g'
	[ "$(verdict g)" = done ]
	run -100 --separate-stderr sh -c 'mail-filter -f sh -c "exit 100" <f >g'
	[[ $(verdict g) == "reject 554 5.7.1 "* ]]
	run -100 --separate-stderr sh -c 'mail-filter -fs sh -c "exit 69" <f >g'
	for status in 1 75 111 255; do
		run -111 --separate-stderr sh -c "mail-filter -f sh -c 'exit $status' <f >g"
		[[ $(verdict g) == "defer 451 4.3.0 "* ]]
	done
	run -111 --separate-stderr sh -c 'mail-filter -f sh -c "kill -9 \$\$" <f >g'
	[[ $(verdict g) == "defer 451 4.3.0 "* ]]
}

@test "-f: a frame with the same id is the answer, whatever the status" {
	mail-filter sh -c 'exit 100' <f >no || :
	run -100 --separate-stderr sh -c 'mail-filter -f cat no <f >g'
	cmp no g
	run -100 --separate-stderr sh -c 'mail-filter -f sh -c "cat no; exit 3" <f >g'
	cmp no g
	mail-filter sed s/quick/slow/ <f >other
	run -0 --separate-stderr sh -c 'mail-filter -f cat other <f >g'
	cmp other g
	message big 3000000
	frame big >f
	run -0 --separate-stderr sh -c 'mail-filter -f cat <f >g'
	cmp f g
}

@test "-f: any other answer defers, and the frame is not another's" {
	local bad
	mail-filter sh -c 'exit 99' <f >yes
	frame m | mail-filter sh -c 'exit 99' >foreign
	head -c -1 yes >cut
	cat yes yes >twice
	{ cat yes; echo; } >more
	flip yes 10 >flipped
	printf 'ok\n' >text
	for bad in foreign cut twice more flipped text; do
		run -111 --separate-stderr sh -c "mail-filter -f cat $bad <f >g"
		[[ $(verdict g) == "defer 451 4.3.0 "* ]]
		[ "$(mail-frame -c <g | cut -f 1)" = "$(mail-frame -c <f | cut -f 1)" ]
		[[ $stderr == *"'cat': no answer to the frame"* ]]
	done
	run -111 --separate-stderr sh -c 'mail-filter -f yes <f >g'
	[[ $(verdict g) == "defer "* ]]
}

@test "-f: what has a verdict is handed on, and a message is no frame" {
	mail-filter sh -c 'exit 100' <f >g || :
	run -100 --separate-stderr sh -c 'mail-filter -f sh -c "echo >ran" <g >h'
	cmp g h
	run -111 --separate-stderr sh -c 'mail-filter -f sh -c "echo >ran" <m'
	[ ! -e ran ]
}

@test "no such program, no input, usage: 111" {
	run -111 --separate-stderr sh -c 'mail-filter no-such-program <f'
	run -111 --separate-stderr sh -c 'mail-filter cat </dev/null'
	run -111 --separate-stderr sh -c 'mail-filter cat <&-'
	run -111 --separate-stderr mail-filter
	run -111 --separate-stderr mail-filter -z
}

@test "full disk: 111" {
	run -111 --separate-stderr sh -c 'mail-filter cat <f >/dev/full'
	run -111 --separate-stderr sh -c 'mail-filter cat <m >/dev/full'
	message m 2000000
	run -111 --separate-stderr sh -c 'TMPDIR=/nonexistent mail-filter cat <m >out'
}
