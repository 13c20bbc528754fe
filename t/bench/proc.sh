# shellcheck shell=sh
# What the benchmark asks of /proc, and how it ends what it has begun.  All
# processes of a server are one session, whatever they are called and whoever
# their parent is.

# A TCP port that nobody has.
free_port() {
	port=$((20000 + $$ % 10000))
	while grep -qi "^ *[0-9]*: [0-9A-F]*:$(printf %04X $port) " \
	    /proc/net/tcp /proc/net/tcp6 2>/dev/null; do
		port=$((port + 1))
	done
	echo $port
}

# Its processes' numbers.
session_pids() { # SESSION
	cat /proc/[0-9]*/stat 2>/dev/null | awk -v "session=$1" '{
		pid = $1
		sub(/^.*\) /, "")
		if ($4 == session && $1 != "Z")
			print pid
	}'
}

# Milliseconds of CPU of all of them, and of their children that have ended: by
# the scheduler's count, which is exact, and at least by the clock's ticks, which
# have also threads that have ended.
session_cpu() { # SESSION
	session_pids "$1" | sed 's,.*,/proc/&/stat /proc/&/schedstat,' |
	    xargs grep -sH . | awk -v "tick=$(getconf CLK_TCK)" '{
		file = $1
		sub(/:.*/, "", file)
		split(file, part, "/")
		sub(/^[^:]*:/, "")
		if (part[4] == "schedstat") {
			exact[part[3]] = $1 / 1e6
			next
		}
		sub(/^.*\) /, "")
		own[part[3]] = ($12 + $13) * 1000 / tick
		sum += ($14 + $15) * 1000 / tick
	} END {
		for (pid in own)
			sum += exact[pid] > own[pid] ? exact[pid] : own[pid]
		printf "%.1f", sum
	}'
}

# Their proportional set size (what is shared is counted once), in KB.
session_pss() { # SESSION
	session_pids "$1" | sed 's,.*,/proc/&/smaps_rollup,' |
	    xargs cat 2>/dev/null |
	    awk '$1 == "Pss:" { sum += $2 } END { printf "%d", sum }'
}

milliseconds() {
	awk '{ printf "%d", $1 * 1000 }' /proc/uptime
}

# Appends a line a second (or as often as said) to FILE, until it is stopped:
# milliseconds, those of CPU, KB of memory.
sample() { # SESSION FILE [SECONDS]
	while :; do
		echo "$(milliseconds) $(session_cpu "$1") $(session_pss "$1")" \
		    >>"$2"
		sleep "${3:-1}"
	done
}

stop_child() { # PID, or nothing
	if [ -n "$1" ]; then
		kill "$1" 2>/dev/null
		wait "$1" 2>/dev/null
	fi
}

# Ends all of a session: kindly, then not.
stop_session() { # SESSION, or nothing
	if [ -z "$1" ]; then return; fi
	for signal in TERM TERM KILL; do
		for pid in $(session_pids "$1"); do
			kill -s $signal "$pid" 2>/dev/null
		done
		for _ in 1 2 3 4 5 6 7 8 9 10; do
			if [ -z "$(session_pids "$1")" ]; then return; fi
			sleep 0.2
		done
	done
}
