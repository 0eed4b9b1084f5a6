"""What a model needs on a serving platform: ``resources`` and ``auth_policy`` of the MLmodel file.

The classes are MLflow's, and so is what they write: below the platform's name, per kind of
resource a list of mappings with ``name``.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

from mlmodel.errors import InvalidArgument, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = [
    "DEFAULT_API_VERSION",
    "AuthPolicy",
    "DatabricksApp",
    "DatabricksFunction",
    "DatabricksGenieSpace",
    "DatabricksLakebase",
    "DatabricksResource",
    "DatabricksSQLWarehouse",
    "DatabricksServingEndpoint",
    "DatabricksTable",
    "DatabricksUCConnection",
    "DatabricksUCModelService",
    "DatabricksVectorSearchIndex",
    "Resource",
    "ResourceType",
    "SystemAuthPolicy",
    "UserAuthPolicy",
    "as_mapping",
]

#: The version of the mapping that is written.
DEFAULT_API_VERSION = "1"


class ResourceType(StrEnum):
    """The kinds of resources, by their keys in the file."""

    UC_CONNECTION = "uc_connection"
    VECTOR_SEARCH_INDEX = "vector_search_index"
    SERVING_ENDPOINT = "serving_endpoint"
    SQL_WAREHOUSE = "sql_warehouse"
    FUNCTION = "function"
    GENIE_SPACE = "genie_space"
    TABLE = "table"
    APP = "app"
    LAKEBASE = "lakebase"
    UC_MODEL_SERVICE = "uc_model_service"


class Resource(ABC):
    """One thing that a model needs where it is served."""

    #: Its kind.
    type: ClassVar[ResourceType]
    #: The platform.
    target_uri: ClassVar[str]

    @abstractmethod
    def to_dict(self) -> dict[str, list[dict[str, Any]]]:
        """Return the kind, with a list of the one mapping that stands for the resource."""


@dataclass
class DatabricksResource(Resource):
    """A resource of Databricks; ``on_behalf_of_user`` says with whose permissions it is reached."""

    target_uri = "databricks"

    name: str
    on_behalf_of_user: bool | None = field(default=None, kw_only=True)

    def to_dict(self) -> dict[str, list[dict[str, Any]]]:
        """Return the kind, with a list of the one mapping that stands for the resource."""
        entry: dict[str, Any] = {"name": self.name}
        if self.on_behalf_of_user is not None:
            entry["on_behalf_of_user"] = self.on_behalf_of_user
        return {self.type.value: [entry]}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Return the resource of a mapping of the file.

        Raises:
            InvalidArgument: it has no name.

        """
        if "name" not in data:
            raise InvalidArgument(f"A {cls.type.value} of resources has a name, not {shown(data)}")
        made = cls.__new__(cls)
        DatabricksResource.__init__(
            made, data["name"], on_behalf_of_user=data.get("on_behalf_of_user")
        )
        return made


class DatabricksUCConnection(DatabricksResource):
    """A connection of Unity Catalog."""

    type = ResourceType.UC_CONNECTION

    def __init__(self, connection_name: str, on_behalf_of_user: bool | None = None) -> None:
        super().__init__(connection_name, on_behalf_of_user=on_behalf_of_user)


class DatabricksServingEndpoint(DatabricksResource):
    """An endpoint that serves a model."""

    type = ResourceType.SERVING_ENDPOINT

    def __init__(self, endpoint_name: str, on_behalf_of_user: bool | None = None) -> None:
        super().__init__(endpoint_name, on_behalf_of_user=on_behalf_of_user)


class DatabricksVectorSearchIndex(DatabricksResource):
    """An index of Vector Search."""

    type = ResourceType.VECTOR_SEARCH_INDEX

    def __init__(self, index_name: str, on_behalf_of_user: bool | None = None) -> None:
        super().__init__(index_name, on_behalf_of_user=on_behalf_of_user)


class DatabricksSQLWarehouse(DatabricksResource):
    """A SQL warehouse, by its id."""

    type = ResourceType.SQL_WAREHOUSE

    def __init__(self, warehouse_id: str, on_behalf_of_user: bool | None = None) -> None:
        super().__init__(warehouse_id, on_behalf_of_user=on_behalf_of_user)


class DatabricksFunction(DatabricksResource):
    """A function of Unity Catalog."""

    type = ResourceType.FUNCTION

    def __init__(self, function_name: str, on_behalf_of_user: bool | None = None) -> None:
        super().__init__(function_name, on_behalf_of_user=on_behalf_of_user)


class DatabricksGenieSpace(DatabricksResource):
    """A Genie space, by its id."""

    type = ResourceType.GENIE_SPACE

    def __init__(self, genie_space_id: str, on_behalf_of_user: bool | None = None) -> None:
        super().__init__(genie_space_id, on_behalf_of_user=on_behalf_of_user)


class DatabricksTable(DatabricksResource):
    """A table of Unity Catalog."""

    type = ResourceType.TABLE

    def __init__(self, table_name: str, on_behalf_of_user: bool | None = None) -> None:
        super().__init__(table_name, on_behalf_of_user=on_behalf_of_user)


class DatabricksApp(DatabricksResource):
    """An app."""

    type = ResourceType.APP

    def __init__(self, app_name: str, on_behalf_of_user: bool | None = None) -> None:
        super().__init__(app_name, on_behalf_of_user=on_behalf_of_user)


class DatabricksLakebase(DatabricksResource):
    """An instance of a Lakebase database."""

    type = ResourceType.LAKEBASE

    def __init__(self, database_instance_name: str, on_behalf_of_user: bool | None = None) -> None:
        super().__init__(database_instance_name, on_behalf_of_user=on_behalf_of_user)


class DatabricksUCModelService(DatabricksResource):
    """A model service of Unity Catalog."""

    type = ResourceType.UC_MODEL_SERVICE

    def __init__(self, model_service_name: str, on_behalf_of_user: bool | None = None) -> None:
        super().__init__(model_service_name, on_behalf_of_user=on_behalf_of_user)


@dataclass
class UserAuthPolicy:
    """What the user who calls the model must be allowed: names of scopes."""

    api_scopes: list[str]

    def to_dict(self) -> dict[str, Any]:
        """Return the mapping of the file."""
        return {"api_scopes": list(self.api_scopes)}


@dataclass
class SystemAuthPolicy:
    """What the model reaches as itself."""

    resources: list[Resource]

    def to_dict(self) -> dict[str, Any]:
        """Return the mapping of the file."""
        return {"resources": as_mapping(self.resources)}


@dataclass
class AuthPolicy:
    """With whose permissions a model runs: the user's, its own, or both."""

    user_auth_policy: UserAuthPolicy | None = None
    system_auth_policy: SystemAuthPolicy | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the mapping of the file; what is not given is an empty one."""
        system, user = self.system_auth_policy, self.user_auth_policy
        return {
            "system_auth_policy": {} if system is None else system.to_dict(),
            "user_auth_policy": {} if user is None else user.to_dict(),
        }


def as_mapping(given: Any) -> Any:
    """Return resources as the file holds them.

    Args:
        given: a list of resources, the path of a YAML file with the mapping, or the mapping
            itself; None and lists of other things stay what they are.

    Raises:
        InvalidArgument: the file is not there, or holds no mapping.

    """
    if isinstance(given, str | os.PathLike):
        return _of_file(Path(given))
    if isinstance(given, list | tuple) and all(isinstance(one, Resource) for one in given):
        return _of_resources(given)
    return given


def _of_resources(resources: Iterable[Resource]) -> dict[str, Any]:
    found: dict[str, Any] = {"api_version": DEFAULT_API_VERSION}
    for resource in resources:
        platform = found.setdefault(resource.target_uri, {})
        for kind, entries in resource.to_dict().items():
            platform.setdefault(kind, []).extend(entries)
    return found


def _of_file(path: Path) -> dict[str, Any]:
    import yaml

    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise InvalidArgument(f"resources: {path} cannot be read as YAML: {error}") from None
    if not isinstance(found, dict):
        raise InvalidArgument(f"resources: {path} holds {shown(found)}, which is not a mapping")
    return found
