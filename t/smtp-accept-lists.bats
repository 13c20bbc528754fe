# DNS lists: what they say is in the frame and in replies, and what they do not
# say costs nothing.
load lib.bash
load smtp-accept.bash

setup() {
	accept_setup
	NAMES=
}

teardown() {
	[ -z "$NAMES" ] || kill "$NAMES" 2>/dev/null || :
	accept_teardown
}

frame_has() {
	grep -aq "^$1\$" frames
}

lists_serve() {
	rm -f frames
	serve -o tarpit=0 "$@" "local=tee frames | maildir-deliver mail"
}

# zone LINE...: the file with all records.
zone() {
	printf '%s\n' "$@" >zone
	own zone
}

# name_server: a real one on loopback, port DNS, that answers for bl.example.
name_server() {
	DNS=$(free_port)
	mkdir -p ns
	cat >ns/nsd.conf <<-END
		server:
		  ip-address: 127.0.0.1@$DNS
		  username: ""
		  zonesdir: "$D/ns"
		  database: ""
		  pidfile: "$D/ns/pid"
		  xfrdfile: ""
		  zonelistfile: "$D/ns/zone.list"
		  server-count: 1
		remote-control:
		  control-enable: no
		zone:
		  name: bl.example
		  zonefile: bl.zone
	END
	cat >ns/bl.zone <<-'END'
		$ORIGIN bl.example.
		$TTL 60
		@ SOA ns root 1 3600 600 86400 60
		@ NS ns
		ns A 127.0.0.1
		2.0.0.127 A 127.0.0.2
		7.3.0.127 A 127.0.0.4
		8.3.0.127 A 127.255.255.254
	END
	nsd -d -c ns/nsd.conf >ns/log 2>&1 3>&- &
	NAMES=$!
	wait_for 20 sh -c "drill -p $DNS @127.0.0.1 7.3.0.127.bl.example |
	    grep -q 127.0.0.4"
}

mail_from() { # ADDRESS REPLY [NAME]: a message, or a refusal at RCPT
	client "$1" "$2" "${3-talktome@carol.example}" <<-'E'
		p = Peer(socket.create_connection(("127.0.0.1", P),
		    source_address=(sys.argv[1], 0)))
		p.ask("EHLO me", "250")
		p.ask("MAIL FROM:<>", "250")
		p.ask("RCPT TO:<%s>" % sys.argv[3], sys.argv[2])
		if sys.argv[2] == "250":
		    p.ask("DATA", "354")
		    p.send(b"x\r\n.\r\n")
		    p.want("250")
		p.ask("QUIT", "221")
	E
}

@test "a list of a zone file: the score in the frame, refusal over a threshold" {
	zone '7.3.0.127.bl.example. 60 IN A 127.0.0.4' \
	    '8.3.0.127.bl.example. 60 IN A 127.0.0.9' \
	    '8.3.0.127.white.example. 60 IN A 127.0.0.1'
	lists_serve -o zone=zone -o lists-reject=3 \
	    -o 'lists=bl.example=127.0.0.[2..9]*3 white.example*-2'
	mail_from 127.0.3.7 '550 5.7.1 '
	# there one can ask why
	mail_from 127.0.3.7 250 postmaster@carol.example
	frame_has 'lists: 3 bl.example=127.0.0.4'
	mail_from 127.0.3.8 250
	frame_has 'lists: 1 bl.example=127.0.0.9 white.example=127.0.0.1'
	mail_from 127.0.3.9 250
	frame_has 'lists: 0'
	logged 'client=127.0.3.7:.* refused-to=<talktome@carol.example> reply=550'
}

@test "without -o lists there is no process for them and no field" {
	lists_serve
	one 250
	run -1 pgrep -P "$(keeper)" smtp-lists
	run -1 grep -a '^lists:' frames
}

@test "a real name server; its error codes are no hits; it asks nobody else" {
	name_server
	lists_serve -o "dns=127.0.0.1@$DNS" -o lists=bl.example -o lists-reject=1
	mail_from 127.0.3.7 '550 5.7.1 '
	mail_from 127.0.3.8 250
	frame_has 'lists: 0'
	mail_from 127.0.3.9 250
}

@test "a name server that is dead or says nothing costs a moment at most" {
	DNS=$(free_port)
	lists_serve -o "dns=127.0.0.1@$DNS" -o lists=bl.example -o lists-reject=1 \
	    -o lists-wait=0.5
	mail_from 127.0.3.7 250
	frame_has 'lists: 0'
	stop_server
	# one that takes questions and never answers
	python3 -c 'if 1:
		import socket, sys, time
		s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
		s.bind(("127.0.0.1", int(sys.argv[1])))
		time.sleep(300)' "$DNS" 3>&- &
	NAMES=$!
	lists_serve -o "dns=127.0.0.1@$DNS" -o lists=bl.example -o lists-reject=1 \
	    -o lists-wait=0.5
	for n in 1 2 3 4 5; do
		mail_from 127.0.3.$n 250
	done
	logged 'bl.example.*(silent|answer)'
}

@test "their process is killed: nobody waits, and there is another one" {
	zone '7.3.0.127.bl.example. 60 IN A 127.0.0.4'
	lists_serve -o zone=zone -o lists=bl.example -o lists-reject=1
	mail_from 127.0.3.7 '550 5.7.1 '
	first=$(pgrep -P "$(keeper)" smtp-lists)
	kill -KILL "$first"
	mail_from 127.0.3.7 '(250|550)'
	again() {
		local now
		now=$(pgrep -P "$(keeper)" smtp-lists) && [ "$now" != "$first" ]
	}
	wait_for 20 again
	wait_for 20 mail_from 127.0.3.7 '550 5.7.1 '
	# stopped, it is as one that lags
	kill -STOP "$(pgrep -P "$(keeper)" smtp-lists)"
	mail_from 127.0.3.7 250
	kill -CONT "$(pgrep -P "$(keeper)" smtp-lists)"
}

# listers: pids of their processes.
listers() {
	pgrep -P "$(keeper)" smtp-lists
}

@test "a keeper that is slow to start another one: there is one and no more" {
	zone '7.3.0.127.bl.example. 60 IN A 127.0.0.4'
	lists_serve -o zone=zone -o lists=bl.example -o lists-reject=1
	kill -STOP "$(keeper)"
	kill -KILL "$(listers)"
	logged 'DNS lists: their process died'
	# while it is asked for again and again
	for n in 1 2 3 4; do
		mail_from 127.0.3.9 250
		sleep 1
	done
	kill -CONT "$(keeper)"
	wait_for 20 mail_from 127.0.3.7 '550 5.7.1 '
	one_is_left() {
		[ "$(listers | wc -l)" = 1 ]
	}
	wait_for 10 one_is_left
	kill -KILL "$(listers)"
	wait_for 20 mail_from 127.0.3.7 '550 5.7.1 '
}

@test "no descriptor for their process: the server goes on without it" {
	# limits are for its own user to change, even root may lack the right
	local as=()
	[ "$(id -u)" != 0 ] ||
		as=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups)
	zone '7.3.0.127.bl.example. 60 IN A 127.0.0.4'
	lists_serve -o zone=zone -o lists=bl.example -o lists-reject=1
	limit=$("${as[@]}" prlimit --nofile --noheadings -o SOFT --pid "$SERVER")
	"${as[@]}" prlimit --nofile=5: --pid "$SERVER"
	kill -KILL "$(listers)"
	sleep 2.5
	kill -0 "$SERVER"
	"${as[@]}" prlimit --nofile="$limit": --pid "$SERVER"
	wait_for 20 mail_from 127.0.3.7 '550 5.7.1 '
}

@test "their process can only talk to name servers" {
	zone '7.3.0.127.bl.example. 60 IN A 127.0.0.4'
	lists_serve -o zone=zone -o lists=bl.example
	pid=$(pgrep -P "$(keeper)" smtp-lists)
	grep -q '^NoNewPrivs:.*1$' "/proc/$pid/status"
	if [ "$(id -u)" = 0 ]; then
		[ "$(stat -c %u "/proc/$pid/fd")" = 0 ] # not dumpable
		grep -q "^Uid:.$(id -u nobody)" "/proc/$pid/status"
	fi
	if ! nm "$(command -v smtp-accept)" | grep -q __asan_init; then
		grep -q '^Seccomp:.*2$' "/proc/$pid/status"
	fi
}

@test "a known good source is not asked about" {
	zone '7.3.0.127.bl.example. 60 IN A 127.0.0.4'
	lists_serve -o zone=zone -o lists=bl.example
	mail_from 127.0.3.7 250
	frame_has 'lists: 1 bl.example=127.0.0.4'
	known() {
		mail_from 127.0.3.7 250 && frame_has 'lists: 0'
	}
	wait_for 20 known
}

@test "lists that cannot be: 111; no zone file: a warning, and it goes on" {
	for bad in 'lists=bl.example=1' 'lists=a..b' 'lists=x.example*1000'; do
		run -111 --separate-stderr timeout 20 smtp-accept -l 127.0.0.1:0 \
		    "${AS[@]}" -n nodes -o "$bad" local=cat
		[[ $stderr = *'fatal: -o lists: '* ]]
	done
	lists_serve -o zone=none -o lists=x.example
	logged "none.*No such file"
	mail_from 127.0.3.7 250
}
