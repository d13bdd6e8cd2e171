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
    layout = arrange(frame)
    head = [f"{h.group}: {h.label}" if h.group else h.label for h in layout.headings]
    lines = [[escape_markdown(text) for text in row] for row in (head, *layout.rows)]
    widths = [max(3, *map(len, column)) for column in zip(*lines, strict=True)]
    right = [heading.numeric for heading in layout.headings]
    rule = [
        "-" * (width - 1) + ":" if numeric else "-" * width
        for width, numeric in zip(widths, right, strict=True)
    ]
    lines.insert(1, rule)
    return "".join(_pipes(line, widths, right) for line in lines)


def _pipes(line, widths, right):
    cells = [
        text.rjust(width) if numeric else text.ljust(width)
        for text, width, numeric in zip(line, widths, right, strict=True)
    ]
    return f"| {' | '.join(cells)} |\n"


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
