"""A table as Markdown, and as TeX with the rules of the booktabs package."""

from emospeech.report.forms import MISSING
from emospeech.report.layout import arrange

TEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": "$<$",
    ">": "$>$",
    "|": "$|$",
    "\N{GREEK SMALL LETTER RHO}": r"$\rho$",
    "\N{NO-BREAK SPACE}": "~",
    MISSING: "--",
}


def escape_tex(text):
    """`text` such that TeX prints it as it stands, character by character."""
    return "".join(TEX.get(letter, letter) for letter in text)


def escape_markdown(text):
    """`text` such that it stays in its cell of a Markdown table and is not read as markup."""
    for letter in "\\|*_`<":
        text = text.replace(letter, f"\\{letter}")
    return text.replace("\n", " ")


def to_markdown(frame):
    """The table as a pipe table; Markdown has one line of heads, so a group precedes its label."""
    from tabulate import tabulate  # here, since only the tables in Markdown need it

    layout = arrange(frame)
    head = [f"{h.group}: {h.label}" if h.group else h.label for h in layout.headings]
    lines = [[escape_markdown(text) for text in row] for row in (head, *layout.rows)]
    sides = ["right" if heading.numeric else "left" for heading in layout.headings]
    table = tabulate(lines, "firstrow", "pipe", disable_numparse=True, colalign=sides)
    return f"{table}\n"


def to_tex(frame):
    """The table as a tabular for \\input, in need of booktabs; texts are escaped."""
    layout = arrange(frame)
    columns = "".join("r" if heading.numeric else "l" for heading in layout.headings)
    lines = [rf"\begin{{tabular}}{{{columns}}}", r"\toprule"]
    if layout.grouped:
        lines += _tex_groups(layout.groups)
    lines += [_tex_line([escape_tex(h.label) for h in layout.headings]), r"\midrule"]
    for row in layout.rows:
        cells = zip(layout.headings, row, strict=True)
        lines.append(_tex_line([_tex_cell(text, heading.numeric) for heading, text in cells]))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _tex_groups(groups):
    titles, rules, start = [], [], 1
    for title, width in groups:
        if title:
            titles.append(rf"\multicolumn{{{width}}}{{c}}{{{escape_tex(title)}}}")
            rules.append(rf"\cmidrule(lr){{{start}-{start + width - 1}}}")
        else:
            titles += [""] * width
        start += width
    return [_tex_line(titles), "".join(rules)]


def _tex_line(cells):
    return " & ".join(cells) + r" \\"


def _tex_cell(text, numeric):
    # A hyphen in a number is a minus, which TeX sets as one in mathematics only.
    escaped = escape_tex(text)
    return escaped.replace("-", "$-$") if numeric and text != MISSING else escaped
