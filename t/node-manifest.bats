load lib.bash

# bob is a peer, carol is us, and mallory is nobody's friend.  Keys take a while
# to make, so they are made once.
setup_file() {
	local node
	cd "$BATS_FILE_TMPDIR" || return 1
	for node in bob carol mallory; do
		mkdir -m 700 "keys-$node"
		key "$node" >"$node.key" 2>log || {
			cat log
			return 1
		}
	done
}

# key NODE: makes one in keys-NODE, and prints its fingerprint.
key() {
	local home=keys-$1 fpr
	gpg --homedir "$home" --batch --passphrase '' \
	    --quick-gen-key "$1 <$1@$1.example.net>" ed25519 sign never || return
	fpr=$(fingerprint "$home")
	gpg --homedir "$home" --batch --passphrase '' \
	    --quick-add-key "$fpr" cv25519 encr never || return
	echo "$fpr"
}

fingerprint() {
	gpg --homedir "$1" --list-keys --with-colons |
	    sed -n '/^fpr/{s/^fpr:*\([0-9A-F]*\):.*/\1/p;q;}'
}

setup() {
	common_setup
	unset PIMAIL_NODES PIMAIL_KEYS
	local node
	for node in bob carol mallory; do
		cp -R "$BATS_FILE_TMPDIR/keys-$node" "keys-$node"
		mkdir "$node"
		manifest "$node" >"$node/$node.yaml"
		ln -s "$node.yaml" "$node/self.yaml"
	done
	BOB=$(cat "$BATS_FILE_TMPDIR/bob.key")
	MALLORY=$(cat "$BATS_FILE_TMPDIR/mallory.key")
	pin "$BOB" bob.example >carol/bob.pin
	T=$'\t'
}

teardown() {
	local home
	for home in "$D"/keys-*; do
		gpgconf --homedir "$home" --kill all
	done
}

teardown_file() {
	local home
	for home in "$BATS_FILE_TMPDIR"/keys-*; do
		gpgconf --homedir "$home" --kill all
	done
}

# manifest NODE [LINE...]: with these lines in "node:".
manifest() {
	local node=$1
	shift
	printf '%s\n' '# our manifest' 'node:' "  name: $node" \
	    "  host: $node.example.net" "  domains: [$node.example] # one" \
	    "  key: $(cat "$BATS_FILE_TMPDIR/$node.key")" "$@" 'mailboxes:' \
	    "  $node: {matches: $node}"
}

# pin FINGERPRINT DOMAIN...
pin() {
	local key=$1
	shift
	printf 'key: %s\ndomains:\n' "$key"
	printf -- '- %s\n' "$@"
}

# at NODE ARGUMENT...: node-manifest as that node.
at() {
	local node=$1
	shift
	node-manifest -n "$node" -k "keys-$node" "$@"
}

# parcel NODE: its files as one.
parcel() {
	printf 'pimail-manifest 1\nmanifest: %d\nsignature: %d\nkey: %d\n\n' \
	    "$(stat -c %s "$1/$1.yaml")" "$(stat -c %s "$1/$1.yaml.sig")" \
	    "$(stat -c %s "$1/$1.asc")"
	cat "$1/$1.yaml" "$1/$1.yaml.sig" "$1/$1.asc"
}

# refuses TEXT: carol does not take what bob has, says so once, and has what she
# had.
refuses() {
	cp -P carol/bob.yaml had 2>/dev/null || : >had
	run -100 --separate-stderr at carol import bob/bob.yaml
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" = 1 ]
	[[ $stderr == "node-manifest: warning: manifest of node 'bob' refused: "*"$1"* ]] || {
		echo "$stderr"
		return 1
	}
	cp -P carol/bob.yaml have 2>/dev/null || : >have
	cmp had have
}

@test "wrong usage is 111, and says how" {
	local args
	for args in '' nothing 'sign bob' 'import' 'import a b' 'list a' 'diff' \
	    'pin' 'verify -s' 'list -s' 'verify a b' '-x list' 'sign -x'; do
		# shellcheck disable=SC2086
		run -111 --separate-stderr at carol $args
		[[ $stderr == "usage: node-manifest "* ]]
	done
	run -111 --separate-stderr at carol import ../bob
	run -111 --separate-stderr at carol verify -- -bob
	run -111 --separate-stderr at carol diff nowhere/bob.yaml
	run -111 --separate-stderr at carol diff bob/self.yaml
}

@test "sign wants a serial, and -s puts one there and raises it" {
	run -111 --separate-stderr at bob sign
	[[ $stderr == *"there is no 'serial' in bob.yaml"* ]]
	[ ! -e bob/bob.yaml.sig ]
	cp bob/bob.yaml before
	today=$(date -u +%Y%m%d)
	run -0 --separate-stderr at bob sign -s
	[ "$output" = "bob.yaml: signed, serial ${today}00, key $BOB" ] ||
	    [ "$(date -u +%Y%m%d)" != "$today" ]
	grep -v "^  serial: ${today}00$" bob/bob.yaml >after
	cmp before after
	run -0 --separate-stderr at bob sign -s
	[[ $output == *"serial ${today}01, "* ]]
	run -0 --separate-stderr at bob sign
	[[ $output == *"serial ${today}01, "* ]]
	[ -z "$stderr" ]
	[ -L bob/self.yaml ]
	find bob -name '.*.new' >left
	[ ! -s left ]
}

@test "sign takes its own manifest with its own key only" {
	manifest bob '  serial: 1' | sed "s/$BOB/$MALLORY/" >bob/bob.yaml
	run -111 --separate-stderr at bob sign
	[[ $stderr == *"'key' in bob.yaml must be our own, $BOB"* ]]
	manifest bob '  serial: 1' >bob/bob.yaml
	mkdir -m 700 none
	run -111 --separate-stderr node-manifest -n bob -k none sign
	[[ $stderr == *'there is no key of our own'* ]]
	run -111 --separate-stderr node-manifest -n bob -k nowhere sign
	chmod 755 keys-bob
	run -111 --separate-stderr at bob sign
	chmod 700 keys-bob
	echo 'node: [' >bob/bob.yaml
	run -111 --separate-stderr at bob sign
	rm bob/self.yaml
	manifest bob '  serial: 1' >bob/self.yaml
	run -111 --separate-stderr at bob sign
	[[ $stderr == *"must be a link"* ]]
	[ ! -e bob/bob.yaml.sig ]
	[ ! -e bob/bob.asc ]
}

@test "gpg and sqop find the signature good (agamid 3.3)" {
	at bob sign -s
	mkdir -m 700 keys-other
	gpg --homedir keys-other --quiet --import bob/bob.asc
	gpg --homedir keys-other --verify bob/bob.yaml.sig bob/bob.yaml
	sqop verify bob/bob.yaml.sig bob/bob.asc <bob/bob.yaml
	echo >>bob/bob.yaml
	run -1 gpg --homedir keys-other --verify bob/bob.yaml.sig bob/bob.yaml
}

@test "a change that is signed without a higher serial is told" {
	at bob sign -s
	echo '# more' >>bob/bob.yaml
	run -0 --separate-stderr at bob sign
	[[ $stderr == *'bob.yaml has changed since it was signed: '*' (sign -s)' ]]
	run -0 --separate-stderr at bob sign
	[ -z "$stderr" ]
}

@test "a file that is missing is named" {
	at bob sign -s
	for file in bob.yaml.sig bob.asc bob.yaml; do
		rm bob/$file
		for what in pin verify import; do
			run -111 --separate-stderr at carol $what bob/bob.yaml
			[[ $stderr == *"cannot read 'bob/$file': No such file"* ]]
			[ -z "$output" ]
		done
		touch bob/$file
	done
	rm -r keys-carol
	run -111 --separate-stderr at carol sign
	[[ $stderr == *"'keys-carol': No such file or directory; node-init makes it"* ]]
	mkdir -m 700 keys-carol
	run -111 --separate-stderr at carol sign
	[[ $stderr == *"no key of our own in 'keys-carol'; node-init makes one"* ]]
}

@test "verify says who signed, and whether that is pinned" {
	at bob sign -s
	serial=$(sed -n 's/^  serial: //p' bob/bob.yaml)
	run -0 --separate-stderr at bob verify
	[ "$output" = "bob.yaml: good, serial $serial, key $BOB, not pinned" ]
	run -0 --separate-stderr at carol verify bob/bob.yaml
	[ "$output" = "bob.yaml: good, serial $serial, key $BOB, pinned" ]
	run -111 --separate-stderr at carol verify bob
	at carol import bob/bob.yaml
	run -0 --separate-stderr at carol verify bob
	echo '#' >>carol/bob.yaml
	run -100 --separate-stderr at carol verify bob
	[ -z "$output" ]
	[[ $stderr == *'the signature is bad'* ]]
	pin "$MALLORY" bob.example >carol/bob.pin
	run -100 --separate-stderr at carol verify bob/bob.yaml
	pin "$BOB" other.example >carol/bob.pin
	run -100 --separate-stderr at carol verify bob/bob.yaml
	echo 'key: [' >carol/bob.pin
	run -111 --separate-stderr at carol verify bob/bob.yaml
	run -111 --separate-stderr at carol verify mallory/mallory.yaml
}

@test "pin prints what two people compare, and import wants it in place" {
	manifest bob '  serial: 7' '  reach: ssh://pimail@bob.example.net:22' |
	    sed "s/bob.example\]/bob.example, 'bücher.example', '[192.0.2.1]']/" \
	    >bob/bob.yaml
	at bob sign
	rm carol/bob.pin
	refuses 'the node is not pinned'
	run -0 --separate-stderr at carol pin bob/bob.yaml
	printf '%s\n' "$output" >carol/bob.pin
	# in groups of four
	grep -qF "$(printf '%s' "$BOB" | sed 's/..../& /g;s/ $//')" carol/bob.pin
	run -0 --separate-stderr at carol import bob/bob.yaml
	[ "$output" = 'bob.yaml: taken, serial 7' ]
	cmp bob/bob.yaml carol/bob.yaml
	cmp bob/bob.yaml.sig carol/bob.yaml.sig
	rcpt-check -n carol bob@bob.example 'bob@bücher.example' \
	    'bob@[192.0.2.1]'
	# of a signature that is not good there is no pin
	echo '#' >>bob/bob.yaml
	run -100 --separate-stderr at carol pin bob/bob.yaml
	[ -z "$output" ]
}

@test "a newer manifest is taken, an older or an equal one is not (agamid 3.5)" {
	manifest bob '  serial: 7' >bob/bob.yaml
	at bob sign
	cp -R bob bob-7
	run -0 --separate-stderr at carol import bob/bob.yaml
	[ "$output" = 'bob.yaml: taken, serial 7' ]
	run -0 --separate-stderr at carol import bob/bob.yaml
	[ "$output" = 'bob.yaml: nothing newer, serial 7' ]
	manifest bob '  serial: 8' '  dynamic: yes' >bob/bob.yaml
	at bob sign
	at carol import bob/bob.yaml
	run -0 --separate-stderr at carol import bob-7/bob.yaml
	[ "$output" = 'bob.yaml: nothing newer, serial 8' ]
	cmp bob/bob.yaml carol/bob.yaml
	manifest bob '  serial: 8' '  dynamic: no' >bob/bob.yaml
	at bob sign
	refuses 'it has changed, and its serial has not'
	# as smtp-accept has it, too
	rcpt-check -n carol bob@bob.example
}

@test "what a manifest claims beyond its pin is refused, and the last good stays (agamid 3.4)" {
	manifest bob '  serial: 7' >bob/bob.yaml
	at bob sign
	at carol import bob/bob.yaml
	manifest bob '  serial: 8' | sed 's/bob.example\]/bob.example, carol.example]/' \
	    >bob/bob.yaml
	at bob sign
	refuses "domain 'carol.example' is not pinned"
	manifest bob '  serial: 8' | sed 's/bob.example\]/elsewhere.example]/' \
	    >bob/bob.yaml
	at bob sign
	refuses "domain 'elsewhere.example' is not pinned"
	manifest bob '  serial: 8' '  reach: ssh://root@localhost' >bob/bob.yaml
	at bob sign
	refuses "'reach' is not the one that is pinned"
	{
		manifest bob '  serial: 8'
		echo "  bomb: {matches: '((a{0,100}){0,100}){0,100}'}"
	} >bob/bob.yaml
	cp carol/bob.yaml bob/self-was
	gpg --homedir keys-bob --batch --yes -a -o bob/bob.yaml.sig \
	    -b bob/bob.yaml
	refuses 'it is broken'
	manifest bob '  serial: 8' '  seriall: 9' >bob/bob.yaml
	gpg --homedir keys-bob --batch --yes -a -o bob/bob.yaml.sig \
	    -b bob/bob.yaml
	refuses 'it is broken'
	run -0 --separate-stderr rcpt-check -t -n carol
	rcpt-check -n carol bob@bob.example carol@carol.example
}

@test "a pattern that takes long is taken, and costs no more than its limits (agamid 3.2)" {
	{
		manifest bob '  serial: 8'
		echo "  bomb: {matches: '(a*)*b'}"
	} >bob/bob.yaml
	at bob sign
	at carol import bob/bob.yaml
	a=$(printf 'a%.0s' {1..60})
	run -111 --separate-stderr timeout 10 rcpt-check -n carol "${a}bc@bob.example"
	[[ $output == *'451 4.3.0'* ]]
}

@test "a signature by another key, or of another file, is refused" {
	manifest bob '  serial: 7' >bob/bob.yaml
	at bob sign
	cp bob/bob.yaml.sig good.sig
	cp bob/bob.asc good.asc
	gpg --homedir keys-mallory --batch --yes -a -o bob/bob.yaml.sig \
	    -b bob/bob.yaml
	refuses 'signed by another key'
	gpg --homedir keys-mallory --batch -a --export >bob/bob.asc
	refuses 'it is another key'
	cat good.asc >>bob/bob.asc
	refuses 'there are 2 keys in it'
	gpg --homedir keys-bob --batch -a --export-secret-keys >bob/bob.asc
	refuses 'it is a secret key'
	cp good.asc bob/bob.asc
	echo other >other
	gpg --homedir keys-bob --batch --yes -a -o bob/bob.yaml.sig -b other
	refuses 'the signature is bad'
	# a message that is signed is not what is wanted
	gpg --homedir keys-bob --batch --yes -a -o bob/bob.yaml.sig \
	    --sign bob/bob.yaml
	run at carol import bob/bob.yaml
	[ "$status" = 100 ] || [ "$status" = 111 ]
	[ ! -e carol/bob.yaml ]
	# two signatures, of which one is good
	gpg --homedir keys-mallory --batch --yes -a -o mine.sig -b bob/bob.yaml
	cat mine.sig good.sig >bob/bob.yaml.sig
	run at carol import bob/bob.yaml
	[ ! -e carol/bob.yaml ] || cmp bob/bob.yaml carol/bob.yaml
	rm -f carol/bob.yaml*
	cp good.sig bob/bob.yaml.sig
	at carol import bob/bob.yaml
}

@test "a key that has ended is refused, and its new end is taken" {
	manifest bob '  serial: 7' >bob/bob.yaml
	at bob sign
	at carol import bob/bob.yaml
	# it ends in a day, and gpg believes that it is ten days later
	gpg --homedir keys-bob --batch --quick-set-expire "$BOB" 1d
	gpg --homedir keys-bob --batch --quick-set-expire "$BOB" 1d '*'
	manifest bob '  serial: 8' >bob/bob.yaml
	at bob sign
	later=$(date -u -d '10 days' +%Y%m%dT%H%M%S)
	echo "faked-system-time $later" >>keys-carol/gpg.conf
	refuses ''
	run -100 --separate-stderr at carol verify bob/bob.yaml
	# the key is in place all the same: nothing is sealed to it any more
	run -0 --separate-stderr at carol list
	[[ ${lines[0]} == *"$T$(date -u -d '1 day' +%F)" ]] ||
	    [[ ${lines[0]} == *"$T$(date -u +%F)" ]]
	cp bob/bob.asc ended.asc
	gpg --homedir keys-bob --batch --quick-set-expire "$BOB" 1y
	gpg --homedir keys-bob --batch --quick-set-expire "$BOB" 1y '*'
	manifest bob '  serial: 9' >bob/bob.yaml
	at bob sign
	run -0 --separate-stderr at carol import bob/bob.yaml
	[ "$output" = 'bob.yaml: taken, serial 9' ]
	# an old copy of the key does not bring the old end back
	cp ended.asc bob/bob.asc
	run -0 --separate-stderr at carol import bob/bob.yaml
	run -0 --separate-stderr at carol verify bob
}

@test "a key that was revoked is taken, and stays so whatever comes later (agamid 3.6)" {
	manifest bob '  serial: 7' >bob/bob.yaml
	at bob sign
	at carol import bob/bob.yaml
	cp bob/bob.asc good.asc
	sed 's/^:---/---/' "keys-bob/openpgp-revocs.d/$BOB.rev" >rev
	gpg --homedir keys-bob --batch --quiet --import rev
	gpg --homedir keys-bob --batch -a --export "$BOB" >bob/bob.asc
	refuses ''
	gpg --homedir keys-carol --batch --list-keys --with-colons "$BOB" >listed
	grep -q '^pub:r:' listed
	mkdir -m 700 keys-other
	gpg --homedir keys-other --batch --quiet --import carol/bob.asc
	gpg --homedir keys-other --batch --list-keys --with-colons >listed
	grep -q '^pub:r:' listed
	# who has stolen the key signs with a copy from before
	manifest bob '  serial: 8' >bob/bob.yaml
	cp -R "$BATS_FILE_TMPDIR/keys-bob" keys-stolen
	gpg --homedir keys-stolen --batch --yes -a -o bob/bob.yaml.sig \
	    -b bob/bob.yaml
	cp good.asc bob/bob.asc
	refuses ''
	gpg --homedir keys-carol --batch --list-keys --with-colons "$BOB" >listed
	grep -q '^pub:r:' listed
}

@test "a clock that has jumped loses nothing" {
	local when
	manifest bob '  serial: 7' >bob/bob.yaml
	at bob sign
	at carol import bob/bob.yaml
	manifest bob '  serial: 8' >bob/bob.yaml
	at bob sign
	cp keys-carol/gpg.conf before 2>/dev/null || : >before
	for when in 19700102T000000 20000101T000000 20900101T000000; do
		{
			cat before
			echo "faked-system-time $when"
		} >keys-carol/gpg.conf
		cp carol/bob.yaml had
		run at carol import bob/bob.yaml
		# taken as a whole or not at all
		cmp carol/bob.yaml had || cmp carol/bob.yaml bob/bob.yaml
		rcpt-check -n carol bob@bob.example
	done
	cp before keys-carol/gpg.conf
	at carol import bob/bob.yaml
	cmp carol/bob.yaml bob/bob.yaml
}

@test "a parcel is taken from standard input, whole or not at all" {
	local size n
	manifest bob '  serial: 7' >bob/bob.yaml
	at bob sign
	parcel bob >parcel
	size=$(stat -c %s parcel)
	for n in 0 1 17 18 30 50 70 71 $((size / 2)) $((size - 1)); do
		head -c "$n" parcel >cut
		run -100 --separate-stderr at carol import bob <cut
		[[ $stderr == *'that is no parcel'* ]]
		[ -z "$output" ]
	done
	{
		cat parcel
		echo
	} >longer
	run -100 --separate-stderr at carol import bob <longer
	[ ! -e carol/bob.yaml ]
	[ ! -e carol/bob.asc ]
	# whatever is inside, it is for the node that was asked for
	pin "$BOB" bob.example >carol/mallory.pin
	run -100 --separate-stderr at carol import mallory <parcel
	run -0 --separate-stderr at carol import bob <parcel
	[ "$output" = 'bob.yaml: taken, serial 7' ]
	cmp carol/bob.yaml bob/bob.yaml
}

@test "10 MB are no parcel, and do not cost 10 MB" {
	{
		printf 'pimail-manifest 1\nmanifest: 9999999\nsignature: 1\nkey: 1\n\n'
		head -c 10000000 /dev/zero
	} >large
	run -100 --separate-stderr at carol import bob <large
	[ "$stderr" = 'node-manifest: warning: that is no parcel' ]
	yes -- '-----BEGIN PGP PUBLIC KEY BLOCK-----' | head -c 262145 >bob/bob.asc
	manifest bob '  serial: 7' >bob/bob.yaml
	touch bob/bob.yaml.sig
	run -111 --separate-stderr at carol import bob/bob.yaml
	run -111 --separate-stderr sh -c \
	    'node-manifest -n carol -k keys-carol import bob <&-'
	[ ! -e carol/bob.yaml ]
}

@test "a disk that is full leaves the last good manifest" {
	manifest bob '  serial: 7' >bob/bob.yaml
	at bob sign
	at carol import bob/bob.yaml
	{
		manifest bob '  serial: 8'
		# more than the limit below
		yes '# a long story' | head -c 150000
	} >bob/bob.yaml
	at bob sign
	cp carol/bob.yaml had
	run -111 --separate-stderr bash -c 'trap "" XFSZ; ulimit -f 100 &&
	    exec node-manifest -n carol -k keys-carol import bob/bob.yaml'
	[[ $stderr == *'File too large'* ]]
	cmp had carol/bob.yaml
	rcpt-check -n carol bob@bob.example
	find carol -name '.*.new' >left
	[ ! -s left ]
	at carol import bob/bob.yaml
	cmp carol/bob.yaml bob/bob.yaml
	run -111 --separate-stderr sh -c \
	    'node-manifest -n carol -k keys-carol list >/dev/full'
}

@test "whoever is killed leaves the old manifest or the new one" {
	local i
	manifest bob '  serial: 100' >bob/bob.yaml
	at bob sign
	at carol import bob/bob.yaml
	for i in {1..15}; do
		manifest bob "  serial: $((100 + i))" >bob/bob.yaml
		at bob sign
		cp carol/bob.yaml had
		timeout -s KILL "0.0$((i % 10))$((i * 7 % 10))" node-manifest \
		    -n carol -k keys-carol import bob/bob.yaml >/dev/null 2>&1 || :
		cmp had carol/bob.yaml >/dev/null || cmp carol/bob.yaml bob/bob.yaml
		rcpt-check -n carol bob@bob.example >/dev/null
	done
	at carol import bob/bob.yaml
	cmp carol/bob.yaml bob/bob.yaml
	at carol verify bob
}

@test "several that import the same do so one after the other" {
	local i pids=()
	manifest bob '  serial: 7' >bob/bob.yaml
	at bob sign
	for i in {1..6}; do
		at carol import bob/bob.yaml >"said.$i" 2>&1 &
		pids+=($!)
	done
	for i in "${pids[@]}"; do wait "$i"; done
	cat said.* | sort | uniq -c >all
	cat all
	grep -q 'taken, serial 7' all
	at carol verify bob
}

@test "our own manifest is not a peer's to change" {
	pin "$BOB" carol.example >carol/carol.pin
	manifest bob '  serial: 7' | sed 's/bob/carol/g' >bob/carol.yaml
	gpg --homedir keys-bob --batch -a -o bob/carol.yaml.sig -b bob/carol.yaml
	gpg --homedir keys-bob --batch -a --export >bob/carol.asc
	cp carol/carol.yaml had
	run -100 --separate-stderr at carol import bob/carol.yaml
	[[ $stderr == *'it is our own'* ]]
	cmp had carol/carol.yaml
}

@test "list has a line for each node" {
	manifest bob '  serial: 7' >bob/bob.yaml
	at bob sign
	at carol import bob/bob.yaml
	manifest mallory >carol/mallory.yaml
	run -0 --separate-stderr at carol list
	[ "${#lines[@]}" = 3 ]
	[ "${lines[0]}" = "bob${T}7${T}bob.example${T}$BOB${T}pinned${T}signed${T}0${T}never" ]
	[[ ${lines[1]} == "carol${T}0${T}carol.example$T"*"${T}own${T}unsigned${T}0$T-" ]]
	[[ ${lines[2]} == "mallory${T}0${T}mallory.example$T$MALLORY${T}by-hand${T}unsigned${T}0$T-" ]]
	touch -d '10 days ago' carol/bob.yaml
	echo '#' >>carol/bob.yaml
	touch -d '10 days ago' carol/bob.yaml
	run -0 --separate-stderr at carol list
	[ "${lines[0]}" = "bob${T}7${T}bob.example${T}$BOB${T}pinned${T}bad${T}10${T}never" ]
	run -0 --separate-stderr node-manifest -n carol -k nowhere list
	[[ ${lines[0]} == *"${T}unchecked${T}10$T-" ]]
	pin "$BOB" other.example >carol/bob.pin
	run -111 --separate-stderr at carol list
	[[ $stderr == *"domain 'bob.example' is not pinned"* ]]
	run -111 --separate-stderr node-manifest -n nowhere -k keys-carol list
}

@test "diff says what a newer manifest would change, and why it would be refused" {
	manifest bob '  serial: 7' >bob/bob.yaml
	at bob sign
	at carol import bob/bob.yaml
	run -0 --separate-stderr at carol diff bob/bob.yaml
	[ -z "$output" ]
	{
		manifest bob '  serial: 8'
		echo '  more: {matches: more}'
	} >bob/bob.yaml
	run -0 --separate-stderr at carol diff bob/bob.yaml
	[ "$output" = '+ mailboxes.more.matches: more
- node.serial: 7
+ node.serial: 8' ]
	manifest bob '  serial: 6' >bob/bob.yaml
	run -100 --separate-stderr at carol diff bob/bob.yaml
	[[ $stderr == *'its serial is not above'* ]]
	sed 's/bob.example\]/carol.example]/;s/: 6/: 9/' bob/bob.yaml >x
	mv x bob/bob.yaml
	run -100 --separate-stderr at carol diff bob/bob.yaml
	[[ $output == *'+ node.domains: carol.example'* ]]
	[[ $stderr == *'a domain is not pinned'* ]]
	run -100 --separate-stderr at carol diff mallory/mallory.yaml
	[[ $output == *'+ node.name: mallory'* ]]
	echo 'node: [' >bob/bob.yaml
	run -111 --separate-stderr at carol diff bob/bob.yaml
}

@test "what is no regular file holds nothing up" {
	manifest bob '  serial: 7' >bob/bob.yaml
	at bob sign
	mkfifo bob/fifo carol/fifo
	local file
	for file in bob.yaml bob.yaml.sig bob.asc; do
		mv "bob/$file" kept
		ln -s fifo "bob/$file"
		run -111 --separate-stderr timeout 20 node-manifest -n carol \
		    -k keys-carol import bob/bob.yaml
		mv kept "bob/$file"
	done
	mv carol/bob.pin kept
	ln -s fifo carol/bob.pin
	run -111 --separate-stderr timeout 20 node-manifest -n carol \
	    -k keys-carol import bob/bob.yaml
	ln -sf nowhere carol/bob.pin
	run -111 --separate-stderr at carol import bob/bob.yaml
	mv kept carol/bob.pin
	# a link in place of a file is replaced, and what it points to is not
	echo mine >carol/mine
	ln -s mine carol/bob.asc
	ln -s mine carol/bob.yaml.sig
	at carol import bob/bob.yaml
	[ "$(cat carol/mine)" = mine ]
	at carol verify bob
}

# visit: carol brings bob a message, by relay-retry and relay-accept; he has it
# then, whatever became of his manifest.  What is said is in `said`.
visit() {
	printf 'Subject: %s\n\n' "$RANDOM$RANDOM$RANDOM" |
	    mail-frame -d returned -f 'node: bob' | relay-put q >put 2>&1
	rm -f told
	relay-retry -1 -n carol -k keys-carol -o imported='touch told' q \
	    ./there 2>said
	grep -q ' destination=bob to=bob verdict=done' said
}

@test "a manifest that comes with a connection is held to its pin, and mail goes (agamid 7.3)" {
	manifest carol >bob/carol.yaml
	printf '#!/bin/sh\nexit 99\n' >take
	printf '#!/bin/sh\nexec relay-accept -n bob -p carol -o seen=%s own="%s"' \
	    "$D/seen" 'mail-filter ./take' >there
	chmod +x take there
	manifest bob '  serial: 6' >bob/bob.yaml
	at bob sign
	at carol import bob/bob.yaml
	manifest bob '  serial: 7' >bob/bob.yaml
	at bob sign
	visit
	[ -e told ]
	cmp bob/bob.yaml carol/bob.yaml
	cp bob/bob.yaml good
	visit
	[ ! -e told ]
	manifest bob '  serial: 8' | sed 's/bob.example\]/bob.example, carol.example]/' \
	    >bob/bob.yaml
	at bob sign
	visit
	grep -q "domain 'carol.example' is not pinned" said
	manifest bob '  serial: 9' >bob/bob.yaml
	at bob sign
	echo '# more' >>bob/bob.yaml
	visit
	grep -q 'bad' said
	manifest bob '  serial: 9' | sed "s/key: .*/key: $MALLORY/" >bob/bob.yaml
	node-manifest -n bob -k keys-mallory sign
	visit
	grep -q 'another key' said
	echo nonsense >bob/bob.yaml.sig
	visit
	head -c 300000 /dev/zero | tr '\0' x >bob/bob.asc
	visit
	# bob's manifest must be one for himself; to carol it is an old one
	manifest bob '  serial: 6' >bob/bob.yaml
	at bob sign
	visit
	[ ! -e told ]
	cmp good carol/bob.yaml
	manifest bob '  serial: 10' >bob/bob.yaml
	at bob sign
	visit
	[ -e told ]
	cmp bob/bob.yaml carol/bob.yaml
}
