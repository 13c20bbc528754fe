# shellcheck shell=sh
# What the servers share.  Each of them is a script:
#
#	NAME scenarios			prints those it can serve here, of
#					S1 to S4; or says why it can none
#	NAME run DIR PORT SCENARIO	serves on 127.0.0.1:PORT, in the
#					foreground, until TERM, and delivers
#					what is for talktome@carol.example to
#					the Maildir DIR/mail/contact
#
# A server keeps what it writes below DIR, which the caller has made.
# Everything is as its authors ship it, but for limits of rate, of connections
# and of errors, which are lifted for all: there is only one client here.
# One with a process a connection gets $BENCH_PROCESSES of them.  What preloads
# $BENCH_BACKLOG, see backlog.c, may have as many waiting as the others.
dir=${2-} port=${3-} scenario=${4-}
: "${BENCH_PROCESSES:=100}" "${PEERS:=/nonexistent}"
: "${BENCH_HERE:?}"

need_root() {
	if [ "$(id -u)" != 0 ]; then
		echo 'it needs root'
		exit 1
	fi
}

has_peer() { # GROUP
	[ -d "$PEERS/$1" ]
}

need_peer() { # GROUP
	if ! has_peer "$1"; then
		echo 'it is not there (make bench-peers)'
		exit 1
	fi
}

# Goes on among the files of these groups, if there are any.
go_inside() { # GROUP...
	if [ -n "${INSIDE-}" ]; then return; fi
	for group; do
		if has_peer "$group"; then
			exec "$BENCH_HERE/inside" "$dir" "$@" -- "$0" run \
			    "$dir" "$port" "$scenario"
		fi
	done
}

make_maildir() { # OWNER
	for d in '' contact contact/tmp contact/new contact/cur; do
		mkdir -p "$dir/mail/$d"
	done
	chmod 755 "$dir"
	if [ "$(id -u)" = 0 ]; then chown -R "$1" "$dir/mail"; fi
}

wait_for_socket() { # PATH
	for _ in $(seq 600); do
		if [ -S "$1" ]; then return; fi
		sleep 0.1
	done
	echo "no $1" >&2
	exit 1
}

# COMMAND...: as an orphan, because a server may wonder about children that it
# does not know.
orphan() {
	("$@" >>"$dir/orphans.log" 2>&1 &)
}

start_scanner() { # ENGINE DATABASE
	orphan "$BENCH_HERE/scanner" "$1" "$dir/$1" "$2"
	wait_for_socket "$dir/$1/socket"
}
