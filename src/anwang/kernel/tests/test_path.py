import pytest

from anwang.kernel.machine import MoveRefused
from anwang.kernel.tests.test_machine import MACHINE, Action, State


def test_path_lists_every_state_on_the_way():
    assert MACHINE.path(State.OPEN, [Action.ASSIGN, Action.CLOSE]) == [State.FIXING, State.CLOSED]
    assert MACHINE.path(State.OPEN, []) == []


def test_path_refuses_what_the_table_lacks():
    with pytest.raises(MoveRefused):
        MACHINE.path(State.OPEN, [Action.RETURN])
