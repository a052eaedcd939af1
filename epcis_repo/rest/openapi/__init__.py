"""What the resources are, for programs and for people, made of the tables by which they answer."""

from epcis_repo.rest.openapi.document import answered, description, name_of, path_of
from epcis_repo.rest.openapi.operation import Of, Operation, Sent
from epcis_repo.rest.openapi.operations import OPERATIONS
from epcis_repo.rest.openapi.page import page

__all__ = [
    "OPERATIONS",
    "Of",
    "Operation",
    "Sent",
    "answered",
    "description",
    "name_of",
    "page",
    "path_of",
]
