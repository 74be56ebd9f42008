"""Whatever the API's own description allows, and some of what it does not, is answered: never with a server error.

The cases are schemathesis's, from our OpenAPI description. They are sent by somebody who holds every role, and half of
them name rows that exist, so that they reach the services and do not end at the door.
"""

import json
import os
import time
from typing import Any
from urllib.parse import quote, urlencode

import pytest
import schemathesis
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.generation import GenerationMode

from anwang.config.api import api
from anwang.ground.accounts.roles import ROLES
from tests.scope.test_nothing_leaks import FILL, VALUES, client_of, moment, world

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
__all__ = ["moment", "world"]

SECONDS = float(os.environ.get("FUZZ_SECONDS", "60"))
EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "12"))
"""At most per operation; all operations together stop after SECONDS."""


def with_rows(value: Any, ids: dict[str, str], name: str = "") -> Any:
    """The same body, naming rows that exist wherever a row can be named."""
    if isinstance(value, dict):
        return {key: with_rows(part, ids, key) for key, part in value.items()}
    if isinstance(value, list):
        return [with_rows(part, ids, name) for part in value]
    return ids[VALUES[name]] if name in VALUES and isinstance(value, str) else value


def send(client: Any, case: Any, ids: dict[str, str] | None, shared: dict[str, str]) -> Any:
    room = "/".join(case.path.split("/")[:3])
    path = case.path
    for name, value in (case.path_parameters or {}).items():
        said, filled = FILL.get(f"{room}:{name}", ""), value
        if ids is not None and said:
            filled = shared.get(said[1:], said[1:]) if said.startswith("=") else ids[said]
        path = path.replace(f"{{{name}}}", quote(str(filled), safe=""))
    query = case.query if isinstance(case.query, dict) else {}
    body = case.body
    if not isinstance(body, (dict, list, str, int, float, bool, type(None))):
        body = None
    if ids is not None:
        query, body = with_rows(query, ids), with_rows(body, ids)
    try:
        asked = urlencode(query, doseq=True)
        data = json.dumps(body)
    except (TypeError, ValueError, UnicodeEncodeError):
        return None
    with transaction.atomic():
        try:
            return client.generic(
                case.method.upper(),
                f"{path}?{asked}",
                data,
                content_type=case.media_type or "application/json",
            )
        finally:
            transaction.set_rollback(True)


def test_no_server_error_from_whatever_the_description_allows(world, make_user, places):
    user = make_user(None, None, name="全部角色")
    for role in ROLES:
        make_user.grant(user, role.key, None if role.administrator else places.county)
    client = client_of(user)
    client.raise_request_exception = False
    schema = schemathesis.openapi.from_dict(api.get_openapi_schema())
    broken: dict[str, str] = {}
    asked = 0
    began = time.monotonic()
    operations = [found.ok() for found in schema.get_all_operations()]
    assert len(operations) > 100
    for n, operation in enumerate(operations):
        left = (SECONDS - (time.monotonic() - began)) / (len(operations) - n)
        until = time.monotonic() + max(left, 0.2)
        cases = st.one_of(
            operation.as_strategy(generation_mode=GenerationMode.POSITIVE),
            operation.as_strategy(generation_mode=GenerationMode.NEGATIVE),
        )

        @seed(20261121)
        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=cases, real=st.booleans())
        def ask_all(case: Any, real: bool) -> None:
            nonlocal asked
            if time.monotonic() > until:  # noqa: B023 - called in this turn of the loop
                return
            response = send(client, case, world.own.ids if real else None, world.shared)
            if response is None:
                return
            asked += 1
            if response.status_code >= 500:
                key = f"{case.method.upper()} {case.path}"
                broken.setdefault(
                    key,
                    f"{response.status_code} {response.exc_info[0].__name__}: {response.exc_info[1]} "
                    f"← {str(case.query)[:150]} {str(case.body)[:300]} {case.path_parameters}",
                )

        try:
            ask_all()
        except Exception as error:
            if type(error).__module__.split(".")[0] not in {"hypothesis", "schemathesis"}:
                raise
    print(f"{asked} cases in {time.monotonic() - began:.0f} s")
    assert broken == {}
    assert asked > len(operations)
