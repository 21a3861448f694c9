"""A ClinicalTrials.gov record (version 2 JSON) as a draft of a protocol file.

Takes the record, gives the sections of ``protocol.yaml`` as plain values. What
the record does not give, and the file needs, is ``{value: X, assumed: why}``;
what is read from prose is marked so as well, with the words. What the draft
has no place for is named in ``remarks``. Decides nothing about the trial.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from onearm.io.json_fields import JsonField, stop
from onearm.io.registry_criteria import ListedCriterion, split_criteria
from onearm.io.registry_prose import (
    Found,
    NamedDrug,
    cycle_in,
    days_in,
    dose_in,
    drugs_named,
    endpoints_named,
    passages,
    route_in,
    sentences_with,
)
from onearm.protocol.endpoints import PROPORTIONS, TIMES
from onearm.protocol.values import read_days, read_days_of_cycle

Values = dict[str, object]
STATES = {
    "NOT_YET_RECRUITING": "not-yet-recruiting",
    "RECRUITING": "recruiting",
    "ENROLLING_BY_INVITATION": "recruiting",
    "ACTIVE_NOT_RECRUITING": "active-not-recruiting",
    "COMPLETED": "completed",
    "TERMINATED": "terminated",
    "SUSPENDED": "suspended",
    "WITHDRAWN": "withdrawn",
    "UNKNOWN": "unknown",
}
PHASES = {"EARLY_PHASE1": "0/I", "PHASE1": "I", "PHASE2": "II", "PHASE3": "III", "PHASE4": "IV"}
SEXES = ("ALL", "FEMALE", "MALE")
MASKING = {"NONE": "none (open label)"}
DRUG_TYPES = ("DRUG", "BIOLOGICAL", "COMBINATION_PRODUCT", "GENETIC", "RADIATION")
READ = (
    "identificationModule", "statusModule", "sponsorCollaboratorsModule", "descriptionModule",
    "conditionsModule", "designModule", "armsInterventionsModule", "outcomesModule",
    "eligibilityModule", "contactsLocationsModule", "referencesModule",
)  # fmt: skip
UNKNOWN = "unknown: "
READ_FROM = "read from the text, to be confirmed: "


@dataclass(frozen=True, slots=True)
class Draft:
    """The sections of a draft protocol, and what has no place in them."""

    sections: Values
    remarks: tuple[str, ...]


def unknown(value: object, why: str) -> Values:
    """Return a placeholder for what the record does not give."""
    return {"value": value, "assumed": f"{UNKNOWN}{why}; a placeholder"}


def _read(found: Found, placeholder: object, lacking: str) -> Values:
    if found.value is not None:
        value: object = int(found.value) if found.value.isdigit() else found.value
        return {"value": value, "assumed": f"{READ_FROM}{found.words!r}"}
    return unknown(placeholder, f"{lacking}; {found.words}" if found.words else lacking)


def draft_of(record: JsonField) -> Draft:
    """Return the draft of a record.

    Raises
    ------
    InputError
        If the record is none of an interventional study of one group, or a
        field has the wrong type: one line with the path of the field.
    """
    section = _protocol_section(record)
    reader = _Reader(section)
    reader.refuse_other_designs()
    texts = reader.texts()
    endpoints = reader.endpoints(texts)
    planned = reader.planned()
    sections: Values = {
        "protocol": 1,
        "study": reader.study(planned),
        "cohorts": [{"id": "main", "label": "All patients", "planned": planned}],
        "design": _design(endpoints, texts),
        "treatment": reader.treatment(texts),
        "eligibility": reader.eligibility(),
        "response": reader.response(texts),
        "endpoints": endpoints,
        "safety": _safety(texts),
    }
    given = section.value if isinstance(section.value, dict) else {}
    left = [name for name in given if name not in READ]
    if left:
        reader.remarks.append(f"not taken over: {', '.join(left)}")
    return Draft(sections, tuple(reader.remarks))


def _protocol_section(record: JsonField) -> JsonField:
    section = record["protocolSection"]
    if section.is_given:
        section["identificationModule"]  # refuses a section that is no object
        return section
    held = record.value if isinstance(record.value, dict) else {}
    message = "protocolSection is missing; no ClinicalTrials.gov record of version 2"
    if "resultsSection" in held:
        message = "protocolSection is missing; the record holds results only"
    elif "studies" in held:
        message = "holds a list of studies; give the record of one (protocolSection)"
    return stop(record.file, message)


@dataclass(slots=True)
class _Reader:
    """Reads the modules of one record; ``remarks`` gather what has no place."""

    section: JsonField
    remarks: list[str] = field(default_factory=list)

    def refuse_other_designs(self) -> None:
        design = self.section["designModule"]
        for field_, allowed in (
            (design["studyType"], "INTERVENTIONAL"),
            (design["designInfo"]["interventionModel"], "SINGLE_GROUP"),
        ):
            if field_.text() not in (None, allowed):
                field_.refuse(f"must be {allowed}, as in a single-arm trial")

    def texts(self) -> list[str]:
        """Return every prose text that may state a dose, a cycle or an endpoint."""
        description = self.section["descriptionModule"]
        arms = self.section["armsInterventionsModule"]
        found = [
            *(one["description"].text() for one in arms["interventions"].items()),
            *(one["description"].text() for one in arms["armGroups"].items()),
            description["detailedDescription"].text(),
            description["briefSummary"].text(),
        ]
        return [text for text in found if text]

    def planned(self) -> object:
        count = self.section["designModule"]["enrollmentInfo"]["count"].count()
        if count:
            return count
        return unknown(1, "the record gives no number of subjects" if count is None
                       else "the record gives 0 subjects")  # fmt: skip

    def study(self, planned: object) -> Values:
        identity, status = self.section["identificationModule"], self.section["statusModule"]
        number = identity["nctId"].text()
        if number is None or not re.fullmatch(r"NCT\d{8}", number):
            identity["nctId"].refuse("must be NCT and eight digits")
        official, brief = identity["officialTitle"].text(), identity["briefTitle"].text()
        if official and brief and official != brief:
            self.remarks.append(f"brief title: {brief}")
        design, who = self.section["designModule"], self.section["eligibilityModule"]
        info = design["designInfo"]
        actual = design["enrollmentInfo"]["type"].text()
        enrolment: Values = {
            "planned": planned,
            "is_estimated": actual != "ACTUAL"
            if actual
            else unknown(True, "the record does not say whether the number is final"),
            "started": status["startDateStruct"]["date"].text(),
        }
        return _given(
            {
                "id": number,
                "title": official or brief or unknown("Untitled", "the record has no title"),
                "acronym": identity["acronym"].text(),
                "phase": self._phase(),
                "conditions": self._texts(self.section["conditionsModule"]["conditions"])
                or unknown(["unknown"], "the record names no condition"),
                "identifiers": self._identifiers(number),
                **self._sponsors(),
                "status": self._status(),
                "purpose": _words(info["primaryPurpose"])
                or unknown("treatment", "the record gives no purpose"),
                "allocation": {"NA": "N/A"}.get(info["allocation"].text() or "NA"),
                "model": "single group assignment"
                if info["interventionModel"].is_given
                else unknown("single group assignment", "the record gives no intervention model"),
                "masking": self._masking(),
                "sex": self._sex(),
                "age": self._ages(),
                "healthy_volunteers": who["healthyVolunteers"].flag(),
                "arm": self._arm(),
                "enrolment": _given(enrolment),
                **self._places(),
                "summary": self.section["descriptionModule"]["briefSummary"].text(),
                "background": self._background(),
                "references": [
                    {"text": text}
                    for one in self.section["referencesModule"]["references"].items()
                    if (text := one["citation"].text())
                ],
            }
        )

    def _texts(self, listed: JsonField) -> list[str]:
        return [text for one in listed.items() if (text := one.text())]

    def _phase(self) -> object:
        known = self.section["designModule"]["phases"]
        phases = []
        for one in known.items():
            if (phase := one.text()) in PHASES:
                phases.append(PHASES[phase])
            elif phase != "NA":
                one.refuse(f"must be one of {', '.join(PHASES)}, NA")
        return "/".join(phases) or unknown("II", "the record gives no phase")

    def _identifiers(self, number: str) -> list[Values]:
        identity = self.section["identificationModule"]
        found: dict[str, Values] = {number: {"registry": "ClinicalTrials.gov", "id": number}}
        if own := identity["orgStudyIdInfo"]["id"].text():
            found.setdefault(own, {"registry": "sponsor", "id": own})
        for one in identity["secondaryIdInfos"].items():
            if name := one["id"].text():
                kind = one["domain"].text() or one["type"].text() or "other"
                found.setdefault(name, {"registry": kind, "id": name})
        return list(found.values())

    def _sponsors(self) -> Values:
        module = self.section["sponsorCollaboratorsModule"]
        lead = module["leadSponsor"]
        kind = lead["class"].text()
        others = [one["name"].text() for one in module["collaborators"].items()]
        return {
            "sponsor": lead["name"].text(),
            "collaborators": [name for name in others if name],
            "funders": [f"{kind.replace('_', ' ').capitalize()} (funder type of the registry)"]
            if kind
            else None,
        }

    def _status(self) -> Values:
        module = self.section["statusModule"]
        status = module["overallStatus"].text()
        if status is None:
            return {"state": unknown("unknown", "the record gives no status")}
        why = module["whyStopped"].text()
        printed = f"{status}: {why}" if why else status
        return {"state": STATES.get(status, "unknown"), "printed": printed}

    def _masking(self) -> object:
        masking = self.section["designModule"]["designInfo"]["maskingInfo"]["masking"].text()
        if masking is None:
            return unknown("none (open label)", "the record gives no masking")
        return MASKING.get(masking, masking.lower())

    def _sex(self) -> object:
        sex = self.section["eligibilityModule"]["sex"]
        if (text := sex.text()) is None:
            return unknown("all", "the record does not say which sex")
        if text not in SEXES:
            sex.refuse(f"must be one of {', '.join(SEXES)}")
        return text.lower()

    def _ages(self) -> Values:
        ages: dict[str, int] = {}
        for limit in ("minimum", "maximum"):
            age = self.section["eligibilityModule"][f"{limit}Age"]
            if (text := age.text()) is None or text == "N/A":
                continue
            if years := re.fullmatch(r"(\d{1,3}) Years?", text):
                ages[limit] = int(years[1])
            elif re.fullmatch(r"\d+ (Month|Week|Day|Hour|Minute)s?", text):
                self.remarks.append(f"{limit} age of {text}: no whole years")
            else:
                age.refuse("must be an age with its unit, such as '18 Years'")
        if "minimum" in ages and ages.get("maximum", ages["minimum"]) < ages["minimum"]:
            age.refuse(f"must not be below the minimum of {ages['minimum']} years")
        return dict(ages)

    def _arm(self) -> Values:
        arms = self.section["armsInterventionsModule"]["armGroups"].items()
        labels = [one["label"].text() or "unnamed" for one in arms]
        about = [text for one in arms if (text := one["description"].text())]
        if not arms:
            return {"title": unknown("Treatment", "the record names no arm")}
        title: object = labels[0]
        if len(arms) > 1:
            why = f"the record has {len(arms)} arm groups; here they are one"
            title = unknown("; ".join(labels), why)
        return _given({"title": title, "description": "\n\n".join(about)})

    def _places(self) -> Values:
        module = self.section["contactsLocationsModule"]
        sites = [
            _given({"name": name, "city": one["city"].text(), "country": one["country"].text()})
            for one in module["locations"].items()
            if (name := one["facility"].text() or one["city"].text())
        ]
        contacts = []
        for one, role in (
            *((one, "central trial contact") for one in module["centralContacts"].items()),
            *((one, None) for one in module["overallOfficials"].items()),
        ):
            if name := one["name"].text():
                given = {
                    "name": name,
                    "role": role or _words(one["role"]),
                    "affiliation": one["affiliation"].text(),
                    "email": one["email"].text(),
                    "phone": one["phone"].text(),
                }
                contacts.append(_given(given))
        return {"sites": sites, "locations": len(sites) or None, "contacts": contacts}

    def _background(self) -> list[Values]:
        text = self.section["descriptionModule"]["detailedDescription"].text()
        return [{"title": "Detailed description", "text": text}] if text else []

    def treatment(self, texts: list[str]) -> Values:
        """Return the drugs with what the prose says of each."""
        module = self.section["armsInterventionsModule"]
        drugs: list[tuple[NamedDrug, list[str], str | None]] = []
        for one in module["interventions"].items():
            name, kind = one["name"].text(), one["type"].text()
            if name is None:
                one["name"].refuse("must name the intervention")
            if kind not in (None, *DRUG_TYPES):
                self.remarks.append(f"intervention that is no drug: {kind.lower()} {name}")
                continue
            known = {drug.name.lower() for drug, _, _ in drugs}
            named, about = drugs_named(name), one["description"].text()
            if known & {drug.name.lower() for drug in named}:
                self.remarks.append(f"intervention with the name of another: {name}")
                continue
            own = [about] if about and len(named) == 1 else []
            drugs += [(drug, own, name if len(named) > 1 else None) for drug in named]
        names = [drug.name for drug, _, _ in drugs]
        listed = [
            self._drug(drug, own + passages(texts, drug.name, names), together)
            for drug, own, together in drugs
        ]
        listed = listed or [self._drug(NamedDrug("unknown drug", None), [], None)]
        return {"cycle": _cycle(cycle_in(texts), listed), "drugs": listed}

    def _drug(self, drug: NamedDrug, said: list[str], together: str | None) -> Values:
        where = f"the record names it in one intervention, {together!r}"
        name: object = drug.name
        if together:
            name = {"value": drug.name, "assumed": READ_FROM + where}
        elif drug.name == "unknown drug":
            name = unknown(drug.name, "the record names no drug")
        return _given(
            {
                "name": name,
                "choice": {"value": drug.choice, "assumed": READ_FROM + where}
                if drug.choice
                else None,
                "dose": _read(dose_in(said), "1 mg", "the record states no dose"),
                "route": _read(route_in(said), "intravenous", "the record states no route"),
                "days": _read(days_in(said), 1, "the record states no days of the cycle"),
            }
        )

    def eligibility(self) -> Values:
        """Return every criterion of the record's text."""
        module = self.section["eligibilityModule"]
        text = module["eligibilityCriteria"]
        try:
            found = split_criteria(text.text() or "")
        except ValueError as error:
            text.refuse(str(error))
        self.remarks += [f"line before the criteria: {line}" for line in found.lead_in]
        inclusion = [_criterion(one, found.is_parted) for one in found.inclusion]
        if not inclusion:
            nothing = unknown("unknown", "the record has no inclusion criterion")
            inclusion = [{"id": "I01", "text": nothing, "source": "no place of the record"}]
        exclusion = [_criterion(one, True) for one in found.exclusion]
        return {"inclusion": inclusion, "exclusion": exclusion}

    def response(self, texts: list[str]) -> Values:
        """Return how tumours are assessed, as far as the record says it."""
        criteria = self.section["eligibilityModule"]["eligibilityCriteria"].text() or ""
        said = [*texts, criteria, *(text for text, _ in self._outcomes())]
        is_named = any(re.search(r"RECIST", text) for text in said)
        values: Values = {
            "profile": "recist11"
            if is_named
            else unknown("recist11", "the record does not name the response criteria")
        }
        if any("irecist" in text.lower() for text in said):
            values["also"] = "iRECIST"
        return values | {
            "assess_every": unknown("6 weeks", "the record has no field for the interval"),
            "confirm_days": unknown(28, "the record has no field for confirmation"),
            "min_sd_days": unknown(42, "the record has no field for the least stable disease"),
        }

    def _outcomes(self) -> Iterator[tuple[str, str]]:
        for kind in ("primary", "secondary", "other"):
            for one in self.section["outcomesModule"][f"{kind}Outcomes"].items():
                measure = one["measure"].text()
                if measure is None:
                    one["measure"].refuse("must name the outcome")
                parts = [measure, one["description"].text(), one["timeFrame"].text()]
                yield ". ".join(part for part in parts if part), kind

    def endpoints(self, texts: list[str]) -> Values:
        """Return the outcomes that are endpoints of a protocol file, the primary ones first."""
        found: dict[str, list[object]] = {"primary": [], "secondary": [], "exploratory": []}
        seen: set[str] = set()
        for text, kind in self._outcomes():
            measure = text.split(". ")[0]
            names = [name for name in endpoints_named(measure) if name not in seen]
            section = "exploratory" if kind == "other" else kind
            found[section] += [{"id": name, "definition": text} for name in names]
            seen.update(names)
            if not names:
                self.remarks.append(f"{kind} outcome without an endpoint here: {measure}")
        for section, word in (("primary", "primary end"), ("secondary", "secondary")):
            for sentence in sentences_with(texts, word, f"{section} outcome"):
                names = [name for name in endpoints_named(sentence) if name not in seen]
                if not found[section] and names:
                    words = f"{READ_FROM}{' '.join(sentence.split())!r}"
                    found[section] = [{"id": {"value": name, "assumed": words}} for name in names]
                    seen.update(names)
        if not found["primary"]:
            free = next(name for name in (*PROPORTIONS, *TIMES) if name not in seen)
            why = "the record gives no primary outcome that is an endpoint here"
            found["primary"] = [{"id": unknown(free, why)}]
        return _given(dict(found))


def _cycle(found: Found, drugs: list[Values]) -> Values:
    """Return the length of a cycle; it holds every day on which a drug is given."""
    last = max(read_days_of_cycle(_value(drug["days"]))[-1] for drug in drugs)
    if found.value is not None and read_days(found.value) < last:
        found = Found(None, f"{found.value} hold no day {last}")
    return _read(found, f"{max(21, last)} days", "the record states no length of a cycle")


def _value(given: object) -> object:
    return given["value"] if isinstance(given, dict) else given


def _criterion(one: ListedCriterion, is_parted: bool) -> Values:
    text: object = one.text
    if not is_parted:
        why = "the record does not say whether it is a criterion of inclusion or exclusion"
        text = {"value": one.text, "assumed": UNKNOWN + why}
    return _given({"id": one.id, "text": text, "source": one.where, "group": one.group})


def _design(endpoints: Values, texts: list[str]) -> Values:
    """Return the design: Simon's where the prose names it, else the kind that fits."""
    primary = endpoints["primary"]
    first = primary[0]["id"] if isinstance(primary, list) else ""
    name = _value(first)
    lacking = "the record has no field for the design"
    rates = {
        "p0": unknown(0.2, "the record has no field for response rates"),
        "p1": unknown(0.4, "the record has no field for response rates"),
        "alpha": unknown(0.05, "the record has no field for errors"),
        "power": unknown(0.8, "the record has no field for errors"),
    }
    simon = sentences_with(texts, "simon")
    if simon:
        kinds = [kind for kind in ("minimax", "optimal") if kind in simon[0].lower()]
        criterion = kinds[0] if len(kinds) == 1 else unknown("optimal", lacking)
        return {"kind": "simon", "criterion": criterion, **rates, "rationale": simon[0]}
    if name in TIMES and name != "ttr":
        curves = {
            "kind": "survival", "endpoint": name, "null": {"median": "6 months"},
            "alternative": {"median": "9 months"}, "alpha": 0.05, "power": 0.8,
            "accrual": "18 months", "follow_up": "12 months",
        }  # fmt: skip
        return unknown(curves, lacking)
    return {"kind": unknown("single_stage", lacking), **rates}


def _safety(texts: list[str]) -> Values:
    versions = re.findall(r"CTCAE[^.\n]{0,20}?\bv?(?:ersion )?([3-6]\.0|4\.03)", " ".join(texts))
    known = {version for version in versions if version in {"4.03", "5.0", "6.0"}}
    if len(known) == 1:
        return {"ctcae": known.pop()}
    return {"ctcae": unknown("5.0", "the record names no version of the CTCAE")}


def _words(value: JsonField) -> str | None:
    text = value.text()
    return text.replace("_", " ").lower() if text else None


def _given(values: Mapping[str, object]) -> Values:
    """Return the values that are given: no None, no empty list, mapping or text."""
    return {key: value for key, value in values.items() if value not in (None, [], {}, "")}
