"""The CTCAE tables that are shipped with the package: a version to its criteria.

Takes a version, gives the terms that the rules grade by. Knows no rule.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from onearm.errors import InputError
from onearm.io.yaml import read_yaml
from onearm.protocol.ctcae import Ctcae, parse_ctcae

DATA = Path(__file__).parent / "data"
VERSIONS = tuple(sorted(path.stem.partition("-")[2] for path in DATA.glob("ctcae-*.yaml")))


@cache
def read_ctcae(version: str, options: tuple[str, ...] = ()) -> Ctcae:
    """Read the criteria of a version: 5.0 or 6.0.

    Parameters
    ----------
    version
        The version, as it is printed.
    options
        Names of other readings of a criterion, as the file lists them.

    Raises
    ------
    InputError
        If the version is not known, or an option is not.
    """
    if version not in VERSIONS:
        raise InputError(f"CTCAE version must be one of {', '.join(VERSIONS)}; got {version!r}")
    content: Any = read_yaml(DATA / f"ctcae-{version}.yaml").data
    return parse_ctcae(content, options)
