# Medians of bench.csv (run,server,metric,value), servers side by side.

function median(server, metric,    n, i, j, v, list) {
	n = count[server, metric]
	for (i = 1; i <= n; i++) {
		v = value[server, metric, i]
		for (j = i - 1; j > 0 && list[j] > v; j--)
			list[j + 1] = list[j]
		list[j + 1] = v
	}
	if (n == 0)
		return ""
	return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

function show(label, format, metric, scale,    s, v) {
	printf "%-40s", label
	for (s = 1; s <= servers; s++) {
		v = median(name[s], metric)
		printf "%12s", v == "" ? "-" : sprintf(format, v * scale)
	}
	print ""
}

function show_ratio(label, format, over, under, server, scale,    s, a, b) {
	printf "%-40s", label
	for (s = 1; s <= servers; s++) {
		a = median(name[s], over)
		b = median(server == "" ? name[s] : server, under)
		printf "%12s", a == "" || b + 0 == 0 ? "-" : \
		    sprintf(format, a / b * scale)
	}
	print ""
}

BEGIN {
	FS = ","
}

NR > 1 {
	value[$2, $3, ++count[$2, $3]] = $4 + 0
	if (!($2 in seen) && $2 != "limit")
		name[++servers] = $2
	seen[$2] = 1
}

END {
	printf "%-40s", ""
	for (s = 1; s <= servers; s++)
		printf "%12s", name[s]
	print ""
	print "sustained, 8 KB, 10 connections"
	show("  messages delivered/s", "%.0f", "rate", 1)
	show("  CPU of the server, ms a message", "%.2f", "cpu", 1)
	printf "  %-38s%12.0f\n", "the bare limit of disk and core/s", \
	    median("limit", "rate")
	printf "  %-38s%12.2f\n", "CPU of that, ms a message", \
	    median("limit", "cpu")
	show_ratio("  share of the limit, %", "%.0f", "rate", "rate", \
	    "limit", 100)
	print "50 messages at once, mean delay from connect to Maildir, ms"
	show("  8 KB", "%.0f", "burst_8", 1)
	show("  16 KB", "%.0f", "burst_16", 1)
	show("  32 KB", "%.0f", "burst_32", 1)
	show("  64 KB", "%.0f", "burst_64", 1)
	show_ratio("  64 KB to 8 KB", "%.2f", "burst_64", "burst_8", "", 1)
	print "memory of the server (PSS), MB"
	show("  after one message", "%.1f", "pss_one", 1 / 1024)
	show("  most, under the sustained load", "%.1f", "pss_max", 1 / 1024)
	print idle " idle connections"
	show("  greeted and kept", "%.0f", "idle_up", 1)
	show("  PSS added by each, KB", "%.1f", "idle_pss", 1)
	show("  messages/s without them", "%.0f", "rate_alone", 1)
	show("  messages/s beside them", "%.0f", "rate_beside", 1)
}
