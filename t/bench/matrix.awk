# A matrix for gnuplot, from medians.csv and paper.csv: a column for each of
# servers, a row for each of rows ("label scenario load x", with ";" between),
# values times scale; a column without a value is left out.  The first line has
# the names of those that are left.

BEGIN {
	FS = ","
	columns = split(servers, server, " ")
	count = split(rows, row, ";")
}

$1 == part && $6 == metric {
	value[$2 " " $3 " " $4 " " $5] = $7 * scale
}

END {
	for (c = 1; c <= columns; c++)
		for (r = 1; r <= count; r++) {
			split(row[r], f, " ")
			at[r] = f[2] " " f[3] " " f[4]
			label[r] = f[1]
			if ((server[c] " " at[r]) in value)
				some[c] = 1
		}
	printf "x"
	for (c = 1; c <= columns; c++)
		if (c in some)
			printf " %s", server[c]
	print ""
	for (r = 1; r <= count; r++) {
		printf "%s", label[r]
		for (c = 1; c <= columns; c++)
			if (c in some)
				printf " %s", (server[c] " " at[r]) in value ? \
				    value[server[c] " " at[r]] : "?"
		print ""
	}
}
