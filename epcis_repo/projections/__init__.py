"""
Read models: folds over the log, each with its tables beside it. Each can be dropped and rebuilt.

`project` folds what was just appended, in the same database transaction, so an acknowledged
capture is in every answer given after it. Folds go by event time, so the order of arrival
does not show: what comes late is folded where it belongs, from the log.

To add a read model: a module with `SCHEMA`, `TABLES` and `project`, its `.sql`, and a line in
`PROJECTIONS`.
"""

from epcis_repo.projections.logged import LoggedEvent, identity_of
from epcis_repo.projections.runner import PROJECTIONS, SCHEMAS, project, rebuild

__all__ = ["PROJECTIONS", "SCHEMAS", "LoggedEvent", "identity_of", "project", "rebuild"]
