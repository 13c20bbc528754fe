# shellcheck shell=sh disable=SC2154
# The experiments of the PiMail paper: S1 takes mail, S2 looks for viruses, S3
# for spam, S4 for both; 50 messages at once, a second apart, and far apart; and
# for the use of CPU and memory, one every 0.6 s.  Delay is taken of each
# message, from connect to the Maildir, throughput by the clock.

part_scenarios() {
	for s in $BENCH_SCENARIOS; do
		if can "$server" "$s"; then one_scenario "$s"; fi
	done
}

one_scenario() { # SCENARIO
	start "$1" || return
	for kb in $BENCH_SIZES; do
		messages burst "$kb" -n "$BENCH_BURST"
		if is_slow; then break; fi
	done
	case " $BENCH_GAP_SERVERS " in *" $server "*)
		if [ "$run" -le "$BENCH_SLOW_RUNS" ]; then gaps; fi ;;
	esac
	stop
}

# What takes long is not done in every run: 64 KB may take four times as long.
is_slow() {
	[ "$run" -gt "$BENCH_SLOW_RUNS" ] &&
	    [ "$(calculate "$(value seconds) > 5")" != 0.000 ]
}

gaps() {
	for kb in $BENCH_GAP_SIZES; do
		messages 1 "$kb" -n "$BENCH_GAP_MESSAGES" -i 1
	done
	messages far 8 -n "$BENCH_FAR_MESSAGES" \
	    -i "$BENCH_INTERVAL"
	messages 0.6 8 -i 0.6 -o "time=$BENCH_STEADY"
	series
}

messages() { # LOAD KB OPTION...
	load_=$1 kb_=$2
	shift 2
	sampled_load -s "${kb_}K" -o timeout=600 "$@" || note "$server: $(cat "$top/load")"
	record "$load_" "$kb_" delay_ms "$(value_if delivered delivery_ms.mean)"
	record "$load_" "$kb_" cpu_ms "$(calculate "$cpu / $(value messages)")"
	record "$load_" "$kb_" pss_kb "$(pss_max)"
	record "$load_" "$kb_" per_minute "$(per_minute "$load_")"
}

# n messages a second apart take n seconds at least, and not n - 1.
per_minute() { # LOAD
	case $1 in
	burst) gap=0 ;;
	far) gap=$BENCH_INTERVAL ;;
	*) gap=$1 ;;
	esac
	n=$(value delivered) seconds=$(value delivered_seconds)
	if [ "$n" = 0 ]; then return; fi
	calculate "60 * $n / ($seconds > $n * $gap ? $seconds : $n * $gap)"
}

# CPU and memory by the second.
series() {
	awk -v "head=$run,$part,$server,$scenario,series" '
	NR == 1 { start = $1 }
	NR > 1 {
		x = ($1 - start) / 1000
		printf "%s,%.1f,cpu_percent,%.1f\n", head, x, \
		    100 * ($2 - cpu) / ($1 - last)
		printf "%s,%.1f,pss_kb,%d\n", head, x, $3
	}
	{ last = $1; cpu = $2 }' "$top/samples" >>"$csv"
	record 0.6 8 cpu_percent "$(awk 'NR == 1 { t = $1; c = $2 }
	END { printf "%.2f", 100 * ($2 - c) / ($1 - t) }' "$top/samples")"
}
