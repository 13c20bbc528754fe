# share/uucp and share/post: mail of another node goes home by UUCP over ssh.
load lib.bash
load post.bash
load journeys.bash
load seal.bash

setup() {
	post_setup uucp
	TRANSPORT='uucp'
	[ -x /usr/lib/uucp/uucico ] || skip 'only the group uucp may run uucico'
}

teardown() {
	post_teardown
}

# ssh knows who is who.
identity() {
	mkdir "$1/spool/uucp"
}

names() {
	local at=$1/share/uucp
	sed -i "s/^nodename .*/nodename $1/" "$at/config"
	# the two nodes of the samples; in a circle of two nobody is dave
	sed -i "s/bob/${3-dave}/g;s/alice.example.net/mail.$2.example/" \
	    "$at"/{sys,port,authorized_keys}
	sed -i "s/alice/$2/g" "$at"/{sys,port,authorized_keys}
	# for a test that looks at what has come before it is worked on
	[ -z "${LOOKS-}" ] || sed -i 's/ -u / -q&/' "$at/authorized_keys"
}

# By the lines of crontab, but that what has come is not worked on.
call() {
	local whom=(-r1)
	[ -z "${2-}" ] || whom=(-s "$2")
	wait_for 20 unlocked
	"${AS[@]}" /usr/lib/uucp/uucico -I "$1/etc/config" -q "${whom[@]}"
}

# One who was called a moment ago is still at it, and talks to nobody else.
unlocked() {
	[ -z "$(find ./*/spool/uucp -name 'LCK..*')" ]
}

call_again() {
	# it may be called after a minute; -S calls it now
	[ "$(cut -d ' ' -f 4 "$1/spool/uucp/.Status/$2")" = 60 ]
	"${AS[@]}" /usr/lib/uucp/uucico -I "$1/etc/config" -q -S "$2"
}

# execute NODE: what has come there is worked on.  The one who is called starts
# that by itself, too, and waits for nobody; so it has ended when no work is left.
execute() {
	wait_for 20 executed "$1"
}
executed() {
	"${AS[@]}" /usr/sbin/uuxqt -I "$1/etc/config"
	[ -z "$(find "$1"/spool/uucp/*/X. -type f 2>/dev/null)" ]
}

spool() {
	echo "$1/spool/uucp/$2"
}

queued() {
	find "$(spool "$1" "$2")" -name 'C.*' -type f
}

come() {
	find "$(spool "$1" "$2")" -name 'X.*' -type f
}

@test "UUCP: mail goes home, and is held until the answer has come" {
	goes_home
	[ -z "$(find carol/spool/uucp/bob -name '[CDX]*' -type f)" ]
}

@test "UUCP: sealed mail is opened at home, and nobody on the way can read it" {
	LOOKS=yes
	is_opened_at_home
}

@test "UUCP: many messages and a large one go in one call, octet for octet" {
	many_go_in_one_call
	[ "$(grep -c 'Call complete' carol/spool/uucp/Log)" = 2 ]
}

@test "UUCP: a node that is down gets it later, and meanwhile nothing is sent twice" {
	owner_is_down 3
}

@test "UUCP: a spool that was lost is no loss: it is sent again, and delivered once" {
	spool_is_lost
}

@test "UUCP: what is refused is refused with its reply, what is deferred comes again" {
	is_refused_or_deferred
}

@test "UUCP: a copy outlives the node that took the mail, and gets home once" {
	copy_outlives
}

@test "UUCP: who has a node's key is that node, does UUCP, and nothing else" {
	local as=(ssh -F carol/ssh/config -T -o BatchMode=yes mail.bob.example)
	circle carol bob
	"${as[@]}" "touch $D/broken" </dev/null >out || :
	grep -aq 'Shere=bob' out
	[ ! -e broken ]
	# carol as dave: bob knows a dave, but not with this key
	grep -qx 'system dave' bob/etc/sys
	sed -i 's/^nodename .*/nodename dave/' carol/etc/config
	"${AS[@]}" uux -I carol/etc/config - -r -n 'bob!pimail-frame' </dev/null
	run ! call carol
	[ -z "$(find bob/spool/uucp -name 'X.*' -type f)" ]
}

@test "UUCP: a node can run no other command, get no file and put none" {
	circle carol bob
	message m 300
	echo secret >bob/got
	mkdir -m 1777 bob/open
	# carol's own programs let it all pass
	sed -i 's|^\(local-[a-z]*\) .*|\1 /|' carol/etc/sys
	"${AS[@]}" uux -I carol/etc/config - -r -n 'bob!sh' <<<"touch $D/bob/open/broken"
	"${AS[@]}" uux -I carol/etc/config - -r -n 'bob!tee' "($D/bob/open/broken)" <m
	"${AS[@]}" uucp -I carol/etc/config -r -C m "bob!$D/bob/open/broken" || :
	"${AS[@]}" uucp -I carol/etc/config -r "bob!$D/bob/got" "$D/carol/stolen" || :
	call carol || :
	execute bob
	call bob || :
	call carol || :
	[ ! -e bob/open/broken ]
	[ ! -e carol/stolen ]
	grep -q 'ERROR.*bob/open/broken: not permitted' bob/spool/uucp/Log
	grep -q 'ERROR.*bob/got: not permitted' bob/spool/uucp/Log
}
