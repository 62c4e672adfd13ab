"""Words and numbers, alone and in tables, for a terminal and for Markdown."""

from dataclasses import dataclass

from speechrnn.text import printable

# what Markdown would take for its own; a file may be named anything
_MARKUP = str.maketrans({character: f"\\{character}" for character in "\\`*_{}[]<>#|~"})


@dataclass(frozen=True, slots=True)
class Table:
    """A table whose first column is a name and whose others are numbers or short words.

    Attributes
    ----------
    header : tuple of str
        One a column.
    rows : tuple of tuple of str
        As long as the header.
    """

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def text_table(table: Table) -> str:
    """Align a table for a terminal: names to the left, everything else to the right.

    Parameters
    ----------
    table : Table
        What to show.

    Returns
    -------
    str
        Lines without a newline at the end.

    Examples
    --------
    >>> print(text_table(Table(("label", "clips"), (("six", "3"), ("seven", "120")))))
    label  clips
    six        3
    seven    120
    """
    lines = [tuple(printable(cell) for cell in line) for line in (table.header, *table.rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]

    def align(line: tuple[str, ...]) -> str:
        name, *others = (
            cell.rjust(width) if i else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        return "  ".join([name, *others]).rstrip()

    return "\n".join(map(align, lines))


def markdown_table(table: Table) -> str:
    r"""Write a table as GitHub's Markdown.

    Parameters
    ----------
    table : Table
        What to show.

    Returns
    -------
    str
        Lines without a newline at the end.

    Examples
    --------
    >>> print(markdown_table(Table(("label", "clips"), (("a|b", "3"),))))
    | label | clips |
    | :--- | ---: |
    | a\|b | 3 |
    """
    rule = (":---", *["---:"] * (len(table.header) - 1))
    lines = [[markdown(cell) for cell in table.header], rule, *[[markdown(cell) for cell in row] for row in table.rows]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def markdown(text: str) -> str:
    r"""Escape a text so that Markdown shows it as it is.

    Parameters
    ----------
    text : str
        Anything.

    Returns
    -------
    str
        One line.

    Examples
    --------
    >>> print(markdown("6_theo_0.wav"))
    6\_theo\_0.wav
    """
    return printable(text).translate(_MARKUP)


def percent(share: float) -> str:
    """Say a share in percent.

    Parameters
    ----------
    share : float
        Mostly 0 to 1.

    Returns
    -------
    str
        With one decimal.

    Examples
    --------
    >>> percent(0.985)
    '98.5 %'
    """
    return f"{100 * share:.1f} %"
