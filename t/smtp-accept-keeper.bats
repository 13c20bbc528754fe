# The processes of the server: what each may do, and what happens without it.
load lib.bash
load smtp-accept.bash

setup() {
	accept_setup
}

teardown() {
	accept_teardown
}

needs_root() {
	[ "$(id -u)" = 0 ] || skip "needs root"
}

# The server is built without filters, for the sanitizer could not work.
needs_filters() {
	! nm "$(command -v smtp-accept)" | grep -q __asan_init ||
		skip "no filters beside the address sanitizer"
}

# all_of: pids of the server's processes, a worker that waits among them.
all_of() {
	one 250
	wait_for 10 sh -c "pgrep -P $SERVER smtp-worker"
	echo "$SERVER"
	pgrep -P "$SERVER" .
}

@test "every process has its name, gains nothing by exec and leaves no core" {
	serve
	all_of >all
	[ "$(cat "/proc/$SERVER/comm")" = smtp-accept ]
	pgrep -P "$SERVER" . | xargs -I{} cat /proc/{}/comm | sort >names
	[ "$(tr '\n' ' ' <names)" = "smtp-keeper smtp-worker " ]
	while read -r pid; do
		grep -q '^NoNewPrivs:.*1$' "/proc/$pid/status"
		grep -q '^Max core file size *0 *0' "/proc/$pid/limits"
	done <all
}

@test "every process has a filter of system calls, a worker two" {
	needs_filters
	serve
	all_of >all
	while read -r pid; do
		grep -q '^Seccomp:.*2$' "/proc/$pid/status"
	done <all
	filters() {
		sed -n 's/^Seccomp_filters:[^0-9]*//p' "/proc/$1/status"
	}
	own=$(sed -n 's/^Seccomp_filters:[^0-9]*//p' /proc/self/status)
	[ "$(filters "$SERVER")" = $((own + 1)) ]
	[ "$(filters "$(keeper)")" = $((own + 1)) ]
	[ "$(filters "$(workers)")" = $((own + 2)) ]
}

# calls PID: has the process make calls that it may not, by a debugger, and
# prints what each gave, and errno.
calls() {
	cat >calls.gdb <<-'E'
		set confirm off
		set pagination off
		set debuginfod enabled off
		print ((int (*)())open)("/etc/passwd", 0)
		print *((int *(*)())__errno_location)()
		print ((int (*)())open)("/tmp/pimail-test", 0101, 0600)
		print *((int *(*)())__errno_location)()
		print ((int (*)())execve)("/bin/true", 0, 0)
		print *((int *(*)())__errno_location)()
		print ((int (*)())socket)(2, 1, 0)
		print *((int *(*)())__errno_location)()
		print ((int (*)())connect)(0, 0, 0)
		print *((int *(*)())__errno_location)()
		print ((int (*)())bind)(0, 0, 0)
		print *((int *(*)())__errno_location)()
		print ((int (*)())unlink)("/etc/passwd")
		print *((int *(*)())__errno_location)()
		print ((int (*)())ptrace)(16, 1, 0, 0)
		print *((int *(*)())__errno_location)()
		print ((int (*)())kill)(PARENT, 0)
		print *((int *(*)())__errno_location)()
		print ((int (*)())fork)()
		print *((int *(*)())__errno_location)()
		detach
	E
	sed -i "s/PARENT/$$/; ${NO_FORK-}" calls.gdb
	gdb -nx -batch -p "$1" -x calls.gdb >"$1.out" 2>"$1.err" || {
		cat "$1.out" "$1.err" >&2
		return 1
	}
	sed -n 's/^\$[0-9]* = \(-\{0,1\}[0-9]*\)$/\1/p' "$1.out"
}

# denied N: what N calls give that fail with EPERM.
denied() {
	yes -- '-1 1 ' | head -n "$1" | tr -d '\n'
}

@test "a worker and the loop can open, run, reach and kill nothing" {
	needs_root
	needs_filters
	serve
	all_of >all
	calls "$(workers)" >worker
	cat worker
	[ "$(tr '\n' ' ' <worker)" = "$(denied 10)" ]
	# the loop does fork, and signals workers; but nobody else
	NO_FORK=/fork/,+1d
	calls "$SERVER" >loop
	cat loop
	[ "$(tr '\n' ' ' <loop)" = "$(denied 9)" ]
	one 250
}

@test "without its keeper the server ends what it has begun, and leaves with 111" {
	STATUS=111
	serve 'local=stage.py wait go'
	client <<-'E' &
		p = Peer(P)
		p.envelope()
		p.ask("DATA", "354")
		p.send(b"x\r\n.\r\n")
		p.want("250")
	E
	client=$!
	wait_for 20 test -s seen
	kill -KILL "$(keeper)"
	logged 'the keeper died'
	touch go
	wait $client
	wait_for 20 server_gone
}

@test "stages end when the server was killed" {
	serve 'local=stage.py echo | stage.py say done'
	one 250
	keeper=$(keeper)
	workers=$(workers)
	kill -KILL "$SERVER"
	wait "$SERVER" || :
	SERVER=
	wait_for 20 all_gone
	wait_for 20 sh -c "! kill -0 $keeper"
	wait_for 20 sh -c "! kill -0 $workers"
}

@test "-o pipe-user: stages are somebody else" {
	needs_root
	chown -R daemon mail
	printf '#!/bin/sh\nid -un >>users\ngrep NoNewPrivs /proc/self/status >>users\nexec maildir-deliver mail\n' >stage
	chmod 755 stage
	: >users
	chmod 666 users
	serve -o pipe-user=daemon local=./stage
	one 250
	[ "$(head -n 1 users)" = daemon ]
	grep -q 'NoNewPrivs:.*1' users
	[ "$(stat -c %U "$(only_one)")" = daemon ]
	[ "$(stat -c %U "/proc/$SERVER")" != daemon ]
	# the server's user cannot signal it, but its keeper can
	keeper=$(keeper)
	stop_server
	! kill -0 "$keeper" 2>/dev/null
}

@test "-o pipe-user without -u, or nobody known: 111" {
	needs_root
	run -111 --separate-stderr smtp-accept -l 127.0.0.1:0 -n nodes \
	    -o pipe-user=daemon local=cat
	[[ $stderr = *'pipe-user needs'* ]]
	run -111 --separate-stderr smtp-accept -l 127.0.0.1:0 -n nodes -u nobody \
	    -o pipe-user=no-such-user local=cat
	[[ $stderr = *"no user 'no-such-user'"* ]]
}

@test "a key that only root can read is loaded, also anew, and not by a stage" {
	needs_root
	certificate mx
	chown root mx.pem
	chmod 600 mx.pem
	printf '#!/bin/sh\ncat mx.pem >stolen\nexec maildir-deliver mail\n' >stage
	chmod 755 stage
	: >stolen
	chmod 666 stolen
	serve -o cert=mx.pem local=./stage
	of_server() {
		openssl s_client -starttls smtp -connect "127.0.0.1:$PORT" \
		    </dev/null 2>/dev/null | openssl x509 -noout -subject
	}
	[[ $(of_server) = *'CN = mx' ]]
	certificate other
	cat other.pem >mx.pem
	kill -HUP "$SERVER"
	logged 'loaded anew$'
	[[ $(of_server) = *'CN = other' ]]
	one 250
	[ ! -s stolen ]
	# nor is it in anything that the server's user may look into
	run -1 setpriv --reuid=nobody --clear-groups cat "/proc/$SERVER/environ"
	run -1 setpriv --reuid=nobody --clear-groups \
	    head -c 1 "/proc/$(workers)/mem"
}

@test "stages get the descriptors of their pipeline and no others" {
	printf '#!/bin/sh\nls /proc/self/fd >fds\nexec maildir-deliver mail\n' >stage
	chmod 755 stage
	: >fds
	chmod 666 fds
	serve local=./stage
	one 250
	# ls has opened the directory
	[ "$(tr '\n' ' ' <fds)" = "0 1 2 3 " ]
}
