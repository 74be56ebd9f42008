import pickle
from dataclasses import dataclass
from enum import Enum, StrEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from anwang.kernel.machine import Machine, Move, MoveRefused, Offer, Step


class State(StrEnum):
    OPEN = "open"
    FIXING = "fixing"
    CLOSED = "closed"


class Action(StrEnum):
    ASSIGN = "assign"
    CLOSE = "close"
    RETURN = "return"
    REVIVE = "revive"


@dataclass(frozen=True)
class Facts:
    evidence: bool = False
    other_eyes: bool = False


def has_evidence(facts: Facts) -> str | None:
    return None if facts.evidence else "toy.evidence_missing"


def by_other_eyes(facts: Facts) -> str | None:
    return None if facts.other_eyes else "toy.same_eyes"


MOVES = [
    Move((State.OPEN,), Action.ASSIGN, State.FIXING),
    Move((State.OPEN, State.FIXING), Action.CLOSE, State.CLOSED, (has_evidence, by_other_eyes)),
    Move((State.FIXING,), Action.RETURN, State.OPEN),
    Move((State.CLOSED,), Action.REVIVE, State.OPEN),
]
MACHINE = Machine("toy", initial=State.OPEN, final=[State.CLOSED], moves=MOVES, reopen=[State.CLOSED])

facts_of_any_kind = st.builds(Facts, evidence=st.booleans(), other_eyes=st.booleans())


def test_step_says_from_where_to_where():
    assert MACHINE.step(State.OPEN, Action.ASSIGN, Facts()) == Step(State.OPEN, Action.ASSIGN, State.FIXING)


def test_a_state_fresh_from_the_database_becomes_a_member():
    step = MACHINE.step("open", "assign", Facts())
    assert step.source is State.OPEN
    assert step.action is Action.ASSIGN


def test_first_guard_speaks():
    with pytest.raises(MoveRefused) as refused:
        MACHINE.step(State.OPEN, Action.CLOSE, Facts())
    assert (refused.value.key, refused.value.state, refused.value.action) == (
        "toy.evidence_missing",
        State.OPEN,
        Action.CLOSE,
    )
    assert str(refused.value) == "toy.evidence_missing: close from open"
    with pytest.raises(MoveRefused, match=r"toy\.same_eyes"):
        MACHINE.step(State.OPEN, Action.CLOSE, Facts(evidence=True))


def test_a_refusal_survives_a_worker():
    refused = pickle.loads(pickle.dumps(MoveRefused("toy.late", State.OPEN, Action.CLOSE)))
    assert (refused.key, refused.state, refused.action) == ("toy.late", State.OPEN, Action.CLOSE)


@pytest.mark.parametrize(("state", "action"), [(State.OPEN, Action.RETURN), (State.CLOSED, Action.ASSIGN)])
def test_what_the_table_does_not_have_is_refused(state, action):
    with pytest.raises(MoveRefused) as refused:
        MACHINE.step(state, action, Facts(evidence=True, other_eyes=True))
    assert refused.value.key == "toy.move_not_offered"


def test_a_state_without_moves_offers_nothing():
    machine = Machine("toy", initial=State.OPEN, final=[State.CLOSED], moves=MOVES[:3])
    assert machine.offers(State.CLOSED, Facts()) == []
    assert machine.actions(State.CLOSED) == ()
    with pytest.raises(MoveRefused, match="move_not_offered"):
        machine.step(State.CLOSED, Action.REVIVE, Facts())


def test_offers_keep_the_order_of_the_table_and_show_refusals():
    assert MACHINE.offers(State.FIXING, Facts(evidence=True)) == [
        Offer(Action.CLOSE, State.CLOSED, "toy.same_eyes"),
        Offer(Action.RETURN, State.OPEN, None),
    ]
    assert MACHINE.actions(State.FIXING) == (Action.CLOSE, Action.RETURN)


@given(state=st.sampled_from(State), facts=facts_of_any_kind)
def test_whatever_is_offered_succeeds_and_nothing_else(state, facts):
    offers = {offer.action: offer for offer in MACHINE.offers(state, facts)}
    for action in Action:
        offer = offers.get(action)
        if offer is not None and offer.refused is None:
            assert MACHINE.step(state, action, facts) == Step(state, action, offer.target)
        else:
            with pytest.raises(MoveRefused) as refused:
                MACHINE.step(state, action, facts)
            assert refused.value.key == (offer.refused if offer else "toy.move_not_offered")


@given(walk=st.lists(st.tuples(st.sampled_from(Action), facts_of_any_kind), max_size=30))
def test_replay_of_the_steps_gives_the_state(walk):
    state, done = State.OPEN, []
    for action, facts in walk:
        try:
            state = MACHINE.step(state, action, facts).target
        except MoveRefused:
            continue
        done.append(action)
    assert MACHINE.replay(done) is state


def test_replay_refuses_a_history_that_cannot_be():
    with pytest.raises(MoveRefused, match="move_not_offered"):
        MACHINE.replay([Action.ASSIGN, Action.REVIVE])


@pytest.mark.parametrize(
    ("moves", "final", "reopen", "said"),
    [
        (MOVES, [State.CLOSED], [], r"toy: move 4 \(closed --revive--> open\) leaves the final state closed"),
        (
            [*MOVES, Move((State.FIXING, State.OPEN), Action.ASSIGN, State.OPEN)],
            [State.CLOSED],
            [State.CLOSED],
            r"move 5 \(fixing, open --assign--> open\) repeats assign from open",
        ),
        ([Move((), Action.ASSIGN, State.OPEN)], [State.CLOSED], [], r"move 1 .* starts nowhere"),
        (MOVES[1:3], [State.CLOSED], [], r"nothing leads to fixing"),
        (MOVES[:1] + MOVES[2:3], [], [], r"nothing leads to closed"),
        (MOVES[:2], [State.CLOSED], [State.FIXING], r"reopen lists fixing, which is not final"),
        (
            [MOVES[0], Move((State.OPEN,), Action.CLOSE, State.CLOSED)],
            [State.CLOSED],
            [],
            r"fixing is not final, but no move leaves it",
        ),
    ],
)
def test_an_unsound_table_is_named(moves, final, reopen, said):
    with pytest.raises(ValueError, match=said):
        Machine("toy", initial=State.OPEN, final=final, moves=moves, reopen=reopen)


def test_mermaid_with_keys():
    assert MACHINE.mermaid() == (
        "stateDiagram-v2\n"
        "    [*] --> open\n"
        "    open --> fixing : assign\n"
        "    open --> closed : close\n"
        "    fixing --> closed : close\n"
        "    fixing --> open : return\n"
        "    closed --> open : revive\n"
        "    closed --> [*]\n"
    )


def test_mermaid_with_words():
    drawn = MACHINE.mermaid({State.OPEN: "待整改", Action.ASSIGN: "交办: 限期"})
    assert '    state "待整改" as open\n' in drawn
    assert "    open --> fixing : 交办  限期\n" in drawn
    assert "    fixing --> open : return\n" in drawn
    assert "as fixing" not in drawn


def test_plain_strings_and_old_style_enums_work_too():
    class Old(str, Enum):  # noqa: UP042 - Django's TextChoices is built this way
        A = "a-1"
        B = "b"

    old = Machine("old", initial=Old.A, final=[Old.B], moves=[Move((Old.A,), Action.CLOSE, Old.B)])
    assert "a_1 --> b : close" in old.mermaid()
    plain = Machine("plain", initial="x", final=["y"], moves=[Move(("x",), "go", "y")])
    assert plain.states == ("x", "y")
    assert plain.replay(["go"]) == "y"
