"""The study of a registry record: numbers, titles, people, places, status and ages.

Takes the protocol section of a record, gives the section ``study`` of a draft
protocol; ``remarks`` gather what has no place in it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from onearm.io.json_fields import JsonField
from onearm.io.registry_values import Values, filled, unknown, words_of

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


@dataclass(slots=True)
class StudyReader:
    """Reads who runs a study, where, and what its record says of it as a whole."""

    section: JsonField
    remarks: list[str]

    def study(self, planned: object) -> Values:
        """Return the section ``study`` of the draft."""
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
        return filled(
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
                "purpose": words_of(info["primaryPurpose"])
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
                "enrolment": filled(enrolment),
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
        return filled({"title": title, "description": "\n\n".join(about)})

    def _places(self) -> Values:
        module = self.section["contactsLocationsModule"]
        sites = [
            filled({"name": name, "city": one["city"].text(), "country": one["country"].text()})
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
                    "role": role or words_of(one["role"]),
                    "affiliation": one["affiliation"].text(),
                    "email": one["email"].text(),
                    "phone": one["phone"].text(),
                }
                contacts.append(filled(given))
        return {"sites": sites, "locations": len(sites) or None, "contacts": contacts}

    def _background(self) -> list[Values]:
        text = self.section["descriptionModule"]["detailedDescription"].text()
        return [{"title": "Detailed description", "text": text}] if text else []
