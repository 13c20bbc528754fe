# share/uucp and share/post: mail of another node goes home by UUCP over ssh.
load lib.bash
load post.bash
load seal.bash

setup() {
	post_setup
	[ -x /usr/lib/uucp/uucico ] || skip 'only the group uucp may run uucico'
	# programs of UUCP that root starts become that user
	AS=()
	[ "$(id -u)" != 0 ] ||
		AS=(setpriv --reuid uucp --regid uucp --clear-groups)
	for node in carol bob; do
		keys $node
		manifests $node
		mkdir -p $node/spool/uucp $node/etc
		cp -R "$BATS_TEST_DIRNAME/../share" $node/share
		here $node
		cp -R $node/share/uucp/. $node/etc
		sed -i "s/^nodename .*/nodename $node/" $node/etc/config
	done
	# bob is a node of carol's samples; carol is what alice is in bob's
	sed -i 's/alice/carol/g;s/carol.example.net/mail.carol.example/' \
	    bob/etc/{sys,port,authorized_keys}
	login carol bob
	login bob carol
	sshd_of carol
	sshd_of bob
	way carol bob mail.bob.example
	way bob carol mail.carol.example
	if [ "$(id -u)" = 0 ]; then
		chmod a+rx "$BATS_FILE_TMPDIR" "$BATS_SUITE_TMPDIR" \
		    "$BATS_RUN_TMPDIR"
		chown -R uucp .
	fi
}

teardown() {
	if [ -n "${K-}" ]; then seal_teardown_file; fi
	post_teardown
}

# here NODE: its samples, with the places of this test.
here() {
	sed -i -e "s|/etc/pimail/uucp|$D/$1/etc|g" \
	    -e "s|/etc/pimail/nodes|$D/$1/nodes|g" \
	    -e "s|/var/spool/pimail|$D/$1/spool|g" \
	    -e "s|/usr/local/share/pimail|$D/$1/share|g" \
	    -e "s|/usr/local/bin|$B|" \
	    -e "s|/etc/pimail/relay-from|$D/$1/etc/relay-from|" \
	    -e "s|relay-retry |relay-retry -1 -k $D/$1/keys |" \
	    -e "s|/usr/bin/ssh |/usr/bin/ssh -F $D/$1/ssh/config |" \
	    -e "s| -p 2222||;s|pimail@\(.*example\)|$ME@\1|" "$1"/share/uucp/*
	relay_from "$1"
}

# login AT NODE: AT lets it in, by the line of its samples.
login() {
	sed -n "/-u $2\"/s|ssh-ed25519.*|$(<"$2/ssh/id.pub")|p" \
	    "$1/etc/authorized_keys" >"$1/ssh/authorized_keys"
}

retry() { # carol's: one pass
	rm -f carol/spool/sealed/bob/.state
	"${AS[@]}" carol/etc/run 2>>said
}

# call FROM [OPTION...]: whoever there is something for; what has come is
# worked on.
call() {
	local from=$1
	shift
	"${AS[@]}" /usr/lib/uucp/uucico -I "$from/etc/config" -q "${@:--r1}"
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

@test "mail goes home, and is held until the answer has come" {
	message m 3000
	hold m
	# queued there is not done
	run -111 retry
	[ "$(held)" = 1 ]
	grep -q ' verdict=defer ' said
	call carol
	execute bob
	arrived m
	run -111 retry
	[ "$(held)" = 1 ]
	# bob calls with the answer
	call bob
	execute carol
	retry
	[ "$(held)" = 0 ]
	grep -q ' destination=bob to=bob verdict=done' said
	[ -z "$(find carol/spool/post carol/spool/uucp/bob -type f -name '[CDX0-9a-f]*')" ]
}

# home: all that is due, until nothing is left.
home() {
	retry || :
	call carol
	execute bob
	call bob || :
	execute carol
	retry
}

@test "sealed mail is opened at home, and nobody on the way can read it" {
	seal_setup_file
	{
		printf 'From: Alice <alice@example.net>\nSubject: plans\n\n'
		yes 'the quick brown fox' 2>/dev/null | head -c 3000
	} >m
	relay_from bob "unseal -k $K/keys/bob -n $K/view/bob | maildir-deliver $D/bob/mail"
	mkdir -m 700 bob/mail
	[ "$(id -u)" != 0 ] || chown -R uucp "$K" bob/mail
	mail-frame -f 'node: bob' -s alice@example.net \
	    -r 'contact talktome@bob.example' <m |
	    "${AS[@]}" seal -k "$K/keys/carol" -n "$K/view/carol" |
	    "${AS[@]}" relay-put carol/spool/sealed >put
	run -111 retry
	call carol
	# it is in carol's queue and spool, then in bob's
	[ "$(held)" = 1 ]
	[ -n "$(find bob/spool/uucp -name 'X.*' -type f)" ]
	run -1 grep -raqF -e 'quick brown' -e talktome -e alice@ {carol,bob}/spool
	execute bob
	call bob
	execute carol
	retry
	[ "$(held)" = 0 ]
	[ "$(find bob/mail/contact/new -type f | wc -l)" = 1 ]
	sed '1,/^From: Alice/{/^From: Alice/!d}' bob/mail/contact/new/* | cmp - m
}

@test "many messages and a large one go in one call, octet for octet" {
	local i
	for i in {1..20}; do
		printf 'Subject: %s\n\n\000\377 text\r\n' "$i" >"m$i"
		hold "m$i"
	done
	head -c 5000000 /dev/urandom >big
	hold big
	home
	arrived m{1..20} big
	[ "$(held)" = 0 ]
	[ "$(grep -c 'Call complete' carol/spool/uucp/Log)" = 2 ]
}

@test "a node that is down gets it later, and meanwhile nothing is sent twice" {
	message m 3000
	hold m
	kill "${SSHD[1]}"
	wait "${SSHD[1]}" || :
	for i in 1 2 3; do
		run -111 retry
		run ! call carol
		[ "$(held)" = 1 ]
	done
	[ "$(find carol/spool/uucp/bob -name 'C.*' -type f | wc -l)" = 1 ]
	sshd_of bob
	rm carol/ssh/config
	way carol bob mail.bob.example
	# it may be called after a minute; -S calls it now
	[ "$(cut -d ' ' -f 4 carol/spool/uucp/.Status/bob)" = 60 ]
	call carol -S bob
	home
	arrived m
	[ "$(held)" = 0 ]
}

@test "a spool that was lost is no loss: it is sent again, and delivered once" {
	message m 3000
	hold m
	run -111 retry
	rm -r carol/spool/uucp/bob
	run -111 retry
	[ ! -e carol/spool/uucp/bob ]
	# and an answer that was lost is none, either
	find carol/spool/post -name '*.sent' -exec touch -d '25 hours ago' {} +
	run -111 retry
	call carol
	execute bob
	rm -r bob/spool/uucp/carol
	arrived m
	find carol/spool/post -name '*.sent' -exec touch -d '25 hours ago' {} +
	home
	arrived m
	[ "$(held)" = 0 ]
}

@test "what is refused is refused with its reply, what is deferred comes again" {
	message m 3000
	hold m
	echo 'exit 1' >verdict
	relay_from bob "mail-filter -f sh $D/verdict"
	run -111 home
	[ "$(held)" = 1 ]
	[ -z "$(find carol/spool/post -type f)" ]
	echo 'exit 100' >verdict
	rm said
	run home
	grep -q " verdict=reject reply='554 5.7.1 Message refused'" said
}

@test "who has a node's key is that node, does UUCP, and nothing else" {
	local as=(ssh -F carol/ssh/config -T -o BatchMode=yes mail.bob.example)
	"${as[@]}" "touch $D/broken" </dev/null >out || :
	grep -aq 'Shere=bob' out
	[ ! -e broken ]
	# carol as alice: bob knows an alice, but not with this key
	sed -n '/^system alice/,/^$/p' bob/share/uucp/sys >>bob/etc/sys
	sed -i 's/^nodename .*/nodename alice/' carol/etc/config
	"${AS[@]}" uux -I carol/etc/config - -r -n 'bob!pimail-frame' </dev/null
	run ! call carol
	[ -z "$(find bob/spool/uucp -name 'X.*' -type f)" ]
}

@test "a node can run no other command, get no file and put none" {
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
