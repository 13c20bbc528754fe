# shellcheck shell=sh disable=SC2154
# As many messages as it takes: ten connections, 8 KB, $BENCH_SECONDS; and two
# servers again when they look for viruses.

part_sustained() {
	one_sustained S1
	case $server in
	pimail | postfix) if can "$server" S2; then one_sustained S2; fi ;;
	esac
}

one_sustained() { # SCENARIO
	start "$1" || return
	record one 1 pss_kb "$(session_pss "$session")"
	sustain
	stop
}

sustain() {
	sampled_load -c 10 -s 8K -o "time=$BENCH_SECONDS" ||
	    note "$server: $(cat "$top/load")"
	n=$(value delivered)
	record sustained 8 rate "$(calculate "$(value delivered_per_minute) / 60")"
	record sustained 8 cpu_ms "$(calculate "$cpu / ($n > 0 ? $n : 1)")"
	record sustained 8 pss_kb "$(pss_max)"
}

# What disk and core allow.
part_limit() {
	settle
	mkdir "$top/limit.$run"
	# shellcheck disable=SC2086 # words
	$pin limit 5 "$top/limit.$run" >"$top/numbers" || return
	read -r rate cpu <"$top/numbers"
	record sustained 8 rate "$rate"
	record sustained 8 cpu_ms "$cpu"
}
