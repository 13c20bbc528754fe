# The unit that brings mail home: by its own line, with a shell for systemd,
# which does not run here.
load lib.bash

UNIT=$BATS_TEST_DIRNAME/../share/systemd/pimail-relay.service

setup() {
	common_setup
	unset PIMAIL_NODES PIMAIL_KEYS
	local node
	mkdir -m 700 keys
	mkdir nodes
	for node in carol bob; do
		printf '%s\n' 'node:' "  name: $node" \
		    "  host: mail.$node.example" "  domains: [$node.example]" \
		    "  reach: ssh://pimail@mail.$node.example:2222" \
		    'mailboxes:' "  all: {matches: '.*'}" >nodes/$node.yaml
	done
	ln -s carol.yaml nodes/self.yaml
	# what stands for ssh: it says how it was called, and takes everything
	mkdir bin
	cat >bin/ssh <<-EOT
		#!/bin/sh
		printf '%s\n' "\$@" >'$D/called'
		exec mail-filter '$D/bin/take'
	EOT
	printf '#!/bin/sh\nexit 99\n' >bin/take
	chmod +x bin/ssh bin/take
}

# start SETTING=VALUE...: in the place of systemd, which has its quotes from the
# shell, where $$ is $ and %% is %.
start() {
	{
		sed -n 's/%%/%/g;s/^Environment=/export /p' "$UNIT"
		printf 'export %q\n' "$@"
		sed -n '/^ExecStart=/,/[^\\]$/{s/^ExecStart=/exec /;s/\$\$/$/g;p}' \
		    "$UNIT"
	} >start
	PATH=$D/bin:$PATH bash start 2>log 3>&- &
	RUNNER=$!
}

teardown() {
	[ -z "${RUNNER-}" ] || kill "$RUNNER"
}

none_left() {
	[ -z "$(relay-ls queue)" ]
}

@test "systemd: mail goes home by ssh, as the unit has it" {
	printf 'Subject: one\n\n' | mail-frame -d returned -f 'node: bob' |
	    relay-put queue >put
	start "QUEUE=$D/queue" "NODES=$D/nodes" "KEYS=$D/keys"
	wait_for 20 none_left
	[ "$(tail -n 2 called)" = $'ssh://pimail@mail.bob.example:2222\nrelay-accept' ]
	grep -qx -e '-T' called
	grep -qx 'StrictHostKeyChecking=yes' called
	printf 'Subject: two\n\n' | mail-frame -d returned -f 'node: bob' |
	    relay-put queue >put
	wait_for 20 none_left
	# what the unit lets be written is what is written by default
	for name in /var/spool/pimail /var/lib/pimail /etc/pimail/nodes; do
		grep -q "^ReadWritePaths=.*$name" "$UNIT"
		grep -q "^Environment=\"[A-Z]*=$name" "$UNIT"
	done
}

@test "systemd: options and a mistake in them" {
	start "QUEUE=$D/queue" "NODES=$D/nodes" "KEYS=$D/keys" \
	    'OPTIONS=-o copies=3 -o nonsense=1'
	local status=0
	wait "$RUNNER" || status=$?
	RUNNER=
	[ "$status" = 111 ]
	grep -q nonsense log
}

@test "systemd: the unit that brings mail home is sound" {
	command -v systemd-analyze >/dev/null || skip 'no systemd'
	# it is where it is after `make install`, and so are the programs
	sed '/^Documentation=/d;s/^User=.*/User=root/' "$UNIT" >pimail-relay.service
	run --separate-stderr systemd-analyze verify --man=no \
	    ./pimail-relay.service
	[[ $stderr != *pimail-relay* ]] || {
		echo "$stderr"
		false
	}
}
