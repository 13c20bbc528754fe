load lib.bash

setup() {
	common_setup
	M=$D/model
}

teardown() {
	cd /
	[ -z "${small-}" ] || umount "$small"
}

# letter CLASS NUMBER [FIELD...]: a message of our own of that class.
letter() {
	local class=$1 number=$2
	shift 2
	printf '%s\n' "$@"
	if [ "$class" = ham ]; then
		printf 'From: Alice <alice@example.net>\nTo: bob@b.example\n'
		printf 'Subject: minutes of meeting %s\n\n' "$number"
		printf 'Dear Bob, the minutes of our meeting %s are in the ' \
		    "$number"
		printf 'folder of the project.\nSee you on Monday, Alice\n'
	else
		printf 'From: Best Shop <win%s@shop.example>\nTo: you\n' "$number"
		printf 'Subject: CHEAP WATCHES %s\n\n' "$number"
		printf 'Buy cheap watches now!!! Offer %s ends today.\n' "$number"
		printf 'http://shop%s.example/buy\n' "$number"
	fi
}

# letters COUNT: so many of each, in h/ and s/.
letters() {
	mkdir -p h s
	for n in $(seq "$1"); do
		letter ham "$n" "X-Number: $n" >"h/$n"
		letter spam "$n" "X-Number: $n" >"s/$n"
	done
}

train() { # STATUS ARGS...
	local status=$1
	shift
	run "-$status" --separate-stderr spam-train -m "$M" "$@"
}

counts() { # "HAM SPAM" as the model has them
	spam-train -m "$M" info >numbers
	echo "$(sed -n 's/^ham: //p' numbers) $(sed -n 's/^spam: //p' numbers)"
}

# maildir DIR: with a folder for junk, and others.
maildir() {
	for folder in . .Junk .Work .Trash ".Deleted Items"; do
		mkdir -p "$1/$folder/cur" "$1/$folder/new" "$1/$folder/tmp"
	done
}

# file FOLDER NAME CLASS [FIELD...]: a message in md/.
file() {
	local folder=$1 name=$2
	shift 2
	letter "$1" "$name" "X-Name: $name" "${@:2}" >"md/$folder/cur/$name:2,S"
}

sync() { # WANT: what it says
	train 0 sync md
	[ "$output" = "$1" ] || {
		echo "$output, not $1"
		return 1
	}
}

@test "usage and mistakes: 111, and nothing is made" {
	train 111
	[[ $stderr == 'usage: spam-train '* ]]
	for args in train 'info x' sync 'sync2 x' ''; do
		# shellcheck disable=SC2086
		train 111 $args
	done
	for args in 'ham ham x' 'ham x spam' 'forget spam'; do
		# shellcheck disable=SC2086
		train 111 $args
		[[ $stderr == *'usage: spam-train '* ]]
	done
	train 111 -z ham x
	train 111 -o size=1K ham x
	train 111 -o size=2G ham x
	train 111 -o all=maybe sync x
	train 111 -o nonsense=1 ham x
	train 111 info
	[[ $stderr == *"model '$M': No such file or directory" ]]
	[ ! -e "$M" ]
}

@test "ham and spam are learned from files, directories, Maildirs, an mbox and a pipe" {
	letters 4
	train 0 ham h spam s
	[ "$output" = 'learned 8' ]
	[ "$(counts)" = '4 4' ]
	[ "$(stat -c %a "$M")" = 600 ]
	letter ham 10 >a
	letter spam 11 >b
	train 0 ham a spam b
	[ "$output" = 'learned 2' ]
	maildir md
	file . m1 ham
	letter ham m2 >md/new/m2
	train 0 ham md
	[ "$output" = 'learned 2' ]
	for n in 20 21 22; do
		echo 'From someone Sat Nov 21 10:00:00 2026'
		letter spam $n
		printf '>From here\nFrom there\n\n'
	done >mbox
	train 0 spam mbox
	[ "$output" = 'learned 3' ]
	letter spam 30 >c
	run -0 sh -c "spam-train -m '$M' spam <c"
	[ "$output" = 'learned 1' ]
	run -0 sh -c "spam-train -m '$M' spam <mbox"
	[ "$output" = 'learned 0, known 3' ]
	[ "$(counts)" = '7 9' ]
	run -0 sh -c "spam-train -q -m '$M' ham </dev/null"
	[ -z "$output" ]
}

@test "learning twice changes nothing, also with other fields of filters on top" {
	letters 3
	train 0 ham h spam s
	cp "$M" before
	train 0 ham h spam s
	[ "$output" = 'learned 0, known 6' ]
	cmp before "$M"
	letter spam 2 'Return-Path: <x@y.example>' 'Delivered-To: you@b.example' \
	    'X-Spam-Flag: YES' 'X-Spam-Status: Yes, score=7' \
	    'X-Virus-Scanned: yes' 'X-Number: 2' | sed 's/$/\r/' >again
	train 0 spam again
	[ "$output" = 'learned 0, known 1' ]
	cmp before "$M"
}

@test "what was learned as the wrong class is turned round, or forgotten" {
	letters 3
	train 0 ham h spam s
	train 0 spam h/1
	[ "$output" = 'learned 0, turned 1' ]
	[ "$(counts)" = '2 4' ]
	train 0 forget h/1 h/2
	[ "$output" = 'learned 0, forgotten 2' ]
	[ "$(counts)" = '1 3' ]
	train 0 forget h/1
	[ "$output" = 'learned 0, unknown 1' ]
	train 0 forget s/1 ham h/1
	[ "$output" = 'learned 1, forgotten 1' ]
	[ "$(counts)" = '2 2' ]
}

@test "what cannot be read is said, and the rest is learned" {
	letters 2
	ln -s /etc/passwd s/link
	mkfifo s/pipe
	mkdir s/inner
	train 111 ham h none spam s /dev/null
	[[ $stderr == *"cannot read 'none': No such file or directory"* ]]
	[[ $stderr == *"cannot read 's/link': "* ]]
	[[ $stderr == *"cannot read 's/pipe': not a file"* ]]
	[[ $stderr == *"cannot read '/dev/null': not a file or directory"* ]]
	[ "$(printf '%s\n' "$stderr" | wc -l)" = 4 ]
	[ "$output" = 'learned 4' ]
	[ "$(counts)" = '2 2' ]
}

@test "no message is too strange: empty, NUL, one long line, 20 MB" {
	mkdir odd
	: >odd/empty
	{ printf 'A: b\n\n'; head -c 100000 /dev/zero; } >odd/nul
	head -c 100000 /dev/urandom >odd/noise
	message odd/large 20000000
	tr '\n' ' ' <odd/large >odd/line
	train 0 spam odd
	[ "$output" = 'learned 5' ]
	train 0 spam odd
	[ "$output" = 'learned 0, known 5' ]
}

@test "what is moved to junk is spam, what is moved out of it is ham" {
	maildir md
	file . a ham
	file . b spam
	file .Work c ham
	file .Junk d spam
	file .Junk e ham
	sync 'learned 0'
	[ "$(counts)" = '0 0' ]
	mv md/cur/b:2,S md/.Junk/cur/b:2,RS
	mv md/.Junk/cur/e:2,S md/.Work/new/e
	sync 'learned 2'
	[ "$(counts)" = '1 1' ]
	sync 'learned 0'
	# and back again
	mv md/.Work/new/e md/.Junk/cur/e:2,
	sync 'learned 0, turned 1'
	[ "$(counts)" = '0 2' ]
	# from one folder to another, or new flags: no opinion
	mv md/cur/a:2,S md/.Work/cur/a:2,FS
	mv md/.Work/cur/c:2,S md/cur/c:2,
	sync 'learned 0'
}

@test "what is thrown away, and where, changes nothing" {
	maildir md
	file . a ham
	file .Junk b spam
	file .Junk c spam
	file .Junk d spam
	file .Junk e spam 'X-Spam-Flag: YES'
	sync 'learned 0'
	rm md/cur/a:2,S
	mv md/.Junk/cur/b:2,S md/.Trash/cur
	mv md/.Junk/cur/c:2,S "md/.Deleted Items/cur/other-name:2,S"
	mv md/.Junk/cur/d:2,S md/cur/d:2,ST
	mv md/.Junk/cur/e:2,S md/.Trash/cur/e2:2,S
	sync 'learned 0'
	[ "$(counts)" = '0 0' ]
}

@test "the filter does not learn from itself: new mail where it has put it" {
	maildir md
	sync 'learned 0'
	file . a ham 'X-Spam-Status: No, score=0.1'
	file . b ham
	file .Junk c spam 'X-Spam-Flag: YES' 'X-Spam-Status: Yes, score=9'
	sync 'learned 0'
	mv md/cur/a:2,S md/.Junk/cur
	mv md/.Junk/cur/c:2,S md/.Work/cur
	sync 'learned 2'
	[ "$(counts)" = '1 1' ]
}

@test "a message that was moved before it was seen is learned, whatever its name" {
	maildir md
	sync 'learned 0'
	file .Junk a spam 'X-Spam-Status: No, score=0.1'
	file .Junk b spam
	file .Work c ham 'X-Spam-Status: Yes, score=9'
	sync 'learned 3'
	[ "$(counts)" = '1 2' ]
	# back again under new names: the verdict says nothing, the model does
	mv md/.Junk/cur/a:2,S md/cur/a2:2,S
	mv md/.Work/cur/c:2,S md/.Junk/cur/c2:2,S
	sync 'learned 0, turned 2'
	[ "$(counts)" = '1 2' ]
	sync 'learned 0'
}

@test "all=yes takes new mail as what it lies among" {
	maildir md
	file . a ham
	file .Junk b spam 'X-Spam-Flag: YES'
	train 0 -o all=yes sync md
	[ "$output" = 'learned 2' ]
	file .Junk c spam 'X-Spam-Flag: YES'
	train 0 -o all=yes sync md
	[ "$output" = 'learned 1' ]
	[ "$(counts)" = '1 2' ]
}

@test "folders have the names that are set" {
	maildir md
	mkdir -p md/.Spam/cur md/.Spam.2026/cur md/.Muell/cur
	file . a spam
	file . b spam
	file .Spam c spam
	opts=(-o junk=spam -o 'ignore=m*,x')
	train 0 "${opts[@]}" sync md
	mv md/cur/a:2,S md/.Spam/cur
	mv md/cur/b:2,S md/.Spam.2026/cur
	mv md/.Spam/cur/c:2,S md/.Muell/cur
	train 0 "${opts[@]}" sync md
	[ "$output" = 'learned 2' ]
	[ "$(counts)" = '0 2' ]
}

@test "what is no Maildir, and a list that is damaged, are said and left alone" {
	maildir md
	mkdir no
	file . a ham
	train 111 sync no none md
	[[ $stderr == *"maildir 'no': not a Maildir"* ]]
	[[ $stderr == *"maildir 'none': No such file"* ]]
	[ -s md/pimail-learned ]
	for text in '' 'pimail-learned 2' 'pimail-learned 1
X a' 'pimail-learned 1
H unfinished'; do
		printf '%s' "$text" >md/pimail-learned
		cp md/pimail-learned before
		train 111 sync md
		[[ $stderr == *"pimail-learned is damaged"* ]]
		cmp before md/pimail-learned
	done
	rm md/pimail-learned
	ln -s ../no/x md/pimail-learned
	train 111 sync md
	[ ! -e no/x ]
	rm md/pimail-learned
	sync 'learned 0'
}

@test "no symbolic link in a Maildir is followed" {
	maildir md
	maildir other
	sync 'learned 0'
	file .Junk a spam
	mv md/.Junk/cur/a:2,S other/cur
	mkdir md/.L1
	ln -s "$D/other" md/.Linked
	ln -s "$D/other/cur" md/.L1/cur
	ln -s "$D/other/cur/a:2,S" md/.Junk/cur/b
	train 111 sync md
	[ "$output" = 'learned 0' ]
	[[ $stderr == *"cannot read '.Junk/cur/b'"* ]]
}

@test "of ten thousand messages that are known none is opened" {
	command -v strace >/dev/null || skip "no strace"
	maildir md
	(cd md/cur && seq -f 'n%.0f.host,S=1:2,S' 10000 | xargs touch)
	sync 'learned 0'
	file . late ham
	# the sanitizer's search for leaks traces by itself
	ASAN_OPTIONS=detect_leaks=0 strace -f -o trace spam-train -m "$M" sync md
	run -0 grep -c 'openat.*cur/n[0-9]' trace || [ "$output" = 0 ]
	[ "$(grep -c 'openat.*cur/late' trace)" = 1 ]
	[ "$(wc -l <md/pimail-learned)" = 10002 ]
}

@test "Dovecot moves messages, and they are learned" {
	[ "$(id -u)" = 0 ] || skip "Dovecot with a configuration of its own wants root"
	command -v doveadm >/dev/null || skip "no dovecot"
	maildir md
	for n in 1 2 3; do
		letter ham $n "X-Name: $n" 'X-Spam-Status: No, score=0' \
		    >md/new/1700000000.M$n.host,S=300
		letter ham j$n "X-Name: $n" 'X-Spam-Flag: YES' \
		    >md/.Junk/new/1700000001.M$n.host,S=300
	done
	chmod 755 "$D" "$BATS_TEST_TMPDIR" "$BATS_FILE_TMPDIR" "$BATS_RUN_TMPDIR"
	chown -R nobody:nogroup md
	cat >dovecot.conf <<-EOF
		base_dir = $D/base
		log_path = $D/log
		mail_location = maildir:$D/md
		first_valid_uid = 1
		default_internal_user = nobody
		default_internal_group = nogroup
		default_login_user = nobody
		namespace inbox {
		  inbox = yes
		}
	EOF
	move() { # TO FROM SUBJECT
		setpriv --reuid nobody --regid nogroup --clear-groups \
		    env USER=nobody HOME="$D/md" doveadm -c "$D/dovecot.conf" \
		    move "$1" mailbox "$2" subject "$3"
	}
	sync 'learned 0'
	move Junk INBOX 'meeting 2'
	move INBOX Junk 'meeting j3'
	[ "$(find md/.Junk -name '*M*' | wc -l)" = 3 ]
	sync 'learned 2'
	[ "$(counts)" = '1 1' ]
	move INBOX Junk 'meeting 2'
	sync 'learned 0, turned 1'
	move Trash Junk 'meeting j1'
	sync 'learned 0'
	[ "$(counts)" = '2 0' ]
}

@test "two trainers at once: both are heard, one waits" {
	letters 60
	spam-train -m "$M" ham h >one &
	first=$!
	spam-train -m "$M" spam s >two
	wait $first
	[ "$(cat one)" = 'learned 60' ]
	[ "$(cat two)" = 'learned 60' ]
	[ "$(counts)" = '60 60' ]
	exec 5<>"$M"
	flock 5
	train 111 -o wait=0.1 ham h
	[[ $stderr == *"model '$M': another one is training it" ]]
	[ "$(counts)" = '60 60' ]
	exec 5>&-
}

@test "a trainer that is killed leaves a model that goes on" {
	letters 150
	spam-train -m "$M" ham h/1 >out
	for n in $(seq 30); do
		spam-train -q -m "$M" ham h spam s 3>&- &
		trainer=$!
		sleep "0.00$((n % 10))$n"
		kill -9 $trainer 2>/dev/null || true
		wait $trainer || true
		read -r hams spams < <(counts)
		[ "$hams" -ge 1 ] && [ "$hams" -le 150 ]
		# learned in turn, so there are as many of both
		[ $((hams - spams)) -le 2 ] && [ $((spams - hams)) -le 2 ]
	done
	train 0 ham h spam s
	[ "$(counts)" = '150 150' ]
	train 0 forget h s
	[ "$(counts)" = '0 0' ]
}

@test "a reader is never blocked, and sees whole numbers while one trains" {
	letters 100
	spam-train -q -m "$M" ham h/1
	exec 5<>"$M"
	flock 5
	[ "$(counts)" = '1 0' ]
	exec 5>&-
	spam-train -q -m "$M" ham h spam s &
	trainer=$!
	last=0
	while kill -0 $trainer 2>/dev/null; do
		read -r hams spams < <(counts)
		[ "$hams" -ge "$last" ] && [ "$spams" -le 100 ]
		last=$hams
	done
	wait $trainer
	[ "$(counts)" = '100 100' ]
}

@test "a model of another version or size, cut or no model at all is left alone" {
	letters 2
	train 0 -o size=1M ham h spam s
	[ "$(stat -c %s "$M")" = 1048576 ]
	# one that is there keeps its size
	train 0 -o size=2M ham h
	[ "$(stat -c %s "$M")" = 1048576 ]
	cp "$M" good
	bad() { # WHY
		cp "$M" before
		train 111 ham h
		[[ $stderr == *"model '$M': $1" ]]
		train 111 info
		[[ $stderr == *"model '$M': $1" ]]
		cmp before "$M"
	}
	printf '\2' | dd of="$M" bs=1 seek=8 conv=notrunc status=none
	bad 'a model of another version'
	head -c 1000000 good >"$M"
	bad 'a model that was cut'
	cat good good >"$M"
	bad 'a model that was cut'
	head -c 10 good >"$M"
	bad 'not a model'
	: >"$M"
	bad 'not a model'
	cp h/1 "$M"
	bad 'not a model'
	cp good "$M"
	train 0 ham h
	[ "$output" = 'learned 0, known 2' ]
	rm "$M"
	mkdir "$M"
	train 111 ham h
	[ -z "$(ls "$M")" ]
}

@test "garbage behind a good head is a model that learns and forgets" {
	letters 3
	train 0 -o size=512K ham h spam s
	head -c $((524288 - 4096)) /dev/urandom |
	    dd of="$M" bs=4096 seek=1 conv=notrunc iflag=fullblock status=none
	train 0 ham h spam s
	train 0 forget h s
	train 0 ham h
	train 0 info
}

@test "a full disk: nothing is left behind, and a model that is there goes on" {
	[ "$(id -u)" = 0 ] || skip "only root can mount a small file system"
	mkdir small
	mount -t tmpfs -o size=3m tmpfs small || skip "cannot mount a tmpfs"
	small=$D/small
	letters 2
	M=small/model
	train 111 ham h
	[[ $stderr == *"model 'small/model': No space left on device" ]]
	[ -z "$(ls -A small)" ]
	train 0 -o size=2M ham h
	head -c 3000000 /dev/zero >small/rest 2>/dev/null || true
	train 0 spam s
	[ "$(counts)" = '2 2' ]
	# the list of a Maildir does not fit: nothing is lost
	maildir md
	mv md small/md || cp -r md small
	cd small
	letter spam 1 >md/.Junk/cur/x 2>/dev/null || true
	M=model
	cat /dev/zero >rest2 2>/dev/null || true
	train 111 sync md
	[ ! -e md/pimail-learned.new ]
}

@test "a limit of the file size is an error, and nothing is left behind" {
	letters 1
	run -111 --separate-stderr sh -c "ulimit -f 100; spam-train -m '$M' ham h"
	[[ $stderr == *"model '$M': File too large" ]]
	[ -z "$(ls -d model* 2>/dev/null)" ]
}

@test "output that cannot be written is an error" {
	letters 1
	run -111 --separate-stderr sh -c "spam-train -m '$M' ham h >/dev/full"
	[[ $stderr == *'cannot write: No space left on device' ]]
	run -111 --separate-stderr sh -c "spam-train -m '$M' ham <&-"
	[[ $stderr == *'standard input: '* ]]
}

@test "a bar is for a terminal only" {
	letters 3
	train 0 ham h
	[ -z "$stderr" ]
}
