"""``onearm export STUDY usdm``: what a study planned, as a USDM study definition."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from onearm import __version__
from onearm.errors import InputError
from onearm.io.usdm import usdm_text
from onearm.io.yaml import read_yaml
from onearm.pipeline.export import Content
from onearm.protocol.parse import parse_protocol


def content(study: Path, formats: Sequence[str]) -> Content:
    """Return the study definition; it needs the protocol and no data."""
    del formats  # USDM is JSON
    path = study / "protocol.yaml"
    if not path.is_file():
        raise InputError(f"{study}: no study folder; it must hold a protocol.yaml")
    text, remarks = usdm_text(parse_protocol(read_yaml(path)), ("onearm", __version__))
    return Content((), {"usdm.json": text}, remarks)
