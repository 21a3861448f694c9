"""Define-XML 2.1: what the analysis data sets hold, for a program and a reviewer.

Takes the data sets with their metadata, gives the text of define.xml, written
by odmlib: variables, value lists by parameter, code lists and methods. The same
data give the same bytes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from onearm.io.adam import AnalysisData, Parameter
from onearm.io.adam_metadata import CodeList, DataSetAbout, VariableAbout
from onearm.io.dataset import MADE, Dataset, Value, Variable, needs_extra

GUIDE = "adrg.md"
DIGITS, PLACES = 12, 6
BY_PARAMETER = ("AVAL", "AVALC")
TERMINOLOGY = "STD.2"
NCI = "nci:ExtCodeID"
LABELLED = (("PARAMCD", "PARAM"), ("AVISITN", "AVISIT"), ("AGEGR1N", "AGEGR1"))


def define_xml(data: AnalysisData, *, extension: str = "xpt", made: dt.datetime = MADE) -> str:
    """Return the text of define.xml.

    ``extension`` is that of the files of the data sets, ``made`` the time stamp.

    Raises
    ------
    InputError
        If the extra cdisc is not installed.
    """
    try:
        import odmlib.define_2_1.model as model
    except ModuleNotFoundError:
        raise needs_extra("define.xml") from None
    document = _Document(model, data, extension).odm(made)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + str(document.to_xml_string()) + "\n"


class _Document:
    """The parts of one document; ``model`` holds the elements of odmlib."""

    def __init__(self, model: Any, data: AnalysisData, extension: str) -> None:
        self.model = model
        self.data = data
        self.extension = extension
        self.code_lists: dict[str, Any] = {}
        self.methods: dict[str, Any] = {}
        self.items: list[Any] = []
        self.values: list[Any] = []
        self.wheres: list[Any] = []

    def odm(self, made: dt.datetime) -> Any:
        study = self.data.protocol.study
        groups = [self._group(one) for one in self.data.datasets]
        version = self.model.MetaDataVersion(
            OID=f"MDV.{study.id}.ADaM",
            Name=f"{study.id}, analysis data sets",
            Description=f"Data definitions of the analysis data of {study.id}",
            DefineVersion="2.1.0",
        )
        version.Standards = self._standards()
        version.ValueListDef = self.values
        version.WhereClauseDef = self.wheres
        version.ItemGroupDef = groups
        version.ItemDef = self.items
        version.CodeList = list(self.code_lists.values())
        version.MethodDef = list(self.methods.values())
        version.SupplementalDoc = self.model.SupplementalDoc(
            DocumentRef=[self.model.DocumentRef(leafID="LF.ADRG")]
        )
        version.leaf = [self._leaf("LF.ADRG", GUIDE, "Reader's guide to the analysis data")]
        root = self.model.ODM(
            FileType="Snapshot",
            FileOID=f"ODM.{study.id}.ADaM",
            CreationDateTime=made.replace(microsecond=0, tzinfo=None).isoformat(),
            ODMVersion="1.3.2",
            Originator="onearm",
            SourceSystem="onearm",
            Context="Submission",
        )
        root.Study = self.model.Study(
            OID=f"STDY.{study.id}",
            GlobalVariables=self.model.GlobalVariables(
                StudyName=self.model.StudyName(_content=study.id),
                StudyDescription=self.model.StudyDescription(_content=study.title),
                ProtocolName=self.model.ProtocolName(_content=study.id),
            ),
            MetaDataVersion=version,
        )
        return root

    def _standards(self) -> Any:
        metadata = self.data.metadata
        return self.model.Standards(
            Standard=[
                self.model.Standard(
                    OID="STD.1", Name=metadata.standard, Type="IG", Version=metadata.version,
                    Status="Final",
                ),
                self.model.Standard(
                    OID=TERMINOLOGY, Name="CDISC/NCI", Type="CT", PublishingSet="SDTM",
                    Version=metadata.terminology, Status="Final",
                ),
            ]
        )  # fmt: skip

    def _described(self, text: str) -> Any:
        translated = self.model.TranslatedText(lang="en", _content=text)
        return self.model.Description(TranslatedText=[translated])

    def _leaf(self, name: str, href: str, title: str) -> Any:
        return self.model.leaf(ID=name, href=href, title=self.model.title(_content=title))

    def _group(self, dataset: Dataset) -> Any:
        about = self.data.about[dataset.name]
        refs = [
            self._item(dataset, about, variable, order)
            for order, variable in enumerate(dataset.variables, 1)
        ]
        data_class = self.model.Class(Name=about.data_class)
        if about.subclass:
            data_class.SubClass = [self.model.SubClass(Name=about.subclass)]
        return self.model.ItemGroupDef(
            OID=f"IG.{dataset.name}",
            Name=dataset.name,
            Repeating="No" if dataset.name == "ADSL" else "Yes",
            IsReferenceData="No",
            SASDatasetName=dataset.name,
            Purpose="Analysis",
            Structure=about.structure,
            ArchiveLocationID=f"LF.{dataset.name}",
            StandardOID="STD.1",
            Description=self._described(dataset.label),
            ItemRef=refs,
            Class=data_class,
            leaf=self._leaf(
                f"LF.{dataset.name}",
                f"{dataset.name.lower()}.{self.extension}",
                f"{dataset.name.lower()}.{self.extension}",
            ),
        )

    def _item(self, dataset: Dataset, about: DataSetAbout, variable: Variable, order: int) -> Any:
        own = about.variables[variable.name]
        oid = f"IT.{dataset.name}.{variable.name}"
        item = self._item_def(oid, variable, own)
        codes = self._codes_of(dataset, own)
        if codes is not None:
            item.CodeListRef = self.model.CodeListRef(CodeListOID=codes)
        if variable.name in BY_PARAMETER and "PARAMCD" in dataset.names:
            self._value_list(dataset, variable, item)
        self.items.append(item)
        ref = self.model.ItemRef(
            ItemOID=oid, OrderNumber=order, Mandatory="Yes" if own.is_required else "No"
        )
        if variable.key:
            ref.KeySequence = variable.key
        if own.origin == "Derived" and own.how:
            ref.MethodOID = self._method(f"MT.{dataset.name}.{variable.name}", own.how)
        return ref

    def _item_def(self, oid: str, variable: Variable, own: VariableAbout) -> Any:
        item = self.model.ItemDef(
            OID=oid,
            Name=variable.name,
            SASFieldName=variable.name,
            Description=self._described(variable.label),
            **_typed(variable),
        )
        source = {"Collected": "Investigator", "Predecessor": None}.get(own.origin, "Sponsor")
        origin = self.model.Origin(Type=own.origin, **({"Source": source} if source else {}))
        if own.origin in ("Predecessor", "Collected") and own.source:
            origin.Description = self._described(own.source)
        item.Origin = [origin]
        return item

    def _codes_of(self, dataset: Dataset, own: VariableAbout) -> str | None:
        """Return the code list of a variable: of the metadata, or of what occurs."""
        for code, text in LABELLED:
            if own.name in (code, text) and code in dataset.names:
                return self._pairs(dataset, code, text, own)
        if own.codes is None:
            return None
        found = self.data.metadata.code_lists[own.codes]
        if found.is_extensible:
            return self._occurring(f"CL.{dataset.name}.{own.name}", own.label, dataset, own.name)
        return self._code_list(f"CL.{found.name}", found)

    def _method(self, oid: str, text: str) -> str:
        if oid not in self.methods:
            self.methods[oid] = self.model.MethodDef(
                OID=oid, Name=oid.removeprefix("MT."), Type="Computation",
                Description=self._described(text),
            )  # fmt: skip
        return oid

    def _code_list(self, oid: str, codes: CodeList) -> str:
        if oid not in self.code_lists:
            items = [(code, words) for code, words in codes.values.items()]
            self._add_code_list(oid, codes.label, codes.kind, items, codes)
        return oid

    def _pairs(self, dataset: Dataset, code: str, text: str, own: VariableAbout) -> str | None:
        """Return the code list of a code with its text; the text's own list where it is meant."""
        is_code = own.name == code
        values: Iterable[tuple[Value, Value]] = zip(
            dataset.column(code), dataset.column(text), strict=True
        )
        found = sorted({pair for pair in values if None not in pair}, key=lambda pair: str(pair[0]))
        if not found:
            return None
        if code == "AVISITN":
            found.sort(key=lambda pair: (int(str(pair[0])), str(pair[1])))
        oid = f"CL.{dataset.name}.{own.name}"
        kind = "integer" if is_code and code != "PARAMCD" else "text"
        pairs = found if is_code else [(words, words) for _, words in found]
        self._add_code_list(oid, own.label, kind, [(str(a), str(b)) for a, b in pairs])
        return oid

    def _occurring(self, oid: str, label: str, dataset: Dataset, name: str) -> str | None:
        found = sorted({str(value) for value in dataset.column(name) if value is not None})
        if not found:
            return None
        self._add_code_list(oid, label, "text", [(value, value) for value in found])
        return oid

    def _add_code_list(
        self,
        oid: str,
        label: str,
        kind: str,
        items: Sequence[tuple[str, str]],
        codes: CodeList | None = None,
    ) -> None:
        """Add a list; one of CDISC's controlled terminology names its NCI codes."""
        decoded = [
            self.model.CodeListItem(
                CodedValue=code,
                OrderNumber=order,
                Decode=self.model.Decode(
                    TranslatedText=[self.model.TranslatedText(lang="en", _content=words)]
                ),
            )
            for order, (code, words) in enumerate(dict(items).items(), 1)
        ]
        self.code_lists[oid] = self.model.CodeList(
            OID=oid, Name=f"{label} ({oid.removeprefix('CL.')})", DataType=kind,
            CodeListItem=decoded,
        )  # fmt: skip
        if codes is None or codes.nci is None:
            self.code_lists[oid].IsNonStandard = "Yes"
            return
        self.code_lists[oid].StandardOID = TERMINOLOGY
        self.code_lists[oid].Alias = [self.model.Alias(Context=NCI, Name=codes.nci)]
        for item in decoded:
            if item.CodedValue in codes.terms:
                item.Alias = [self.model.Alias(Context=NCI, Name=codes.terms[item.CodedValue])]

    def _value_list(self, dataset: Dataset, variable: Variable, item: Any) -> None:
        """Describe a value for each parameter that has one: type, codes, how it comes about."""
        refs: list[Any] = []
        for stem, own in _by_stem(self.data.parameters[dataset.name]).items():
            codes = [one.code for one in own]
            values = list(_values_of(dataset, variable.name, codes))
            if not values:
                continue
            oid = f"{dataset.name}.{variable.name}.{stem}"
            refs.append(self._value(dataset, variable, oid, own, values, len(refs) + 1))
            self._where(f"WC.{dataset.name}.{stem}", dataset, codes)
        if refs:
            name = f"VL.{dataset.name}.{variable.name}"
            self.values.append(self.model.ValueListDef(OID=name, ItemRef=refs))
            item.ValueListRef = self.model.ValueListRef(ValueListOID=name)

    def _value(
        self,
        dataset: Dataset,
        variable: Variable,
        oid: str,
        own: Sequence[Parameter],
        values: Sequence[Value],
        order: int,
    ) -> Any:
        about, stem = own[0].about, oid.rpartition(".")[2]
        length = max(len(str(value).encode()) for value in values)
        typed = Variable(variable.name, variable.label, variable.kind, length)
        item = self.model.ItemDef(
            OID=f"IT.{oid}", Name=stem, Description=self._described(own[0].text), **_typed(typed)
        )
        item.Origin = [self.model.Origin(Type="Derived", Source="Sponsor")]
        if variable.name == "AVALC" and about is not None and about.codes:
            codes = self._code_list(f"CL.{about.codes}", self.data.metadata.code_lists[about.codes])
            item.CodeListRef = self.model.CodeListRef(CodeListOID=codes)
        self.items.append(item)
        how = "The result in the unit of the parameter" if about is None else about.how
        return self.model.ItemRef(
            ItemOID=f"IT.{oid}",
            OrderNumber=order,
            Mandatory="No",
            MethodOID=self._method(f"MT.{dataset.name}.{stem}", how),
            WhereClauseRef=[self.model.WhereClauseRef(WhereClauseOID=f"WC.{dataset.name}.{stem}")],
        )

    def _where(self, oid: str, dataset: Dataset, codes: Sequence[str]) -> None:
        if any(oid == where.OID for where in self.wheres):
            return
        check = self.model.RangeCheck(
            Comparator="EQ" if len(codes) == 1 else "IN",
            SoftHard="Soft",
            ItemOID=f"IT.{dataset.name}.PARAMCD",
            CheckValue=[self.model.CheckValue(_content=code) for code in codes],
        )
        self.wheres.append(self.model.WhereClauseDef(OID=oid, RangeCheck=[check]))


def _by_stem(parameters: Sequence[Parameter]) -> Mapping[str, list[Parameter]]:
    """Return the parameters by the one that describes them; a laboratory test by itself."""
    found: dict[str, list[Parameter]] = {}
    for one in parameters:
        found.setdefault(one.code if one.about is None else one.about.code, []).append(one)
    return found


def _values_of(dataset: Dataset, name: str, codes: Sequence[str]) -> Iterator[Value]:
    wanted = set(codes)
    for code, value in zip(dataset.column("PARAMCD"), dataset.column(name), strict=True):
        if code in wanted and value is not None:
            yield value


def _typed(variable: Variable) -> dict[str, object]:
    """Return type and length as Define-XML has them; a date is a number with a format."""
    if variable.kind == "date":
        return {"DataType": "integer", "Length": 8, "DisplayFormat": "DATE9."}
    if variable.kind == "float":
        return {"DataType": "float", "Length": DIGITS, "SignificantDigits": PLACES}
    if variable.kind == "integer":
        return {"DataType": "integer", "Length": 8}
    return {"DataType": "text", "Length": max(variable.length or 1, 1)}
