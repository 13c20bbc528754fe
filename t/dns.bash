# What dns.bats and lists.bats share: name servers of the test's own on
# loopback, those of others and one that misbehaves.

dns_setup() {
	common_setup
	PATH=$B/tool:$PATH
	STARTED=()
}

dns_teardown() {
	local pid status=0
	for pid in "${STARTED[@]}"; do
		kill "$pid" 2>/dev/null || :
		wait "$pid" 2>/dev/null || status=$?
	done
	sane_said
}

# What no output of a program of ours may have in it.
sane_said() {
	local bad='AddressSanitizer|LeakSanitizer|runtime error|Assertion'
	! grep -rE "$bad" . --include='said*'
}

# Whether the programs have a sanitizer, which does not go with strace.
sanitized() {
	readelf -d "$B/tool/lists" | grep -q libasan
}

# misbehave: starts dns.py; BAD is its address, bad/ its directory.
misbehave() {
	mkdir bad
	python3 "$BATS_TEST_DIRNAME/dns.py" bad 3>&- &
	STARTED+=($!)
	wait_for 20 [ -e bad/port ]
	BAD=127.0.0.1@$(<bad/port)
}

asked() { # REGEX: how often the one that misbehaves was asked that
	touch bad/asked
	grep -cE "$1" bad/asked || :
}

# answers_on PORT: the server that was started last answers there, or has died.
answers_on() {
	kill -0 "${STARTED[-1]}" 2>/dev/null || return 0
	# drill waits five seconds for who is not there yet
	(: <>"/dev/tcp/127.0.0.1/$1") 2>/dev/null || return 1
	drill -p "$1" @127.0.0.1 ns.bl.example | grep -q '^ns.bl.example'
}

# sign [OPTION...]: makes signed.example.signed with ldns-signzone; its anchor
# is the file `anchor`.
sign() {
	local key
	cat >signed.example <<-'E'
		$ORIGIN signed.example.
		$TTL 300
		@ SOA ns host 1 3600 600 86400 60
		@ NS ns
		ns A 127.0.0.1
		a A 192.0.2.1
		b A 192.0.2.2
		2.0.0.127 A 127.0.0.2
		9.2.0.192 A 127.0.0.4
	E
	key=$(ldns-keygen -a ECDSAP256SHA256 -k signed.example)
	cp "$key.ds" anchor
	ldns-signzone "$@" signed.example "$key"
}

# start_nsd ZONE[=FILE]...: nsd with these zones, among them one that knows
# ns.bl.example; NSD is its address.
start_nsd() {
	local port try zone
	for try in 1 2 3 4 5; do
		port=$(free_port)
		cat >nsd.conf <<-E
			server:
			    ip-address: 127.0.0.1@$port
			    username: ""
			    chroot: ""
			    zonesdir: "$D"
			    database: ""
			    zonelistfile: "$D/nsd.list"
			    xfrdfile: "$D/nsd.state"
			    xfrdir: "$D"
			    pidfile: "$D/nsd.pid"
			    server-count: 1
			    rrl-ratelimit: 0
			remote-control:
			    control-enable: no
		E
		for zone in "$@"; do
			printf '%s\n' 'zone:' "    name: \"${zone%%=*}\"" \
			    "    zonefile: ${zone#*=}" >>nsd.conf
		done
		nsd -d -c nsd.conf >nsd.log 2>&1 3>&- &
		STARTED+=($!)
		NSD=127.0.0.1@$port
		wait_for 20 answers_on "$port"
		! kill -0 "${STARTED[-1]}" 2>/dev/null || return 0
		echo "try $try: port $port"
		cat nsd.log
	done
	return 1
}

# serve_zones: starts nsd with bl.example and signed.example.signed (if there
# is one), and with a root that knows no other names; NSD is its address.
serve_zones() {
	local zones=(.=root bl.example)
	printf '%s\n' '. 300 SOA ns.bl.example. host. 1 3600 600 86400 60' \
	    '. 300 NS ns.bl.example.' >root
	cat >bl.example <<-'E'
		$ORIGIN bl.example.
		$TTL 300
		@ SOA ns host 1 3600 600 86400 60
		@ NS ns
		ns A 127.0.0.1
		2.0.0.127 A 127.0.0.2
		9.2.0.192 A 127.0.0.4
		10.2.0.192 A 127.0.0.4
		10.2.0.192 A 127.0.0.10
		*.3.0.192 A 127.0.0.2
		1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2 A 127.0.0.2
		alias CNAME 9.2.0.192
		nowhere CNAME nothing
		mx MX 10 ns
		mx MX 20 mail.elsewhere.example.
		text TXT "one" "two"
	E
	[ ! -e signed.example.signed ] ||
		zones+=(signed.example=signed.example.signed)
	start_nsd "${zones[@]}"
}

# forward_to ADDRESS@PORT: starts unbound in front of it; UNBOUND is its
# address.
forward_to() {
	local port try
	for try in 1 2 3 4 5; do
		port=$(free_port)
		cat >unbound.conf <<-E
			server:
			    interface: 127.0.0.1@$port
			    username: ""
			    chroot: ""
			    directory: "$D"
			    pidfile: "$D/unbound.pid"
			    use-syslog: no
			    do-daemonize: no
			    do-ip6: no
			    do-not-query-localhost: no
			    module-config: "iterator"
			    num-threads: 1
			remote-control:
			    control-enable: no
			forward-zone:
			    name: "."
			    forward-addr: $1
		E
		unbound -d -c unbound.conf >unbound.log 2>&1 3>&- &
		STARTED+=($!)
		UNBOUND=127.0.0.1@$port
		wait_for 20 answers_on "$port"
		! kill -0 "${STARTED[-1]}" 2>/dev/null || return 0
		echo "try $try: port $port"
		cat unbound.log
	done
	return 1
}
