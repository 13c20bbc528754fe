# Medians of bench.csv over the runs: part,server,scenario,load,x,metric,value.
# Of series there is the first run only: seconds are not the same in each.

function median(key,    n, i, j, v, list) {
	n = count[key]
	for (i = 1; i <= n; i++) {
		v = value[key, i]
		for (j = i - 1; j > 0 && list[j] > v; j--)
			list[j + 1] = list[j]
		list[j + 1] = v
	}
	return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

BEGIN {
	FS = ","
}

NR > 1 && !($5 == "series" && $1 > 1) {
	key = $2 "," $3 "," $4 "," $5 "," $6 "," $7
	if (!(key in count))
		name[++keys] = key
	value[key, ++count[key]] = $8 + 0
}

END {
	for (k = 1; k <= keys; k++)
		print name[k] "," median(name[k])
}
