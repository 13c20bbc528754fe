# shellcheck shell=sh disable=SC2154
# The survey of the hybrid paper, on a server of our own: one address holds K
# connections that say nothing (or drip an octet a second), another one sends 5
# messages and then 50, and after that 200, one every 10 ms, for the time to the
# greeting.  Servers with a process a connection may have as many as it
# takes, but not more than $BENCH_PROCESSES_MAX or than there is memory for.

part_idle() {
	for k in $BENCH_IDLE; do
		beside idle "$k"
	done
	for k in $BENCH_DRIP; do
		beside drip "$k"
	done
}

# A server does not forget a thousand connections: each time it is a new one.
beside() { # KIND K
	processes=$BENCH_PROCESSES
	BENCH_PROCESSES=$(awk -v "want=$(($2 + 100))" \
	    -v "max=$BENCH_PROCESSES_MAX" '$1 == "MemAvailable:" {
		room = int($2 / 4000)
		n = want < max ? want : max
		print n < room ? n : room
	}' /proc/meminfo)
	if start S1; then
		before=$(session_pss "$session")
		if [ "$2" -gt 0 ]; then
			hold -o "$1=$2" -o from=127.0.2.1 -o settle=10
		fi
		others "$1" "$2"
		if [ "$2" -gt 0 ]; then held "$1" "$2"; fi
		stop
	fi
	BENCH_PROCESSES=$processes
}

others() { # KIND K
	after=$(session_pss "$session")
	for n in 5 50; do
		load -n "$n" -o timeout=10
		delivered=$(value delivered)
		record "$1" "$2" "delivered_$n" "$delivered"
		record "$1" "$2" "delay_${n}_ms" \
		    "$(value_if delivered delivery_ms.mean)"
		if [ "$delivered" = 0 ]; then
			record "$1" "$2" delivered_50 0
			return
		fi
	done
	load -n 200 -i 0.01 -o timeout=10
	for p in p50 p99; do
		record "$1" "$2" "greeting_${p}_ms" \
		    "$(value_if greeted "greeting_ms.$p")"
	done
}

# How those fared that were held.
held() { # KIND K
	release
	up=$(value idle_up "$top/held")
	record "$1" "$2" up "$up"
	for p in p50 p99; do
		record "$1" "$2" "held_greeting_${p}_ms" \
		    "$(value_if idle_greeted "idle_greeting_ms.$p" "$top/held")"
	done
	if [ "${up:-0}" -gt 0 ]; then
		record "$1" "$2" pss_each_kb \
		    "$(calculate "($after - $before) / $up")"
	fi
}
