# shellcheck shell=sh disable=SC2154
# The experiment of the hybrid paper: what is left for good messages when more
# and more connections want a recipient that does not exist?  At least
# $BENCH_CONNECTIONS are kept open; servers with a process a connection have
# $BENCH_PROCESSES (100 is what Postfix has by default, and had there).

part_goodput() {
	start S1 || return
	for percent in $BENCH_INVALID; do
		case $server,$percent in
		bare,95 | bare,100) ;;
		bare,*) continue ;;
		esac
		sampled_load -c "$BENCH_CONNECTIONS" -s 8K \
		    -o "invalid=$percent" -o "time=$BENCH_SECONDS"
		n=$(($(value accepted) + $(value refused) + $(value deferred)))
		if [ "$server" != bare ]; then
			record invalid "$percent" goodput "$(calculate \
			    "$(value delivered_per_minute) / 60")"
			lost=$(($(value deferred) + $(value failed)))
			if [ "$lost" != 0 ]; then
				note "$server, $percent %: $lost not answered for good"
			fi
		fi
		record invalid "$percent" total \
		    "$(calculate "$(value answered_per_minute) / 60")"
		record invalid "$percent" cpu_ms \
		    "$(calculate "$cpu / ($n > 0 ? $n : 1)")"
		record invalid "$percent" cpu_percent \
		    "$(calculate "$cpu / 10 / ($(value seconds) + 0.001)")"
		record invalid "$percent" pss_kb "$(pss_max)"
	done
	refused_only
	stop
}

# What a refused recipient costs by itself: eight on each connection, which is
# fewer than anybody's error limit.
refused_only() {
	if [ "$server" = bare ]; then return; fi
	sampled_load -c "$BENCH_CONNECTIONS" -o invalid=100 -o reuse=8 \
	    -o "time=$BENCH_SECONDS"
	n=$(value refused)
	record kept 8 cpu_ms "$(calculate "$cpu / ($n > 0 ? $n : 1)")"
}
