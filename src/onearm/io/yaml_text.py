"""Plain values as the text of a YAML file that ``onearm.io.yaml`` reads back.

Texts of several lines stand as literal blocks, short mappings on one line.
Comments come first. Knows no section of a protocol.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from io import StringIO
from typing import Any

WIDTH = 96
_SHORT = 80


def yaml_text(values: dict[str, object], comments: Sequence[str] = ()) -> str:
    """Return values as YAML 1.2.

    ``values`` holds mappings, lists, texts, numbers and truth values; a letter
    that cannot stand in YAML as it is stands escaped.

    Examples
    --------
    >>> print(yaml_text({"study": {"id": "X-1", "phase": "II"}}, ["A draft."]), end="")
    # A draft.
    study: {id: X-1, phase: II}
    """
    from ruamel.yaml import YAML

    writer = YAML(pure=True)
    writer.width = WIDTH
    writer.allow_unicode = True
    writer.indent(mapping=2, sequence=4, offset=2)
    out = StringIO()
    for number, (key, value) in enumerate(values.items()):
        out.write("\n" if number and isinstance(value, dict | list) else "")
        writer.dump({key: _styled(value)}, out)
    head = "".join(f"# {_one_line(comment)}\n" for comment in comments)
    return head + re.sub(r" +$", "", out.getvalue(), flags=re.MULTILINE)


def _one_line(comment: str) -> str:
    words = " ".join(comment.split())
    return "".join(letter if letter.isprintable() else "?" for letter in words)


def _styled(value: object) -> Any:
    from ruamel.yaml.comments import CommentedMap, CommentedSeq
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString, LiteralScalarString

    if isinstance(value, str):
        if not all(letter.isprintable() or letter == "\n" for letter in value):
            return DoubleQuotedScalarString(value)
        lines = value.split("\n")
        is_plain = not any(line != line.rstrip() for line in lines) and not value[:1].isspace()
        return LiteralScalarString(value) if len(lines) > 1 and is_plain else value
    if isinstance(value, dict):
        made: CommentedMap | CommentedSeq = CommentedMap(
            (key, _styled(inner)) for key, inner in value.items()
        )
    elif isinstance(value, list):
        made = CommentedSeq(_styled(inner) for inner in value)
    else:
        return value
    if _is_flat(value) and len(str(value)) <= _SHORT:
        made.fa.set_flow_style()
    return made


def _is_flat(value: dict[str, object] | list[object]) -> bool:
    inside = value.values() if isinstance(value, dict) else value
    return all(not isinstance(one, dict | list) and "\n" not in str(one) for one in inside)
