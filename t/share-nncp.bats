# share/nncp and share/post: mail of another node goes home by NNCP over ssh.
load lib.bash
load post.bash

setup() {
	post_setup
	AS=()
	NNCP=()
	for node in carol bob; do
		keys $node
		manifests $node
		mkdir -p $node/spool $node/etc
		cp -R "$BATS_TEST_DIRNAME/../share" $node/share
		here $node
		nncp-cfgnew -nocomments >$node/etc/new
	done
	configure carol bob
	configure bob carol
	login carol bob
	login bob carol
	sshd_of carol
	sshd_of bob
	way carol bob mail.bob.example
	way bob carol mail.carol.example
}

teardown() {
	local pid
	for pid in "${NNCP[@]}"; do
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	post_teardown
}

# here NODE: its samples, with the places of this test.
here() {
	sed -i -e "s|/etc/pimail/nncp.hjson|$D/$1/etc/nncp.hjson|g" \
	    -e "s|/etc/pimail/nodes|$D/$1/nodes|g" \
	    -e "s|/var/spool/pimail|$D/$1/spool|g" \
	    -e "s|/usr/local/share/pimail|$D/$1/share|g" \
	    -e "s|/usr/local/bin|$B|" \
	    -e "s|/etc/pimail/relay-from|$D/$1/etc/relay-from|" \
	    -e "s|relay-retry |relay-retry -1 -k $D/$1/keys |" \
	    -e "s|exec ssh |exec ssh -F $D/$1/ssh/config |" \
	    -e "s| -p 2222||;s|pimail@\(.*example\)|$ME@\1|" "$1"/share/nncp/*
	relay_from "$1"
}

# configure NODE PEER: its nncp.hjson is the sample with the names of these two,
# and keys.
configure() {
	python3 - "$1" "$2" <<-'PY'
		import re, sys
		own, peer = sys.argv[1:]
		names = {"carol": own, "bob": peer}
		text = open(own + "/share/nncp/nncp.hjson").read()
		text = re.sub(r"\b(carol|bob)\b(?!/)", lambda m: names[m[0]], text)
		def key(m):
		    node = names[m[1].lower()]
		    new = open(node + "/etc/new").read()
		    return re.search(m[2].lower() + ": (\\w+)", new)[1]
		text = re.sub(r"\b(CAROL|BOB)-([A-Z]+)", key, text)
		open(own + "/etc/nncp.hjson", "w").write(text)
	PY
	chmod 600 "$1/etc/nncp.hjson"
}

# login AT NODE: AT lets it in, by the line of its samples.
login() {
	sed -n "/^restrict/s|ssh-ed25519.*|$(<"$2/ssh/id.pub")|p" \
	    "$1/share/nncp/authorized_keys" >"$1/ssh/authorized_keys"
}

nncp() { # NODE PROGRAM ARGUMENT...
	local quick=()
	# it would wait for more, for ten seconds
	[ "$2" != call ] || quick=(-onlinedeadline 1)
	"nncp-$2" -cfg "$1/etc/nncp.hjson" -quiet "${quick[@]}" "${@:3}" \
	    2>>nncp.log
}

retry() { # carol's: one pass
	rm -f carol/spool/sealed/bob/.state
	carol/share/nncp/run 2>>said
}

# home: all that is due, until nothing is left.
home() {
	retry || :
	nncp carol call bob
	nncp bob toss
	nncp carol call bob
	nncp carol toss
	retry
}

@test "mail goes home, and is held until the answer has come" {
	message m 3000
	hold m
	# queued there is not done
	run -111 retry
	[ "$(held)" = 1 ]
	grep -q ' verdict=defer ' said
	nncp carol call bob
	nncp bob toss
	arrived m
	run -111 retry
	[ "$(held)" = 1 ]
	# bob calls with the answer
	nncp bob call carol
	nncp carol toss
	retry
	[ "$(held)" = 0 ]
	grep -q ' destination=bob to=bob verdict=done' said
	[ -z "$(find carol/spool/post -type f)" ]
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
}

@test "by the programs that run by themselves" {
	local node
	message m 3000
	hold m
	# a cron expression may have seconds
	sed -i 's|cron: "[^"]*", when|cron: "*/1 * * * * * *", when|' \
	    {carol,bob}/etc/nncp.hjson
	for node in carol bob; do
		# not in a function: its pid would be that of a shell
		nncp-toss -cfg $node/etc/nncp.hjson -quiet -cycle 1 3>&- &
		NNCP+=($!)
		nncp-caller -cfg $node/etc/nncp.hjson -quiet 3>&- &
		NNCP+=($!)
	done
	wait_for 60 retry
	arrived m
	[ "$(held)" = 0 ]
}

@test "a node that is down gets it later, and meanwhile nothing is sent twice" {
	message m 3000
	hold m
	kill "${SSHD[1]}"
	wait "${SSHD[1]}" || :
	for i in 1 2 3; do
		run -111 retry
		[ "$(held)" = 1 ]
	done
	run ! nncp carol call bob
	run -111 retry
	[ "$(find carol/spool/nncp/bob/tx/ -maxdepth 1 -type f | wc -l)" = 1 ]
	sshd_of bob
	rm carol/ssh/config
	way carol bob mail.bob.example
	home
	arrived m
	[ "$(held)" = 0 ]
}

@test "a spool that was lost is no loss: it is sent again, and delivered once" {
	message m 3000
	hold m
	run -111 retry
	rm -r carol/spool/nncp
	run -111 retry
	[ ! -e carol/spool/nncp ]
	# and an answer that was lost is none, either
	find carol/spool/post -name '*.sent' -exec touch -d '25 hours ago' {} +
	run -111 retry
	nncp carol call bob
	nncp bob toss
	rm -r bob/spool/nncp
	arrived m
	find carol/spool/post -name '*.sent' -exec touch -d '25 hours ago' {} +
	home
	arrived m
	[ "$(held)" = 0 ]
}

@test "what fails without an answer is tried again at the next toss" {
	message m 3000
	hold m
	mv bob/nodes bob/away
	run -111 retry
	nncp carol call bob
	run ! nncp bob toss
	[ ! -e bob/got ]
	mv bob/away bob/nodes
	nncp bob toss
	arrived m
	nncp carol call bob
	nncp carol toss
	retry
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

@test "who has a node's key does NNCP and nothing else, and only its own handles" {
	local as=(ssh -F carol/ssh/config -T -o BatchMode=yes mail.bob.example)
	"${as[@]}" "touch $D/broken" </dev/null >out 2>&1 || :
	[ ! -e broken ]
	# more arguments, another handle, a file, and an answer to nothing
	message m 300
	nncp carol exec bob frame bob "$D/broken" <m
	nncp carol exec bob sh -c "touch $D/broken" </dev/null
	nncp carol exec bob answer ../../../broken <m
	nncp carol file m bob:broken
	nncp carol call bob
	run ! nncp bob toss
	[ ! -e broken ]
	[ -z "$(find bob -name '*broken*')" ]
	[ ! -e bob/got ]
	# a node that bob does not know gets nothing in
	nncp-cfgnew -nocomments >carol/etc/new
	configure carol bob
	run ! nncp carol call bob
}
