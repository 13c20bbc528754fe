load lib.bash

setup() {
	common_setup
	unset PIMAIL_NODES PIMAIL_KEYS
	# short: the path of an agent's socket ends at 107 octets
	K=$(mktemp -d /tmp/ni.XXXXXX)
	export PIMAIL_NODES=$D/nodes PIMAIL_KEYS=$K/keys
}

teardown() {
	for home in "$K"/*/; do
		gpgconf --homedir "${home%/}" --kill all
	done
	rm -rf "$K"
}

# by_hand ARGUMENT...: gpg in the key directory.
by_hand() {
	gpg --homedir "$PIMAIL_KEYS" --batch --no-tty --quiet "$@"
}

fingerprint() {
	by_hand --with-colons --list-secret-keys |
	    awk -F: '$1 == "fpr" { print $10; exit }'
}

@test "a new node has a manifest that is good, and that it has signed" {
	run -0 --separate-stderr node-init carol carol.example
	[ -z "$stderr" ]
	run -0 --separate-stderr rcpt-check -t
	[ "$output" = "carol.yaml: ok, 1 domains, 1 mailboxes" ]
	[ -z "$stderr" ]
	run -0 rcpt-check carol+shop@carol.example postmaster@carol.example
	[ "${lines[0]}" = $'carol+shop@carol.example\tlocal\tcarol\tcarol' ]
	[ "${lines[1]}" = $'postmaster@carol.example\tlocal\tcarol\tcarol' ]
	[ "$(readlink nodes/self.yaml)" = carol.yaml ]
	by_hand --verify nodes/carol.yaml.sig nodes/carol.yaml
	grep -q "^  key: $(fingerprint)$" nodes/carol.yaml
	grep -q '^  host: mail.carol.example$' nodes/carol.yaml
}

@test "node-manifest goes on from there" {
	node-init carol carol.example
	run -0 node-manifest verify
	[[ $output == "carol.yaml: good, serial "*", not pinned" ]]
	sed -i 's/  #contact:/  contact:/' nodes/carol.yaml
	run -0 node-manifest sign -s
	run -0 node-manifest verify
	run -0 rcpt-check talktome@carol.example
	[ "$output" = $'talktome@carol.example\tlocal\tcarol\tcontact' ]
	# each line with an example is good without its '#'
	sed -i -E 's/^  #([a-z]+: )/  \1/; /^  backups: .except/d' \
	    nodes/carol.yaml
	run -0 rcpt-check -t
	[ "$output" = "carol.yaml: ok, 1 domains, 4 mailboxes" ]
}

@test "the key can be used by others, and has no secret part" {
	node-init carol carol.example
	mkdir -m 700 "$K/other"
	gpg --homedir "$K/other" --batch --quiet --import nodes/carol.asc
	gpg --homedir "$K/other" --batch --with-colons --list-keys >list
	grep -q "^fpr:.*:$(fingerprint):" list
	grep -q '^uid:.*:carol (pimail node) <carol@mail.carol.example>:' list
	grep -q '^pub:.*:ed25519:' list
	grep -q '^sub:.*:cv25519:' list
	# it does not expire
	[ -z "$(awk -F: '$1 == "pub" { print $7 }' list)" ]
	gpg --homedir "$K/other" --batch --with-colons \
	    --list-secret-keys >secret
	[ ! -s secret ]
	sqop encrypt nodes/carol.asc <nodes/carol.yaml >sealed
	by_hand --decrypt sealed >opened
	cmp opened nodes/carol.yaml
}

@test "what is next is said, with the fingerprint in groups of four" {
	run -0 node-init carol carol.example
	[[ $output == *"carol.yaml carol.asc carol.yaml.sig"* ]]
	[[ $output == *$'\t'"$(fingerprint | sed 's/..../& /g; s/ $//')"* ]]
	[[ $output == *'then: rcpt-check -t && node-manifest sign -s'* ]]
	# what was said here has to be said there
	run -0 env -u PIMAIL_KEYS -u PIMAIL_NODES node-init -n new \
	    -k "$PIMAIL_KEYS" carol carol.example
	[[ $output == *"rcpt-check -t -n new && node-manifest -n new -k $PIMAIL_KEYS sign -s"* ]]
	[[ $output == *"node-manifest -n new -k $PIMAIL_KEYS pin NAME.yaml >NAME.pin" ]]
}

@test "nothing that is there is overwritten" {
	mkdir nodes
	local file
	for file in carol.yaml carol.asc carol.yaml.sig self.yaml; do
		echo mine >"nodes/$file"
		run -111 node-init carol carol.example
		[[ $output == *"/$file' is there already; nothing was changed" ]]
		[ "$(cat "nodes/$file")" = mine ]
		[ "$(ls nodes)" = "$file" ]
		[ ! -e "$PIMAIL_KEYS" ]
		rm "nodes/$file"
	done
	ln -s nowhere nodes/self.yaml
	run -111 node-init carol carol.example
	[ "$(readlink nodes/self.yaml)" = nowhere ]
	[ ! -e "$PIMAIL_KEYS" ]
}

@test "the key and the secret that are there are used" {
	node-init carol carol.example
	local key
	key=$(fingerprint)
	cp "$PIMAIL_KEYS/self" before
	rm -r nodes
	run -0 --separate-stderr node-init carol carol.example
	[[ $stderr == *"using the key that is in '$PIMAIL_KEYS'"* ]]
	[ "$(fingerprint)" = "$key" ]
	cmp before "$PIMAIL_KEYS/self"
	run -0 node-manifest verify
}

@test "the key directory and what is in it are for us alone" {
	node-init -k "$K/a/keys" carol carol.example
	[ "$(stat -c %a "$K/a/keys")" = 700 ]
	[ "$(stat -c '%a %s' "$K/a/keys/self")" = '600 32' ]
	gpgconf --homedir "$K/a/keys" --kill all
	mkdir -m 750 "$K/open"
	run -111 node-init -k "$K/open" -n new carol carol.example
	[[ $output == *"must be a directory of ours, mode 0700; it is user $(id -u)'s, mode 0750"* ]]
	[ -z "$(ls "$K/open")" ]
	[ -z "$(ls new)" ]
}

@test "names that are no good are refused before anything is made" {
	local name
	for name in self .x -- 'a b' $'a\nb' 'a/b' "a'b" 'a: b' '' \
	    "$(printf '%065d' 0)"; do
		run -111 node-init -- "$name" carol.example
		[ ! -e nodes ]
		[ ! -e "$PIMAIL_KEYS" ]
	done
	for name in 'carol example' carol..example $'a\nb' '' "a'b"; do
		run -111 node-init carol "$name"
		run -111 node-init -H "$name" carol carol.example
	done
	run -111 node-init carol '[192.0.2.1]'
	[ ! -e nodes ]
	[ ! -e "$PIMAIL_KEYS" ]
}

@test "names may be of any script, have dots, and be an address" {
	node-init -H mail.example a.b_c-1 'bücher.example'
	run -0 rcpt-check 'a.b_c-1@xn--bcher-kva.example'
	[[ $output == *$'\tlocal\ta.b_c-1\ta.b_c-1' ]]
	run -100 rcpt-check 'axb_c-1@bücher.example'
	grep -q '^  host: mail.example$' nodes/a.b_c-1.yaml
	rm -r nodes
	node-init -H mail.example dave '[192.0.2.1]'
	run -0 rcpt-check 'dave@[192.0.2.1]'
}

@test "wrong usage, a full disk and a file for a directory are 111" {
	run -111 node-init
	[[ $output == "usage: node-init [-H host] "* ]]
	run -111 node-init carol
	run -111 node-init carol carol.example extra
	run -111 node-init -x carol carol.example
	run -111 bash -c 'node-init carol carol.example >/dev/full'
	[[ $output == *"cannot write to standard output"* ]]
	: >file
	run -111 node-init -n file/nodes dave dave.example
	run -111 node-init -n nodes2 -k file/keys dave dave.example
}
