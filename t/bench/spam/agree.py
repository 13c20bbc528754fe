#!/usr/bin/python3
"""How far two programs agree about messages.

    agree.py [-r N] [-c CAUSES] OURS ORACLE

Each file has a line a message: name, ..., rules with points as
"RULE=1.2,OTHER=3".  ORACLE is a table as the corpora hold it (file, label,
score, spam at 5, hits), OURS what t/tool/hits prints (file, score, hits).
-r N lists the N rules that differ most often, with their causes as far as the
file CAUSES knows them: lines of a rule (or a pattern) and what it comes from.
"""

import collections
import fnmatch
import sys


def read_causes(path):
    with open(path, encoding="utf-8") as lines:
        return [line.strip().split(None, 1) for line in lines
                if line.strip() and not line.startswith("#")]


def cause_of(rule, causes):
    return next((cause for pattern, cause in causes
                 if fnmatch.fnmatchcase(rule, pattern)), "")


def rules(text):
    found = {}
    for item in text.split(","):
        if "=" in item:
            name, points = item.rsplit("=", 1)
            found[name] = float(points)
    return found


def read(path, score_at, rules_at):
    table = {}
    with open(path, encoding="utf-8", errors="replace") as lines:
        for line in lines:
            fields = line.rstrip("\n").split("\t")
            if fields[0] == "file" or len(fields) <= score_at:
                continue
            hits = fields[rules_at] if len(fields) > rules_at else ""
            table[fields[0]] = (float(fields[score_at]), rules(hits))
    return table


def main(args):
    worst, causes = 0, []
    while args[:1] in (["-r"], ["-c"]):
        if args[0] == "-r":
            worst = int(args[1])
        else:
            causes = read_causes(args[1])
        args = args[2:]
    ours = read(args[0], 1, 2)
    oracle = read(args[1], 2, 4)
    both = sorted(set(ours) & set(oracle))
    if not both:
        sys.exit("no message in common")
    same = pairs = close = label = 0
    missed, extra = collections.Counter(), collections.Counter()
    where = {}
    for name in both:
        score, mine = ours[name]
        wanted, theirs = oracle[name]
        close += abs(score - wanted) <= 0.1001
        label += (score >= 5) == (wanted >= 5)
        for rule in set(mine) | set(theirs):
            pairs += 1
            if rule in mine and rule in theirs:
                same += 1
            elif rule in theirs:
                missed[rule] += 1
                where.setdefault("-" + rule, name)
            else:
                extra[rule] += 1
                where.setdefault("+" + rule, name)
    print(f"messages {len(both)}")
    print(f"pairs of message and rule {pairs}, the same {same}: "
          f"{100 * same / max(pairs, 1):.3f} %")
    print(f"same score within 0.1: {100 * close / len(both):.2f} %")
    print(f"same side of 5: {100 * label / len(both):.2f} %")
    total = missed + extra
    for rule, _ in total.most_common(worst):
        name = where.get("-" + rule) or where["+" + rule]
        print(f"  {rule}: missed {missed[rule]}, too many {extra[rule]},"
              f" as in {name}: {cause_of(rule, causes) or 'unknown'}")


main(sys.argv[1:])
