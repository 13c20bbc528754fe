#!/usr/bin/python3
"""Proposes scores for rules from what they hit.

    fit.py [-x] [-w] SCORES LABEL:HITS ...

SCORES is a file of rules (share/rules/90_scores.cf).  Its lines
    score NAME 1.2 # at most 2
are those that may be changed: between 0 and that limit, which may be negative.
All other lines stay as they are, and so do the rules that they are about.
HITS is what t/tool/hits prints, LABEL ham or spam.  Each table counts the same,
however many messages it has.  One should be of the letters in wanted/: corpora
have few of shops, banks and services, and the newest of those are old.
All scores must not be 0 when hits are made; rules that end with 0 are to be
taken out, or made sub-rules.

What is looked for: scores with which spam reaches 5 points and ham does not, one
rule after the other.  Spam costs as in logistic regression.  Ham costs nothing
below 4 points, from there on the square of what is above; and that weighs as
much as is needed to have at most one wrong in 1,000.  (Were it to cost as spam
does, rules that letters of shops have, too, would get no points at all.)

-x  fits one half and judges the other, both ways: how it does with strangers
-w  writes SCORES
"""

import collections
import math
import re
import sys

REQUIRED = 5.0
WIDTH = 1.0  # points in which spam goes over into what costs nothing
MARGIN = 1.0  # points below REQUIRED from which on ham costs
ROUNDS = 60
STIFFNESS = 2.0  # how much a point costs that does little
HAM_WRONG = 0.001
RESERVE = 0.5  # points below REQUIRED at which ham that fits is wrong, as ham
               # that is not known yet scores higher
HAM_WEIGHTS = [2 ** i for i in range(11)]
FREE = re.compile(
    r"^score\s+(\w+)\s+(-?[\d.]+)\s*#\s*at most (-?[\d.]+)\s*$")
FIXED = re.compile(r"^score\s+(\w+)\s+(-?[\d.]+)")

Message = collections.namedtuple("Message", "spam table name hits points")


def read_scores(path):
    """The lines, scores by name, and limits of those that are free."""
    lines, scores, limits = [], {}, {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            lines.append(line)
            if free := FREE.match(line):
                limits[free[1]] = float(free[3])
            if fixed := FIXED.match(line):
                scores[fixed[1]] = float(fixed[2])
    return lines, scores, limits


def read_hits(argument, scores, limits):
    """The messages of a table: which free rules, and points of others."""
    label, path = argument.split(":", 1)
    messages = []
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            fields = line.rstrip("\n").split("\t")
            points, hits = 0.0, []
            for item in fields[2].split(",") if len(fields) > 2 else []:
                name, _, value = item.rpartition("=")
                if name in limits:
                    hits.append(name)
                elif name:
                    points += scores.get(name, float(value))
            messages.append(
                Message(label == "spam", path, fields[0], hits, points))
    return messages


def sums(messages, scores):
    return [m.points + sum(scores[name] for name in m.hits) for m in messages]


def fit(messages, limits, ham_weight):
    """Scores between 0 and their limits, by Newton's method for each."""
    sizes = collections.Counter(m.table for m in messages)
    weights = [(1 if m.spam else ham_weight) * 1000 / sizes[m.table]
               for m in messages]
    where = collections.defaultdict(list)
    for i, message in enumerate(messages):
        for name in message.hits:
            where[name].append(i)
    scores = {name: 0.0 for name in limits}
    total = sums(messages, scores)
    for _ in range(ROUNDS):
        moved = 0.0
        for name, indexes in where.items():
            slope, bend = STIFFNESS * scores[name], STIFFNESS
            for i in indexes:
                if messages[i].spam:
                    x = (total[i] - REQUIRED) / WIDTH
                    p = 1 / (1 + math.exp(min(30, max(-30, x))))
                    slope -= weights[i] * p / WIDTH
                    bend += weights[i] * p * (1 - p) / WIDTH ** 2
                elif total[i] > REQUIRED - MARGIN:
                    slope += weights[i] * (total[i] - REQUIRED + MARGIN)
                    bend += weights[i]
            low, high = sorted((0.0, limits[name]))
            step = max(-0.5, min(0.5, slope / bend))
            new = max(low, min(high, scores[name] - step))
            step = new - scores[name]
            if step != 0:
                scores[name] = new
                moved = max(moved, abs(step))
                for i in indexes:
                    total[i] += step
        if moved < 0.01:
            break
    return {name: round(score, 1) for name, score in scores.items()}


def judge(messages, scores, required=REQUIRED):
    """For each table: messages, and how many have so many points."""
    count = collections.defaultdict(lambda: [0, 0])
    for message, points in zip(messages, sums(messages, scores)):
        count[message.table][0] += 1
        count[message.table][1] += points >= required - 1e-6
    return count


def wrong_ham(messages, scores):
    """The share of ham that is taken for spam, in the worst table."""
    tables = {m.table for m in messages if not m.spam}
    return max((wrong / size for table, (size, wrong)
                in judge(messages, scores, REQUIRED - RESERVE).items()
                if table in tables),
               default=0)


def best(messages, limits):
    for ham_weight in HAM_WEIGHTS:
        scores = fit(messages, limits, ham_weight)
        if wrong_ham(messages, scores) <= HAM_WRONG:
            break
    return scores, ham_weight


def report(title, count):
    print(title)
    for table, (size, reached) in sorted(count.items()):
        print(f"  {table}: {reached} of {size} ({100 * reached / size:.2f} %)")


def crossed(messages, limits):
    """Two halves by name, each judged with the scores of the other."""
    halves = [[], []]
    for message in messages:
        halves[sum(message.name.encode()) % 2].append(message)
    count = collections.defaultdict(lambda: [0, 0])
    for i in (0, 1):
        scores, _ = best(halves[i], limits)
        for table, (size, reached) in judge(halves[1 - i], scores).items():
            count[table][0] += size
            count[table][1] += reached
    return count


def write(path, lines, scores):
    with open(path, "w", encoding="utf-8") as file:
        for line in lines:
            free = FREE.match(line)
            if free and free[1] in scores:
                line = (f"score    {free[1]} {scores[free[1]]:g} "
                        f"# at most {free[3]}\n")
            file.write(line)


def main(args):
    options = [arg for arg in args if arg.startswith("-")]
    args = [arg for arg in args if not arg.startswith("-")]
    if len(args) < 2 or set(options) - {"-x", "-w"}:
        sys.exit(__doc__)
    lines, scores, limits = read_scores(args[0])
    messages = []
    for argument in args[1:]:
        messages += read_hits(argument, scores, limits)
    as_they_are = {name: scores[name] for name in limits}
    report("as they are", judge(messages, as_they_are))
    if "-x" in options:
        report("fitted on the other half", crossed(messages, limits))
    fitted, ham_weight = best(messages, limits)
    report(f"fitted (ham weighs {ham_weight})", judge(messages, fitted))
    if "-w" in options:
        write(args[0], lines, fitted)


if __name__ == "__main__":
    main(sys.argv[1:])
