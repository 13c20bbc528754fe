# A table of lines "corpus class rules|all score": how much ham is called spam,
# and how much spam is not.

{
	for (i = 0; i < 2; i++) {
		corpus = i ? "together" : $1
		if (!(corpus in seen) && !i)
			name[++names] = corpus
		seen[corpus] = 1
		count[corpus, $2, $3]++
		if (($4 >= 5) != ($2 == "spam"))
			wrong[corpus, $2, $3]++
	}
}

function share(corpus, class, who, scale, format,    n) {
	n = count[corpus, class, who]
	if (n == 0)
		return sprintf("%8s %8s", "-", "-")
	return sprintf("%8d " format, wrong[corpus, class, who], \
	    scale * wrong[corpus, class, who] / n)
}

END {
	printf "%-14s%-7s%8s%9s %8s%8s%9s %8s\n", "", "", "ham", "wrong", \
	    "of 1000", "spam", "missed", "percent"
	name[++names] = "together"
	for (i = 1; i <= names; i++)
		for (k = 0; k < 2; k++) {
			who = k ? "all" : "rules"
			printf "%-14s%-7s%8d %s%8d %s\n", k ? "" : name[i], \
			    who, count[name[i], "ham", who], \
			    share(name[i], "ham", who, 1000, "%8.2f"), \
			    count[name[i], "spam", who], \
			    share(name[i], "spam", who, 100, "%8.2f")
		}
}
