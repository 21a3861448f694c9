"""Print the classes of the USDM that a study definition may hold, with their attributes.

Needs the package usdm (0.66.0, model version 4.0.0), in an environment of its own:
    python usdm_classes.py > usdm_classes.csv
A row an attribute: whether it is required, whether a list, and the classes it may hold.
The names are those of CDISC's Unified Study Definitions Model, version 4.0.
"""

import csv
import sys
from typing import get_args

from pydantic import BaseModel
from usdm_model.wrapper import Wrapper


def classes_in(annotation: object) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [one for inner in get_args(annotation) for one in classes_in(inner)]


found: dict[str, type[BaseModel]] = {}
waiting: list[type[BaseModel]] = [Wrapper]
while waiting:
    model = waiting.pop()
    if model.__name__ not in found:
        found[model.__name__] = model
        waiting += [c for one in model.model_fields.values() for c in classes_in(one.annotation)]
out = csv.writer(sys.stdout, lineterminator="\n")
out.writerow(["class", "attribute", "is_required", "is_list", "classes"])
for name, model in sorted(found.items()):
    for attribute, field in model.model_fields.items():
        is_list = "typing.List[" in str(field.annotation)
        inside = " ".join(sorted({one.__name__ for one in classes_in(field.annotation)}))
        out.writerow([name, attribute, field.is_required(), is_list, inside])
