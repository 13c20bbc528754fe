# What the bats files of sealed mail share; see lib.bash.  Keys are made once
# for a file: alice, bob and carol are nodes, each with its own view of them.

# gpg_of NODE ARGUMENT...: gpg with that node's keys, quietly.
gpg_of() {
	local home=$K/keys/$1
	shift
	gpg --homedir "$home" --batch --no-tty --quiet --pinentry-mode loopback \
	    --passphrase '' "$@" 2>>"$K/gpg.log"
}

# fingerprint NODE
fingerprint() {
	gpg_of "$1" --with-colons --list-keys |
	    awk -F: '/^fpr/ { print $10; exit }'
}

# new_key NODE [EXPIRY]: a key pair in a directory of its own, and NODE.asc.
new_key() {
	local key
	mkdir -p "$K/keys" "$K/nodes"
	mkdir -m 700 "$K/keys/$1"
	gpg_of "$1" --quick-gen-key "$1 <$1@$1.example.net>" ed25519 sign \
	    "${2:-0}"
	key=$(fingerprint "$1")
	gpg_of "$1" --quick-add-key "$key" cv25519 encr "${2:-0}"
	gpg_of "$1" --armor --export "$key" >"$K/nodes/$1.asc"
}

# manifest NODE [FINGERPRINT]: of a node that has a mailbox, on standard output.
manifest() {
	cat <<-EOT
		node: {name: $1, host: $1.example.net, domains: [$1.example]${2:+, key: $2}}
		mailboxes:
		  contact: {matches: 'talktome|postmaster'}
	EOT
}

# For setup_file: all of that in $K, whose path is short, since sockets of agents
# are in there.
seal_setup_file() {
	local node
	K=$(mktemp -d /tmp/seal.XXXXXX)
	export K
	for node in alice bob carol; do
		new_key "$node"
		manifest "$node" "$(fingerprint "$node")" >"$K/nodes/$node.yaml"
	done
	for node in alice bob carol; do view "$node" "$K/view/$node"; done
}

# view NODE DIRECTORY: the manifests as that node has them.
view() {
	mkdir -p "${2%/*}"
	cp -R "$K/nodes" "$2"
	ln -s "$1.yaml" "$2/self.yaml"
}

seal_teardown_file() {
	local home
	for home in "$K"/keys/*; do
		gpgconf --homedir "$home" --kill all
	done
	rm -rf "$K"
}

# For setup: the message m with words to look for, and f, its frame for carol.
seal_setup() {
	common_setup
	{
		printf 'From: Alice <alice@example.net>\nSubject: secret plans\n\n'
		yes 'the quick brown fox' 2>/dev/null | head -c 3000
	} >m
	backup m >f
}

# sealing NODE / unsealing NODE [ARGUMENT...]: the commands as that node.
sealing() {
	local node=$1
	shift
	seal -k "$K/keys/$node" -n "$K/view/$node" "$@"
}
unsealing() {
	local node=$1
	shift
	unseal -k "$K/keys/$node" -n "$K/view/$node" "$@"
}

# backup FILE [ARGUMENT...]: the frame of FILE for carol, as it comes in.
backup() {
	local file=$1
	shift
	mail-frame -f 'node: carol' -f 'client: 192.0.2.7 4711' \
	    -s alice@example.net -r 'contact talktome@carol.example' "$@" <"$file"
}

# bad_gpg ARGUMENT HOW: bin/ has programs that are needed and a gpg of the name
# that does HOW, a line of shell, when it gets that argument, and says so by the
# file ran.
bad_gpg() {
	local program
	mkdir -p bin
	for program in sh cat head seal unseal; do
		ln -sf "$(command -v $program)" bin/$program
	done
	cat >bin/gpg <<-EOT
		#!/bin/sh
		case "\$*" in
		*$1*) : >>"$D/ran"; $2 ;;
		*) exec $(command -v gpg) "\$@" ;;
		esac
	EOT
	chmod +x bin/gpg
	rm -f ran
}

# hanging ARGUMENT COMMAND...: the command, which has -o gpg-wait, has to end
# with 111 though gpg hangs when it gets that argument, and nothing that gpg has
# started may be left.  On a machine that is busy gpg may not come that far in
# so short a time; then there is more.
hanging() {
	local argument=$1 pid wait
	shift
	bad_gpg "$argument" "echo \$\$ >\"$D/pids\"
		$(command -v sleep) 600 & echo \$! >>\"$D/pids\"; wait"
	for wait in 2 8 30; do
		rm -f pids
		run -111 --separate-stderr timeout $((wait * 4)) \
		    env PATH="$D/bin" "$@" -o gpg-wait=$wait
		[ ! -e pids ] || [ "$(wc -l <pids)" -lt 2 ] || break
	done
	echo "$output" "$stderr"
	[ "$(wc -l <pids)" = 2 ]
	while read -r pid; do
		wait_for 10 [ ! -e "/proc/$pid" ]
	done <pids
}

# verdict FILE: of the one frame in it.
verdict() {
	mail-frame -c <"$1" | cut -f 3
}

# fields FILE: the field lines of a frame.
fields() {
	sed -n '2,/^size: /p' "$1" | grep -v '^size: '
}

# inner FILE NODE: what is encrypted in a sealed frame, by gpg.
inner() {
	mail-frame -x <"$1" | gpg_of "$2" --skip-verify --decrypt
}
