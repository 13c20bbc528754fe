# What share-uucp.bats and share-nncp.bats share: nodes in directories, each with
# an sshd of its own on loopback, where carol holds mail of bob.  What has to be
# true whatever carries it is in journeys.bash.  The file of a transport sets
# TRANSPORT, which is the directory of its samples, and says how it does these:
#
#	identity NODE		what the others are to know of it
#	names NODE PEER...	puts these into NODE's copy of the samples
#	call NODE [PEER]	NODE calls whoever there is something for; or PEER
#	call_again NODE PEER	the same, though PEER was down a moment ago
#	execute NODE		has what has come worked on
#	spool NODE PEER		prints where NODE keeps what is for PEER, or from it
#	queued NODE PEER	prints the frames that wait there to be sent
#	come NODE PEER		prints those that wait there to be worked on
#
# A test begins with a journey, or with circle.

# post_setup [USER]: who the programs of the transport are, if root starts them.
post_setup() {
	common_setup
	unset PIMAIL_NODES PIMAIL_KEYS
	declare -gA SSHD=()
	NODES=() AS=() OWNER=
	ME=$(id -un)
	[ "$(id -u)" = 0 ] || return 0
	# where sshd goes to be nobody
	mkdir -p /run/sshd
	[ -n "${1-}" ] || return 0
	OWNER=$1
	AS=(setpriv --reuid "$1" --regid "$1" --clear-groups)
	chmod a+rx "$BATS_FILE_TMPDIR" "$BATS_SUITE_TMPDIR" "$BATS_RUN_TMPDIR"
}

post_teardown() {
	local node
	if [ -n "${K-}" ]; then seal_teardown_file; fi
	for node in "${!SSHD[@]}"; do down "$node"; done
}

# own PATH...: gives them to that user.
own() {
	[ -z "$OWNER" ] || chown -R "$OWNER" "$@"
}

# others NODE: the names of all nodes but this one.
others() {
	local node
	for node in "${NODES[@]}"; do
		[ "$node" = "$1" ] || echo "$node"
	done
}

# circle NODE...: they are there, and each knows all others.
circle() {
	local node peer
	NODES=("$@")
	for node; do
		mkdir -p "$node"/{etc,spool,ssh}
		keys "$node"
		manifests "$node"
		identity "$node"
	done
	for node; do
		# shellcheck disable=SC2046 # words
		settle "$node" $(others "$node")
		for peer in $(others "$node"); do login "$node" "$peer"; done
		sshd_of "$node"
	done
	ways
	own .
}

# settle NODE PEER...: it has the samples, with these names and the places of
# this test.
settle() {
	cp -R "$BATS_TEST_DIRNAME/../share/." "$1/share"
	names "$@"
	sed -i -e "s|/etc/pimail/nodes|$D/$1/nodes|g" \
	    -e "s|/etc/pimail/uucp|$D/$1/etc|g;s|/etc/pimail/|$D/$1/etc/|g" \
	    -e "s|/var/spool/pimail|$D/$1/spool|g" \
	    -e "s|/usr/local/share/pimail|$D/$1/share|g" \
	    -e "s|/usr/local/bin|$B|" \
	    -e "s|relay-retry |relay-retry -1 -k $D/$1/keys |" \
	    -e "s#\(/usr/bin/\|exec \)ssh #&-F $D/$1/ssh/config #" \
	    -e "s| -p 2222||;s|pimail@\(.*example\)|$ME@\1|" \
	    "$1/share/$TRANSPORT"/*
	cp -R "$1/share/$TRANSPORT/." "$1/etc"
	relay_from "$1"
}

# keys NODE: a host key and a user key.
keys() {
	ssh-keygen -q -t ed25519 -N '' -C "host of $1" -f "$1/ssh/host"
	ssh-keygen -q -t ed25519 -N '' -C "pimail@$1" -f "$1/ssh/id"
}

# login AT NODE: AT lets it in, by the line of its samples.
login() {
	sed -n "/^restrict.* pimail@$2\$/s|ssh-ed25519.*|$(<"$2/ssh/id.pub")|p" \
	    "$1/etc/authorized_keys" >>"$1/ssh/authorized_keys"
}

# sshd_of NODE: starts it with NODE/ssh/authorized_keys; its port is the file
# NODE/ssh/port.
sshd_of() {
	local port try
	for try in 1 2 3 4 5; do
		port=$(free_port)
		printf '%s\n' "Port $port" 'ListenAddress 127.0.0.1' \
		    "HostKey $D/$1/ssh/host" 'UsePAM no' 'StrictModes no' \
		    "AuthorizedKeysFile $D/$1/ssh/authorized_keys" \
		    'PermitRootLogin forced-commands-only' \
		    'PasswordAuthentication no' \
		    'KbdInteractiveAuthentication no' 'PidFile none' \
		    "SetEnv TMPDIR=$D PATH=$PATH" >"$1/ssh/sshd_config"
		/usr/sbin/sshd -D -e -f "$1/ssh/sshd_config" \
		    >"$1/ssh/log" 2>&1 3>&- &
		SSHD[$1]=$!
		echo "$port" >"$1/ssh/port"
		wait_for 20 sshd_is_up "$1"
		! kill -0 "${SSHD[$1]}" 2>/dev/null || return 0
		echo "try $try: port $port"
		cat "$1/ssh/log"
	done
	return 1
}

sshd_is_up() {
	kill -0 "${SSHD[$1]}" 2>/dev/null || return 0
	grep -q 'Server listening' "$1/ssh/log"
}

# down NODE: nobody reaches it any more.  up NODE: it is back.
down() {
	kill "${SSHD[$1]}" 2>/dev/null || :
	wait "${SSHD[$1]}" || :
	unset "SSHD[$1]"
}
up() {
	sshd_of "$1"
	ways
}

# ways: how ssh of each node that is left finds the sshd of the others.
ways() {
	local node peer
	for node in "${NODES[@]}"; do
		[ -d "$node" ] || continue
		: >"$node/ssh/config"
		: >"$node/ssh/known"
		for peer in $(others "$node"); do
			[ ! -d "$peer" ] || way "$node" "$peer"
		done
	done
}

way() { # FROM TO
	{
		echo "Host mail.$2.example"
		printf '    %s\n' 'HostName 127.0.0.1' "Port $(<"$2/ssh/port")" \
		    "User $ME" "IdentityFile $D/$1/ssh/id" \
		    'IdentitiesOnly yes' 'StrictHostKeyChecking yes' \
		    "HostKeyAlias $2" "UserKnownHostsFile $D/$1/ssh/known"
	} >>"$1/ssh/config"
	echo "$2 $(<"$2/ssh/host.pub")" >>"$1/ssh/known"
}

# relay_from NODE [PIPELINE]: the sample as NODE has it, with a pipeline that
# keeps what comes in NODE/got.
relay_from() {
	local keep="mail-filter -f dd of=$D/$1/got oflag=append conv=notrunc"
	sed -e "s|/var/spool/pimail|$D/$1/spool|" \
	    -e "s|/var/lib/pimail|$D/$1|" \
	    -e "s|relay-accept|relay-accept -n $D/$1/nodes|" \
	    -e "s#own=.*#own='${2-$keep status=none}' \\\\#" \
	    "$BATS_TEST_DIRNAME/../share/ssh/relay-from" >"$1/etc/relay-from"
	chmod +x "$1/etc/relay-from"
}

# manifests NODE: what it has of all nodes.  Each stores for all others.
manifests() {
	local node
	mkdir "$1/nodes"
	for node in "${NODES[@]}"; do
		printf '%s\n' 'node:' "  name: $node" \
		    "  host: mail.$node.example" "  domains: [$node.example]" \
		    "  reach: uucp://mail.$node.example" \
		    '  stores: {for: all}' 'mailboxes:' \
		    "  all: {matches: '.*'}" >"$1/nodes/$node.yaml"
	done
	ln -s "$1.yaml" "$1/nodes/self.yaml"
}

# hold MESSAGE: carol has it for bob.
hold() {
	mail-frame -d returned -f 'node: bob' <"$1" |
	    "${AS[@]}" relay-put carol/spool/sealed >put
	[ "$(mail-frame -c <put | cut -f 3)" = 'done' ]
}

# hold_sealed FILE: carol has taken and sealed that message, which is made; bob
# opens and delivers what comes.
hold_sealed() {
	seal_setup_file
	{
		printf 'From: Alice <alice@example.net>\nSubject: plans\n\n'
		yes 'the quick brown fox' 2>/dev/null | head -c 3000
	} >"$1"
	relay_from bob "unseal -k $K/keys/bob -n $K/view/bob | maildir-deliver $D/bob/mail"
	mkdir -m 700 bob/mail
	own "$K" bob/mail
	mail-frame -f 'node: bob' -s alice@example.net \
	    -r 'contact talktome@bob.example' <"$1" |
	    "${AS[@]}" seal -k "$K/keys/carol" -n "$K/view/carol" |
	    "${AS[@]}" relay-put carol/spool/sealed >put
	[ "$(mail-frame -c <put | cut -f 3)" = 'done' ]
}

# held NODE: how many entries it has for bob.
held() {
	find "$1/spool/sealed/bob" -name '????????????????*' \
	    ! -name '*.copies' | wc -l
}

retry() { # NODE: one pass
	rm -f "$1"/spool/sealed/*/.state
	"${AS[@]}" "$1/etc/run" 2>>said
}

# a_day_later NODE: what it has sent was sent a day ago.
a_day_later() {
	find "$1/spool/post" -name '*.sent' -exec touch -d '25 hours ago' {} +
}

# home: all that is due, until nothing is left.
home() {
	retry carol || :
	call carol
	execute bob
	call carol bob
	execute carol
	retry carol
}

# arrived MESSAGE...: what bob's own pipeline got is these, in any order.
arrived() {
	local file
	mail-frame -c <bob/got >/dev/null
	for file; do
		sha256sum <"$file"
	done | sort >want
	python3 - bob/got <<-'PY' | sort >have
		import hashlib, re, sys
		data = open(sys.argv[1], "rb").read()
		while data:
		    head, rest = data.split(b"\n\n", 1)
		    size = int(re.search(rb"\nsize: (\d+)", head)[1])
		    print(hashlib.sha256(rest[:size]).hexdigest(), "", "-")
		    data = rest[size:].split(b"\n", 2)[2]
	PY
	diff want have
}

# at_home FILE: bob has what hold_sealed made, once, and nothing else.
at_home() {
	[ "$(find bob/mail -type f -path '*/new/*' | wc -l)" = 1 ]
	sed '1,/^From: Alice/{/^From: Alice/!d}' bob/mail/contact/new/* |
	    cmp - "$1"
}

# nobody_reads NODE...: what hold_sealed made cannot be read there.
nobody_reads() {
	run -1 grep -raqF -e 'quick brown' -e talktome -e alice@ "${@/%//spool}"
}
