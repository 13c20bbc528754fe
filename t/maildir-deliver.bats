load lib.bash

setup() {
	common_setup
	mkdir mail
	message m 3000
	frame m >f
}

teardown() {
	if [ -n "${U:-}" ]; then rm -rf "$U"; fi
}

to() { # MAILBOX ADDRESS [FIELD...]: a frame of m for one recipient
	mk m t1 'sender: alice@example.net' "recipient: $1 $2" "${@:3}"
}

deliver() { # STATUS ARGS...: delivers the frame in f, answer in out
	run "-$1" --separate-stderr sh -c 'maildir-deliver "$@" <f >out' - "${@:2}"
}

verdict() { # what the answer says
	mail-frame -c <out | cut -f 3
}

files() { # DIR: how many files are anywhere below
	find "$1" -type f | wc -l
}

stored() { # MAILDIR: the octets of its only new message, without our two lines
	[ "$(ls "$1/new" | wc -l)" = 1 ]
	tail -n +3 "$1"/new/*
}

closed_dirs() { # DIR...: with their parents, as Maildirs have to be
	(umask 077 && mkdir -p "$@")
}

# A directory that nobody owns and may work in, as the current one.  Root can
# write where it must not and owns what it makes, so it steps down for this.
as_user() {
	U=$(mktemp -d /tmp/pimail.XXXXXX)
	cp "$(command -v maildir-deliver)" m f "$U"
	cd "$U" || return 1
	mkdir mail
	user=()
	if [ "$(id -u)" = 0 ]; then
		chown -R 65534:65534 "$U"
		user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
	fi
}

@test "usage and mistakes of the run script: 111" {
	run -111 --separate-stderr maildir-deliver
	[ "$stderr" = 'usage: maildir-deliver [-rX] [-o name=value] dir' ]
	run -111 --separate-stderr maildir-deliver mail mail
	run -111 --separate-stderr maildir-deliver -z mail
	for dir in '' 'mail/%x' 'mail/%' 'mail/%m/%' 'mail/%d/../%m' 'mail/%m/.'; do
		deliver 111 "$dir"
		[ ! -s out ]
	done
	for option in quota=many quota=-1 quota sync=2 junk= junk=../x junk=a.b no=1; do
		deliver 111 -o $option mail
		[ ! -s out ]
	done
	[ "$(files mail)" = 0 ]
}

@test "the manual names every option and its default" {
	maildir-deliver -o help >options
	[ -s options ]
	while IFS='=	' read -r name value help; do
		grep -q "^\.It Cm $name Ns = Ns Ar $value\$" \
		    "$BATS_TEST_DIRNAME/../man/maildir-deliver.1"
	done <options
}

@test "a frame goes to new/ with two lines on top and is answered with done" {
	deliver 0 mail
	[ "$(verdict)" = done ]
	printf 'Return-Path: <alice@example.net>\nDelivered-To: talktome@carol.example\n' |
		cat - m | cmp - mail/contact/new/*
	[ "$(files mail)" = 1 ]
	[[ $stderr == id=*" verdict=done path='mail/contact' file="* ]]
	[ "$(find mail/contact -type d -perm 700 | wc -l)" = 4 ]
	[ "$(find mail/contact -type f -perm 600 | wc -l)" = 1 ]
	[ "$(mail-frame -c <out | cut -f 1)" = "$(mail-frame -c <f | cut -f 1)" ]
}

@test "the name tells the time, the process, the host and both sizes" {
	deliver 0 mail
	name=$(ls mail/contact/new)
	[[ $name =~ ^[0-9]{10}\.M[0-9]{6}P[0-9]+Q1\.[^:/]+,S=[0-9]+,W=[0-9]+$ ]]
	[[ $name == *",S=$(wc -c <mail/contact/new/*),"* ]]
	[[ $name == *",W=$(($(wc -c <mail/contact/new/*) + $(wc -l <mail/contact/new/*)))" ]]
}

@test "octets are opaque: NUL, 8-bit, a bare CR, no final newline" {
	printf 'A: \0\377\001\n\nx\0y\r\rz\r' >m
	to contact a@b.example >f
	deliver 0 mail
	stored mail/contact | cmp - m
	rm -r mail/contact
	printf '\n' >m
	to contact a@b.example >f
	deliver 0 mail
	stored mail/contact | cmp - m
	rm -r mail/contact
	head -c 70000 /dev/zero >m
	to contact a@b.example >f
	deliver 0 mail
	stored mail/contact | cmp - m
}

@test "CRLF becomes LF, and W counts it as CRLF" {
	printf 'A: b\r\nC: d\n\r\nbody\r\n\r\r\nend\r\n' >m
	to contact a@b.example >f
	deliver 0 mail
	printf 'A: b\nC: d\n\nbody\n\r\nend\n' >want
	stored mail/contact | cmp - want
	# 2 of our lines and 6; one line end is CRLF on the disk already
	[[ $(ls mail/contact/new) == *",W=$(($(wc -c <mail/contact/new/*) + 7))" ]]
}

@test "10 MB go through, with CRLF and with a chunk that ends in CR" {
	message m 10000000
	to contact a@b.example >f
	deliver 0 mail
	stored mail/contact | cmp - m
	rm -r mail/contact
	cp m want
	perl -pe 's/\n/\r\n/' want >m
	to contact a@b.example >f
	deliver 0 mail
	stored mail/contact | cmp - want
	[ "$(files mail)" = 1 ]
	{ printf 'A: b\n\n'; head -c 1048569 want | tr '\n' x; printf '\r\nx\r'; } >m
	rm -r mail/contact
	to contact a@b.example >f
	deliver 0 mail
	tr -d '\r' <m >want
	printf '\r' >>want
	stored mail/contact | cmp - want
}

@test "exactly one Return-Path: those of the header go, the body keeps its own" {
	printf 'return-path: <x>\r\n\tmore\r\n more\r\nA: b\r\nRETURN-PATH :y\r\nReturn-Paths: z\r\n\r\nReturn-Path: <x>\r\n' >m
	to contact a@b.example >f
	deliver 0 mail
	printf 'A: b\nReturn-Paths: z\n\nReturn-Path: <x>\n' >want
	stored mail/contact | cmp - want
	[ "$(head -n 1 mail/contact/new/*)" = 'Return-Path: <alice@example.net>' ]
}

@test "no sender, and a field that is missing: Return-Path: <>" {
	mk m t1 'sender: ' 'recipient: contact a@b.example' >f
	deliver 0 mail
	[ "$(head -n 1 mail/contact/new/*)" = 'Return-Path: <>' ]
	rm -r mail/contact
	mk m t1 'recipient: contact a@b.example' >f
	deliver 0 mail
	[ "$(head -n 1 mail/contact/new/*)" = 'Return-Path: <>' ]
}

@test "a message that was delivered to the address before is a loop" {
	printf 'Delivered-To: TALKTOME@Carol.Example \r\n\r\nx\n' >m
	to contact talktome@carol.example >f
	deliver 100 mail
	[ "$(verdict)" = 'reject 554 5.4.6 Delivery loop' ]
	[[ $stderr == "id=t1 verdict=reject path='mail/contact' reason="* ]]
	[ "$(files mail)" = 0 ]
	printf 'delivered-to:\n talktome@carol.example\n\nx\n' >m
	to contact talktome@carol.example >f
	deliver 100 mail
	printf 'Delivered-To: bob@carol.example\n\nDelivered-To: talktome@carol.example\n' >m
	to contact talktome@carol.example >f
	deliver 0 mail
	[ "$(files mail)" = 1 ]
	{ yes 'Delivered-To: x' 2>/dev/null | head -n 101; echo; } >m
	to contact talktome@carol.example >f
	deliver 100 mail
	{ yes 'Delivered-To: x' 2>/dev/null | head -n 100; echo; } >m
	to contact talktome@carol.example >f
	deliver 0 mail
}

@test "each mailbox gets one file, and none learns of another" {
	mk m t1 'sender: a@b.example' 'recipient: contact talktome@carol.example' \
	    'recipient: bob bob@carol.example' \
	    'recipient: contact contact0613@carol.example' >f
	deliver 0 mail
	[ "$(files mail)" = 2 ]
	stored mail/contact | cmp - m
	stored mail/bob | cmp - m
	[ "$(sed -n 2p mail/contact/new/*)" = 'Delivered-To: talktome@carol.example' ]
	[ "$(sed -n 2p mail/bob/new/*)" = 'Delivered-To: bob@carol.example' ]
	run -1 grep -r bob mail/contact
	run -1 grep -r 0613 mail
}

@test "a thousand recipients, more than stay open" {
	fields=()
	for n in $(seq 1000); do fields+=("recipient: box$n box$n@carol.example"); done
	printf 'x\n' >m
	mk m t1 "${fields[@]}" >f
	cat f f >ff
	mv ff f
	deliver 0 -o sync=0 mail
	[ "$(files mail)" = 2000 ]
	[ "$(find mail -path '*/new/*' | wc -l)" = 2000 ]
}

@test "a frame without recipient: 451" {
	mk m t1 'sender: a@b.example' >f
	deliver 111 mail
	[[ $(verdict) == 'defer 451 4.3.0 '* ]]
	[ "$(ls mail)" = '' ]
}

@test "%m, %d, %n and %% in DIR" {
	mkdir 'ma%il'
	to contact talktome@CAROL.Example 'node: carol' >f
	deliver 0 'ma%%il/%n/%d/x-%m%%'
	stored 'ma%il/carol/carol.example/x-contact%' | cmp - m
	deliver 0 'ma%%il/'
	stored 'ma%il/contact' | cmp - m
	deliver 0 '%m'
	stored contact | cmp - m
	to contact x@münchen.example >f
	deliver 0 mail/%d//%m/
	stored mail/münchen.example/contact | cmp - m
}

@test "a value that is missing or could leave DIR: 451 and nothing made" {
	mkdir in
	mkdir in/mail
	deliver 111 in/mail/%n/%m
	[[ $(verdict) == 'defer 451 4.3.0 '* ]]
	for address in postmaster x@[192.0.2.1] x@.. x@../.. x@.hidden x@a/b x@/ x@ \
	    'x@%m' 'x@a b' "x@$(printf 'a\\x')" '"@../x"@..'; do
		to contact "$address" >f
		deliver 111 in/mail/%d/%m
		[[ $(verdict) == 'defer 451 4.3.0 '* ]]
	done
	for node in '' . .. ../x a/b .a '~ a'; do
		to contact x@a.example "node: $node" >f
		deliver 111 in/mail/%n/%m
		[[ $(verdict) == 'defer 451 4.3.0 '* ]]
	done
	# such mailboxes cannot stand in a frame at all
	for mailbox in .. . .x a/b ../../x /etc 'a\b'; do
		to "$mailbox" x@a.example >f
		deliver 111 in/mail
		[ ! -s out ]
	done
	to "$(printf '%0256d' 0)" x@a.example >f
	deliver 111 in/mail
	[[ $(verdict) == 'defer 451 4.3.0 '* ]]
	[ "$(find in | wc -l)" = 2 ]
}

@test "an address cannot forge a header or a log line" {
	to contact "\"a'b id=x\"@carol.example" >f
	deliver 0 mail
	[ "$(wc -l <<<"$stderr")" = 1 ]
	[ "$(sed -n 2p mail/contact/new/*)" = "Delivered-To: \"a'b id=x\"@carol.example" ]
	stored mail/contact | cmp - m
}

@test "what the operator wrote of DIR must exist" {
	deliver 111 mial
	[[ $(verdict) == 'defer 451 4.3.0 '* ]]
	[[ $stderr == id=*"path='mial/contact' reason='No such file or directory'"* ]]
	deliver 111 mial/sub/%m
	[ ! -e mial ]
}

@test "no symbolic link is followed below DIR" {
	mkdir -p out.d/new out.d/cur out.d/tmp
	ln -s ../out.d mail/contact
	deliver 111 mail
	[[ $(verdict) == 'defer 451 4.3.0 '* ]]
	rm mail/contact
	for part in new tmp cur; do
		mkdir -p mail/contact/new mail/contact/cur mail/contact/tmp
		rmdir mail/contact/$part
		ln -s ../../out.d/$part mail/contact/$part
		deliver 111 mail
		[[ $(verdict) == 'defer 451 4.3.0 '* ]]
		rm mail/contact/$part
	done
	ln -s "$D/out.d" mail/contact/.list
	ln -s "$D/out.d" mail/contact/.Junk
	to contact contact+list@carol.example 'junk: yes' >f
	deliver 111 mail
	to contact contact+list@carol.example >f
	deliver 0 mail
	[ "$(ls mail/contact/new | wc -l)" = 1 ]
	[ "$(files out.d)" = 0 ]
	ln -s mail link # this one is the operator's word
	deliver 0 link
	[ "$(ls mail/contact/new | wc -l)" = 2 ]
}

@test "a Maildir that others may write to, or own, is refused" {
	for mode in 770 707; do
		for part in . new tmp cur; do
			rm -rf mail/contact
			closed_dirs mail/contact/{,new,cur,tmp}
			chmod $mode mail/contact/$part
			deliver 111 mail
			[[ $(verdict) == 'defer 451 4.3.0 '* ]]
			[ "$(files mail)" = 0 ]
		done
	done
	[ "$(id -u)" = 0 ] || skip "only root can give a directory away"
	chmod 700 mail/contact/cur
	deliver 0 mail
	chown 65534 mail/contact
	deliver 111 mail
	[ "$(files mail)" = 1 ]
}

@test "+folder goes to a folder that exists, else to the inbox" {
	closed_dirs mail/contact/{,.list{,/new,/cur,/tmp}}
	closed_dirs mail/contact/.{Trash,Sent,Drafts,a.b}/{new,cur,tmp}
	touch mail/contact/.file
	for suffix in list LIST; do
		to contact contact+$suffix@carol.example >f
		deliver 0 mail
	done
	[ "$(ls mail/contact/.list/new | wc -l)" = 2 ]
	n=0
	for suffix in none Trash trash Sent Drafts a.b file ../list list/x '' \
	    "$(printf '%065d' 0)" list+x; do
		to contact "\"contact+$suffix\"@carol.example" >f
		deliver 0 mail
		n=$((n + 1))
		[ "$(ls mail/contact/new | wc -l)" = $n ]
	done
	[ "$(ls -A mail/contact | wc -l)" = 9 ]
}

@test "an inbox and a folder of one mailbox get a file each" {
	closed_dirs mail/contact/{,.list{,/new,/cur,/tmp}}
	mk m t1 'recipient: contact contact@carol.example' \
	    'recipient: contact contact+list@carol.example' >f
	deliver 0 mail
	stored mail/contact | cmp - m
	stored mail/contact/.list | cmp - m
}

@test "junk goes by the frame's field, not by a header, and before +folder" {
	printf 'X-Spam-Flag: YES\nX-Spam: yes\njunk: yes\n\nx\n' >m
	to contact contact@carol.example 'junk: no' >f
	deliver 0 mail
	[ "$(ls mail/contact/new | wc -l)" = 1 ]
	[ ! -e mail/contact/.Junk ]
	closed_dirs mail/contact/.list/{new,cur,tmp}
	to contact contact+list@carol.example 'junk: yes' >f
	deliver 0 mail
	stored mail/contact/.Junk | cmp - m
	[ -f mail/contact/.Junk/maildirfolder ]
	[ "$(stat -c %a mail/contact/.Junk)" = 700 ]
	to contact contact@carol.example 'junk: yes' >f
	deliver 0 -o junk=Spam mail
	stored mail/contact/.Spam | cmp - m
}

@test "raw: DIR is the Maildir, the message goes in as it is" {
	printf 'Return-Path: <x>\r\nDelivered-To: y\r\n\r\nbody\r\n' >x.eml
	run -0 --separate-stderr sh -c 'maildir-deliver Maildir <x.eml >out'
	[ ! -s out ]
	[ "$stderr" = '' ]
	tr -d '\r' <x.eml | cmp - Maildir/new/*
	ln -s Maildir link
	run -0 --separate-stderr sh -c 'cat x.eml | maildir-deliver -r link/'
	[ "$(ls Maildir/new | wc -l)" = 2 ]
	run -0 --separate-stderr sh -c 'maildir-deliver "$PWD/other" <x.eml'
	[ "$(ls other/new | wc -l)" = 1 ]
}

@test "raw: 111 from a pipe without -r, for %m, for nothing, for no directory" {
	run -111 --separate-stderr sh -c 'cat m | maildir-deliver Maildir'
	run -111 --separate-stderr sh -c 'maildir-deliver Maildir/%m <m'
	run -111 --separate-stderr sh -c 'maildir-deliver -r Maildir </dev/null'
	: >empty
	run -111 --separate-stderr sh -c 'maildir-deliver -r Maildir <empty'
	run -111 --separate-stderr sh -c 'maildir-deliver none/Maildir <m'
	[ "$stderr" != '' ]
	[ ! -e Maildir ] && [ ! -e none ]
	touch file
	run -111 --separate-stderr sh -c 'maildir-deliver file <m'
}

@test "a frame cut at any octet, or with one changed, leaves nothing" {
	printf 'A: b\n\nx\n' >m
	to contact a@b.example >f
	cat >each.py <<'EOF'
import os, subprocess
f = open("f", "rb").read()
bad = [f[:n] for n in range(len(f))]
bad += [f[:n] + bytes([f[n] ^ 1]) + f[n + 1:] for n in range(len(f))]
bad += [f + b"x", f + f[:-1], b"x" + f]
for data in bad:
    p = subprocess.run(["maildir-deliver", "mail"], input=data,
                       stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    want = 1 if data.startswith(f) else 0
    have = sum(len(files) for _, _, files in os.walk("mail"))
    assert p.returncode == 111, (p.returncode, data)
    assert have == want, data
    subprocess.run(["rm", "-rf", "mail/contact"]) if have else 0
EOF
	python3 each.py
}

@test "killed in the middle of a frame: nothing is there" {
	mkfifo pipe
	maildir-deliver mail <pipe >out 2>err &
	pid=$!
	exec 7>pipe
	for at in 0 500 1000 1500; do
		tail -c +$((at + 1)) f | head -c 500 >&7
		sleep 0.05
	done
	kill -9 $pid
	wait $pid || :
	exec 7>&-
	[ ! -s out ]
	[ "$(files mail)" = 0 ]
}

@test "full disk: 452 and no file left behind" {
	run=(unshare -rm)
	if [ "$(id -u)" = 0 ]; then run=(unshare -m); fi
	"${run[@]}" mount -t tmpfs none mail 2>/dev/null ||
		skip "cannot mount a tmpfs"
	message m 900000
	mk m t1 'recipient: a a@b.example' 'recipient: b b@b.example' >f
	mk m t1 'recipient: contact c@b.example' >g
	cat >full.sh <<'EOF'
mount -t tmpfs -o size=1500k none mail
maildir-deliver mail <f >out
find mail -type f >left
rm -r mail/a mail/b
maildir-deliver mail <g >out2
rm -r mail/contact
head -c 1M /dev/zero >mail/fill
maildir-deliver mail <g >out3
find mail -type f >left3
EOF
	"${run[@]}" sh full.sh
	[[ $(verdict) == 'defer 452 4.3.1 '* ]]
	[ ! -s left ]
	[ "$(mail-frame -c <out2 | cut -f 3)" = done ]
	[[ $(mail-frame -c <out3 | cut -f 3) == 'defer 452 4.3.1 '* ]]
	[ "$(cat left3)" = mail/fill ]
}

@test "a directory that cannot be written: 451, and no other recipient has it" {
	as_user
	mk m t1 'recipient: a a@b.example' 'recipient: b b@b.example' >f
	closed_dirs mail/b/{,cur,new,tmp}
	if [ "$(id -u)" = 0 ]; then chown -R 65534:65534 mail; fi
	for part in tmp new; do # fails at writing, and at moving
		chmod 500 mail/b/$part
		run -111 --separate-stderr "${user[@]}" sh -c './maildir-deliver mail <f >out'
		[[ $(verdict) == 'defer 451 4.3.0 '* ]]
		[[ $stderr == *"path='mail/b' reason='Permission denied'"* ]]
		[ "$(files mail)" = 0 ]
		chmod 700 mail/b/$part
	done
	chmod 500 mail
	mk m t1 'recipient: c c@b.example' >f
	run -111 --separate-stderr "${user[@]}" sh -c './maildir-deliver mail <f >out'
	[[ $(verdict) == 'defer 451 4.3.0 '* ]]
	[ ! -e mail/c ]
}

@test "a limit on the size of files: 451 and no file left behind" {
	message m 20000
	frame m >f
	run -111 --separate-stderr sh -c 'cat f | { ulimit -f 16; maildir-deliver mail | cat >out; exit 111; }'
	[[ $(verdict) == 'defer 451 4.3.0 '* ]]
	[[ $stderr == *"File too large"* ]]
	[ "$(files mail)" = 0 ]
}

@test "closed and full descriptors: 111" {
	run -111 --separate-stderr sh -c 'maildir-deliver mail <&-'
	run -111 --separate-stderr sh -c 'maildir-deliver mail <f >/dev/full'
	run -111 --separate-stderr sh -c 'maildir-deliver mail <f >&-'
	run -0 --separate-stderr sh -c 'maildir-deliver mail <f >out 2>/dev/full'
	run -0 --separate-stderr sh -c 'maildir-deliver mail <f >out 2>&-'
}

@test "a frame that has its verdict is handed on untouched" {
	mail-filter sh -c 'exit 100' <f >g || :
	run -100 --separate-stderr sh -c 'maildir-deliver mail <g >out'
	cmp g out
	[ "$(ls mail)" = '' ]
}

@test "one frame that fails does not keep back the next" {
	{ to . x@y.example; } >bad
	{ mk m t1 'sender: '; to contact a@b.example; mk m t1 'sender: '; } >f
	deliver 111 mail
	[ "$(mail-frame -c <out | cut -f 3 | cut -d ' ' -f 1 | tr '\n' ' ')" = 'defer done defer ' ]
	[ "$(files mail)" = 1 ]
}

@test "two processes at once make files of different names" {
	to contact a@b.example >one
	for n in $(seq 500); do cat one; done >f
	maildir-deliver -o sync=0 -o quota=1G mail <f >out1 2>/dev/null &
	one=$!
	maildir-deliver -o sync=0 -o quota=1G mail <f >out2 2>/dev/null &
	wait $one
	wait $!
	[ "$(ls mail/contact/new | wc -l)" = 1000 ]
	[ "$(find mail/contact/tmp -type f | wc -l)" = 0 ]
	[ "$(cat out1 out2 | mail-frame -c | cut -f 3 | sort | uniq -c)" = '   1000 done' ]
	# the quota's file was counted anew on the way, and is right to the octet
	[ "$(wc -c <mail/contact/maildirsize)" -le 5140 ]
	awk 'NR > 1 { s += $1; c += $2 } END { print s, c }' \
	    mail/contact/maildirsize >sum
	[ "$(cat sum)" = "$(cat mail/contact/new/* | wc -c) 1000" ]
}

@test "files are synced before the first rename, directories after it" {
	command -v strace >strace || skip "strace is missing"
	export ASAN_OPTIONS=detect_leaks=0 # it cannot look while traced
	mk m t1 'recipient: a a@b.example' 'recipient: b b@b.example' >f
	maildir-deliver mail <f >out
	strace -o trace -e trace=fsync,renameat,write,writev maildir-deliver mail <f >out
	[ "$(sed -n 's/^\([a-z]*\)(\([0-9]\).*/\1/p' trace | tr '\n' ' ')" = \
	    'writev fsync writev fsync renameat renameat fsync fsync write write writev ' ]
	strace -o trace -e trace=fsync maildir-deliver -o sync=0 mail <f >out
	run -1 grep fsync trace
}

@test "a message costs eight system calls beyond its frame" {
	command -v strace >strace || skip "strace is missing"
	export ASAN_OPTIONS=detect_leaks=0 # it cannot look while traced
	for n in 1 2 3 4 5 6 7 8 9 10; do cat f; done >ff
	strace -o trace maildir-deliver mail <ff >out
	# from the second answer to the third
	awk '/^writev\(1,/ { n++; next } n == 2 && !/^read\(0/' trace >calls
	[ "$(wc -l <calls)" = 8 ] || { cat calls; false; }
}

@test "a Maildir that is moved or removed meanwhile is made again" {
	mkfifo pipe
	maildir-deliver mail <pipe >out 2>err &
	pid=$!
	exec 7>pipe
	answers() { [ "$(mail-frame -c <out 2>/dev/null | wc -l)" = "$1" ]; }
	cat f >&7
	wait_for 5 answers 1
	mv mail/contact old
	cat f >&7
	wait_for 5 answers 2
	rm -r mail/contact
	cat f >&7
	wait_for 5 answers 3
	rm -r mail/contact/tmp
	cat f >&7
	exec 7>&-
	wait $pid
	[ "$(ls old/new | wc -l)" = 1 ]
	[ "$(ls mail/contact/new | wc -l)" = 2 ]
	[ "$(mail-frame -c <out | cut -f 3 | sort -u)" = done ]
}

# quota_sum: what the lines of maildirsize add up to
quota_sum() {
	awk 'NR > 1 { s += $1; c += $2 } END { print s, c }' \
	    mail/contact/maildirsize
}

@test "quota: maildirsize is made, added to, and keeps the limit" {
	closed_dirs mail/contact/{,.list,.Trash}/{cur,new,tmp}
	head -c 1000 /dev/zero >'mail/contact/cur/1.M1P1.h,S=2000,W=2000:2,S' # the name counts
	head -c 300 /dev/zero >mail/contact/.list/new/2
	head -c 9000 /dev/zero >mail/contact/.Trash/cur/3
	head -c 9000 /dev/zero >mail/contact/tmp/4
	size=$(($(wc -c <m) + 70))
	deliver 0 -o quota=10K mail
	[ "$(head -n 1 mail/contact/maildirsize)" = 10240S ]
	printf '10240S\n2300 2\n%d 1\n' $size | cmp - mail/contact/maildirsize
	deliver 0 -o quota=10K mail
	[ "$(quota_sum)" = "$((2300 + 2 * size)) 4" ]
	deliver 111 -o quota=10K mail
	[ "$(verdict)" = 'defer 452 4.2.2 Mailbox full' ]
	[[ $stderr == id=*" verdict=defer path='mail/contact' reason='over quota'" ]]
	[ "$(files mail/contact/new)" = 2 ]
	[ "$(files mail/contact/tmp)" = 1 ]
	# another limit: counted anew
	deliver 0 -o quota=20K mail
	[ "$(head -n 2 mail/contact/maildirsize | tr '\n' ' ')" = "20480S $((2300 + 2 * size)) 4 " ]
	deliver 0 mail # no quota, no count
	[ "$(quota_sum)" = "$((2300 + 3 * size)) 5" ]
}

@test "quota: a message that just fits, and one octet less of room" {
	size=$(($(wc -c <m) + 70))
	deliver 111 -o quota=$((size - 1)) mail
	[ "$(verdict)" = 'defer 452 4.2.2 Mailbox full' ]
	deliver 0 -o quota=$size mail
	deliver 111 -o quota=$size mail
}

@test "quota: full is said after a new count, and not again for 15 minutes" {
	deliver 0 -o quota=9000 mail
	deliver 0 -o quota=9000 mail
	rm mail/contact/new/*
	deliver 0 -o quota=9000 mail # more than one line: counted anew
	[ "$(quota_sum)" = "$(($(wc -c <m) + 70)) 1" ]
	printf '9000S\n8999 1\n' >mail/contact/maildirsize
	deliver 111 -o quota=9000 mail # is a count, and new
	touch -d '-14 minutes' mail/contact/maildirsize
	deliver 111 -o quota=9000 mail
	touch -d '-16 minutes' mail/contact/maildirsize
	deliver 0 -o quota=9000 mail
	[ "$(quota_sum)" = "$((2 * ($(wc -c <m) + 70))) 2" ]
}

@test "quota: a damaged, hostile or long maildirsize is counted anew" {
	deliver 0 -o quota=1M mail
	want="$((2 * ($(wc -c <m) + 70))) 2"
	for text in '' '1048576S' '1048576S\n' '1048576S\n1\n' '1048576S\n1 x\n' \
	    '1048576S\n-1 0\n' 'x\n' '1048576S\n99999999999999999999 1\n' \
	    '1048576S,10C\n1 1\n' '1048576S\n1 1\n\0' '\n' '1048576S\n1 1'; do
		printf "$text" >mail/contact/maildirsize
		deliver 0 -o quota=1M mail
		[ "$(quota_sum)" = "$want" ]
		rm "mail/contact/new/$(ls -t mail/contact/new | head -n 1)"
	done
	printf '1048576S\n%5d %5d\n%12d %3d\n' 5 1 -2 -1 >mail/contact/maildirsize
	deliver 0 -o quota=1M mail # padded, as others write it
	[ "$(quota_sum)" = "$((3 + $(wc -c <m) + 70)) 1" ]
	{ echo 1048576S; yes '1 0' 2>/dev/null | head -n 1278; } >mail/contact/maildirsize
	[ "$(wc -c <mail/contact/maildirsize)" = 5121 ]
	deliver 0 -o quota=1M mail
	[ "$(quota_sum)" = "$((3 * ($(wc -c <m) + 70))) 3" ]
	rm mail/contact/maildirsize
	echo secret >secret
	ln -s ../../secret mail/contact/maildirsize
	deliver 0 -o quota=1M mail
	[ ! -L mail/contact/maildirsize ]
	[ "$(cat secret)" = secret ]
}

@test "quota: folders count for their mailbox, and one that is full keeps all back" {
	size=$(($(wc -c <m) + 70))
	to contact talktome@carol.example 'junk: yes' >f
	deliver 0 -o quota=7000 mail
	[ "$(quota_sum)" = "$(wc -c <mail/contact/.Junk/new/*) 1" ]
	[ ! -e mail/contact/.Junk/maildirsize ]
	mk m t1 'recipient: bob bob@carol.example' 'recipient: contact c@carol.example' >f
	deliver 0 -o quota=7000 mail
	deliver 111 -o quota=7000 mail
	[ "$(verdict)" = 'defer 452 4.2.2 Mailbox full' ]
	[ "$(ls mail/bob/new | wc -l)" = 1 ]
	[ "$(files mail/bob/tmp)" = 0 ]
}

# imap: Dovecot as nobody on the mailbox contact; the commands come from
# standard input, what it says goes to the file imap.
imap() {
	[ -x /usr/lib/dovecot/imap ] || skip "dovecot-imapd is not installed"
	cat >dovecot.conf <<EOF
log_path = $U/log
base_dir = $U/run
state_dir = $U/state
mail_location = maildir:$U/mail/contact
namespace inbox {
  inbox = yes
}
mail_plugins = quota imap_quota
plugin {
  quota = maildir:mailbox
  quota_rule = *:storage=1M
}
EOF
	cat >commands
	# a pipe: it cannot wait for a file
	cat commands | "${user[@]}" env -i PATH="$PATH" USER=contact \
	    HOME="$U/home" CONFIG_FILE="$U/dovecot.conf" \
	    /usr/lib/dovecot/imap >imap 2>err
	grep '^z OK' imap
}

@test "Dovecot reads the mail, the sizes in the name and the quota" {
	as_user
	printf 'From: \303\266\n\n8-bit \377, bare\rCR\n\nlast line\n' >m
	to contact a@b.example >f
	"${user[@]}" ./maildir-deliver -o quota=1M mail <f >out
	name=$(ls mail/contact/new)
	wire=${name##*W=}
	to contact a@b.example 'junk: yes' >f
	"${user[@]}" ./maildir-deliver -o quota=1M mail <f >out
	sum=$(quota_sum)
	printf '%s\r\n' 'a select inbox' 'b fetch 1 (rfc822.size body.peek[])' \
	    'c list "" *' 'd getquotaroot inbox' 'e select Junk' 'z logout' | imap
	grep -a "RFC822.SIZE $wire BODY\[\] {$wire}" imap
	perl -0777 -ne 'print substr($2, 0, $1) if /BODY\[\] \{(\d+)\}\r\n(.*)/s' imap >got
	perl -pe 's/\n/\r\n/' mail/contact/cur/"$name":2, | cmp - got
	grep -a '^\* LIST .* Junk' imap
	# in units of 1024
	grep -a "STORAGE $(((${sum% *} + 1023) / 1024)) 1024" imap ||
		grep -a "STORAGE $((${sum% *} / 1024)) 1024" imap
	[ "$(quota_sum)" = "$sum" ]
	# a wrong size in a name is believed: so Dovecot does take it from there
	mv mail/contact/cur/"$name":2, mail/contact/cur/1.x,S=5000,W=5100:2,
	rm -f mail/contact/dovecot*
	printf '%s\r\n' 'a select inbox' 'b fetch 1 rfc822.size' 'z logout' | imap
	grep -a 'RFC822.SIZE 5100' imap
}

@test "what Dovecot takes away from the quota makes room" {
	as_user
	message m 600000
	to contact a@b.example >f
	"${user[@]}" ./maildir-deliver -o quota=1M mail <f
	run -111 --separate-stderr "${user[@]}" sh -c './maildir-deliver -o quota=1M mail <f >out'
	[ "$(verdict)" = 'defer 452 4.2.2 Mailbox full' ]
	printf '%s\r\n' 'a select inbox' 'b store 1 +flags \Deleted' 'c expunge' \
	    'z logout' | imap
	[ "$(quota_sum)" = '0 0' ]
	"${user[@]}" ./maildir-deliver -o quota=1M mail <f >out
	[ "$(verdict)" = done ]
}

MARK=0123456789abcdef0123456789abcdef

marked() { # FILE...: names of files that bear the mark, wherever they are
	find mail/contact -name "*O$MARK.*" -type f
}

@test "a mark stands in the name of the file, before the host" {
	to contact a@b.example "once: $MARK" >f
	deliver 0 mail
	[[ $(ls mail/contact/new) =~ ^[0-9]+\.M[0-9]+P[0-9]+Q[0-9]+O$MARK\.[^,:/]+,S=[0-9]+,W=[0-9]+$ ]]
	to contact a@b.example >f
	deliver 0 mail
	[ "$(marked | wc -l)" = 1 ]
	[ "$(files mail/contact/new)" = 2 ]
}

@test "what may have been delivered is not delivered again, wherever its owner has put it" {
	to contact a@b.example "once: $MARK" >f
	deliver 0 mail
	cp f first
	to contact a@b.example 'again: yes' "once: $MARK" >f
	deliver 0 mail
	[ "$(verdict)" = done ]
	[[ $stderr == *"file='(it was there)'"* ]]
	[ "$(marked | wc -l)" = 1 ]
	closed_dirs mail/contact/.Archive.2026/{cur,new,tmp} mail/contact/.Junk/{cur,new,tmp}
	for place in cur .Archive.2026/cur .Junk/new .Junk/cur; do
		file=$(marked)
		name=${file##*/}
		mv "$file" "mail/contact/$place/${name%:2,S}:2,S"
		deliver 0 mail
		[ "$(verdict)" = done ]
		[ "$(marked)" = "mail/contact/$place/${name%:2,S}:2,S" ]
	done
	# as junk this time, and it is still where it was
	mv "$(marked)" mail/contact/cur
	to contact a@b.example 'again: yes' 'junk: yes' "once: $MARK" >f
	deliver 0 mail
	[ "$(marked | wc -l)" = 1 ]
	# who does not ask is not answered
	cp first f
	deliver 0 mail
	[ "$(marked | wc -l)" = 2 ]
}

@test "what was there before, and nobody knows whether it is on disk, is synced" {
	command -v strace >strace || skip "strace is missing"
	export ASAN_OPTIONS=detect_leaks=0 # it cannot look while traced
	to contact a@b.example "once: $MARK" >f
	deliver 0 mail
	to contact a@b.example 'again: yes' "once: $MARK" >f
	for place in new cur; do
		strace -y -o trace -e trace=fsync maildir-deliver mail <f >out
		[ "$(verdict)" = done ]
		grep -q "fsync([0-9]*<.*/mail/contact/$place>)" trace
		[ $place = cur ] || mv mail/contact/new/* mail/contact/cur
	done
}

@test "what is nowhere is delivered, also if it is asked for" {
	to contact a@b.example 'again: yes' "once: $MARK" >f
	deliver 0 mail
	[ "$(marked | wc -l)" = 1 ]
	to contact a@b.example 'again: yes' "once: f${MARK#0}" >f
	deliver 0 mail
	[ "$(files mail/contact/new)" = 2 ]
	# nothing to look for
	to contact a@b.example 'again: yes' >f
	deliver 0 mail
	[ "$(files mail/contact/new)" = 3 ]
	# a delivery that was not finished is none
	rm -r mail/contact
	closed_dirs mail/contact/{cur,new,tmp}
	touch "mail/contact/tmp/1.M2P3Q4O$MARK.host,S=1,W=1"
	to contact a@b.example 'again: yes' "once: $MARK" >f
	deliver 0 mail
	[ "$(files mail/contact/new)" = 1 ]
}

@test "one mailbox that has it does not keep it from the others" {
	to contact a@b.example "once: $MARK" >f
	deliver 0 -o quota=1M mail
	to contact a@b.example 'recipient: info c@b.example' 'again: yes' "once: $MARK" >f
	deliver 0 -o quota=1M mail
	deliver 0 -o quota=1M mail
	for box in contact info; do
		[ "$(files mail/$box/new)" = 1 ]
		awk 'NR > 1 { n += $2 } END { exit n != 1 }' mail/$box/maildirsize
	done
}

@test "a mark that is none is deferred, and nothing is delivered" {
	for mark in '' x "${MARK}0" "${MARK^^}" '../../../../../../../../../../x' \
	    "${MARK%f}/" "${MARK%f}:"; do
		to contact a@b.example "once: $mark" >f
		deliver 111 mail
		[ "$(verdict)" = 'defer 451 4.3.0 Cannot deliver now' ]
	done
	[ "$(files mail)" = 0 ]
}

@test "Dovecot reads what bears a mark, and keeps it" {
	as_user
	to contact a@b.example "once: $MARK" >f
	"${user[@]}" ./maildir-deliver mail <f
	printf '%s\r\n' 'a select inbox' 'b fetch 1 body[]' 'c store 1 +flags \Flagged' \
	    'z logout' | imap
	[[ $(marked) =~ /cur/.*O$MARK\.[^,]+,S=[0-9]+,W=[0-9]+:2,F?S?F?$ ]]
	to contact a@b.example 'again: yes' "once: $MARK" >f
	"${user[@]}" ./maildir-deliver mail <f
	[ "$(marked | wc -l)" = 1 ]
}

@test "a damaged frame in a file is no raw message" {
	printf 'x: y\n\nz\n' >m
	frame m >f
	for ((n = 0; n < 12; n++)); do
		flip f $n >bad
		run -111 --separate-stderr maildir-deliver box <bad
		head -c $n f >cut
		run -111 --separate-stderr maildir-deliver box <cut
	done
	[ ! -e box/new ] || [ -z "$(ls box/new)" ]
}

@test "-X ends with a status of sysexits" {
	printf 'x: y\n\nz\n' >m
	run -0 --separate-stderr maildir-deliver -X box <m
	run -75 --separate-stderr maildir-deliver -X no/such/box <m
	run -75 --separate-stderr maildir-deliver -X -o no=1 box <m
	run -75 --separate-stderr maildir-deliver -X
	printf 'Delivered-To: talktome@carol.example\n\nz\n' >loop
	frame loop >f
	run -69 --separate-stderr sh -c 'maildir-deliver -X mail <f'
}

@test "-h and -V speak on standard output" {
	run -0 --separate-stderr maildir-deliver -h
	[[ $output == "usage: maildir-deliver "* ]]
	run -0 --separate-stderr maildir-deliver -V
	[[ $output =~ ^pimail\ [0-9] ]]
	run -111 --separate-stderr sh -c 'maildir-deliver -V >/dev/full'
}
