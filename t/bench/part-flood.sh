# shellcheck shell=sh disable=SC2154
# A burst of $BENCH_FLOOD connections from one address, all at once, each for a
# recipient that does not exist; another address has begun to send a message
# every 20 ms a second before, for 4 s, and none of its messages shall be refused.

part_flood() {
	processes=$BENCH_PROCESSES
	BENCH_PROCESSES=$BENCH_PROCESSES_MAX
	if start S1; then
		(
			sleep 1
			exec smtp-load -j -n "$BENCH_FLOOD" -c "$BENCH_FLOOD" \
			    -o invalid=100 -o source=127.0.2.1 -o timeout=20 \
			    "127.0.0.1:$port" "$recipient"
		) >"$top/held" 2>/dev/null &
		holder=$!
		load -i 0.02 -o time=4 -c 500 -o timeout=20
		wait "$holder"
		holder=
		flooded
		stop
	fi
	BENCH_PROCESSES=$processes
}

flooded() {
	record flood "$BENCH_FLOOD" answered \
	    "$(($(value accepted "$top/held") + $(value refused "$top/held")))"
	record flood "$BENCH_FLOOD" seconds "$(value seconds "$top/held")"
	record flood "$BENCH_FLOOD" sent "$(value messages)"
	record flood "$BENCH_FLOOD" not_taken \
	    "$(($(value messages) - $(value accepted)))"
	record flood "$BENCH_FLOOD" delay_ms \
	    "$(value_if delivered delivery_ms.mean)"
	record flood "$BENCH_FLOOD" greeting_p99_ms \
	    "$(value_if greeted greeting_ms.p99)"
}
