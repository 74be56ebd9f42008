from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.ground.accounts import labels, rules
from anwang.ground.accounts.permissions import Permission
from anwang.ground.accounts.roles import ALL_ROLES, BY_KEY
from anwang.ground.base import errors

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def facts(key: str) -> rules.RoleFacts:
    spec = BY_KEY[key]
    return rules.RoleFacts(key, frozenset(map(str, spec.permissions)), spec.administrator, spec.placed_by)


ADMINISTRATORS = ["system_admin", "security_admin", "auditor"]
BUSINESS = [role.key for role in ALL_ROLES if not role.administrator]
roles = st.sampled_from([facts(role.key) for role in ALL_ROLES])


def test_every_built_in_role_is_a_good_role() -> None:
    assert {role.key: rules.role_problem(facts(role.key)) for role in ALL_ROLES} == {r.key: None for r in ALL_ROLES}
    assert [sorted(facts(key).offices) for key in ADMINISTRATORS] == [["system"], ["security"], ["audit"]]


@pytest.mark.parametrize("held", ADMINISTRATORS)
@pytest.mark.parametrize("given_role", ADMINISTRATORS)
def test_no_two_of_the_three(held: str, given_role: str) -> None:
    expected = None if held == given_role else "accounts.two_administrators"
    assert rules.separation_problem([facts(held)], facts(given_role)) == expected


@pytest.mark.parametrize("administrator", ADMINISTRATORS)
@pytest.mark.parametrize("business", BUSINESS)
def test_no_administrator_does_business(administrator: str, business: str) -> None:
    problem = "accounts.administrator_and_business"
    assert rules.separation_problem([facts(business)], facts(administrator)) == problem
    assert rules.separation_problem([facts(administrator)], facts(business)) == problem


@given(st.lists(roles, max_size=6))
def test_whatever_is_given_in_turn_nobody_ends_with_two_offices(wishes: list[rules.RoleFacts]) -> None:
    held: list[rules.RoleFacts] = []
    for wish in wishes:
        if rules.separation_problem(held, wish) is None:
            held.append(wish)
    offices = {office for role in held for office in role.offices}
    assert len(offices) <= 1
    assert not offices or all(role.administrator for role in held)


permissions = st.frozensets(st.sampled_from([str(permission) for permission in Permission]))


@given(permissions)
def test_a_role_of_ones_own_mixes_no_offices(chosen: frozenset[str]) -> None:
    offices = rules.RoleFacts("own", chosen, False, "region").offices
    role = rules.RoleFacts("own", chosen, bool(offices), "free" if offices else "region")
    if rules.role_problem(role) is None and offices:
        assert len(offices) == 1
        assert chosen <= rules.OFFICES[next(iter(offices))] | rules.LIBRARIES


def test_a_role_says_truly_whether_it_is_an_administrators() -> None:
    assert rules.role_problem(rules.RoleFacts("x", frozenset({"hazard.read"}), True, "region")) == "accounts.role_mixed"
    assert rules.role_problem(rules.RoleFacts("x", frozenset({"audit.read"}), False, "free")) == "accounts.role_mixed"
    two = frozenset({"audit.read", "user.manage"})
    assert rules.role_problem(rules.RoleFacts("x", two, True, "free")) == "accounts.role_two_offices"
    mixed = frozenset({"audit.read", "hazard.read"})
    assert rules.role_problem(rules.RoleFacts("x", mixed, True, "free")) == "accounts.role_mixed"


@pytest.mark.parametrize(
    ("role", "region", "organisation", "thing", "problem"),
    [
        ("inspector", True, False, False, None),
        ("inspector", True, True, False, None),
        ("inspector", False, True, False, "accounts.region_missing"),
        ("enterprise_officer", True, False, False, "accounts.organisation_missing"),
        ("enterprise_officer", False, True, False, None),
        ("expert", False, False, False, "accounts.place_missing"),
        ("expert", False, True, False, None),
        ("auditor", False, False, False, None),
        ("auditor", True, False, False, None),
        ("auditor", False, True, False, "accounts.administrator_unplaced"),
        ("link_holder", True, False, False, "accounts.only_by_link"),
        ("link_holder", False, False, True, None),
        ("inspector", True, False, True, "accounts.only_by_link"),
    ],
)
def test_a_grant_names_what_its_role_is_placed_by(
    role: str, region: bool, organisation: bool, thing: bool, problem: str | None
) -> None:
    assert rules.place_problem(facts(role), region=region, organisation=organisation, thing=thing) == problem


def test_terms() -> None:
    hour = timedelta(hours=1)
    assert rules.term_problem(NOW, None, now=NOW) is None
    assert rules.term_problem(NOW, NOW + hour, now=NOW) is None
    assert rules.term_problem(NOW, NOW, now=NOW) == "accounts.term_backwards"
    assert rules.term_problem(NOW - 2 * hour, NOW - hour, now=NOW) == "accounts.term_backwards"
    assert rules.link_problem(now=NOW, expires_at=NOW + hour) is None
    assert rules.link_problem(now=NOW, expires_at=NOW) == "accounts.link_term"
    assert rules.link_problem(now=NOW, expires_at=NOW + timedelta(days=367)) == "accounts.link_term"


@pytest.mark.parametrize(
    ("offices", "accounts", "security", "problem"),
    [
        ([], True, False, None),
        ([], False, True, "accounts.not_permitted"),
        (["audit"], True, False, "accounts.reset_by_security"),
        (["audit"], False, True, None),
        (["system"], False, True, None),
        (["security"], True, True, "accounts.reset_on_server"),
    ],
)
def test_who_may_reset_a_password(offices: list[str], accounts: bool, security: bool, problem: str | None) -> None:
    assert rules.reset_problem(offices=offices, keeps_accounts=accounts, keeps_security=security) == problem


def test_keys() -> None:
    def problem(wanted: list[str], *, days: float = 30, by_token: bool = False) -> str | None:
        expires = NOW + timedelta(days=days)
        return rules.token_problem(
            wanted=wanted, held=["site.read", "hazard.read"], now=NOW, expires_at=expires, by_token=by_token
        )

    assert problem(["site.read"]) is None
    assert problem([]) == "accounts.token_empty"
    assert problem(["site.edit"]) == "accounts.token_too_wide"
    assert problem(["site.read"], days=0) == "accounts.token_term"
    assert problem(["site.read"], days=400) == "accounts.token_term"
    assert problem(["site.read"], by_token=True) == "accounts.token_by_token"


def test_age_and_idleness() -> None:
    assert not rules.password_is_old(NOW - timedelta(days=90), now=NOW, max_days=90)
    assert rules.password_is_old(NOW - timedelta(days=90, seconds=1), now=NOW, max_days=90)
    assert not rules.is_idle(NOW - timedelta(minutes=30), now=NOW, minutes=30)
    assert rules.is_idle(NOW - timedelta(minutes=30, seconds=1), now=NOW, minutes=30)


def test_every_permission_has_words_and_a_place_in_the_table() -> None:
    assert set(labels.PERMISSIONS) == {str(permission) for permission in Permission}
    grouped = [
        p for p in Permission if any(p.startswith(prefix) for _, group in labels.PERMISSION_GROUPS for prefix in group)
    ]
    assert set(grouped) == set(Permission)
    assert set(rules.LIBRARIES).union(*rules.OFFICES.values()) <= set(Permission)


def test_every_refusal_of_the_rules_has_words() -> None:
    import re
    from pathlib import Path

    room = Path(rules.__file__).parent
    keys = set()
    for file in (*room.glob("*.py"), *room.glob("web/*.py")):
        keys |= set(re.findall(r'Refused\(\s*"([a-z_.]+)"', file.read_text()))
    keys |= set(re.findall(r'"(accounts\.[a-z_]+)"', (room / "rules.py").read_text()))
    assert keys - set(errors.known()) == set()
