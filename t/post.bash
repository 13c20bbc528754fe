# What share-uucp.bats and share-nncp.bats share: two nodes in directories, each
# with an sshd of its own on loopback; carol holds mail of bob.

post_setup() {
	common_setup
	unset PIMAIL_NODES PIMAIL_KEYS
	SSHD=()
	local me=root
	# where sshd goes to be nobody, if it is started by root
	if [ "$(id -u)" = 0 ]; then mkdir -p /run/sshd; else me=$(id -un); fi
	ME=$me
}

post_teardown() {
	local pid
	for pid in "${SSHD[@]}"; do
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || :
	done
}

# keys NODE: a host key and a user key.
keys() {
	mkdir -p "$1/ssh"
	ssh-keygen -q -t ed25519 -N '' -C "host of $1" -f "$1/ssh/host"
	ssh-keygen -q -t ed25519 -N '' -C "pimail@$1" -f "$1/ssh/id"
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
		SSHD+=($!)
		echo "$port" >"$1/ssh/port"
		wait_for 20 sshd_is_up "$1" "$port"
		! kill -0 "${SSHD[-1]}" 2>/dev/null || return 0
		echo "try $try: port $port"
		cat "$1/ssh/log"
	done
	return 1
}

sshd_is_up() {
	kill -0 "${SSHD[-1]}" 2>/dev/null || return 0
	grep -q 'Server listening' "$1/ssh/log"
}

# way FROM TO HOST: how ssh of FROM finds the sshd of TO under that name.
way() {
	{
		echo "Host $3"
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

# manifests NODE: what it has of both nodes.
manifests() {
	local node
	mkdir "$1/nodes"
	for node in carol bob; do
		printf '%s\n' 'node:' "  name: $node" \
		    "  host: mail.$node.example" "  domains: [$node.example]" \
		    "  reach: uucp://mail.$node.example" 'mailboxes:' \
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

held() { # how many entries carol has for bob
	find carol/spool/sealed/bob -name '????????????????*' | wc -l
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
