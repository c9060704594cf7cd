"""Compares what a page prints with what a command printed, and renews the page."""
import re

# Numbers that differ from call to call. Each is replaced by the word before both sides are compared.
MASKS = [
    (re.compile(r"\d+(\.\d+)? (s|ms|min|h)\b"), "TIME"),
    (re.compile(r"\d+(\.\d+)? [kMG]?B/s"), "RATE"),
    (re.compile(r"RATE +\d+(\.\d+)? [kMG]?B\b"), "RATE MEMORY"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "DATE"),
    (re.compile(r"\b\d\d:\d\d(:\d\d)?\b"), "CLOCK"),
    (re.compile(r"(/var)?/tmp/[\w./-]+"), "PATH"),
]
NUMBER = re.compile(r"\d+(\.\d+)?(e[+-]?\d+)?")


def masked(line):
    for pattern, word in MASKS:
        line = pattern.sub(word, line)
    return re.sub(r" +", " ", line.rstrip())


def pattern(line, also=lambda text: text):
    """A regular expression for a line of a page, in which `...` is any text."""
    return re.compile(".*".join(re.escape(also(part)) for part in masked(line).split("...")))


def same(expected, actual):
    """Whether a line of the page and a printed line match. Sizes and ratios may be one unit of their last digit or 1 % off,
    because file times are stored too, and a checkout or a copy has others."""
    if pattern(expected).fullmatch(masked(actual)):
        return True
    one, other = masked(expected), masked(actual)
    if "..." in one or NUMBER.sub("#", one) != NUMBER.sub("#", other):
        return False
    return all(close(first.group(), second.group(), one[first.end():])
               for first, second in zip(NUMBER.finditer(one), NUMBER.finditer(other)))


def close(first, second, after):
    if first == second:
        return True
    if "." not in first and len(first) < 5 and not re.match(r" ?([kMG]?B|x|%)(\W|$)", after):
        return False                                       # counts are exact
    digits = len(first.partition(".")[2])
    return abs(float(first) - float(second)) <= max(1.01 * 10 ** -digits if digits else 0, 0.01 * abs(float(first)))


def matches(expected, actual):
    """Whether all lines match, with `...` lines for any number of lines."""
    if not expected:
        return not actual
    if expected[0].strip() == "...":
        return any(matches(expected[1:], actual[skip:]) for skip in range(len(actual) + 1))
    return bool(actual) and same(expected[0], actual[0]) and matches(expected[1:], actual[1:])


def blurred(text):
    """The text without its numbers and without what units they have."""
    return re.sub(r"#(\s?([kMG]?B|x|%))?", "#", NUMBER.sub("#", text))


def renewed(expected, actual):
    """The page's lines as they would be now, if each line without `...` can be found again by its words; else None."""
    if "..." not in "".join(expected):
        return actual
    result, position = [], 0
    for line in expected:
        if "..." in line:
            result.append(line)
            continue
        wanted = pattern(line, blurred)
        while position < len(actual) and not wanted.fullmatch(blurred(masked(actual[position]))):
            position += 1
        if position == len(actual):
            return None
        result.append(actual[position])
        position += 1
    return result if matches(result, actual) else None


def difference(expected, actual):
    """Both sides, with a mark where a line of the page has no line that matches."""
    lines = [("  " if line.strip() == "..." or any(same(line, other) for other in actual) else "- ") + line
             for line in expected]
    shown = [line for line in expected if line.strip() != "..."]
    lines.append("  -- printed now:")
    lines += [("  " if any(same(one, line) for one in shown) else "+ ") + line for line in actual]
    return "\n".join("    " + line for line in lines)
