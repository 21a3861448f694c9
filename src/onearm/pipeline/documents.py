"""The report of a study in every format that was asked for.

Checks what was asked before anything is computed, and names the package that a
format misses. One document goes to all renderers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast, get_args

from onearm.errors import InputError, nearest
from onearm.format import ProfileName
from onearm.report.material import Material
from onearm.report.model import Column, Facts, Figure, Line, Table, phrase

if TYPE_CHECKING:
    from onearm.pipeline.run import Analysed
    from onearm.report.model import Document
    from onearm.report.outlines import Outline

PACKAGES = {  # what each format needs: the name that is imported
    "html": (),
    "pdf": ("typst", "matplotlib"),
    "docx": ("docx", "typst"),
    "rtf": ("rtflite", "polars"),
}
FORMATS = tuple(PACKAGES)
OUTLINES = ("paper", "csr")


@dataclass(frozen=True, slots=True)
class Plan:
    """Which documents are made, and how."""

    formats: tuple[str, ...]
    outline: Outline
    profile: ProfileName | None


def check_name(what: str, name: str, known: Sequence[str]) -> str:
    """Return a name that is known.

    Raises
    ------
    InputError
        If it is not, with the known ones.
    """
    if name not in known:
        raise InputError(
            f"{what} must be one of {', '.join(known)}; got {name!r}{nearest(name, known)}"
        )
    return name


def check_profile(name: str | None) -> ProfileName | None:
    """Return a format profile; raise InputError if there is none of the name."""
    if name is None:
        return None
    return cast("ProfileName", check_name("profile", name, get_args(ProfileName)))


def plan_of(formats: Sequence[str], outline: str, profile: str | None) -> Plan:
    """Return what was asked for, once it can be made.

    Raises
    ------
    InputError
        If a format, the outline or the profile is unknown, or a package is missing.
    """
    wanted = tuple(dict.fromkeys(name.strip() for name in formats))
    for name in wanted:
        check_name("format", name, FORMATS)
        missing = [one for one in PACKAGES[name] if find_spec(one) is None]
        if missing:
            raise InputError(
                f"the format {name} needs {', '.join(missing)}, which is not installed: "
                "pip install 'onearm[report]'"
            )
    return Plan(
        wanted, cast("Outline", check_name("outline", outline, OUTLINES)), check_profile(profile)
    )


def document_of(
    analysed: Analysed,
    material: Material,
    provenance: Mapping[str, object],
    plan: Plan,
    progress: Callable[[str], None] = lambda step: None,
) -> Document:
    """Return the report as one document, with the figures drawn."""
    from onearm.report.document import build_report

    about = dict(provenance)
    if origins := analysed.study.origins:
        words = ", ".join(sorted(origins)).lower()
        about = {"notice": f"Patient data: {words}. See SOURCE.md.", **about}
    return build_report(
        analysed.study.protocol,
        analysed.results,
        material,
        about,
        outline=plan.outline,
        profile=plan.profile,
        with_figures=find_spec("matplotlib") is not None,
        progress=progress,
    )


def documents(
    document: Document, plan: Plan, progress: Callable[[str], None]
) -> dict[str, str | bytes]:
    """Return the report by the name of its file, in each format."""
    files: dict[str, str | bytes] = {}
    for name in plan.formats:
        progress(f"writing the report as {name.upper()}")
        files |= _MAKERS[name](document)
    return files


def _html(document: Document) -> dict[str, str | bytes]:
    from onearm.report.html import render_html

    return {"report.html": render_html(document)}


def _pdf(document: Document) -> dict[str, str | bytes]:
    from onearm.report.pdf import render_pdf

    return {"report.pdf": render_pdf(document)}


def _docx(document: Document) -> dict[str, str | bytes]:
    from onearm.report.pdf import pictures_of
    from onearm.report.word import render_docx

    return {"report.docx": render_docx(document, pictures_of(_figures(document)))}


def _rtf(document: Document) -> dict[str, str | bytes]:
    """Return each table as a file, and in one all tables with methods and provenance."""
    from onearm.report.rtf import combined, encoded

    about = (document.study_id, document.foot)
    tables = {table.id: encoded(table, *about) for table in _tables(document)}
    facts = [
        encoded(_as_table(section.title, block), *about)
        for section in document.sections
        for block in section.blocks
        if isinstance(block, Facts)
    ]
    alone = {f"rtf/{name.removeprefix('table-')}.rtf": text for name, text in tables.items()}
    return {"report.rtf": combined([*tables.values(), *facts]),
            **{name: text.encode("ascii") for name, text in alone.items()}}  # fmt: skip


def _as_table(title: str, facts: Facts) -> Table:
    lines = tuple(Line(phrase(name), (phrase(text),)) for name, text in facts.items)
    columns = (Column("", None, is_text=True),)
    return Table("", "", title, "", "", columns, lines, is_quoted=True)


_MAKERS: dict[str, Callable[[Document], dict[str, str | bytes]]] = {
    "html": _html,
    "pdf": _pdf,
    "docx": _docx,
    "rtf": _rtf,
}


def _tables(document: Document) -> list[Table]:
    blocks = (block for section in document.sections for block in section.blocks)
    return [block for block in blocks if isinstance(block, Table)]


def _figures(document: Document) -> list[Figure]:
    blocks = (block for section in document.sections for block in section.blocks)
    return [block for block in blocks if isinstance(block, Figure)]
