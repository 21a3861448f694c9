"""The analysis data sets of a study, with define.xml and the reader's guide."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from onearm.io.adam import AnalysisData, analysis_data
from onearm.io.adam_guide import guide_text
from onearm.io.define import GUIDE, define_xml
from onearm.pipeline.adam_patients import patients_of
from onearm.pipeline.export import SUFFIXES, Content
from onearm.pipeline.run import Analysed, analyse


def content(study: Path, formats: Sequence[str]) -> Content:
    """Return the data sets of a study folder, define.xml and the reader's guide."""
    analysed = analyse(study)
    data = adam_of(analysed)
    unknown = [one for answers in analysed.derived for one in answers.unknown]
    texts = {
        "define.xml": define_xml(data, extension=SUFFIXES[formats[0]]),
        GUIDE: guide_text(data, sorted(analysed.study.origins), unknown),
    }
    return Content(data.datasets, texts)


def adam_of(analysed: Analysed) -> AnalysisData:
    """Return the analysis data sets of an analysed study."""
    return analysis_data(patients_of(analysed), analysed.study.protocol)
