# The table of the part "fast" of `make bench-spam`; see rows.awk.

function of(kind) {
	return kind == "real" ? "real mail, 7 to 9.5 KB" : "text of " kind " KB"
}

BEGIN {
	FS = ","
	kinds = split(with, kind, " ")
}

{
	value[$1 "," $2 "," $3 "," $4 "," $5 "," $6] = $7
}

# The learner's part is what there is more with than without it.
function learner(k,    at) {
	at = "fast,spam-score,"
	if ((at "rules,ask," k ",cpu_ms") in value)
		value[at "all,learner," k ",cpu_ms"] = \
		    get(at "all,ask," k ",cpu_ms") - \
		    get(at "rules,ask," k ",cpu_ms")
}

END {
	shown["spamd"] = "spamassassin"
	columns(engines)
	title = "CPU for a message, asked one by one, ms"
	for (i = 1; i <= kinds; i++) {
		learner(kind[i])
		row("  " of(kind[i]), "%.2f", "fast", \
		    "all,ask," kind[i] ",cpu_ms", 1)
		row("    of this the learner", "%.2f", "fast", \
		    "all,learner," kind[i] ",cpu_ms", 1)
	}
	row("  text of 8 KB, in a stream", "%.2f", "fast", \
	    "all,stream,8,cpu_ms", 1)
	title = "time until the answer, median, ms"
	for (i = 1; i <= kinds; i++)
		row("  " of(kind[i]), "%.2f", "fast", \
		    "all,ask," kind[i] ",ms", 1)
	row("  text of 8 KB, in a stream", "%.2f", "fast", \
	    "all,stream,8,ms", 1)
	title = "start and memory"
	row("  from start to first answer, ms", "%.0f", "fast", \
	    "all,start,1,ms", 1)
	row("  a file from a cold start, ms", "%.0f", "fast", \
	    "all,cold,8,ms", 1)
	row("  PSS after one message, MB", "%.1f", "fast", \
	    "all,start,1,pss_kb", 1 / 1024)
	row("  PSS after all of 8 KB, MB", "%.1f", "fast", \
	    "all,after,1,pss_kb", 1 / 1024)
	row("  a process' RSS at most, MB", "%.1f", "fast", \
	    "all,after,1,peak_kb", 1 / 1024)
	columns(trainers)
	title = "learning " messages " messages"
	row("  all, s", "%.2f", "fast", "all,train,1,seconds", 1)
	row("  CPU for a message, ms", "%.2f", "fast", \
	    "all,train,1,cpu_ms", 1)
	row("  on the disk, MB", "%.1f", "fast", "all,train,1,size_kb", \
	    1 / 1024)
}
