# Rows of a table, from medians.csv, whose values are in value[]; columns() says
# whose.

# Who is in the columns from here on; the first row puts their names above it.
function columns(list, skip,    all, who, s) {
	new = 1
	count = 0
	all = split(list, who, " ")
	for (s = 1; s <= all; s++)
		if (who[s] != skip)
			name[++count] = who[s]
}

function heads(    s) {
	new = 0
	printf "\n%-44s", ""
	for (s = 1; s <= count; s++)
		printf "%13s", name[s] in shown ? shown[name[s]] : name[s]
	print ""
}

# One row: what is at "part,SERVER,where", times scale.
function row(label, format, part, where, scale,    s, line, key, some) {
	line = sprintf("%-44s", label)
	for (s = 1; s <= count; s++) {
		key = part "," name[s] "," where
		if (key in value)
			some = 1
		line = line sprintf("%13s", key in value ? \
		    sprintf(format, value[key] * scale) : "-")
	}
	if (some) {
		if (new)
			heads()
		if (title != "")
			print "\n" title
		title = ""
		print line
	}
}

function get(key) {
	return key in value ? value[key] : 0
}
