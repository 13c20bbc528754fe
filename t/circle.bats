# A circle of two, by the lines that README and pimail(7) give: carol does what
# README says, and bob what pimail(7) says, with the names the other way round.
# Each has a machine with its own processes, network, /etc, /run, /var and /srv.
load lib.bash
load av.bash

setup() {
	common_setup
	TOP=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
	MACHINES=()
	[ "$(id -u)" = 0 ] || skip "only root can have machines of its own"
	chmod a+rx "$D" "$BATS_FILE_TMPDIR" "$BATS_SUITE_TMPDIR" \
	    "$BATS_RUN_TMPDIR"
}

teardown() {
	local machine
	for machine in "${MACHINES[@]}"; do
		kill -KILL "$machine" # it takes no other; its child goes with it
		wait "$machine" || :
	done
}

# machine NAME: starts one; its first process, as seen from here, is NAME.pid.
machine() {
	mkdir "$1"
	unshare -m -n -p -f --mount-proc --kill-child sleep 1000 3>&- &
	MACHINES+=($!)
	wait_for 10 pgrep -P $! sleep >"$1.pid"
	on "$1" <<-END
		cp -a /etc '$D/$1/etc'
		mount --bind '$D/$1/etc' /etc
		for dir in /run /srv /var/lib /var/spool; do
			mount -t tmpfs -o mode=755 tmpfs \$dir
		done
		mount --bind '$D/root/usr/local' /usr/local
		ip link set lo up
		echo '127.0.0.1 localhost' >/etc/hosts
		echo '192.0.2.1 mail.carol.example' >>/etc/hosts
		echo '192.0.2.2 mail.bob.example' >>/etc/hosts
		! id pimail 2>/dev/null || userdel pimail
		rm -f /etc/ssh/ssh_host_*
		ssh-keygen -q -A
		mkdir -p /run/sshd
	END
}

# on NAME: runs the shell's lines on standard input there, as root; stops at the
# first that fails.
on() {
	nsenter -t "$(cat "$1.pid")" -m -n -p env -i HOME=/root \
	    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
	    sh -e -c "cd / && $(cat)" 3>&- >>"$1.out" 2>>"$1.log" || {
		tail -n 50 "$1.out" "$1.log"
		return 1
	}
}

# as_pimail NAME: the same as that user, in /etc/pimail.
as_pimail() {
	cat >"$1/lines"
	on "$1" <<-END
		cd /etc/pimail
		su pimail -c 'sh -e' <'$D/$1/lines'
	END
}

# readme COMMENT: the lines of README below the one with that comment.
readme() {
	sed -n "/^    # $1/,/^\$/s/^    //p" "$TOP/README" >piece
	[ -s piece ]
	cat piece
}

# page SECTION N: the N-th lines in that section of pimail(7), for bob.
page() {
	sed -n "/^\.Ss $1\$/,/^\.S[sh] [^$1]/p" "$TOP/man/pimail.7" |
	    awk -v n="$2" '/^\.Ed/ { on = 0 } on; /^\.Bd/ { on = ++i == n }' |
	    sed 's/\\e$/\\/;s/bob/alice/g;s/carol/bob/g;s/alice/carol/g' >piece
	[ -s piece ]
	cat piece
}

# gift NAME PEER: what is given by hand.
gift() {
	on "$1" <<-END
		mkdir '$D/$2/$1'
		cp /etc/pimail/nodes/$1.* /srv/mail/.ssh/id_ed25519.pub '$D/$2/$1'
	END
	on "$2" <<-END
		cp -R '$D/$2/$1' /etc/pimail
	END
}

# sends NAME SUBJECT RECIPIENT: somebody there brings a message to its server.
sends() {
	on "$1" <<-END
		swaks --server 127.0.0.1 --from a@b.example --to $3 \
		    --header 'Subject: $2' --body 'the text of $2'
	END
}

# has NAME SUBJECT: it is in a Maildir there.
has() {
	on "$1" >/dev/null <<-END
		grep -rqx 'Subject: $2' /srv/mail/*/new
	END
}

# none_left NAME: its queue is empty.
none_left() {
	as_pimail "$1" >/dev/null <<-'END'
		[ -z "$(relay-ls /var/spool/pimail/sealed)" ]
	END
}

@test "two friends with the lines of README and pimail(7) bring each other's mail home (agamid 5.3, 9.3)" {
	make -s -C "$TOP" -o all B="$B" DESTDIR="$D/root" PREFIX=/usr/local install
	machine carol
	machine bob
	nsenter -t "$(cat carol.pid)" -n ip link add eth0 type veth peer name eth0 \
	    netns "$(cat bob.pid)"
	for name in carol.1 bob.2; do
		on "${name%.*}" <<-END
			ip address add 192.0.2.${name#*.}/24 dev eth0
			ip link set eth0 up
			/usr/sbin/sshd -E /run/sshd.log
		END
	done

	# there is no system's log: what it would get
	cat >root/usr/local/bin/logger <<-'END'
		#!/bin/sh
		exec cat >>/srv/mail/log
	END
	chmod +x root/usr/local/bin/logger
	# carol has the engine of S4, and no signatures but ours
	database signatures
	on carol <<-END
		cp -R '$D/signatures' /var/lib/clamav
		cd '$TOP'
		$(readme 'a circle of two')
		$(readme S4 | sed '/^smtp-accept/,$d')
	END
	as_pimail carol <<-END
		$(readme 'as pimail, in')
	END
	on bob <<-END
		$(page 'A first server' 1 | sed '/^smtp-accept/d')
		$(page 'A circle of backups' 1)
	END
	as_pimail bob <<-END
		$(page 'A circle of backups' 2 | sed '/^vi /d')
	END
	gift carol bob
	gift bob carol

	as_pimail carol <<-END
		$(readme 'as pimail; in bob')
	END
	as_pimail bob <<-END
		$(page 'A circle of backups' 3)
		$(page 'A circle of backups' 4) &
	END
	on carol <<-END
		cd /etc/pimail
		$(readme 'a backup for other nodes, too') &
	END
	on bob <<-END
		$(page 'A circle of backups' 5) &
	END
	grep -Eq '^carol\.example\..*MX.100.mail\.bob\.example\.' carol.out
	grep -Eq '^bob\.example\..*MX.100.mail\.carol\.example\.' bob.out

	wait_for 30 sends carol one bob@bob.example
	wait_for 30 has bob one
	wait_for 30 sends bob two carol@carol.example
	wait_for 30 has carol two
	# it went through carol's filters at home
	on carol <<-'END'
		grep -rqx 'X-Virus-Status: Clean' /srv/mail/carol/new
		grep -rq '^X-Spam-Status: No' /srv/mail/carol/new
	END
	wait_for 30 none_left carol
	wait_for 30 none_left bob
	# bob has a new address: carol learns of it with mail, and takes mail for it
	run ! sends carol none later@bob.example
	as_pimail bob <<-'END'
		sed -i "s/matches: 'bob'/matches: 'bob|later'/" nodes/bob.yaml
		rcpt-check -t && node-manifest sign -s
	END
	sends carol next bob@bob.example
	wait_for 30 has bob next
	wait_for 30 sends carol later later@bob.example
	wait_for 30 has bob later
	wait_for 30 none_left carol
	# what her programs said of it there she has, and not he
	on carol <<-'END'
		grep -q " path='/srv/mail/carol'" /srv/mail/log
		grep -q " peer=bob node=carol .* verdict=done" /srv/mail/log
	END
	run -1 grep -e ' peer=bob ' -e sealed-by= -e /srv/mail/carol bob.log bob.out

	# bob is away
	on bob <<-'END'
		kill "$(cat /run/sshd.pid)"
	END
	sends carol three bob@bob.example
	run ! sends carol none nobody@bob.example
	on carol <<-'END'
		[ -z "$(grep -rl 'text of three' /srv /var/lib /var/spool /run)" ]
	END
	run ! none_left carol
	run ! has bob three
	on bob <<-'END'
		/usr/sbin/sshd -E /run/sshd.log
	END
	as_pimail carol <<-'END'
		relay-ls -t -n bob /var/spool/pimail/sealed
	END
	wait_for 30 has bob three
	wait_for 30 none_left carol
	# nobody has judged it on its way, though carol has filters
	on bob <<-'END'
		[ -z "$(grep -rlE '^X-(Virus|Spam)-' /srv/mail/bob/new)" ]
	END
}
