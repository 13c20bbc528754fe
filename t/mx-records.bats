load lib.bash
load dns.bash

setup() {
	dns_setup
	unset PIMAIL_NODES
	T=$'\t'
	mkdir nodes
	node alice 'alice.circle.example' '[alice.example]' \
	    'addresses: [192.0.2.1, "2001:DB8::1"]'
	node bob 'home.dyn.example' '[bob.example, bob.name.example]' 'dynamic: yes'
	node carol 'carol.circle.example' '[carol.example, bücher.example]' \
	    'addresses: [192.0.2.3]' 'backups: {except: [dave]}'
	node dave 'dave.circle.example' '[dave.example, "[192.0.2.4]"]' \
	    'addresses: [192.0.2.4]' 'dynamic: yes' \
	    'backups: {only: [alice]}' 'stores: {for: [bob, carol]}'
	ln -s alice.yaml nodes/self.yaml
}

teardown() {
	dns_teardown
}

# node NAME HOST DOMAINS LINE...: its manifest.
node() {
	local name=$1 host=$2 domains=$3
	shift 3
	{
		printf '%s\n' 'node:' "  name: $name" "  host: $host" \
		    "  domains: $domains"
		[ $# = 0 ] || printf '  %s\n' "$@"
		printf "mailboxes:\n  all: {matches: '.*'}\n"
	} >"nodes/$name.yaml"
}

# records [ARGUMENT...]: what is printed, without comments and times, in `out`.
records() {
	mx-records -n nodes "$@" >printed 2>said
	sed -e 's/ *;.*//' -e '/^$/d' printed |
	    awk -F '\t' '{ print $1, $4, $5 }' >out
}

# are LINE...: the records are these, in this order.
are() {
	printf '%s\n' "$@" | diff - out
}

# zone NAME [ARGUMENT...]: writes the file NAME with those records that are in
# that zone.
zone() {
	local name=$1
	shift
	printf '%s\n' "$name. 60 IN SOA ns.$name. host.$name. 1 3600 600 86400 60" \
	    "$name. 60 IN NS ns.$name." "ns.$name. 60 IN A 127.0.0.1" >"$name"
	mx-records -n nodes -z "$name" "$@" >>"$name"
}

@test "the own host first, then each backup that both sides allow (agamid 4.1)" {
	records
	are 'alice.example. MX 1 alice.circle.example.' \
	    'alice.example. MX 100 home.dyn.example.' \
	    'alice.example. MX 100 carol.circle.example.' \
	    'alice.circle.example. A 192.0.2.1' \
	    'alice.circle.example. AAAA 2001:db8::1' \
	    'bob.example. MX 1 home.dyn.example.' \
	    'bob.example. MX 100 alice.circle.example.' \
	    'bob.example. MX 100 carol.circle.example.' \
	    'bob.example. MX 100 dave.circle.example.' \
	    'bob.name.example. MX 1 home.dyn.example.' \
	    'bob.name.example. MX 100 alice.circle.example.' \
	    'bob.name.example. MX 100 carol.circle.example.' \
	    'bob.name.example. MX 100 dave.circle.example.' \
	    'carol.example. MX 1 carol.circle.example.' \
	    'carol.example. MX 100 alice.circle.example.' \
	    'carol.example. MX 100 home.dyn.example.' \
	    'xn--bcher-kva.example. MX 1 carol.circle.example.' \
	    'xn--bcher-kva.example. MX 100 alice.circle.example.' \
	    'xn--bcher-kva.example. MX 100 home.dyn.example.' \
	    'carol.circle.example. A 192.0.2.3' \
	    'dave.example. MX 1 dave.circle.example.' \
	    'dave.example. MX 100 alice.circle.example.' \
	    'dave.circle.example. A 192.0.2.4'
	[ ! -s said ]
}

@test "comments say which node is which, and that an address needs nothing" {
	records
	grep -qx '; node bob, host home.dyn.example' printed
	grep -qx "bob.example.${T}3600${T}IN${T}MX${T}100 dave.circle.example. ; dave" \
	    printed
	grep -qx '; \[192.0.2.4] is an address, and needs no records' printed
}

@test "a TTL is short for addresses that change, and both can be set (agamid 4.2)" {
	records -o ttl=7200 -o dynamic=60
	grep -qx "dave.circle.example.${T}60${T}IN${T}A${T}192.0.2.4" printed
	grep -qx "alice.circle.example.${T}7200${T}IN${T}A${T}192.0.2.1" printed
	# all records of a set have one TTL: RFC 2181, section 5.2
	[ "$(awk '$4 == "MX" { print $2 }' printed | sort -u)" = 7200 ]
	records
	grep -qx "dave.circle.example.${T}300${T}IN${T}A${T}192.0.2.4" printed
	grep -qx "alice.circle.example.${T}3600${T}IN${T}A${T}192.0.2.1" printed
}

@test "operands choose nodes and domains" {
	records dave
	are 'dave.example. MX 1 dave.circle.example.' \
	    'dave.example. MX 100 alice.circle.example.' \
	    'dave.circle.example. A 192.0.2.4'
	records BÜCHER.example
	are 'xn--bcher-kva.example. MX 1 carol.circle.example.' \
	    'xn--bcher-kva.example. MX 100 alice.circle.example.' \
	    'xn--bcher-kva.example. MX 100 home.dyn.example.' \
	    'carol.circle.example. A 192.0.2.3'
	run -111 --separate-stderr mx-records -n nodes dave mallory.example
	[ -z "$output" ]
	[[ $stderr == "mx-records: fatal: 'mallory.example': "* ]]
}

@test "-z keeps to the names of a zone" {
	records -z Circle.example
	are 'alice.circle.example. A 192.0.2.1' \
	    'alice.circle.example. AAAA 2001:db8::1' \
	    'carol.circle.example. A 192.0.2.3' \
	    'dave.circle.example. A 192.0.2.4'
	records -z name.example bob
	are 'bob.name.example. MX 1 home.dyn.example.' \
	    'bob.name.example. MX 100 alice.circle.example.' \
	    'bob.name.example. MX 100 carol.circle.example.' \
	    'bob.name.example. MX 100 dave.circle.example.'
	# the end of a name is not a zone
	records -z ircle.example
	[ ! -s printed ]
}

@test "named-checkzone finds nothing wrong with any zone" {
	local zone
	for zone in alice.example bob.example name.example carol.example \
	    xn--bcher-kva.example dave.example circle.example; do
		zone $zone
		named-checkzone -q -k fail -m fail -M fail -n fail -S fail \
		    -i local $zone $zone
	done
	# and it would find it
	printf 'circle.example. 60 IN MX 1 www\nwww 60 IN CNAME ns\n' \
	    >>circle.example
	run ! named-checkzone -k fail -m fail -M fail -i local \
	    circle.example circle.example
}

# serve NAME...: nsd with these zones; NSD is its address.
serve() {
	printf '%s\n' 'ns.bl.example. 60 IN SOA ns host 1 3600 600 86400 60' \
	    'ns.bl.example. 60 IN A 127.0.0.1' >ns.bl.example
	start_nsd ns.bl.example "$@"
}

# answer NAME TYPE: what the server says, a record a line.
answer() {
	drill -p "${NSD#*@}" @127.0.0.1 "$1" "$2" |
	    awk -v name="$1." -v type="$2" \
	        '$1 == name && $4 == type { $1 = $3 = $4 = ""; print }' |
	    sed 's/  */ /g;s/^ //' | sort
}

@test "a name server that has them answers so" {
	zone bob.example
	zone circle.example
	serve bob.example circle.example
	[ "$(answer bob.example MX)" = "3600 1 home.dyn.example.
3600 100 alice.circle.example.
3600 100 carol.circle.example.
3600 100 dave.circle.example." ]
	[ "$(answer dave.circle.example A)" = '300 192.0.2.4' ]
	[ "$(answer alice.circle.example AAAA)" = '3600 2001:db8::1' ]
	run ! grep error nsd.log
}

# What -c is to find: aliases, one behind the other, and hosts without address.
serve_aliases() {
	zone circle.example
	{
		zone dyn.example
		echo 'home 60 IN CNAME a.dyn.example.'
		echo 'a 60 IN CNAME Pool-7.dyn.example.'
		echo 'pool-7 60 IN A 192.0.2.77'
		echo 'loop 60 IN CNAME pool.dyn.example.'
		echo 'pool 60 IN CNAME loop.dyn.example.'
		printf '%s\n' 'odd 60 IN CNAME a\032b.dyn.example.'
		echo 'six 60 IN AAAA 2001:db8::6'
		echo 'text 60 IN TXT "no address"'
	} >names
	sed -i 's/^\([a-z0-9-]*\) 60/\1.dyn.example. 60/' names
	cat names >>dyn.example
	serve circle.example dyn.example
}

@test "-c: the name behind an alias stands in its place, and is told" {
	serve_aliases
	records -c -o dns="$NSD" bob
	are 'bob.example. MX 1 pool-7.dyn.example.' \
	    'bob.example. MX 100 alice.circle.example.' \
	    'bob.example. MX 100 carol.circle.example.' \
	    'bob.example. MX 100 dave.circle.example.' \
	    'bob.name.example. MX 1 pool-7.dyn.example.' \
	    'bob.name.example. MX 100 alice.circle.example.' \
	    'bob.name.example. MX 100 carol.circle.example.' \
	    'bob.name.example. MX 100 dave.circle.example.'
	[ "$(<said)" = 'mx-records: warning: bob: home.dyn.example is an alias of pool-7.dyn.example' ]
	grep -qx '; bob: home.dyn.example is an alias of pool-7.dyn.example' printed
	records -c -o dns="$NSD" carol.example
	grep -qx 'carol.example. MX 100 pool-7.dyn.example.' out
}

@test "-c: a zone with what it found has no MX that is an alias" {
	serve_aliases
	local host
	zone bob.example -c -o dns="$NSD" 2>said
	for host in $(awk '$4 == "MX" { print $6 }' bob.example); do
		echo "$host"
		[ -z "$(answer "${host%.}" CNAME)" ]
		[ -n "$(answer "${host%.}" A)" ]
	done
	# without -c there would be one
	[ -n "$(answer home.dyn.example CNAME)" ]
}

@test "-c: an alias gets no addresses of its own" {
	serve_aliases
	node bob home.dyn.example '[bob.example]' 'addresses: [192.0.2.2]'
	records -c -o dns="$NSD" bob
	run ! grep -q 'home.dyn.example' out
	grep -q 'bob: home.dyn.example cannot have addresses' said
	# if it is none, there are some
	records bob
	grep -qx 'home.dyn.example. A 192.0.2.2' out
}

@test "-c warns of a host without any address, and one family is enough" {
	serve_aliases
	node bob six.dyn.example '[bob.example]'
	records -c -o dns="$NSD" bob
	[ ! -s said ]
	for host in text none; do
		node bob $host.dyn.example '[bob.example]'
		records -c -o dns="$NSD" bob
		[ "$(<said)" = "mx-records: warning: bob: $host.dyn.example has no address" ]
		grep -qx "; bob: $host.dyn.example has no address" printed
		grep -qx "bob.example. MX 1 $host.dyn.example." out
	done
	# these lines bring it
	node bob none.dyn.example '[bob.example]' 'addresses: [192.0.2.2]'
	records -c -o dns="$NSD" bob
	[ ! -s said ]
}

@test "-c: aliases without an end, to no host, and no answer: 111 and the name as it was" {
	serve_aliases
	for host in loop odd; do
		node bob $host.dyn.example '[bob.example]'
		run -111 --separate-stderr mx-records -n nodes -c -o dns="$NSD" bob
		[[ $stderr == "mx-records: warning: bob: cannot look up $host.dyn.example: "* ]]
		[[ $output == *"MX${T}1 $host.dyn.example."* ]]
	done
	run -111 --separate-stderr mx-records -n nodes -c -o wait=0.3 \
	    -o dns="127.0.0.1@$(free_port)" alice
	[[ $stderr == *'alice: cannot look up alice.circle.example: '* ]]
	[[ $output == *"MX${T}1 alice.circle.example."* ]]
}

@test "a node says nothing about names of another one's domains" {
	node bob www.carol.example '[bob.example]' 'addresses: [192.0.2.66]'
	records
	run ! grep -q 192.0.2.66 out
	grep -qx 'mx-records: warning: bob: the addresses of www.carol.example are for node carol to say' said
	grep -qx 'bob.example. MX 1 www.carol.example.' out
	# below its own it does, even if that lies in another one's
	node bob mail.bob.carol.example '[bob.carol.example]' \
	    'addresses: [192.0.2.66]'
	records
	grep -qx 'mail.bob.carol.example. A 192.0.2.66' out
}

@test "of two nodes with one host one says its addresses, and it is one MX" {
	node dave alice.circle.example '[dave.example]' 'addresses: [192.0.2.4]'
	records
	run ! grep -q 192.0.2.4 out
	grep -q 'dave: the addresses of alice.circle.example are for node alice' said
	[ "$(grep -c '^dave.example. MX' out)" = 3 ]
	# the own node's, whatever the order
	ln -sf dave.yaml nodes/self.yaml
	records
	grep -qx 'alice.circle.example. A 192.0.2.4' out
	run ! grep -q 192.0.2.1 out
}

@test "a domain that two nodes claim is only the one's" {
	node dave dave.circle.example '[dave.example, bob.example]'
	run -111 --separate-stderr mx-records -n nodes
	[[ $output == *"bob.example.${T}3600${T}IN${T}MX${T}1 home.dyn.example."* ]]
	[[ $output != *"bob.example.${T}3600${T}IN${T}MX${T}1 dave.circle.example."* ]]
	[[ $stderr == *"nodes/dave.yaml:4: domain 'bob.example' is node bob's already"* ]]
}

@test "a host that no MX can name is left out, and told" {
	for host in 192.0.2.9 my_host.example; do
		node bob $host '[bob.example]' 'addresses: [192.0.2.9]'
		records
		run ! grep -q "$host" out
		grep -qx 'bob.example. MX 100 alice.circle.example.' out
		grep -q 'warning: bob: there is no MX for it, since its host ' said
		[ "$(wc -l <said)" = 1 ]
	done
}

@test "more than 100 hosts are not put into one answer" {
	local i
	for i in {100..230}; do node n$i n$i.example "[d$i.example]"; done
	records alice.example
	[ "$(grep -c '^alice.example. MX' out)" = 100 ]
	grep -q 'n230: left out, since alice.example has 100 MX already' said
	zone alice.example 2>said
	serve alice.example
	[ "$(answer alice.example MX | wc -l)" = 0 ]
	[ "$(drill -t -p "${NSD#*@}" @127.0.0.1 alice.example MX |
	    grep -c "^alice.example.${T}3600${T}IN${T}MX")" = 100 ]
}

@test "without an own node all others are there; a broken one is said, 111" {
	rm nodes/self.yaml
	run -111 --separate-stderr mx-records -n nodes alice.example
	[[ $output == *"MX${T}1 alice.circle.example."* ]]
	ln -s alice.yaml nodes/self.yaml
	echo 'node: [' >nodes/bob.yaml
	run -111 --separate-stderr mx-records -n nodes
	[[ $output != *bob* ]]
	[[ $stderr == *nodes/bob.yaml:* ]]
	run -111 --separate-stderr mx-records -n nowhere
	[ -z "$output" ]
}

@test "the options of the page are those of -o help, and the rest is usage" {
	run -0 --separate-stderr mx-records -o help
	page=$(sed -n '/^\.Bl -tag -width Ds -compact/,/^\.El/s/^\.It Cm \([a-z]*\) Ns = *.*/\1/p' \
	    "$BATS_TEST_DIRNAME/../man/mx-records.1")
	[ "$(printf '%s\n' "${lines[@]%%=*}")" = "$page" ]
	run -111 --separate-stderr mx-records -x
	[[ $stderr == 'usage: mx-records '* ]]
	run -111 --separate-stderr mx-records -n nodes -o ttl=0
	run -111 --separate-stderr mx-records -n nodes -z '[192.0.2.1]'
	run -111 --separate-stderr mx-records -n nodes -z 'a b'
}

@test "PIMAIL_NODES is the directory if there is no -n; a full disk is 111" {
	PIMAIL_NODES=nodes mx-records alice.example >one
	mx-records -n nodes alice.example | cmp - one
	run -111 --separate-stderr sh -c 'mx-records -n nodes >/dev/full'
	run -111 --separate-stderr sh -c 'mx-records -n nodes >&-'
}
