"""Rules of structure: names, labels, keys, one subject once, define.xml."""

from __future__ import annotations

import re
from collections.abc import Iterator

from onearm.io.adam_metadata import adam_metadata
from onearm.io.adam_rules import Breach, breach, is_bds, repeated, rule, subjects, tables_with
from onearm.io.data_folder import DataFolder
from onearm.io.dataset import LABEL_CHARACTERS, NAME, TEXT_BYTES

EVERYWHERE = ("STUDYID", "USUBJID")
BDS = ("PARAM", "PARAMCD")
TIMES = ("AVAL", "CNSR")
EVENTS = ("AEDECOD",)
SUBJECTS = ("SUBJID", "AGE", "SEX")
PARAMETER = re.compile(r"[A-Z_][A-Z0-9_]{0,7}")
OWN = re.compile(r"(ASEQ|AESEQ|[A-Z0-9]*SEQ|SRC[A-Z]+|ADT|ADY|AVAL.*|ANL\d\dFL|PARCAT\d|PARAM.*)")


@rule(1, "error", "The name of a data set has 1 to 8 capitals, digits and underscores")
def _dataset_name(folder: DataFolder) -> Iterator[Breach]:
    for table in folder.tables.values():
        if not NAME.fullmatch(table.dataset.name):
            yield breach(table, None, None, f"the name is {table.dataset.name!r}")


@rule(2, "error", "The name of a variable has 1 to 8 capitals, digits and underscores")
def _variable_names(folder: DataFolder) -> Iterator[Breach]:
    for table in folder.tables.values():
        for name in table.dataset.names:
            if not NAME.fullmatch(name):
                yield breach(table, None, name, f"the name is {name!r}")


@rule(3, "error", "No variable stands twice in a data set")
def _twice(folder: DataFolder) -> Iterator[Breach]:
    for table in folder.tables.values():
        names = table.dataset.names
        for name in sorted({one for one in names if names.count(one) > 1}):
            yield breach(table, None, name, f"stands {names.count(name)} times")


@rule(4, "error", "A label has at most 40 characters")
def _long_labels(folder: DataFolder) -> Iterator[Breach]:
    for table in folder.tables.values():
        if len(table.dataset.label) > LABEL_CHARACTERS:
            yield breach(table, None, None, f"the label is {table.dataset.label!r}")
        for variable in table.dataset.variables:
            if len(variable.label) > LABEL_CHARACTERS:
                yield breach(table, None, variable.name, f"the label is {variable.label!r}")


@rule(5, "warning", "Every variable has a label, where the format can hold one")
def _no_labels(folder: DataFolder) -> Iterator[Breach]:
    for table in folder.tables.values():
        if table.file.lower().endswith(".csv"):
            continue
        for variable in table.dataset.variables:
            if not variable.label:
                yield breach(table, None, variable.name, "has no label")


@rule(6, "error", "A text has at most 200 bytes")
def _long_texts(folder: DataFolder) -> Iterator[Breach]:
    for table in folder.tables.values():
        for name, column in table.columns.items():
            long = {one for one in column if isinstance(one, str) and len(one) > TEXT_BYTES // 4}
            long = {one for one in long if len(str(one).encode()) > TEXT_BYTES}
            for record, value in enumerate(column, 1):
                if long and value in long:
                    yield breach(table, record, name, f"has {len(str(value).encode())} bytes")


@rule(7, "warning", "Texts and labels are ASCII, as a transport file must hold them")
def _not_ascii(folder: DataFolder) -> Iterator[Breach]:
    for table in folder.tables.values():
        for variable in table.dataset.variables:
            if not variable.label.isascii():
                yield breach(table, None, variable.name, f"the label is {variable.label!r}")
        for name, column in table.columns.items():
            strange = {one for one in set(column) if isinstance(one, str) and not one.isascii()}
            for record, value in enumerate(column, 1):
                if strange and value in strange:
                    yield breach(table, record, name, f"holds {value!r}")


@rule(8, "error", "There is a data set ADSL")
def _adsl(folder: DataFolder) -> Iterator[Breach]:
    if "ADSL" not in folder.tables:
        yield Breach("ADSL", None, None, f"not among {', '.join(folder.tables)}")


@rule(9, "error", "Every data set holds STUDYID and USUBJID, filled in every record")
def _identifiers(folder: DataFolder) -> Iterator[Breach]:
    for table in folder.tables.values():
        for name in EVERYWHERE:
            if name not in table:
                yield breach(table, None, name, "is missing")
                continue
            for record, (value,) in table.rows(name):
                if value is None:
                    yield breach(table, record, name, "is empty")


@rule(10, "error", "ADSL has one record for each USUBJID")
def _one_record(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "USUBJID"):
        if table.name == "ADSL":
            yield from repeated(table, "USUBJID")


@rule(11, "error", "Every USUBJID stands in ADSL")
def _in_adsl(folder: DataFolder) -> Iterator[Breach]:
    known = subjects(folder)
    for table in tables_with(folder, "USUBJID"):
        for record, (subject,) in table.rows("USUBJID"):
            if known and str(subject) not in known:
                yield breach(table, record, "USUBJID", f"{subject!r} is not in ADSL")


@rule(12, "error", "All records are of one STUDYID")
def _one_study(folder: DataFolder) -> Iterator[Breach]:
    first = None
    for table in tables_with(folder, "STUDYID"):
        for record, (study,) in table.rows("STUDYID"):
            first = first or study
            if study is not None and study != first:
                yield breach(table, record, "STUDYID", f"{study!r}, elsewhere {first!r}")


@rule(13, "warning", "Every data set holds a record")
def _empty(folder: DataFolder) -> Iterator[Breach]:
    for table in folder.tables.values():
        if not len(table):
            yield breach(table, None, None, "holds no record")


@rule(14, "error", "A variable that is taken from ADSL has the value of ADSL")
def _as_in_adsl(folder: DataFolder) -> Iterator[Breach]:
    adsl = folder.tables.get("ADSL")
    if adsl is None or "USUBJID" not in adsl:
        return
    for table in tables_with(folder, "USUBJID"):
        names = [one for one in table.columns if one in adsl and not OWN.fullmatch(one)]
        if table is adsl or not names:
            continue
        known = subjects(folder, *names)
        for record, (subject, *values) in table.rows("USUBJID", *names):
            expected = known.get(str(subject))
            if expected is None or tuple(values) == expected:
                continue
            for name, found, wanted in zip(names, values, expected, strict=True):
                if found != wanted:
                    yield breach(table, record, name, f"{found!r}, in ADSL {wanted!r}")


@rule(15, "error", "The natural key of a data set is unique")
def _keys(folder: DataFolder) -> Iterator[Breach]:
    for table in folder.tables.values():
        described = (folder.define or {}).get(table.name)
        own = [v.name for v in sorted(table.dataset.variables, key=lambda v: v.key or 0) if v.key]
        keys = list(described.keys) if described else own
        if keys and all(key in table for key in keys):
            yield from repeated(table, *keys)


@rule(16, "error", "ASEQ and AESEQ number the records of a subject without repeating")
def _sequence(folder: DataFolder) -> Iterator[Breach]:
    for name in ("ASEQ", "AESEQ"):
        for table in tables_with(folder, "USUBJID", name):
            yield from repeated(table, "USUBJID", name)


@rule(17, "error", "A data set of parameters holds PARAM, PARAMCD and AVAL or AVALC")
def _bds(folder: DataFolder) -> Iterator[Breach]:
    for table in folder.tables.values():
        if not is_bds(table) and "PARAM" not in table:
            continue
        for name in BDS:
            if name not in table:
                yield breach(table, None, name, "is missing")
        if "AVAL" not in table and "AVALC" not in table:
            yield breach(table, None, "AVAL", "both AVAL and AVALC are missing")


@rule(18, "error", "ADTTE holds AVAL and CNSR, ADAE the coded term")
def _required(folder: DataFolder) -> Iterator[Breach]:
    for name, wanted in (("ADTTE", TIMES), ("ADAE", EVENTS)):
        table = folder.tables.get(name)
        for variable in wanted if table is not None else ():
            if table is not None and variable not in table:
                yield breach(table, None, variable, "is missing")


@rule(19, "error", "ADSL holds SUBJID, AGE, SEX and a population flag")
def _adsl_variables(folder: DataFolder) -> Iterator[Breach]:
    table = folder.tables.get("ADSL")
    if table is None:
        return
    for name in SUBJECTS:
        if name not in table:
            yield breach(table, None, name, "is missing")
    flags = ("SAFFL", "FASFL", "ITTFL", "ENRLFL", "RANDFL", "EFFFL", "PPROTFL")
    if not any(flag in table for flag in flags):
        yield breach(table, None, "SAFFL", f"none of {', '.join(flags)}")


@rule(
    20, "error", "PARAMCD has at most 8 capitals, digits and underscores and begins with a letter"
)
def _codes(folder: DataFolder) -> Iterator[Breach]:
    for table in tables_with(folder, "PARAMCD"):
        wrong = {
            code for code in set(table.columns["PARAMCD"]) if not PARAMETER.fullmatch(str(code))
        }
        for record, (code,) in table.rows("PARAMCD"):
            if code in wrong:
                yield breach(table, record, "PARAMCD", f"is {code!r}")


@rule(21, "error", "The data sets are those of define.xml")
def _defined_sets(folder: DataFolder) -> Iterator[Breach]:
    if folder.define is None:
        return
    for name in sorted(set(folder.define) ^ set(folder.tables)):
        missing = "in define.xml only" if name in folder.define else "not in define.xml"
        yield Breach(name, None, None, missing)


@rule(22, "error", "The variables of a data set are those of define.xml")
def _defined_variables(folder: DataFolder) -> Iterator[Breach]:
    for name, described in (folder.define or {}).items():
        table = folder.tables.get(name)
        for variable in sorted(set(described.labels) ^ set(table.columns if table else ())):
            if table is not None:
                where = "not in define.xml" if variable in table else "in define.xml only"
                yield breach(table, None, variable, where)


@rule(23, "error", "A label is the one of define.xml, where the format can hold one")
def _defined_labels(folder: DataFolder) -> Iterator[Breach]:
    for name, described in (folder.define or {}).items():
        table = folder.tables.get(name)
        for variable in table.dataset.variables if table else ():
            wanted = described.labels.get(variable.name)
            if table and variable.label and wanted not in (None, variable.label):
                yield breach(table, None, variable.name, f"{variable.label!r}, there {wanted!r}")


@rule(24, "error", "A value stands in its code list of define.xml")
def _defined_codes(folder: DataFolder) -> Iterator[Breach]:
    for name, described in (folder.define or {}).items():
        table = folder.tables.get(name)
        for variable, allowed in described.codes.items():
            if table is None or variable not in table:
                continue
            for record, (value,) in table.rows(variable):
                if value is not None and _plain(value) not in allowed:
                    yield breach(table, record, variable, f"{value!r} is not in its code list")


def _plain(value: object) -> str:
    if isinstance(value, float) and value == int(value):
        return str(int(value))
    return str(value)


@rule(25, "note", "A variable of a name that these data sets give a label has that label")
def _usual_labels(folder: DataFolder) -> Iterator[Breach]:
    for name, about in adam_metadata().data_sets.items():
        table = folder.tables.get(name)
        for variable in table.dataset.variables if table else ():
            usual = about.variables.get(variable.name)
            if table and usual and variable.label and variable.label != usual.label:
                message = f"{variable.label!r}, usually {usual.label!r}"
                yield breach(table, None, variable.name, message)
