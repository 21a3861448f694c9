"""The inputs: one frozen record a row, one table a class, one column a field.

Each field says what its column holds (kind, unit, allowed values, whether it
must be there). ``TABLES`` lists all tables. Lengths are integer micrometres,
other measured values exact decimals; a record knows the file, the natural key
and the line that it came from. Reads no file.

Kinds: ``text``; ``code`` (one of a closed list); ``integer``; ``decimal``;
``length`` (millimetres in the file, at most three decimals, micrometres in
the record); ``date`` (ISO 8601, complete); ``yes-no`` (Y or N); ``names``
(names parted by semicolons).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import Field, dataclass, field, fields
from decimal import Decimal
from typing import Any, ClassVar, NamedTuple, NoReturn, Protocol

from onearm.errors import InputError
from onearm.terms import INVESTIGATOR, IResponse, LesionState, LesionType, Response


class Source(NamedTuple):
    """Where a record stands: file, natural key, and physical line from 1."""

    file: str
    key: tuple[str, ...]
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


NOWHERE = Source("", (), 0)


class PartialDate(dt.date):
    """A day of which only the year, or year and month, were recorded.

    It shows what was recorded and nothing else. Its place among other days
    comes from the order of visits: it stands at the first day that it can be,
    and ``latest`` is the last. Whatever needs the day itself, such as a number
    of days, is an InputError.

    >>> days = dt.date(2014, 2, 1), dt.date(2014, 2, 28)
    >>> when = PartialDate.placed("2014-02", days, "tr.csv:40")
    >>> str(when), when > dt.date(2014, 1, 23), str(when.latest)
    ('2014-02', True, '2014-02-28')
    """

    text: str
    where: str
    latest: dt.date

    @classmethod
    def placed(cls, text: str, days: tuple[dt.date, dt.date], where: str) -> PartialDate:
        """Return the recorded text with the first and the last day that it can be."""
        found = cls(days[0].year, days[0].month, days[0].day)
        found.text, found.where, found.latest = text, where, days[1]
        return found

    @property
    def earliest(self) -> dt.date:
        """The first day that it can be."""
        return dt.date(self.year, self.month, self.day)

    def isoformat(self) -> str:
        """Return what was recorded."""
        return self.text

    __str__ = isoformat

    def __format__(self, spec: str) -> str:
        return format(self.text, spec)

    def __repr__(self) -> str:
        return f"PartialDate({self.text!r})"

    def __eq__(self, other: object) -> bool:
        is_same = isinstance(other, PartialDate) and self.text == other.text
        return is_same and super().__eq__(other)

    def __hash__(self) -> int:
        return hash((self.text, self.year, self.month, self.day))

    def _needs_day(self, _: object) -> NoReturn:
        message = f"the day of {self.text} is needed, and only this much was recorded"
        raise InputError(f"{self.where}: {message}")

    __add__ = __sub__ = __rsub__ = __radd__ = _needs_day


def known_day(day: dt.date) -> dt.date | None:
    """Return a day, None where it was recorded in part only."""
    return None if isinstance(day, PartialDate) else day


class Row(Protocol):
    """What every record type has: the name of its table, and its natural key."""

    TABLE: ClassVar[str]
    KEY: ClassVar[tuple[str, ...]]


class Column(NamedTuple):
    """What a column of a table holds."""

    name: str
    kind: str
    meaning: str
    unit: str | None
    codes: tuple[str, ...]
    is_required: bool
    default: Any


def column(
    kind: str,
    meaning: str,
    *,
    name: str | None = None,
    unit: str | None = None,
    codes: Iterable[str] = (),
    required: bool = False,
    default: Any = None,
) -> Any:
    """Declare a field that is read from a column; ``name`` where the two names differ."""
    about = (name, kind, meaning, unit, tuple(str(code) for code in codes), required)
    return field(default=default, metadata={"column": about})


def columns(record: type) -> tuple[Column, ...]:
    """Return the columns of a table, in the order of the record's fields."""

    def read(of: Field[Any]) -> Column:
        name, kind, meaning, unit, codes, required = of.metadata["column"]
        return Column(name or of.name, kind, meaning, unit, codes, required, of.default)

    return tuple(read(of) for of in fields(record) if "column" in of.metadata)


SUBJECT = "Subject identifier, as in the subjects table"


@dataclass(frozen=True, slots=True)
class Subject:
    """A person who entered the study; one row a subject.

    Columns that the protocol lists under ``characteristics`` are read too.
    ``demographics`` holds what DM of SDTM says beside them, by its variables.
    """

    TABLE: ClassVar[str] = "subjects"
    KEY: ClassVar[tuple[str, ...]] = ("subject_id",)

    subject_id: str = column("text", "Subject identifier", required=True, default="")
    cohort: str | None = column("text", "Cohort of the protocol; absent where there is one")
    site: str | None = column("text", "Study site")
    age_years: int | None = column("integer", "Age at enrolment", unit="years")
    sex: str | None = column("code", "Sex", codes=("F", "M", "U"))
    consent_date: dt.date | None = column("date", "Day of informed consent")
    enrolment_date: dt.date | None = column("date", "Day of enrolment")
    first_dose_date: dt.date | None = column("date", "Day of the first dose of any study drug")
    reference_date: dt.date | None = column(
        "date", "Day from which responses are judged, where no other column gives it"
    )
    characteristics: Mapping[str, str] = field(default_factory=dict)
    source: Source = NOWHERE
    demographics: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Measurement:
    """One lesion at one scan; one row a lesion, scan and evaluator."""

    TABLE: ClassVar[str] = "lesions"
    KEY: ClassVar[tuple[str, ...]] = ("subject_id", "evaluator", "visit", "date", "lesion_id")

    subject_id: str = column("text", SUBJECT, required=True, default="")
    visit: str | None = column("text", "Visit label; rows with one label are one time point")
    date: dt.date = column("date", "Day of the scan", required=True, default=dt.date.min)
    lesion_id: str = column("text", "Lesion, unique in a subject", required=True, default="")
    lesion_type: LesionType = column(
        "code",
        "As declared at baseline, or NEW",
        codes=LesionType,
        required=True,
        default=LesionType.TARGET,
    )
    organ: str | None = column("text", "Organ or site")
    is_nodal: bool = column(
        "yes-no", "Y for a lymph node: short axis instead of longest diameter",
        name="nodal", default=False,
    )  # fmt: skip
    diameter_um: int | None = column(
        "length", "Longest diameter; short axis for a node", name="diameter_mm", unit="mm"
    )
    state: LesionState = column(
        "code",
        "What was seen",
        codes=LesionState,
        required=True,
        default=LesionState.MEASURED,
    )
    evaluator: str = column("text", "Who read the scan", default=INVESTIGATOR)
    method: str | None = column("text", "CT, MRI, CALIPER, X-RAY, FDG-PET, ...")
    slice_um: int | None = column(
        "length", "Slice thickness of the scan", name="slice_mm", unit="mm"
    )
    prior_local_therapy: bool | None = column("yes-no", "Irradiated or treated locally before")
    progressed_since: bool | None = column("yes-no", "Progressed since that local therapy")
    parent_id: str | None = column("text", "Lesion that this one was split from or merged into")
    source: Source = NOWHERE


@dataclass(frozen=True, slots=True)
class RecordedResponse:
    """A response at a time point as an evaluator recorded it."""

    TABLE: ClassVar[str] = "responses"
    KEY: ClassVar[tuple[str, ...]] = ("subject_id", "evaluator", "visit", "date")

    subject_id: str = column("text", SUBJECT, required=True, default="")
    visit: str | None = column("text", "Visit label, as in lesions")
    date: dt.date = column("date", "Day of the time point", required=True, default=dt.date.min)
    evaluator: str = column("text", "Who judged", default=INVESTIGATOR)
    target: Response | None = column("code", "Target response", codes=Response)
    non_target: Response | None = column("code", "Non-target response", codes=Response)
    new_lesion: bool | None = column("yes-no", "New lesion")
    overall: Response | None = column(
        "code", "Overall RECIST 1.1 response", name="response", codes=Response
    )
    irecist: IResponse | None = column("code", "Overall iRECIST response", codes=IResponse)
    is_accepted: bool | None = column("yes-no", "Accepted by adjudication", name="accepted")
    is_clinically_stable: bool | None = column(
        "yes-no",
        "No worse performance or symptoms: treatment may go on past iUPD",
        name="clinically_stable",
    )
    source: Source = NOWHERE

    @property
    def sources(self) -> tuple[Source, ...]:
        """The one row that this response stands in."""
        return (self.source,)


@dataclass(frozen=True, slots=True)
class Override:
    """A decision that a response is another than it stands; one row a decision and field.

    It changes the one field that it names, among the responses that count.
    """

    TABLE: ClassVar[str] = "overrides"
    KEY: ClassVar[tuple[str, ...]] = (
        *("subject_id", "evaluator", "visit", "date", "field", "decided_on"),
        *("from", "to"),
    )

    subject_id: str = column("text", SUBJECT, required=True, default="")
    evaluator: str = column("text", "Whose response is overridden", required=True, default="")
    visit: str | None = column("text", "Visit label, as in lesions or responses")
    date: dt.date = column("date", "Day of the time point", required=True, default=dt.date.min)
    category: str = column(
        "code",
        "Which response",
        name="field",
        codes=("OVERALL", "TARGET", "NON-TARGET", "IRECIST"),
        required=True,
        default="OVERALL",
    )
    before: str = column(
        "text", "The response as it stands", name="from", required=True, default=""
    )
    after: str = column("text", "What it is from now on", name="to", required=True, default="")
    person: str = column("text", "Who decided", required=True, default="")
    decided_on: dt.date = column("date", "Day of the decision", required=True, default=dt.date.min)
    reason: str = column("text", "Why", required=True, default="")
    source: Source = NOWHERE


@dataclass(frozen=True, slots=True)
class RecordedEndpoint:
    """A time to event, or a best response, as a study recorded it."""

    TABLE: ClassVar[str] = "endpoints"
    KEY: ClassVar[tuple[str, ...]] = ("subject_id", "endpoint", "evaluator")

    subject_id: str = column("text", SUBJECT, required=True, default="")
    endpoint: str = column(
        "code",
        "Which endpoint",
        codes=("PFS", "IPFS", "OS", "TTR", "DOR", "BEST RESPONSE", "CONFIRMED BEST RESPONSE"),
        required=True,
        default="PFS",
    )
    evaluator: str = column("text", "Who judged", default=INVESTIGATOR)
    time: Decimal | None = column("decimal", "Time to event or censoring")
    time_unit: str | None = column("code", "Unit of time", codes=("DAYS", "WEEKS", "MONTHS"))
    is_event: bool | None = column("yes-no", "Y for an event, N for censored", name="event")
    response: Response | None = column(
        "code", "Best response, for the two response endpoints", codes=Response
    )
    source: Source = NOWHERE


@dataclass(frozen=True, slots=True)
class Dose:
    """One administration, or one run of days at one dose, of one drug."""

    TABLE: ClassVar[str] = "doses"
    KEY: ClassVar[tuple[str, ...]] = ("subject_id", "drug", "cycle", "start_date")

    subject_id: str = column("text", SUBJECT, required=True, default="")
    drug: str = column("text", "Drug, as named in the protocol", required=True, default="")
    cycle: int | None = column("integer", "Cycle, from 1")
    start_date: dt.date = column("date", "First day", required=True, default=dt.date.min)
    end_date: dt.date | None = column("date", "Last day; absent for a single day")
    dose: Decimal = column("decimal", "Dose, a day", required=True, default=Decimal(0))
    unit: str = column("text", "Unit of the dose", required=True, default="mg")
    route: str | None = column(
        "code", "Route", codes=("ORAL", "INTRAVENOUS", "SUBCUTANEOUS", "INTRAMUSCULAR")
    )
    infusion_minutes: Decimal | None = column("decimal", "Length of infusion", unit="min")
    change: str | None = column(
        "code", "How it differs from plan", codes=("REDUCED", "DELAYED", "INTERRUPTED", "OMITTED")
    )
    change_reason: str | None = column("text", "Why")
    source: Source = NOWHERE


@dataclass(frozen=True, slots=True)
class AdverseEvent:
    """One adverse event of one subject."""

    TABLE: ClassVar[str] = "adverse_events"
    KEY: ClassVar[tuple[str, ...]] = ("subject_id", "term", "onset_date", "grade")

    subject_id: str = column("text", SUBJECT, required=True, default="")
    term: str = column("text", "Preferred or CTCAE term, as coded", required=True, default="")
    system_organ_class: str | None = column("text", "System organ class")
    grade: int | None = column("integer", "CTCAE grade, 1 to 5")
    onset_date: dt.date | None = column("date", "First day")
    end_date: dt.date | None = column("date", "Last day; absent while it lasts")
    is_related: bool | None = column("yes-no", "Related to any study drug", name="related")
    related_to: tuple[str, ...] = column(
        "names", "Drugs that it is related to, as named in the protocol", default=()
    )
    is_serious: bool | None = column("yes-no", "Serious", name="serious")
    is_immune_related: bool | None = column("yes-no", "Immune-related", name="immune_related")
    action: str | None = column(
        "code",
        "What was done with study treatment",
        codes=("NONE", "INTERRUPTED", "REDUCED", "DISCONTINUED"),
    )
    action_drugs: tuple[str, ...] = column("names", "Drugs that the action concerned", default=())
    outcome: str | None = column(
        "code",
        "How it ended",
        codes=("RECOVERED", "RECOVERING", "NOT RECOVERED", "SEQUELAE", "FATAL", "UNKNOWN"),
    )
    source: Source = NOWHERE


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A day on which it was known whether the subject was alive."""

    TABLE: ClassVar[str] = "follow_up"
    KEY: ClassVar[tuple[str, ...]] = ("subject_id", "date", "status")

    subject_id: str = column("text", SUBJECT, required=True, default="")
    date: dt.date = column(
        "date", "Day of contact, or of death", required=True, default=dt.date.min
    )
    status: str = column(
        "code",
        "What was known",
        codes=("ALIVE", "DEAD", "LOST", "WITHDRAWN"),
        required=True,
        default="ALIVE",
    )
    cause: str | None = column("text", "Cause of death")
    source: Source = NOWHERE


@dataclass(frozen=True, slots=True)
class NewTherapy:
    """An anti-cancer therapy after the study treatment."""

    TABLE: ClassVar[str] = "new_therapies"
    KEY: ClassVar[tuple[str, ...]] = ("subject_id", "start_date", "name")

    subject_id: str = column("text", SUBJECT, required=True, default="")
    start_date: dt.date = column("date", "First day", required=True, default=dt.date.min)
    kind: str = column(
        "code",
        "Kind of therapy",
        codes=("SYSTEMIC", "SURGERY", "RADIOTHERAPY", "PALLIATIVE RADIOTHERAPY"),
        required=True,
        default="SYSTEMIC",
    )
    name: str | None = column("text", "Name")
    source: Source = NOWHERE


@dataclass(frozen=True, slots=True)
class Disposition:
    """Where a subject stands with a drug or with the study."""

    TABLE: ClassVar[str] = "disposition"
    KEY: ClassVar[tuple[str, ...]] = ("subject_id", "scope")

    subject_id: str = column("text", SUBJECT, required=True, default="")
    scope: str = column(
        "text",
        "TREATMENT, STUDY, or a drug as named in the protocol",
        required=True,
        default="TREATMENT",
    )
    status: str = column(
        "code",
        "Where the subject stands",
        codes=("ONGOING", "COMPLETED", "DISCONTINUED"),
        required=True,
        default="ONGOING",
    )
    date: dt.date | None = column("date", "Day of completion or discontinuation")
    reason: str | None = column(
        "code",
        "Why discontinued",
        codes=(
            "PROGRESSIVE DISEASE",
            "ADVERSE EVENT",
            "WITHDRAWAL OF CONSENT",
            "DEATH",
            "LOST TO FOLLOW-UP",
            "SYMPTOMATIC DETERIORATION",
            "PHYSICIAN DECISION",
            "PROTOCOL DEVIATION",
            "OTHER",
        ),
    )
    source: Source = NOWHERE


@dataclass(frozen=True, slots=True)
class Screening:
    """One person who was screened, enrolled or not."""

    TABLE: ClassVar[str] = "screening"
    KEY: ClassVar[tuple[str, ...]] = ("subject_id",)

    subject_id: str = column(
        "text", "Screening or subject identifier; who enrolled stands in the subjects table too",
        required=True, default="",
    )  # fmt: skip
    date: dt.date | None = column("date", "Day of screening")
    is_enrolled: bool = column("yes-no", "Enrolled", name="enrolled", required=True, default=True)
    criterion: str | None = column("text", "Criterion that was not met, by its id")
    reason: str | None = column("text", "Why not enrolled, in words")
    source: Source = NOWHERE


@dataclass(frozen=True, slots=True)
class Lab:
    """One laboratory result."""

    TABLE: ClassVar[str] = "labs"
    KEY: ClassVar[tuple[str, ...]] = ("subject_id", "date", "test", "site")

    subject_id: str = column("text", SUBJECT, required=True, default="")
    date: dt.date = column("date", "Day of the sample", required=True, default=dt.date.min)
    test: str = column("text", "Test, CDISC code or usual name", required=True, default="")
    value: str | None = column("text", "Result: a number, or words such as POSITIVE or 1+")
    unit: str | None = column("text", "Unit of value and limits")
    lln: Decimal | None = column("decimal", "Lower limit of normal of this laboratory")
    uln: Decimal | None = column("decimal", "Upper limit of normal of this laboratory")
    is_baseline: bool | None = column("yes-no", "The baseline result", name="baseline")
    site: str | None = column("text", "Laboratory")
    fasting: bool | None = column("yes-no", "Fasting")
    symptomatic: bool | None = column("yes-no", "With symptoms")
    consequence: bool | None = column("yes-no", "With physiological consequence")
    anticoagulated: bool | None = column("yes-no", "On anticoagulants")
    transfused: bool | None = column("yes-no", "Transfused for it")
    albumin: Decimal | None = column("decimal", "Albumin of the same sample", unit="g/L")
    source: Source = NOWHERE


@dataclass(frozen=True, slots=True)
class Vital:
    """One vital sign or body measure."""

    TABLE: ClassVar[str] = "vitals"
    KEY: ClassVar[tuple[str, ...]] = ("subject_id", "date", "test")

    subject_id: str = column("text", SUBJECT, required=True, default="")
    date: dt.date = column("date", "Day", required=True, default=dt.date.min)
    test: str = column(
        "code",
        "What was measured",
        codes=("WEIGHT", "HEIGHT", "SYSBP", "DIABP", "PULSE", "TEMP", "RESP", "OXYSAT"),
        required=True,
        default="WEIGHT",
    )
    value: Decimal = column("decimal", "Value", required=True, default=Decimal(0))
    unit: str = column("text", "Unit", required=True, default="")
    source: Source = NOWHERE


@dataclass(frozen=True, slots=True)
class Ecg:
    """One value or finding of an electrocardiogram."""

    TABLE: ClassVar[str] = "ecg"
    KEY: ClassVar[tuple[str, ...]] = ("subject_id", "date", "test")

    subject_id: str = column("text", SUBJECT, required=True, default="")
    date: dt.date = column("date", "Day", required=True, default=dt.date.min)
    test: str = column("text", "Interval or finding, such as QTCF", required=True, default="")
    value: str | None = column("text", "Value, or words")
    unit: str | None = column("text", "Unit")
    source: Source = NOWHERE


@dataclass(frozen=True, slots=True)
class Performance:
    """One performance status."""

    TABLE: ClassVar[str] = "performance"
    KEY: ClassVar[tuple[str, ...]] = ("subject_id", "date", "scale")

    subject_id: str = column("text", SUBJECT, required=True, default="")
    date: dt.date = column("date", "Day", required=True, default=dt.date.min)
    scale: str = column("code", "Scale", codes=("ECOG", "KARNOFSKY"), default="ECOG")
    score: int = column("integer", "Score", required=True, default=0)
    source: Source = NOWHERE


@dataclass(frozen=True, slots=True)
class PriorTherapy:
    """One therapy before the study."""

    TABLE: ClassVar[str] = "prior_therapies"
    KEY: ClassVar[tuple[str, ...]] = ("subject_id", "line", "name", "start_date")

    subject_id: str = column("text", SUBJECT, required=True, default="")
    kind: str = column(
        "code",
        "Kind of therapy",
        codes=("SYSTEMIC", "SURGERY", "RADIOTHERAPY", "OTHER"),
        required=True,
        default="SYSTEMIC",
    )
    line: int | None = column("integer", "Line of systemic therapy, from 1")
    name: str | None = column("text", "Name")
    classes: tuple[str, ...] = column("names", "Classes, such as anthracycline", default=())
    start_date: dt.date | None = column("date", "First day")
    end_date: dt.date | None = column("date", "Last day")
    best_response: Response | None = column("code", "Best response", codes=Response)
    is_progressed: bool | None = column("yes-no", "Progressed on or after it", name="progressed")
    source: Source = NOWHERE


@dataclass(frozen=True, slots=True)
class Conmed:
    """One concomitant medication."""

    TABLE: ClassVar[str] = "conmeds"
    KEY: ClassVar[tuple[str, ...]] = ("subject_id", "name", "start_date")

    subject_id: str = column("text", SUBJECT, required=True, default="")
    name: str = column("text", "Name", required=True, default="")
    medication_class: str | None = column("text", "Class", name="class")
    start_date: dt.date | None = column("date", "First day")
    end_date: dt.date | None = column("date", "Last day")
    indication: str | None = column("text", "Why it was given")
    source: Source = NOWHERE


@dataclass(frozen=True, slots=True)
class History:
    """One condition of the medical history."""

    TABLE: ClassVar[str] = "history"
    KEY: ClassVar[tuple[str, ...]] = ("subject_id", "term", "start_date")

    subject_id: str = column("text", SUBJECT, required=True, default="")
    term: str = column("text", "Condition", required=True, default="")
    start_date: dt.date | None = column("date", "First day")
    end_date: dt.date | None = column("date", "Last day; absent while it lasts")
    is_ongoing: bool | None = column("yes-no", "Lasts", name="ongoing")
    source: Source = NOWHERE


@dataclass(frozen=True, slots=True)
class Deviation:
    """One deviation from the protocol."""

    TABLE: ClassVar[str] = "deviations"
    KEY: ClassVar[tuple[str, ...]] = ("subject_id", "date", "category", "description")

    subject_id: str = column("text", SUBJECT, required=True, default="")
    date: dt.date | None = column("date", "Day")
    category: str = column("text", "Category", required=True, default="")
    severity: str = column(
        "code", "How grave", codes=("MAJOR", "MINOR"), required=True, default="MINOR"
    )
    description: str | None = column("text", "What happened")
    source: Source = NOWHERE


@dataclass(frozen=True, slots=True)
class Sample:
    """One biological sample."""

    TABLE: ClassVar[str] = "samples"
    KEY: ClassVar[tuple[str, ...]] = ("subject_id", "date", "kind")

    subject_id: str = column("text", SUBJECT, required=True, default="")
    date: dt.date | None = column("date", "Day")
    kind: str = column(
        "text", "Blood, archived tissue, fresh biopsy, ...", required=True, default=""
    )
    visit: str | None = column("text", "Visit label")
    source: Source = NOWHERE


@dataclass(frozen=True, slots=True)
class Biomarker:
    """One biomarker result."""

    TABLE: ClassVar[str] = "biomarkers"
    KEY: ClassVar[tuple[str, ...]] = ("subject_id", "date", "marker")

    subject_id: str = column("text", SUBJECT, required=True, default="")
    date: dt.date | None = column("date", "Day of the sample")
    marker: str = column("text", "Marker, as named in the protocol", required=True, default="")
    value: str | None = column("text", "Result: a number, or words such as POSITIVE")
    unit: str | None = column("text", "Unit")
    source: Source = NOWHERE


TABLES: tuple[type[Row], ...] = (
    Subject,
    Measurement,
    RecordedResponse,
    Override,
    RecordedEndpoint,
    Dose,
    AdverseEvent,
    FollowUp,
    NewTherapy,
    Disposition,
    Screening,
    Lab,
    Vital,
    Ecg,
    Performance,
    PriorTherapy,
    Conmed,
    History,
    Deviation,
    Sample,
    Biomarker,
)
"""Every table of a study's data folder; the file is ``<TABLE>.csv``."""


@dataclass(frozen=True, slots=True)
class SubjectRecords:
    """All records of one subject, a field a table.

    ``None`` means that the study did not collect the table, an empty tuple that
    nothing was observed of this subject.
    """

    subject: Subject
    lesions: tuple[Measurement, ...] | None = None
    responses: tuple[RecordedResponse, ...] | None = None
    overrides: tuple[Override, ...] | None = None
    endpoints: tuple[RecordedEndpoint, ...] | None = None
    doses: tuple[Dose, ...] | None = None
    adverse_events: tuple[AdverseEvent, ...] | None = None
    follow_up: tuple[FollowUp, ...] | None = None
    new_therapies: tuple[NewTherapy, ...] | None = None
    disposition: tuple[Disposition, ...] | None = None
    labs: tuple[Lab, ...] | None = None
    vitals: tuple[Vital, ...] | None = None
    ecg: tuple[Ecg, ...] | None = None
    performance: tuple[Performance, ...] | None = None
    prior_therapies: tuple[PriorTherapy, ...] | None = None
    conmeds: tuple[Conmed, ...] | None = None
    history: tuple[History, ...] | None = None
    deviations: tuple[Deviation, ...] | None = None
    samples: tuple[Sample, ...] | None = None
    biomarkers: tuple[Biomarker, ...] | None = None
