# share/nncp and share/post: mail of another node goes home by NNCP over ssh.
load lib.bash
load post.bash
load journeys.bash
load seal.bash

setup() {
	post_setup
	TRANSPORT=nncp
	NNCP=()
}

teardown() {
	local pid
	for pid in "${NNCP[@]}"; do
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
	post_teardown
}

identity() {
	nncp-cfgnew -nocomments >"$1/new"
}

# nncp.hjson is the sample with its node for each peer, and keys.
names() {
	python3 - "$@" <<-'PY'
		import re, sys
		own, *peers = sys.argv[1:]
		def keys(text, sample, node):
		    new = open(node + "/new").read()
		    return re.sub(sample + "-([A-Z]+)", lambda m: re.search(
			m[1].lower() + r": (\w+)", new)[1], text)
		def each(name, pattern):
		    path = own + "/share/nncp/" + name
		    text = open(path).read()
		    bob = re.search(pattern, text, re.M | re.S)[0]
		    text = text.replace(bob, "".join(keys(
			bob.replace("bob", peer), "BOB", peer) for peer in peers))
		    open(path, "w").write(keys(text, "CAROL", own))
		each("nncp.hjson", r"^    bob: \{\n.*?^    \}\n")
		each("authorized_keys", r"^restrict.*\n")
	PY
	chmod 600 "$1/share/nncp/nncp.hjson"
}

nncp() { # NODE PROGRAM ARGUMENT...
	local quick=()
	# it would wait for more, for ten seconds
	[ "$2" != call ] || quick=(-onlinedeadline 1)
	"nncp-$2" -cfg "$1/etc/nncp.hjson" -quiet "${quick[@]}" "${@:3}" \
	    2>>nncp.log
}

call() {
	local peer
	for peer in ${2-$(others "$1")}; do
		nncp "$1" call "$peer" || return 1
	done
}

call_again() {
	call "$1" "$2"
}

execute() {
	nncp "$1" toss
}

# One for all nodes.
spool() {
	echo "$1/spool/nncp"
}

queued() {
	find "$(spool "$1")/$2/tx/" -maxdepth 1 -type f
}

# Of any node: what only comes has no name there.
come() {
	find "$(spool "$1")" -path '*/rx/*' ! -path '*/rx/*/*' -type f
}

@test "NNCP: mail goes home, and is held until the answer has come" {
	goes_home
}

@test "NNCP: sealed mail is opened at home, and nobody on the way can read it" {
	is_opened_at_home
}

@test "NNCP: many messages and a large one go in one call, octet for octet" {
	many_go_in_one_call
}

@test "NNCP: mail goes home by the programs that run by themselves" {
	local node
	circle carol bob
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
	wait_for 60 retry carol
	arrived m
	[ "$(held carol)" = 0 ]
}

@test "NNCP: a node that is down gets it later, and meanwhile nothing is sent twice" {
	# a call that finds nobody takes NNCP ten seconds
	owner_is_down 1
}

@test "NNCP: a spool that was lost is no loss: it is sent again, and delivered once" {
	spool_is_lost
}

@test "NNCP: what fails without an answer is tried again at the next toss" {
	circle carol bob
	message m 3000
	hold m
	mv bob/nodes bob/away
	run -111 retry carol
	call carol bob
	run ! execute bob
	[ ! -e bob/got ]
	mv bob/away bob/nodes
	execute bob
	arrived m
	call carol bob
	execute carol
	retry carol
	[ "$(held carol)" = 0 ]
}

@test "NNCP: what is refused is refused with its reply, what is deferred comes again" {
	is_refused_or_deferred
}

@test "NNCP: a copy outlives the node that took the mail, and gets home once" {
	copy_outlives
}

@test "NNCP: who has a node's key does NNCP and nothing else, and only its own handles" {
	local as=(ssh -F carol/ssh/config -T -o BatchMode=yes mail.bob.example)
	circle carol bob
	"${as[@]}" "touch $D/broken" </dev/null >out 2>&1 || :
	[ ! -e broken ]
	# more arguments, another handle, a file, and an answer to nothing
	message m 300
	nncp carol exec bob frame bob "$D/broken" <m
	nncp carol exec bob sh -c "touch $D/broken" </dev/null
	nncp carol exec bob answer ../../../broken <m
	nncp carol file m bob:broken
	call carol bob
	run ! execute bob
	[ ! -e broken ]
	[ -z "$(find bob -name '*broken*')" ]
	[ ! -e bob/got ]
	# a node that bob does not know gets nothing in
	identity carol
	settle carol bob
	run ! call carol bob
}
