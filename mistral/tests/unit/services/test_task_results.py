"""What a task's result is made of."""

from hypothesis import given
from hypothesis import strategies as st

from mistral.services.task_results import ChildResult, of_action, of_execution, task_result


def test_only_child_gives_its_value():
    assert task_result(with_items=False, children=[ChildResult(0, {'a': 1})]) == {'a': 1}


def test_no_child_gives_empty_list():
    assert task_result(with_items=False, children=[]) == []


def test_several_children_give_list_in_their_order():
    children = [ChildResult(0, 'first'), ChildResult(0, 'second')]

    assert task_result(with_items=False, children=children) == ['first', 'second']


def test_single_item_still_gives_list():
    assert task_result(with_items=True, children=[ChildResult(0, 'only')]) == ['only']


@given(st.permutations([ChildResult(index, f'item {index}') for index in range(5)]))
def test_items_come_in_the_order_of_their_indexes(children):
    expected = [f'item {index}' for index in range(5)]

    assert task_result(with_items=True, children=children) == expected


def test_action_gives_what_is_under_result():
    row = {'runtime_context': {'index': 3}, 'output': {'result': [1]}}

    assert of_action(row) == ChildResult(3, [1])


def test_action_whose_result_was_not_kept_gives_null():
    assert of_action({'runtime_context': None, 'output': {}}) == ChildResult(0, None)


def test_sub_workflow_gives_its_whole_output():
    assert of_execution({'params': {'index': 1}, 'output': {'x': 2}}) == ChildResult(1, {'x': 2})
