# The table of `make bench`, from medians.csv: servers side by side.  A row is
# there if any of them has a number for it; see rows.awk.

# As many messages as in S1, in percent; postfix-rspamd is Postfix in S1.
function of_s1(part, s,    i, who, at, plain) {
	for (i = 1; i <= count; i++) {
		at = part "," name[i] "," s
		who = name[i]
		sub(/-rspamd$/, "", who)
		plain = get(part "," who ",S1,sustained,8,rate")
		if ((at ",sustained,8,rate") in value && plain > 0)
			value[at ",of S1"] = \
			    100 * get(at ",sustained,8,rate") / plain
	}
}

function sustained(part, s, words) {
	title = words
	row("  messages delivered/s", "%.1f", part, s ",sustained,8,rate", 1)
	row("  percent of those without", "%.1f", part, s ",of S1", 1)
	row("  CPU of the server, ms a message", "%.2f", part, \
	    s ",sustained,8,cpu_ms", 1)
	row("  PSS after one message, MB", "%.1f", part, s ",one,1,pss_kb", \
	    1 / 1024)
	row("  PSS at most, MB", "%.1f", part, s ",sustained,8,pss_kb", \
	    1 / 1024)
}

function spam(s, words,    kb) {
	if (s != "S1")
		of_s1("spam", s)
	sustained("spam", s, words ": 8 KB, 10 connections")
	for (kb = 8; kb <= 64; kb *= 2)
		row("  mean delay, " burst " of " kb " KB at once, ms", \
		    "%.1f", "spam", s ",burst," kb ",delay_ms", 1)
	for (kb = 8; kb <= 64; kb *= 2)
		row("  CPU of the server then, " kb " KB, ms a message", \
		    "%.2f", "spam", s ",burst," kb ",cpu_ms", 1)
}

function scenario(s,    kb) {
	title = s ": mean delay from connect to Maildir, ms"
	for (kb = 8; kb <= 64; kb *= 2)
		row("  50 at once, " kb " KB", "%.1f", "scenarios", \
		    s ",burst," kb ",delay_ms", 1)
	for (kb = 8; kb <= 64; kb *= 2)
		row("  a second apart, " kb " KB", "%.1f", "scenarios", \
		    s ",1," kb ",delay_ms", 1)
	row("  " interval " s apart, 8 KB", "%.1f", "scenarios", \
	    s ",far,8,delay_ms", 1)
	title = s ": messages a minute"
	for (kb = 8; kb <= 64; kb *= 2)
		row("  50 at once, " kb " KB", "%.0f", "scenarios", \
		    s ",burst," kb ",per_minute", 1)
	row("  a second apart, 8 KB", "%.1f", "scenarios", \
	    s ",1,8,per_minute", 1)
	title = s ": a message of 8 KB every 0.6 s"
	row("  CPU, percent of a core", "%.2f", "scenarios", \
	    s ",0.6,8,cpu_percent", 1)
	row("  memory (PSS), MB", "%.1f", "scenarios", s ",0.6,8,pss_kb", \
	    1 / 1024)
}

function scan(base) {
	title = base " database"
	row("  av-db, s", "%.2f", "scan", base ",prepare,1,seconds", 1)
	row("  av-db, memory at most, MB", "%.0f", "scan", \
	    base ",prepare,1,peak_kb", 1 / 1024)
	row("  a hash that is not in the table, us", "%.2f", "scan", \
	    base ",lookup,1,us", 1)
	row("  from start to first answer, s", "%.2f", "scan", \
	    base ",load,1,ms", 0.001)
	row("  memory (PSS), loaded, MB", "%.1f", "scan", \
	    base ",load,1,pss_kb", 1 / 1024)
	row("  memory after 300 scans, MB", "%.1f", "scan", \
	    base ",after,300,pss_kb", 1 / 1024)
	row("  and at most in a reload, overlap, MB", "%.1f", "scan", \
	    base ",reload,overlap,pss_kb", 1 / 1024)
	row("  and at most in a reload, swap, MB", "%.1f", "scan", \
	    base ",reload,swap,pss_kb", 1 / 1024)
	row("  a scan meanwhile, overlap, ms", "%.1f", "scan", \
	    base ",reload,overlap,ms", 1)
	row("  a scan meanwhile, swap, ms", "%.1f", "scan", \
	    base ",reload,swap,ms", 1)
	row("  text of 8 KB, ms", "%.2f", "scan", base ",scan,8,ms", 1)
	row("  its CPU, ms", "%.2f", "scan", base ",scan,8,cpu_ms", 1)
	row("  text of 64 KB, ms", "%.2f", "scan", base ",scan,64,ms", 1)
	row("  1 MB with an attachment, ms", "%.1f", "scan", \
	    base ",scan,1024,ms", 1)
	row("  av-scan in a stream, 8 KB, ms", "%.2f", "scan", \
	    base ",stage,8,ms", 1)
	row("  more than a scan by itself, ms", "%.2f", "scan", \
	    base ",stage,8,added_ms", 1)
	row("  its own CPU, ms", "%.2f", "scan", base ",stage,8,cpu_ms", 1)
	row("  until a killed scanner is replaced, ms", "%.1f", "scan", \
	    base ",restart,20,ms", 1)
}

function idle(kind, k, words,    at) {
	at = "S1," kind "," k ","
	title = k == 0 ? "nobody beside" : k " connections that " words
	row("  greeted and kept", "%.0f", "idle", at "up", 1)
	row("  their time to the greeting, p99, ms", "%.1f", "idle", \
	    at "held_greeting_p99_ms", 1)
	row("  PSS added by each, KB", "%.1f", "idle", at "pss_each_kb", 1)
	row("  of 5 from elsewhere, delivered", "%.0f", "idle", \
	    at "delivered_5", 1)
	row("  mean delay of the 5, ms", "%.1f", "idle", at "delay_5_ms", 1)
	row("  of 50 from elsewhere, delivered", "%.0f", "idle", \
	    at "delivered_50", 1)
	row("  mean delay of the 50, ms", "%.1f", "idle", at "delay_50_ms", 1)
	row("  greeting for others, p50, ms", "%.2f", "idle", \
	    at "greeting_p50_ms", 1)
	row("  greeting for others, p99, ms", "%.2f", "idle", \
	    at "greeting_p99_ms", 1)
}

BEGIN {
	FS = ","
	shown["postfix-rspamd"] = "rspamd"
	shown["full"] = "scand full"
	shown["mail"] = "scand mail"
	columns(servers, "bare")
}

{
	value[$1 "," $2 "," $3 "," $4 "," $5 "," $6] = $7
	if ($4 == "invalid" && !(($5) in percents))
		percent[++percentages] = $5
	percents[$5] = 1
	if ($1 == "idle" && !(($4, $5) in kinds)) {
		kind[++points] = $4
		k[points] = $5
		kinds[$4, $5] = 1
	}
	if ($1 == "flood")
		flood = $5
}

END {
	title = "sustained, 8 KB, 10 connections"
	row("  messages delivered/s", "%.0f", "sustained", \
	    "S1,sustained,8,rate", 1)
	row("  CPU of the server, ms a message", "%.2f", "sustained", \
	    "S1,sustained,8,cpu_ms", 1)
	limit = get("limit,limit,,sustained,8,rate")
	if (limit > 0) {
		row("  percent of what disk and core allow", "%.0f", \
		    "sustained", "S1,sustained,8,rate", 100 / limit)
		printf "  (one process that writes, syncs, renames: %.0f/s," \
		    " %.2f ms)\n", limit, get("limit,limit,,sustained,8,cpu_ms")
	}
	row("  PSS after one message, MB", "%.1f", "sustained", \
	    "S1,one,1,pss_kb", 1 / 1024)
	row("  PSS at most, MB", "%.1f", "sustained", \
	    "S1,sustained,8,pss_kb", 1 / 1024)
	of_s1("sustained", "S2")
	sustained("sustained", "S2", "sustained, looking for viruses")

	for (s = 1; s <= 4; s++)
		scenario("S" s)

	title = "percent of invalid recipients: messages delivered/s"
	for (p = 1; p <= percentages; p++)
		row("  " percent[p], "%.0f", "goodput", \
		    "S1,invalid," percent[p] ",goodput", 1)
	title = "percent of invalid recipients: connections handled/s"
	for (p = 1; p <= percentages; p++)
		row("  " percent[p], "%.0f", "goodput", \
		    "S1,invalid," percent[p] ",total", 1)
	title = "CPU of the server, ms"
	row("  a message of 8 KB delivered", "%.3f", "goodput", \
	    "S1,invalid,0,cpu_ms", 1)
	row("  a connection with one refused", "%.3f", "goodput", \
	    "S1,invalid,100,cpu_ms", 1)
	row("  a recipient refused, of eight on one", "%.3f", "goodput", \
	    "S1,kept,8,cpu_ms", 1)
	row("  percent of its core, all refused", "%.0f", "goodput", \
	    "S1,invalid,100,cpu_percent", 1)
	bare = "goodput,bare,S1,invalid,100,"
	if ((bare "total") in value)
		printf "  (a loop that understands nothing: %.0f/s, %.3f ms," \
		    " %.0f percent)\n", get(bare "total"), \
		    get(bare "cpu_ms"), get(bare "cpu_percent")

	for (p = 1; p <= points; p++)
		idle(kind[p], k[p], kind[p] == "idle" ? "say nothing" : "drip")

	title = flood " connections at once; another address sends meanwhile"
	row("  of the burst, told that there is nobody", "%.0f", "flood", \
	    "S1,flood," flood ",answered", 1)
	row("  until the last of them, s", "%.2f", "flood", \
	    "S1,flood," flood ",seconds", 1)
	row("  the other one's messages", "%.0f", "flood", \
	    "S1,flood," flood ",sent", 1)
	row("  of these, not taken", "%.0f", "flood", \
	    "S1,flood," flood ",not_taken", 1)
	row("  their mean delay, ms", "%.1f", "flood", \
	    "S1,flood," flood ",delay_ms", 1)
	row("  their greeting, p99, ms", "%.1f", "flood", \
	    "S1,flood," flood ",greeting_p99_ms", 1)

	columns("pimail postfix postfix-rspamd")
	spam("S1", "not looking for spam")
	spam("S3", "looking for spam")
	spam("S4", "looking for viruses and spam")

	columns(engines)
	scan("small")
	scan("large")
}
