"""Checks the relative links of all Markdown files of the repository: files, directories and anchors."""
import os
import re
import subprocess
import urllib.parse

LINK = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
HTML = re.compile(r"(?:src|href|srcset)=\"([^\"]+)\"")
NAMED = re.compile(r"`((?:Docs/|\.\./)?[\w./-]*\w\.md)`")
# Documents that other work adds: links to them are no failure as long as this lists them.
PENDING = set()
OUTSIDE = re.compile(r"^[a-z][a-z0-9+.-]*:")


def documents(root):
    listed = subprocess.run(["git", "ls-files", "-co", "--exclude-standard", "*.md"], cwd=root, stdout=subprocess.PIPE,
                            text=True, check=True).stdout.split("\n")
    return sorted(name for name in listed if name and os.path.exists(os.path.join(root, name)))


def prose(text):
    """The text without fenced and indented blocks and without code spans."""
    text = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    return re.sub(r"`[^`\n]*`", "``", text)


def anchors(text):
    """The anchors of a page's headings, as GitHub makes them."""
    found, counts = set(), {}
    for line in re.sub(r"^```.*?^```", "", text, flags=re.M | re.S).split("\n"):
        if match := re.match(r"#{1,6}\s+(.*?)\s*#*$", line):
            title = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match[1])
            slug = re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")
            number = counts.get(slug, 0)
            counts[slug] = number + 1
            found.add(f"{slug}-{number}" if number else slug)
    return found | set(re.findall(r"<a (?:id|name)=\"([^\"]+)\"", text))


def check(root):
    """(number of links, what is dead, documents of PENDING that are linked and missing)"""
    texts = {name: open(os.path.join(root, name), encoding="utf-8").read() for name in documents(root)}
    checked, dead, pending = 0, [], set()
    for name, text in texts.items():
        folder = os.path.dirname(name)
        targets = LINK.findall(prose(text)) + HTML.findall(prose(text))
        for target in targets:
            if OUTSIDE.match(target):
                continue
            checked += 1
            path, _, anchor = urllib.parse.unquote(target).partition("#")
            path = os.path.normpath(os.path.join(folder, path)) if path else name
            if not os.path.exists(os.path.join(root, path)) and path in PENDING:
                pending.add(path)
            elif not os.path.exists(os.path.join(root, path)):
                dead.append(f"{name}: the link {target} leads to nothing")
            elif anchor and path.endswith(".md"):
                other = texts.get(path) or open(os.path.join(root, path), encoding="utf-8").read()
                if anchor not in anchors(other):
                    dead.append(f"{name}: {path} has no heading for #{anchor}")
        # Documents that are named without a link.
        for target in NAMED.findall(text):
            checked += 1
            places = [os.path.join(folder, target), target, os.path.join("Docs", target)]
            if not any(os.path.exists(os.path.join(root, os.path.normpath(place))) for place in places):
                dead.append(f"{name}: there is no document {target}")
    return checked, dead, sorted(pending)
