"""A certificate's file is checked whole, and a trial stopped at its first stage is told whole."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from onearm.design.wording import inference_in_words
from onearm.errors import DesignError, InputError
from onearm.io.historical import read_historical
from onearm.pipeline.design import simon, verify
from onearm.stats.after_two_stage import after_two_stage


@pytest.fixture
def printed() -> dict[str, object]:
    found: dict[str, object] = simon("0.2", "0.4", "0.05", "0.8").as_json()
    return found


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [("optimal", "n1", 12), ("minimax", "n", 30), ("admissible", None, [])],
)
def test_what_stands_beside_a_certificate_must_be_what_it_certifies(
    tmp_path: Path, printed: dict, name: str, key: str | None, value: object
) -> None:
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(printed))
    assert "holds" in verify(path).as_text()

    if key is None:
        printed[name] = value
    else:
        printed[name][key] = value
    path.write_text(json.dumps(printed))
    with pytest.raises(DesignError, match=f"{name} stands beside the certificate"):
        verify(path)


def test_the_sentence_names_whom_the_estimate_leaves_out() -> None:
    found = after_two_stage(
        6, null=0.2, r1=3, n1=13, r=12, n=43, stopped_at=1, stage1_responders=3, attained_n=18
    )

    assert "It rests on the first 13 subjects." in inference_in_words(found)


def test_past_trials_that_are_not_utf8_get_one_line(tmp_path: Path) -> None:
    path = tmp_path / "historical.csv"
    path.write_bytes(b"source,n,responders\n\xff,10,3\n")

    with pytest.raises(InputError, match=r"historical\.csv: must be encoded in UTF-8"):
        read_historical(path)


@pytest.mark.parametrize("name", ["p0", "p1", "alpha", "power"])
def test_the_settings_beside_a_certificate_must_be_its_own(
    tmp_path: Path, printed: dict, name: str
) -> None:
    printed[name] = 0.3
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(printed))

    with pytest.raises(DesignError, match=rf"{path}: {name} stands beside the certificate"):
        verify(path)


@pytest.mark.parametrize("r_top", [-2, -5, -1000])
def test_a_negative_r_top_is_refused(tmp_path: Path, printed: dict, r_top: int) -> None:
    printed["certificate"]["refutations"][0]["r_top"] = r_top
    path = tmp_path / "certificate.json"
    path.write_text(json.dumps(printed))

    with pytest.raises(DesignError, match="r_top of at least -1"):
        verify(path)


def test_a_p_value_near_0_is_not_printed_as_0() -> None:
    found = after_two_stage(43, null=0.2, r1=3, n1=13, r=12, n=43)

    assert found.p_value < 0.0001
    assert "p-value of <0.0001 against 20 %" in inference_in_words(found)
