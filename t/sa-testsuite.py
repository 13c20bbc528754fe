#!/usr/bin/python3
"""sa-testsuite: what SpamAssassin's own tests expect, asked of spam-score.

	sa-testsuite.py SPAM-SCORE TESTSUITE RULES

TESTSUITE is a directory with expectations.json (for each of SpamAssassin's
t/*.t in order: rules, command lines, what its report must and must not say), t/
with their messages and t.rules/ with messages for single rules of the stock
set, which is RULES.  A line for each rule that is not as expected; at the end
what is known to differ, what was left out and why, and how many were checked.
"""
import collections
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

# Tests of other things than what rules hit.
LEFT_OUT = {
    "autolearn": "its learner",
    "bayes": "its learner",
    "txrep": "its reputation",
    "awl": "its reputation",
    "based_w": "its reputation",
    "welcomelist_addrs": "its reputation",
    "whitelist_addrs": "its reputation",
    "_lint": "its way of checking rules",
    "config_errs": "its way of checking rules",
    "spamd": "its server",
    "spamc": "its server",
    "report": "the form of its report",
    "desc_wrap": "the form of its report",
    "prefs_include": "the form of its report",
    "strip": "the form of its report",
    "line_endings": "the form of its report",
    "sa_compile": "its compiler",
    "authres": "lines of its debugging",
    "debug": "lines of its debugging",
    "get_all_headers": "a plugin of the test itself",
    "metadata": "a plugin of the test itself",
    "plugin": "a plugin of the test itself",
    "if_can": "a plugin of the test itself",
    "tainted_msg": "a plugin of the test itself",
    "shortcircuit": "short circuits: all rules are run",
    "relaycountry": "networks of countries",
    "urilocalbl": "networks of countries",
    "extracttext": "other programs",
    "phishing": "lists of addresses in files",
    "hashbl": "the network",
    "arc": "signatures",
    "dmarc": "the network",
    "spf": "the network",
    "uridetail": "rules that are not told",
    "recursion": "a message that the test writes itself",
    "rule_names": "a message that the test writes itself",
}

# Rules that do not hit here, and why.
DIFFERENT = {
    ("t/decodeshorturl.t", "HAS_SHORT_URL"): "shorteners are not known",
    ("t/regexp_named_capture.t", "TEST_CAPTURE_5"):
        "fields X-Spam-* are taken off before a message is looked at",
    ("t/rule_multiple.t", "META_EVAL_RULE"): "a plugin of the test itself",
}

Command = collections.namedtuple("Command", "test rules message want never")


class Unknown(Exception):
    """Something that only Perl would know."""


def unquote(text):
    """The value of a literal of Perl."""
    text = text.strip()
    if re.fullmatch(r"qq?\{.*\}", text, re.S):
        inner = text[text.index("{") + 1:-1]
        text = ('"' if text.startswith("qq") else "'") + inner + "'"
    elif not re.fullmatch(r"'.*'|\".*\"", text, re.S):
        raise Unknown("code in its rules")
    inner = text[1:-1]
    if text[0] == "'":
        return re.sub(r"\\([\\'{}])", r"\1", inner)
    if re.search(r"(?<!\\)[$@][A-Za-z_{]", inner):
        raise Unknown("code in its rules")
    names = {"n": "\n", "t": "\t"}
    return re.sub(r"\\(.)", lambda m: names.get(m[1], m[1]), inner)


def names_of(patterns):
    """{name: points or None} of patterns like q{ 1.0 NAME }; the others are
    about the text of the report."""
    names = {}
    for pattern, _ in patterns:
        found = re.fullmatch(
            r"(?:q\{|')\s*(?:(-?[0-9.]+) )?([A-Z_][A-Z0-9_]+)\s*(?:\}|')",
            pattern)
        if found:
            names[found[2]] = float(found[1]) if found[1] else None
    return names


def commands_of(test):
    """All commands of a test, each with the state of that moment."""
    rules = {"tstpre": "", "tstlocalrules": "", "tstprefs": ""}
    want, never = {}, {}
    for event in test["events"]:
        for kind, value in event.items():
            if kind in rules:
                try:
                    rules[kind] = unquote(value)
                except Unknown as error:
                    rules[kind] = error
            elif kind == "patterns":
                want = names_of(value)
            elif kind == "anti_patterns":
                never = names_of(value)
            elif kind == "sarun":
                yield command_of(test["test"], value, rules, want, never)


def command_of(name, line, rules, want, never):
    """A command, or why it is none of ours."""
    for word, why in LEFT_OUT.items():
        if word in name:
            return why
    if not re.search(r'(^|\s|")-L\b', line):
        return "the network"
    for value in rules.values():
        if isinstance(value, Unknown):
            return str(value)
    if not want and not never:
        return "nothing about rules"
    message = re.search(r"< (?:\$cwd/)?(data/\S+?)[\s\"]", line)
    if message is None:
        return "a message that the test writes itself"
    text = dict(rules)
    for setting in re.findall(r"--cf='(.*?)'", line):
        text["tstprefs"] += setting + "\n"
    if "normalize_charset 0" in text["tstprefs"]:
        return "charsets that are not converted"
    return Command(name, text, message[1], want, never)


def hits_of(program, rules, message):
    """{name: points} of the rules that hit a message."""
    run = subprocess.run(
        [program, "-v", "-c", rules, "-m", "none", "-o", "reputation=none",
         "-r", "9999999", message], stdout=subprocess.PIPE, check=False)
    if run.returncode not in (0, 99):
        sys.exit(f"{message}: spam-score has ended with {run.returncode}")
    lines = run.stdout.decode("utf-8", "replace").splitlines()
    return {words[1]: float(words[0])
            for words in (line.split() for line in lines[1:])
            if len(words) > 1}


def differences(hits, want, never):
    """(rule, what is not as expected)."""
    for name, points in want.items():
        if name not in hits:
            yield name, "no " + name
        elif points is not None and abs(hits[name] - points) > 0.06:
            yield name, f"{name} has {hits[name]}, not {points}"
    for name in never:
        if name in hits:
            yield name, "has " + name


class Checker:
    """Counts, and tells what differs."""

    def __init__(self, program):
        self.program = program
        self.commands = 0
        self.rules = 0
        self.failed = 0
        self.left_out = collections.Counter()
        self.different = set()

    def check(self, test, label, rules, message, want, never):
        self.commands += 1
        self.rules += len(want) + len(never)
        hits = hits_of(self.program, rules, message)
        for name, what in differences(hits, want, never):
            if (test, name) in DIFFERENT:
                self.different.add((test, name))
            else:
                self.failed += 1
                print(f"{label}: {what}")

    def report(self):
        """True if all is as it should be."""
        for key in DIFFERENT.keys() - self.different:
            self.failed += 1
            print("%s: %s does not differ" % key)
        for key in sorted(self.different):
            print("different: %s, %s: %s" % (*key, DIFFERENT[key]))
        for why, count in self.left_out.most_common():
            print(f"left out: {count} {why}")
        print(f"{self.commands} commands with {self.rules} rules, "
              f"{self.failed} failed")
        return self.failed == 0


def check_tests(checker, suite, scratch):
    """All of t/*.t."""
    base = suite / "t" / "data" / "01_test_rules"
    counts = collections.Counter()
    for test in json.loads((suite / "expectations.json").read_bytes()):
        for command in commands_of(test):
            if isinstance(command, str):
                checker.left_out[command] += 1
                continue
            message = suite / "t" / command.message
            if not message.is_file():
                checker.left_out["a message that is not there"] += 1
                continue
            counts[command.test] += 1
            rules = scratch / "test" / f"{checker.commands}"
            rules.mkdir(parents=True)
            for suffix in (".cf", ".pre"):
                text = base.with_suffix(suffix).read_bytes()
                (rules / ("01_test" + suffix)).write_bytes(text)
            (rules / "98_test.pre").write_text(command.rules["tstpre"])
            (rules / "98_test.cf").write_text(command.rules["tstlocalrules"])
            (rules / "99_prefs.cf").write_text(command.rules["tstprefs"])
            label = f"{command.test} {counts[command.test]}"
            checker.check(command.test, label, rules, message, command.want,
                          command.never)


def check_stock(checker, suite, stock, scratch):
    """t.rules/NAME/FILE: the rule of that name hits the file, unless its name
    begins with "fp".  FILE.cf are rules for it."""
    known = {name for path in stock.glob("*.cf")
             for name in re.findall(r"^\s*(?:header|\w*body|full|uri|meta)\s+"
                                    r"(\w+)", path.read_text("latin-1"), re.M)}
    for message in sorted((suite / "t.rules").glob("*/*")):
        name = message.parent.name
        if message.suffix == ".cf":
            continue
        if name not in known:
            checker.left_out["a rule that is no more"] += 1
            continue
        rules = scratch / "stock" / name / message.name
        rules.mkdir(parents=True)
        for path in stock.glob("*.*"):
            os.symlink(path, rules / path.name)
        extra = message.with_name(message.name + ".cf")
        if extra.is_file():
            os.symlink(extra, rules / "99_extra.cf")
        false_positive = message.name.startswith("fp")
        label = f"t.rules/{name}/{message.name}"
        checker.check(label, label, rules, message,
                      {} if false_positive else {name: None},
                      {name: None} if false_positive else {})


def main():
    program, suite, stock = sys.argv[1:]
    suite, stock = pathlib.Path(suite), pathlib.Path(stock)
    checker = Checker(program)
    with tempfile.TemporaryDirectory() as scratch:
        check_tests(checker, suite, pathlib.Path(scratch))
        check_stock(checker, suite, stock, pathlib.Path(scratch))
    return 0 if checker.report() else 1


sys.exit(main())
