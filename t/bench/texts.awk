# Writes messages BASE1 to BASEcount, all different, of the words in its input:
# text up to 100 KB, and an attachment of octets of nothing in larger ones.

function random(n) {
	return int(rand() * n) + 1
}

# Lines of width octets at least, until there are size octets.
function body(file, list, n, space, width,    line, left) {
	for (left = size; left > 0; left -= length(line) + 1) {
		line = ""
		while (length(line) < width)
			line = line list[random(n)] space
		print line >file
	}
}

function message(file) {
	printf "From: <load@example.net>\nTo: <talktome@carol.example>\n" \
	    "Subject: %d\nMIME-Version: 1.0\n", rand() * 1e9 >file
	if (size <= 102400) {
		print "Content-Type: text/plain\n" >file
		body(file, word, words, " ", 65)
	} else {
		print "Content-Type: application/octet-stream; name=data\n" \
		    "Content-Transfer-Encoding: base64\n" >file
		body(file, pair, 4096, "", 76)
	}
	close(file)
}

{
	for (i = 1; i <= NF; i++)
		word[++words] = $i
}

END {
	srand(size)
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" \
	    "0123456789+/"
	for (i = 0; i < 4096; i++)
		pair[i + 1] = substr(letters, int(i / 64) + 1, 1) \
		    substr(letters, i % 64 + 1, 1)
	for (i = 1; i <= count; i++)
		message(base i)
}
