# What all drawings share.
set encoding utf8
unset key
set ylabel offset 1, 0
set datafile missing '?'
set style fill solid
set grid ytics lc rgb '#dddddd'
set border 3
set tics nomirror out
set format y '%.10g'
set termoption noenhanced

colour(s) = s eq 'pimail' ? 0x0072b2 : s eq 'pimail-inetd' ? 0x56b4e9 : \
    s eq 'postfix' ? 0xd55e00 : s eq 'postfix-rspamd' ? 0x8c564b : \
    s eq 'postscreen' ? 0xe69f00 : s eq 'opensmtpd' ? 0x009e73 : \
    s eq 'exim' ? 0xcc79a7 : s eq 'paper' ? 0xaaaaaa : 0x000000

# where the ith of n bars of a row stands, each w wide
at(row, i) = row + (i - (n + 1) / 2.0) * w
short(v) = v >= 10 ? sprintf('%.0f', v) : sprintf('%.2g', v)
