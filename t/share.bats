load lib.bash
load smtp-accept.bash
load av.bash

setup() {
	accept_setup
	cp -R "$BATS_TEST_DIRNAME/../share/." share
	UNIT=$D/share/systemd/pimail-smtp.service
	SCAN=
	BOB=
}

teardown() {
	local home
	for home in keys/*; do
		[ ! -d "$home" ] || gpgconf --homedir "$D/$home" --kill all
	done
	[ -z "$SCAN" ] || s6-svscanctl -t scan || kill "$SCAN"
	[ -z "$SCAN" ] || wait "$SCAN" || :
	bob_leaves
	accept_teardown
}

# mail_in SUBJECT RECIPIENT: sends a message by a client that is not ours.
mail_in() {
	python3 - "$PORT" "$1" "$2" <<-'EOF'
		import smtplib, sys
		port, subject, recipient = sys.argv[1:]
		with smtplib.SMTP("127.0.0.1", int(port), timeout=30) as s:
		    s.sendmail("alice@example.net", [recipient],
		        "Subject: %s\n\ntext\n" % subject)
	EOF
}

arrived() { # SUBJECT, in a file below mail/contact/new
	grep -rqx "Subject: $1" mail/contact/new
}

answers() {
	python3 - "$PORT" <<-'EOF' 2>/dev/null
		import smtplib, sys
		smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=5).quit()
	EOF
}

# The service of share/s6, supervised, its settings in env/.
supervise() {
	PORT=$(free_port)
	mkdir scan logs
	cp -R share/s6/smtp-accept scan
	mkdir scan/smtp-accept/env
	printf '127.0.0.1:%d' "$PORT" >scan/smtp-accept/env/LISTEN
	printf '%s/nodes' "$D" >scan/smtp-accept/env/NODES
	printf 'maildir-deliver %s/mail' "$D" >scan/smtp-accept/env/LOCAL
	# an empty line is an empty value, an empty file none at all
	printf '%s\n' "${AS[*]}" >scan/smtp-accept/env/OPTIONS
	printf '%s/logs' "$D" >scan/smtp-accept/env/LOGDIR
	echo >scan/smtp-accept/env/AS
	if [ "$(id -u)" = 0 ]; then
		printf 's6-setuidgid nobody' >scan/smtp-accept/env/AS
	fi
	own logs
	s6-svscan scan >svscan.log 2>&1 3>&- &
	SCAN=$!
	wait_for 20 answers
}

@test "s6: the service takes mail and logs to s6-log's directory" {
	supervise
	mail_in one talktome@carol.example
	arrived one
	wait_for 10 grep -q 'verdict=done' logs/current
	grep -Eq '^@[0-9a-f]{24} id=[0-9a-f]{16}-1 verdict=done ' logs/current
	wait_for 10 grep -q 'end=quit' logs/current
	[ ! -s svscan.log ]
}

@test "s6: s6-svc -h loads manifests anew, and the process stays" {
	supervise
	run ! mail_in one later@carol.example
	sed -i 's/talktome|/talktome|later|/' nodes/carol.yaml
	before=$(s6-svstat -o pid scan/smtp-accept)
	s6-svc -h scan/smtp-accept
	wait_for 10 grep -q 'info: loaded anew' logs/current
	mail_in two later@carol.example
	arrived two
	[ "$(s6-svstat -o pid scan/smtp-accept)" = "$before" ]
}

@test "s6: s6-svc -d stops it, exit status 0, and no process is left" {
	supervise
	mail_in one talktome@carol.example
	pid=$(s6-svstat -o pid scan/smtp-accept)
	s6-svc -wD -T 20000 -d scan/smtp-accept
	[ "$(s6-svstat -o exitcode scan/smtp-accept)" = 0 ]
	run ! answers
	run ! kill -0 "$pid"
}

@test "s6: after a kill -9 it is there again" {
	supervise
	before=$(s6-svstat -o pid scan/smtp-accept)
	kill -KILL "$before"
	wait_for 20 answers
	[ "$(s6-svstat -o pid scan/smtp-accept)" != "$before" ]
	mail_in one talktome@carol.example
	arrived one
}

# setting SERVICE NAME VALUE: a setting of a service in scan/.
setting() {
	mkdir -p "scan/$1/env"
	printf '%s\n' "$3" >"scan/$1/env/$2"
}

# The services of S2: signatures that are copied and prepared by av-db, av-scand
# with them, and smtp-accept with av-scan.
supervise_s2() {
	local service as=
	PORT=$(free_port)
	mkdir scan logs run
	cp -R share/s6/. scan
	rm -r scan/relay-retry
	if [ "$(id -u)" = 0 ]; then as='s6-setuidgid nobody'; fi
	for service in smtp-accept av-scand av-db spam-train; do
		mkdir "logs/$service"
		own "logs/$service"
		setting "$service" LOGDIR "$D/logs/$service"
		setting "$service" AS "$as"
	done
	database signatures
	mkdir copied prepared tmp
	own prepared run tmp
	setting av-db UPDATE "cp -R $D/signatures/. $D/copied"
	setting av-db SOURCES "$D/copied"
	setting av-db DATABASE "$D/prepared/av"
	setting av-db SECONDS 1
	setting av-scand SOCKET "$D/run/av"
	setting av-scand DATABASE "$D/prepared/av"
	setting av-scand TMPDIR "$D/tmp"
	setting av-scand OPTIONS "${AS[*]} -o check=0.2"
	setting smtp-accept LISTEN "127.0.0.1:$PORT"
	setting smtp-accept NODES "$D/nodes"
	setting smtp-accept LOCAL \
	    "av-scan -s $D/run/av -o wait=5 | maildir-deliver $D/mail"
	setting smtp-accept OPTIONS "${AS[*]}"
	setting spam-train MAIL "$D/mail"
	setting spam-train MODEL "$D/prepared/model"
	setting spam-train SECONDS 1
	setting spam-train OPTIONS '-o size=512K'
	# a test of S4 has its own pipeline
	if [ -n "${1-}" ]; then setting smtp-accept LOCAL "$1"; fi
	s6-svscan scan >svscan.log 2>&1 3>&- &
	SCAN=$!
	wait_for 20 answers
	wait_for 30 is_ready
}

is_ready() {
	[ "$(s6-svstat -o ready scan/av-scand)" = true ]
}

# reply_to FILE: what the server says to that message.
reply_to() {
	python3 - "$PORT" "$1" <<-'EOF'
		import smtplib, sys
		with smtplib.SMTP("127.0.0.1", int(sys.argv[1]), timeout=60) as s:
		    try:
		        s.sendmail("alice@example.net", ["talktome@carol.example"],
		            open(sys.argv[2]).read())
		        print("250")
		    except smtplib.SMTPDataError as e:
		        print(e.smtp_code, e.smtp_error.decode())
	EOF
}

@test "s6: S2 refuses a virus, takes other mail, and learns of new signatures" {
	supervise_s2
	infected virus.eml
	[[ $(reply_to virus.eml) == '554 5.7.1 '*Test.Eicar* ]]
	mail_in one talktome@carol.example
	arrived one
	grep -rq '^X-Virus-Status: Clean' mail/contact/new
	printf 'Subject: new\n\nwhat nobody knew\n' >new.eml
	[ "$(reply_to new.eml)" = 250 ]
	printf 'Test.New:0:*:%s\n' "$(printf 'what nobody knew' | hex)" \
	    >signatures/new.ndb
	refused() {
		[[ $(reply_to new.eml) == '554 5.7.1 '*Test.New* ]]
	}
	wait_for 30 refused
}

@test "s6: after a kill -9 of av-scand S2 waits for it and then goes on" {
	supervise_s2
	infected virus.eml
	before=$(s6-svstat -o pid scan/av-scand)
	kill -KILL "$before"
	[[ $(reply_to virus.eml) == '554 5.7.1 '*Test.Eicar* ]]
	[ "$(s6-svstat -o pid scan/av-scand)" != "$before" ]
	mail_in one talktome@carol.example
	arrived one
}

@test "s6: S2 without av-scand says to try later, and takes nothing" {
	supervise_s2
	s6-svc -wD -T 20000 -d scan/av-scand
	printf 'Subject: later\n\ntext\n' >later.eml
	[[ $(reply_to later.eml) == '451 '* ]]
	run ! arrived later
	s6-svc -wU -T 30000 -u scan/av-scand
	[ "$(reply_to later.eml)" = 250 ]
}

# S4, with a rule of ours that tells what is spam.
supervise_s4() {
	mkdir rules
	cat >rules/ours.cf <<-'EOF'
		body OFFER /unwanted offer/
		describe OFFER Offers what nobody wants
		score OFFER 7
	EOF
	local scan="av-scan -s $D/run/av -o wait=5"
	local score="spam-score -c $D/rules -m $D/prepared/model"
	score+=' -o reputation=none'
	supervise_s2 "$scan | $score | maildir-deliver $D/mail"
}

@test "s6: S4 refuses a virus, files spam as junk with its reasons, delivers the rest" {
	supervise_s4
	infected virus.eml
	[[ $(reply_to virus.eml) == '554 5.7.1 '*Test.Eicar* ]]
	printf 'Subject: spam\n\nAn unwanted offer.\n' >spam.eml
	[ "$(reply_to spam.eml)" = 250 ]
	grep -rqx 'X-Spam-Status: Yes, score=7.0 required=5.0 tests=OFFER' \
	    mail/contact/.Junk/new
	mail_in one talktome@carol.example
	arrived one
	grep -rqx 'X-Spam-Status: No, score=0.0 required=5.0 tests=none' \
	    mail/contact/new
}

# known CLASS: how many messages of it the model has learned.
known() {
	spam-train -m prepared/model info | sed -n "s/^$1: //p"
}

@test "s6: what a user moves out of Junk is learned as ham, and into it as spam" {
	supervise_s4
	printf 'Subject: spam\n\nAn unwanted offer.\n' >spam.eml
	[ "$(reply_to spam.eml)" = 250 ]
	mail_in one talktome@carol.example
	noted() {
		[ -s mail/contact/pimail-learned ] &&
		    [ "$(wc -l <mail/contact/pimail-learned)" -ge 3 ]
	}
	wait_for 20 noted
	mv mail/contact/.Junk/new/* mail/contact/cur
	mkdir -p mail/contact/.Junk/cur
	mv mail/contact/new/* mail/contact/.Junk/cur
	learned() {
		[ "$(known spam)" = 1 ] && [ "$(known ham)" = 1 ]
	}
	wait_for 20 learned
}

# as COMMAND...: as the user of the services.
as() {
	if [ "$(id -u)" = 0 ]; then s6-setuidgid nobody "$@"; else "$@"; fi
}

# two_nodes HOST: carol, whose server is tried here, and bob at that host, who is
# the script `there`; each knows the other.
two_nodes() {
	local name peer
	mkdir queue carol bob keys
	own queue carol bob keys
	as node-init -n carol -k keys/carol carol carol.example >said
	as node-init -n bob -k keys/bob -H "$1" bob bob.example >said
	for name in 'carol bob' 'bob carol'; do
		peer=${name#* } name=${name% *}
		as node-manifest -n "$name" -k "keys/$name" pin "$peer/$peer.yaml" >pin
		mv pin "$name/$peer.pin"
		as node-manifest -n "$name" -k "keys/$name" import "$peer/$peer.yaml"
	done
	cat >there <<-EOF
		#!/bin/sh
		[ -e '$D/bob-is-there' ] || exit 255
		[ "\$1" = pimail@$1 ] || exit 1
		exec relay-accept -p carol -n '$D/bob' -o seen='$D/bob/seen' \\
		    own='unseal -n $D/bob -k $D/keys/bob | maildir-deliver $D/mail'
	EOF
	chmod +x there
	SEAL="seal -k $D/keys/carol | relay-put $D/queue"
}

# A circle of two, carol's programs as services.
supervise_circle() {
	local as="" name
	PORT=$(free_port)
	mkdir scan logs logs/smtp-accept logs/relay-retry
	own logs
	if [ "$(id -u)" = 0 ]; then as='s6-setuidgid nobody'; fi
	two_nodes mail.bob.example
	cp -R share/s6/smtp-accept share/s6/relay-retry scan
	for name in smtp-accept relay-retry; do
		setting "$name" LOGDIR "$D/logs/$name"
		setting "$name" AS "$as"
		setting "$name" NODES "$D/carol"
	done
	setting smtp-accept LISTEN "127.0.0.1:$PORT"
	setting smtp-accept LOCAL "maildir-deliver $D/mail"
	setting smtp-accept BACKUP "$SEAL"
	setting smtp-accept OPTIONS "${AS[*]}"
	setting relay-retry QUEUE "$D/queue"
	setting relay-retry KEYS "$D/keys/carol"
	setting relay-retry PIPELINE "$D/there %h"
	setting relay-retry IMPORTED 's6-svc -h ../smtp-accept'
	setting relay-retry OPTIONS '-o first=3600 -o last=3600'
	s6-svscan scan >svscan.log 2>&1 3>&- &
	SCAN=$!
	wait_for 20 answers
}

# waiting: how many messages are in the queue for bob.
waiting() {
	find queue/bob -maxdepth 1 -name '????????????????????????????????*' \
	    2>/dev/null | wc -l
}

@test "s6: with BACKUP mail for another node is sealed, waits, and goes home" {
	supervise_circle
	mail_in one bob@bob.example
	[ "$(waiting)" = 1 ]
	run -1 grep -rl -e alice -e 'Subject: one' queue
	wait_for 20 grep -q 'a stage exited with 255' logs/relay-retry/current
	[ "$(find mail -type f | wc -l)" = 0 ]
	: >bob-is-there
	s6-svc -h scan/relay-retry
	home() {
		[ "$(waiting)" = 0 ]
	}
	wait_for 20 home
	grep -rqx 'Subject: one' mail/bob/new
	# his refusals are ours, and so is his next manifest
	run ! mail_in two later@bob.example
	sed -i "s/matches: 'bob'/matches: 'bob|later'/" bob/bob.yaml
	as node-manifest -n bob -k keys/bob sign -s
	[ "$(id -u)" != 0 ] || s6-svperms -G nogroup scan/smtp-accept
	mail_in three bob@bob.example
	wait_for 20 home
	wait_for 10 grep -q 'info: loaded anew' logs/smtp-accept/current
	mail_in two later@bob.example
	wait_for 20 home
	grep -rqx 'Subject: two' mail/bob/new
	[ ! -s svscan.log ]
}

@test "s6: without BACKUP mail for another node is refused" {
	supervise
	mail_in one talktome@carol.example
	run ! --separate-stderr mail_in two bob@bob.example
	[[ $stderr == *SMTPRecipientsRefused*550* ]]
}

# While bob's own server is up carol takes no mail for him; then it is away.
# when_down COMMAND...: starts her server, with the settings that are added.
when_down() {
	local port
	two_nodes localhost
	port=$(free_port)
	smtp-accept -l "127.0.0.1:$port" -n bob "${AS[@]}" local=cat \
	    2>bob.log 3>&- &
	BOB=$!
	PORT=$port wait_for 20 answers
	"$@" "NODES=$D/carol" "BACKUP=$SEAL" \
	    "OPTIONS=-o backup=when-down -o backup-port=$port -o backup-cache=1"
	wait_for 20 answers
	run -1 --separate-stderr mail_in none bob@bob.example
	[[ $stderr == *SMTPRecipientsRefused*451,*4.3.2* ]]
	bob_leaves
	wait_for 20 mail_in one bob@bob.example
	[ "$(waiting)" = 1 ]
	run -1 grep -rl -e alice -e 'Subject: one' queue
	: >bob-is-there
	as relay-retry -1 -n carol -k keys/carol queue "$D/there %h" 2>said
	[ "$(waiting)" = 0 ]
	grep -rqx 'Subject: one' mail/bob/new
	[ "$(find mail -type f -path '*/new/*' | wc -l)" = 1 ]
}

bob_leaves() {
	[ -n "$BOB" ] || return 0
	kill "$BOB" || :
	wait "$BOB" || :
	BOB=
}

# tcpserver starts the program of share/inetd for each client, as inetd does,
# with the client as standard error, too.
inetd() { # LOG [NAME=VALUE...]
	local as=()
	PORT=$(free_port)
	if [ "$(id -u)" = 0 ]; then
		as=(-u "$(id -u nobody)" -g "$(id -g nobody)")
	fi
	env "LOG=$1" "NODES=$D/nodes" "LOCAL=maildir-deliver $D/mail" "${@:2}" \
	    tcpserver -H -R -l 0 "${as[@]}" 127.0.0.1 "$PORT" \
	    sh -c 'exec share/inetd/smtp-accept 2>&0' >tcp.log 2>&1 3>&- &
	SERVER=$! STATUS=0
}

@test "inetd: one process a client, and the log goes to its file" {
	: >smtp.log
	own smtp.log
	inetd "$D/smtp.log"
	wait_for 20 answers
	mail_in one talktome@carol.example
	mail_in two talktome@carol.example
	arrived one
	arrived two
	wait_for 10 grep -q 'helo=.* messages=1 done=1 .*end=quit' smtp.log
	[ ! -s tcp.log ]
}

@test "inetd: with BACKUP it is a backup for a node that is down" {
	: >smtp.log
	own smtp.log
	when_down inetd "$D/smtp.log"
	grep -q "node 'bob' (localhost) is up" smtp.log
	grep -q "node 'bob' (localhost) is down" smtp.log
	[ ! -s tcp.log ]
}

@test "inetd: without BACKUP mail for another node is refused" {
	: >smtp.log
	own smtp.log
	inetd "$D/smtp.log"
	wait_for 20 answers
	mail_in one talktome@carol.example
	run -1 --separate-stderr mail_in two bob@bob.example
	[[ $stderr == *SMTPRecipientsRefused*550* ]]
}

@test "inetd: without a log there is no mail" {
	inetd "$D/no/such/log"
	connects() {
		python3 -c 'import socket, sys
socket.create_connection(("127.0.0.1", int(sys.argv[1])))' "$PORT" 2>/dev/null
	}
	wait_for 20 connects
	run -1 mail_in one talktome@carol.example
	[ -z "$(find mail -type f)" ]
}

@test "inetd.conf: the line has seven fields and names the program" {
	grep -v '^#' share/inetd/inetd.conf >line
	[ "$(wc -l <line)" = 1 ]
	[ "$(cut -f 1-5,7 line)" = "$(printf \
	    'smtp\tstream\ttcp\tnowait\tpimail\tsmtp-accept')" ]
	[[ $(cut -f 6 line) == /*/share/pimail/inetd/smtp-accept ]]
	[ -x share/inetd/smtp-accept ]
}

# activate [NAME=VALUE...]: what the service of share/systemd starts, with these
# settings and the socket, as systemd would start it.
# shellcheck disable=SC2120 # when_down has some
activate() {
	local setting
	command -v systemd-socket-activate >/dev/null || skip 'no systemd'
	PORT=$(free_port)
	{
		# quotes are the shell's, and $$ is its $
		sed -n 's/^Environment=/export /p' "$UNIT"
		for setting in "NODES=$D/nodes" "LOCAL=maildir-deliver $D/mail" \
		    "$@"; do
			printf 'export %q\n' "$setting"
		done
		echo "OPTIONS=\"\$OPTIONS ${AS[*]}\""
		sed -n '/^ExecStart=/,/[^\\]$/{s/^ExecStart=/exec /;s/\$\$/$/g;p}' \
		    "$UNIT"
	} >start
	systemd-socket-activate -l "127.0.0.1:$PORT" -E PATH -E TMPDIR \
	    bash start 2>log 3>&- &
	SERVER=$!
}

@test "systemd: the server takes its socket and serves" {
	activate
	wait_for 20 answers
	mail_in one talktome@carol.example
	arrived one
	run -1 --separate-stderr mail_in two bob@bob.example
	[[ $stderr == *SMTPRecipientsRefused*550* ]]
}

@test "systemd: with BACKUP it is a backup for a node that is down" {
	when_down activate
	grep -q "node 'bob' (localhost) is down" log
	# it may write where that does
	grep -qx 'ReadWritePaths=.* -/var/lib/pimail -/var/spool/pimail' "$UNIT"
}

@test "systemd: the units are sound" {
	command -v systemd-analyze >/dev/null || skip 'no systemd'
	# that the pages of an installation are there is not the question
	sed -i '/^Documentation=/d' "$UNIT"
	run --separate-stderr systemd-analyze verify --man=no "$UNIT" \
	    "$D/share/systemd/pimail-smtp.socket"
	[[ $stderr != *pimail-smtp* ]] || {
		echo "$stderr"
		false
	}
}
