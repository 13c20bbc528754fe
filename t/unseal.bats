# shellcheck disable=SC2016 # $ for the shell inside
load lib.bash
load seal.bash

setup_file() {
	seal_setup_file
}

teardown_file() {
	seal_teardown_file
}

setup() {
	seal_setup
}

# sealed FILE: what bob makes of it for carol.
sealed() {
	sealing bob <"$1" 2>/dev/null
}

# return_mail: a frame as relay-accept gives it on, of the message that standard
# input is.
return_mail() {
	mail-frame -d returned -f 'node: carol'
}

# refused CODE REPLY: carol's answer to the frame r, of which nothing comes out.
refused() {
	run "-$1" --separate-stderr sh -c \
	    'unseal -k "$K/keys/carol" -n "$K/view/carol" <r >u'
	echo "$stderr"
	[[ $(verdict u) == "$2"* ]]
	[ "$(mail-frame -c <u | cut -f 4)" = 0 ]
	run -1 grep -q -e quick -e secret -e alice@ u
}

# container MESSAGE NODE: the inside of what bob would seal, to be encrypted by
# gpg in another way.
container() {
	backup "$1" | sealed /dev/stdin >c
	inner c carol
}

# rewrap: the outer message in c with the armor that standard input is.
rewrap() {
	cat >armor
	mail-frame -x <c | awk '/^-----BEGIN/ {
			while ((getline line <"armor") > 0) print line
			skip = 1
		}
		!skip
		/^-----END/ { skip = 0 }'
}

# by NODE ARGUMENT...: gpg encrypts what standard input is, for carol
by() {
	local node=$1
	shift
	gpg_of "$node" --armor --compress-algo none --trust-model always \
	    "$@" -f "$K/nodes/carol.asc" --encrypt
}

@test "the frame comes home: its fields, direction returned, sealed-by, once" {
	sealed f >s
	run -0 --separate-stderr sh -c \
	    'unseal -k "$K/keys/carol" -n "$K/view/carol" <s >u'
	id=$(mail-frame -c <f | cut -f 1)
	once=$(printf '%s:%s' "$(fingerprint bob)" "$id" | sha256sum | head -c 32)
	{
		fields f | sed 's/^direction: .*/direction: returned/'
		printf '%s\n' 'sealed-by: bob' "once: $once"
	} >want
	fields u | diff want -
	mail-frame -x <u | cmp - m
	[[ $stderr == "id=$id verdict=pass sealed-by='bob' "* ]]
}

@test "the id stays the one outside, and once is made of the one inside (agamid 6.7)" {
	sealed f >s
	mail-frame -x <s | return_mail >r
	unsealing carol <r 2>/dev/null >u
	[ "$(mail-frame -c <u | cut -f 1)" = "$(mail-frame -c <r | cut -f 1)" ]
	once=$(printf '%s:%s' "$(fingerprint bob)" \
	    "$(mail-frame -c <f | cut -f 1)" | sha256sum | head -c 32)
	grep -qx "once: $once" u
	# in another wrapping, too
	sealed f >s2
	run -1 cmp -s s s2
	unsealing carol <s2 2>/dev/null | grep -qx "once: $once"
}

@test "any octets come home as they went" {
	printf 'a\0b\n\n\0' >m1
	printf 'a: b\r\n\r\nc\rd\n.\r\n..\n' >m2
	printf 'no end of line' >m3
	{
		printf 'a: b\n\n'
		head -c 5000 /dev/zero | tr '\0' x
		printf '\n\200\377\303\n'
	} >m4
	head -c 70000 /dev/urandom >m5
	head -c 1500000 /dev/urandom >m6
	printf '\n' >m7
	printf -- '--=_\npimail 1\nsize: 3\n\n-----BEGIN PGP MESSAGE-----\n' >m8
	for i in 1 2 3 4 5 6 7 8; do
		backup m$i >f$i
		sealed f$i >s
		unsealing carol <s 2>/dev/null >u
		[ "$(verdict u)" = pass ]
		mail-frame -x <u | cmp - m$i
	done
}

@test "many frames in a stream" {
	for i in 1 2 3 4 5 6; do
		printf 'n: %s\n\n' $i >n
		backup n
	done >six
	sealed six >s
	unsealing carol <s 2>/dev/null >u
	[ "$(mail-frame -c <u | cut -f 3 | sort | uniq -c | xargs)" = '6 pass' ]
	[ "$(grep -a -c '^n: [1-6]$' u)" = 6 ]
}

@test "one octet changed anywhere: nothing of it comes out (agamid 6.8)" {
	local size at reply
	sealed f >s
	mail-frame -x <s >sealed.eml
	size=$(wc -c <sealed.eml)
	for ((at = 0; at < size; at += size / 40)); do
		flip sealed.eml $at >x
		return_mail <x
	done >r
	# and near the ends of the armor
	for at in $(grep -ab -e '-----' sealed.eml | cut -d : -f 1); do
		for near in "$at" $((at + 30)); do
			flip sealed.eml "$near" >x
			return_mail <x
		done
	done >>r
	run -111 --separate-stderr sh -c \
	    'unseal -k "$K/keys/carol" -n "$K/view/carol" <r >u || exit 111'
	mail-frame -c <u >verdicts
	[ "$(wc -l <verdicts)" -gt 40 ]
	while IFS=$'\t' read -r _ _ reply octets _; do
		echo "$reply"
		[ "$octets" = 0 ]
		[[ $reply == 'reject 554 5.7.'* || $reply == 'defer 451 4.7.5 '* ]]
	done <verdicts
	run -1 grep -q -e quick -e secret u
}

@test "a sealed message that is cut: 554" {
	message m 20000
	backup m >f
	sealed f >s
	mail-frame -x <s >sealed.eml
	for lines in 1 5 20 30; do
		head -n $lines sealed.eml | return_mail >r
		refused 100 'reject 554 5.7.7 '
	done
	# the armor is whole, what is in it is not
	mail-frame -x <s | gpg_of carol --dearmor >packets
	cp s c
	head -c $(($(wc -c <packets) - 30)) packets |
	    gpg_of carol --enarmor | sed 's/PGP ARMORED FILE/PGP MESSAGE/
		/^Comment/d' | rewrap | return_mail >r
	refused 100 'reject 554 5.7.7 '
}

@test "not signed: 554; signed by somebody else: 451" {
	container m >inside
	by bob <inside | rewrap | return_mail >r
	refused 100 'reject 554 5.7.1 '
	new_key eve
	rm "$K/nodes/eve.asc"
	by eve --sign <inside | rewrap | return_mail >r
	refused 111 'defer 451 4.7.5 '
	# also if gpg knows the key
	gpg_of eve --armor --export | gpg_of carol --import
	refused 111 'defer 451 4.7.5 '
	# the same by bob is good
	by bob --sign <inside | rewrap | return_mail >r
	run -0 --separate-stderr unsealing carol <r
}

@test "what bob sealed for alice does not pass as sealed for us" {
	container m >inside
	LC_ALL=C sed 's/^node: carol$/node: alice/' inside |
	    by bob --sign | rewrap | return_mail >r
	refused 100 'reject 554 5.7.1 Sealed for another node'
}

@test "not our form, inside or outside: 554" {
	container m >inside
	# of the same length; two senders are the last
	for change in 's/^size: ..../size: 2999/' 's/^pimail 1/pimail 2/' \
	    's/^Content-Type: message/Content-type: message/' \
	    's/^client: 192.0.2.7 4711/sender: 12345678901234/'; do
		LC_ALL=C sed "$change" inside | by bob --sign | rewrap |
		    return_mail >r
		refused 100 'reject 554 5.7.7 '
	done
	# what has another length than padding gives may have been cut here
	head -c 1000 inside | by bob --sign | rewrap | return_mail >r
	refused 111 'defer 451 4.3.0 '
	for change in 's/^Subject: .*/Subject: x/' 's/^Date: .*/Date: x/' \
	    's/^Version: 1/Version: 2/' '1iX-Mark: 1' \
	    's/^-----BEGIN.*/&\nComment: x/'; do
		mail-frame -x <c | sed "$change" | return_mail >r
		refused 100 'reject 554 5.7.7 '
	done
	return_mail <m >r
	refused 100 'reject 554 5.7.7 '
}

@test "for another node, or not returned: 451, for it is our own mistake" {
	sealed f >s
	mail-frame -x <s >sealed.eml
	mail-frame -d returned -f 'node: alice' <sealed.eml >r
	refused 111 'defer 451 4.3.0 '
	mail-frame -d returned <sealed.eml >r
	refused 111 'defer 451 4.3.0 '
	mail-frame -d inbound -f 'node: carol' <sealed.eml >r
	refused 111 'defer 451 4.3.0 '
	# outside it says that it is for another one
	sed 's/: carol@/: alice@/' sealed.eml | return_mail >r
	refused 100 'reject 554 5.7.1 '
}

@test "no key of ours opens it: 451" {
	sealed f >r
	run -111 --separate-stderr sh -c \
	    'unseal -k "$K/keys/alice" -n "$K/view/carol" <r >u'
	[[ $(verdict u) == 'defer 451 4.7.5 '* ]]
}

@test "recipients are looked up in the manifest that we have now" {
	backup m -r 'contact postmaster@carol.example' \
	    -r 'x contact@carol.example' -r 'y a@alice.example' >f2
	sealed f2 >s
	cp -R "$K/view/carol" view
	cat >view/carol.yaml <<-EOT
		node: {name: carol, host: carol.example.net, domains: [carol.example],
		  key: $(fingerprint carol)}
		mailboxes:
		  moved: {matches: 'contact|postmaster'}
	EOT
	run -0 --separate-stderr sh -c 'unseal -k "$K/keys/carol" -n view <s >u'
	fields u | grep '^recipient' >have
	printf 'recipient: moved %s@carol.example\n' postmaster contact |
	    diff - have
	# none left
	sealed f >s
	run -100 --separate-stderr sh -c 'unseal -k "$K/keys/carol" -n view <s >u'
	[[ $(verdict u) == 'reject 550 5.1.1 '* ]]
	[[ $stderr == *'no recipient is ours now'* ]]
}

@test "what is ours to say does not come from inside" {
	backup m -f 'junk: yes' -f 'again: yes' -f 'from: eve' \
	    -f 'sealed-by: alice' -f 'once: 0123' -f 'envelope: x' \
	    -f 'helo: here' >f2
	sealed f2 >s
	unsealing carol <s 2>/dev/null >u
	fields u | grep -E '^(junk|again|from|sealed-by|once|envelope|helo):' |
	    sed 's/^once: .*/once: X/' >have
	printf '%s\n' 'helo: here' 'sealed-by: bob' 'once: X' | diff - have
}

@test "that it may have been delivered is handed on, and comes from outside only" {
	sealed f >s
	mail-frame -x <s >outer
	mail-frame -d returned -f 'node: carol' -f 'again: yes' <outer >again
	unsealing carol <again 2>/dev/null >u
	[ "$(fields u | grep -c '^again: yes$')" = 1 ]
	backup m -f 'again: yes' >f2
	sealed f2 >s
	unsealing carol <s 2>/dev/null >u
	[ "$(fields u | grep -c '^again: ')" = 0 ]
}

@test "a node that comes while it runs is believed from then on" {
	local node=dave$BATS_TEST_NUMBER
	new_key "$node"
	manifest "$node" "$(fingerprint "$node")" >"$node.yaml"
	mv "$K/nodes/$node.asc" .
	cp -R "$K/view/alice" view
	cp "$node.asc" "$node.yaml" view
	ln -sf "$node.yaml" view/self.yaml
	seal -k "$K/keys/$node" -n view <f >s 2>/dev/null
	cp -R "$K/view/carol" ours
	mkfifo in
	unseal -k "$K/keys/carol" -n ours <in >u 2>log 3>&- &
	unseal=$!
	exec 4>in
	cat s >&4
	wait_for 10 grep -q verdict=defer log
	cp "$node.asc" ours
	cp "$node.yaml" ours/new && mv ours/new "ours/$node.yaml"
	cat s >&4
	wait_for 10 grep -q verdict=pass log
	exec 4>&-
	wait "$unseal" || [ $? = 111 ]
	grep -q "sealed-by='$node'" log
	gpgconf --homedir "$K/keys/$node" --kill all
}

@test "-o seen: what was delivered in another wrapping is done" {
	sealed f >s1
	sealed f >s2
	unsealing carol <s1 2>/dev/null >u
	once=$(sed -n 's/^once: //p' u)
	printf '%064d %s begun\n%064d %s done %s\n' 1 "$(date +%s)" 1 \
	    "$(date +%s)" "$once" >seen
	run -0 --separate-stderr sh -c \
	    'unseal -k "$K/keys/carol" -n "$K/view/carol" -o seen=seen <s2 >u'
	[ "$(verdict u)" = 'done' ]
	grep -qx "once: $once" u
	backup m >f2
	sealed f2 >s3
	run -0 --separate-stderr sh -c \
	    'unseal -k "$K/keys/carol" -n "$K/view/carol" -o seen=seen <s3 >u'
	[ "$(verdict u)" = pass ]
	run -111 --separate-stderr unsealing carol -o seen=/nonexistent/seen <s3
}

@test "one message by hand: it comes out, and who signed it is told" {
	sealed f | mail-frame -x >sealed.eml
	run -0 --separate-stderr sh -c \
	    'unseal -k "$K/keys/carol" -n "$K/view/carol" <sealed.eml >out'
	cmp m out
	[[ $stderr == *"signed by $(fingerprint bob), bob" ]]
	# with headers on top, as it is in a Maildir, and without manifests
	{
		printf 'Return-Path: <>\nDelivered-To: x\n'
		cat sealed.eml
	} >stored
	run -0 --separate-stderr sh -c \
	    'unseal -k "$K/keys/carol" -n /nonexistent <stored >out'
	cmp m out
	[[ $stderr == *"signed by $(fingerprint bob), which is the key of no node" ]]
	for bad in m /dev/null; do
		run --separate-stderr unsealing carol <$bad
		[ "$status" = 100 ] || [ "$status" = 111 ]
		[ -z "$output" ]
	done
	flip stored 1000 >bad
	run -100 --separate-stderr unsealing carol <bad
	[ -z "$output" ]
	run -111 --separate-stderr unsealing alice <stored
	[ -z "$output" ]
}

@test "a frame that has its verdict is handed on untouched" {
	mail-filter sh -c 'exit 100' <f >g || :
	run -100 --separate-stderr sh -c \
	    'unseal -k "$K/keys/carol" -n "$K/view/carol" <g >h'
	cmp g h
}

@test "cut frames, no input, full disk, no room for a long message: 111" {
	sealed f >s
	for n in 1 20 200 3000 $(($(wc -c <s) - 1)); do
		head -c "$n" s >short
		run -111 --separate-stderr unsealing carol <short
		[ -z "$output" ]
	done
	run -111 --separate-stderr sh -c \
	    'unseal -k "$K/keys/carol" -n "$K/view/carol" <&-'
	run -111 --separate-stderr sh -c \
	    'unseal -k "$K/keys/carol" -n "$K/view/carol" <s >/dev/full'
	run -111 --separate-stderr sh -c \
	    'mail-frame -x <s | unseal -k "$K/keys/carol" >/dev/full'
	message m 2000000
	backup m >f
	sealed f >s
	run -111 --separate-stderr sh -c \
	    'TMPDIR=/nonexistent unseal -k "$K/keys/carol" -n "$K/view/carol" <s'
	[ -z "$output" ]
}

@test "gpg that is not there, or is killed in the middle: nothing comes out" {
	mkdir none
	sealed f >s
	ln -s "$(command -v unseal)" none/unseal
	run -111 --separate-stderr env PATH="$D/none" unseal \
	    -k "$K/keys/carol" -n "$K/view/carol" <s
	[ -z "$output" ]
	for how in 'exit 2' 'kill -9 $$' \
	    "$(command -v gpg) \"\$@\" | head -c 500; kill -9 \$\$" \
	    "$(command -v gpg) \"\$@\" | head -c 500; exit 0"; do
		echo "$how"
		bad_gpg --decrypt "$how"
		run -111 --separate-stderr env PATH="$D/bin" unseal \
		    -k "$K/keys/carol" -n "$K/view/carol" <s
		[ -e ran ]
		[[ $output == *'verdict: defer 451 4.3.0 '* ]]
		[[ $output != *quick* && $output != *secret* ]]
		run -111 --separate-stderr sh -c 'mail-frame -x <s |
		    env PATH="$PWD/bin" unseal -k "$K/keys/carol"'
		[ -z "$output" ]
	done
}

@test "gpg that hangs, at the start or later: deferred in time, no process left" {
	sealed f >s
	mail-frame -x <s >sealed.eml
	for argument in --version --decrypt; do
		hanging $argument unseal -k "$K/keys/carol" -n "$K/view/carol" <s
		[[ $output == *'verdict: defer 451 4.3.0 '* ]]
		[[ $output != *quick* && $output != *secret* ]]
		[[ $stderr == *"reason='gpg hangs'" ]]
	done
	hanging --decrypt unseal -k "$K/keys/carol" <sealed.eml
	[ -z "$output" ]
	# the same program goes on when gpg does again
	cat >bin/gpg <<-EOT
		#!/bin/sh
		[ -e "$D/again" ] || { : >"$D/again"; exec $(command -v sleep) 600; }
		exec $(command -v gpg) "\$@"
	EOT
	cat s s >two
	run -111 --separate-stderr sh -c 'PATH=$PWD/bin unseal -o gpg-wait=5 \
	    -k "$K/keys/carol" -n "$K/view/carol" <two >u'
	[ "$(mail-frame -c <u | cut -f 3 | cut -c 1-5 | xargs)" = 'defer pass' ]
}

@test "of a long message nothing is on disk in the clear, and no core is written" {
	message m 3000000
	backup m >f
	sealed f >s
	mkdir tmp
	# who is traced cannot look for leaks
	run -0 --separate-stderr sh -c 'export ASAN_OPTIONS=detect_leaks=0
	    TMPDIR=$PWD/tmp strace -f -y -s 100000 \
	    -e trace=write,writev,pwrite64,pwritev,pwritev2,setrlimit,prlimit64 \
	    -o trace unseal -k "$K/keys/carol" -n "$K/view/carol" <s | cat >u'
	# from gpg it comes by a pipe, and a lot goes to files
	grep -a 'write.*<pipe:' trace | grep -aq 'quick brown'
	grep -a "write.*<$PWD/tmp/" trace >files
	[ "$(wc -l <files)" -gt 20 ]
	run -1 grep -aq -e 'quick brown' -e Subject -e talktome files
	grep -aq 'RLIMIT_CORE, {rlim_cur=0, rlim_max=0}' trace
	mail-frame -x <u | cmp - m
}

# CORPORA is a directory of other people's messages and test suites.
@test "encrypted messages of others are no sealed messages" {
	local dir=${CORPORA:-}/pgp file tried=0
	[ -d "$dir/notmuch" ] || skip 'needs CORPORA'
	for file in $(grep -rlIi 'multipart/encrypted' "$dir/notmuch/corpora" \
	    "$dir/chatmail/message"); do
		return_mail <"$file" >r
		refused 100 'reject 554 5.7.7 '
		run --separate-stderr unsealing carol <"$file"
		[ "$status" = 100 ] || [ "$status" = 111 ]
		[ -z "$output" ]
		tried=$((tried + 1))
	done
	[ "$tried" -ge 15 ]
}

@test "usage: 111" {
	run -111 --separate-stderr unseal -z
	run -111 --separate-stderr unseal argument
	run -111 --separate-stderr unseal -k /nonexistent <f
	run -0 --separate-stderr unseal -o help
	run -0 --separate-stderr unseal -h
}
