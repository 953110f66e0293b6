"""What a branch knows, and what becomes of it where branches meet."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mistral.workflow.data_flow import (
    EMPTY_CONTEXT,
    VERSIONS_KEY,
    BranchContext,
    ContextView,
    DataFlowSettings,
    deep_merge,
    merge_all,
    version_key,
)

DEFAULT = DataFlowSettings()
PLAIN_KEYS = DataFlowSettings(hash_version_keys=False)

names = st.sampled_from(['a', 'b', 'c'])
values = st.recursive(
    st.integers(0, 9), lambda inner: st.dictionaries(names, inner, max_size=3), max_leaves=5
)
publications = st.lists(st.dictionaries(names, values, max_size=3), max_size=4)


def branch(*published: dict[str, Any], settings: DataFlowSettings = DEFAULT) -> BranchContext:
    context = EMPTY_CONTEXT
    for variables in published:
        context = context.publish(variables, settings)
    return context


def extended(context: BranchContext, published: list[dict[str, Any]]) -> BranchContext:
    for variables in published:
        context = context.publish(variables, DEFAULT)
    return context


class TestPublishing:
    def test_a_value_replaces_the_one_before_it(self):
        assert dict(branch({'m': {'a': 1}}, {'m': {'b': 2}}).data) == {'m': {'b': 2}}

    def test_mappings_are_merged_if_so_configured(self):
        settings = DataFlowSettings(merge_strategy='merge')
        context = branch({'m': {'a': 1, 'c': 0}}, {'m': {'b': 2, 'c': 3}}, settings=settings)
        assert dict(context.data) == {'m': {'a': 1, 'b': 2, 'c': 3}}

    def test_each_leaf_is_counted(self):
        context = branch({'m': {'a': 1, 'b': {}}}, {'m': {'a': 2}, 'x': 0}, settings=PLAIN_KEYS)
        assert dict(context.versions) == {'m.a': 2, 'm.b': 1, 'x': 1}

    def test_nothing_published_costs_nothing(self):
        context = branch({'a': 1})
        assert context.publish({}, DEFAULT) is context

    def test_without_versioning_nothing_is_counted(self):
        assert not branch({'a': 1}, settings=DataFlowSettings(versioning=False)).versions

    def test_keys_of_stored_versions_are_the_md5_of_the_path(self):
        assert version_key('a', DEFAULT) == '0cc175b9c0f1b6a831c399e269772661'
        assert version_key('a.b', PLAIN_KEYS) == 'a.b'


class TestMerging:
    def test_the_value_published_more_often_wins(self):
        once, twice = branch({'a': 'once'}), branch({'a': 0}, {'a': 'twice'})
        assert dict(once.merge(twice, DEFAULT).data) == {'a': 'twice'}
        assert dict(twice.merge(once, DEFAULT).data) == {'a': 'twice'}

    def test_the_first_wins_a_tie(self):
        left, right = branch({'a': 'left'}), branch({'a': 'right'})
        assert dict(left.merge(right, DEFAULT).data) == {'a': 'left'}

    def test_without_versioning_the_later_branch_wins(self):
        settings = DataFlowSettings(versioning=False)
        left = branch({'a': 0}, {'a': 'left'}, settings=settings)
        right = branch({'a': 'right'}, settings=settings)
        assert dict(left.merge(right, settings).data) == {'a': 'right'}

    def test_mappings_are_combined_leaf_by_leaf(self):
        start = branch({'m': {'k': 0, 's': 0}})
        left = start.publish({'m': {'k': 'left', 'l': 1}}, DEFAULT)
        right = start.publish({'m': {'k': 1}}, DEFAULT).publish({'m': {'k': 'right'}}, DEFAULT)
        assert dict(left.merge(right, DEFAULT).data) == {'m': {'k': 'right', 'l': 1}}

    def test_versions_of_both_branches_count_afterwards(self):
        merged = branch({'a': 1}, {'a': 2}).merge(branch({'a': 0, 'b': 0}), DEFAULT)
        assert sorted(merged.versions.values()) == [1, 2]

    @given(publications)
    def test_with_itself_changes_nothing(self, published):
        context = branch(*published)
        merged = context.merge(branch(*published), DEFAULT)
        assert (merged.data, merged.versions) == (context.data, context.versions)

    @given(publications, publications, publications)
    def test_no_variable_is_lost_and_none_is_invented(self, before, left, right):
        start = branch(*before)
        ours, theirs = extended(start, left), extended(start, right)
        merged = merge_all([ours, theirs], DEFAULT)
        assert set(merged.data) == set(ours.data) | set(theirs.data)
        for name, value in merged.data.items():
            if not isinstance(value, dict):
                assert value in (ours.data.get(name), theirs.data.get(name))

    @given(publications, publications)
    def test_neither_branch_is_changed(self, left, right):
        ours, theirs = branch(*left), branch(*right)
        ours.merge(theirs, DEFAULT)
        assert (ours.data, theirs.data) == (branch(*left).data, branch(*right).data)


@given(publications)
def test_a_context_survives_being_stored(published):
    context = branch(*published)
    restored = BranchContext.from_stored(context.to_stored())
    assert (restored.data, restored.versions) == (context.data, context.versions)


def test_a_context_without_versions_is_stored_without_their_key():
    assert VERSIONS_KEY not in EMPTY_CONTEXT.to_stored()


@given(values, values)
def test_deep_merge_keeps_what_the_right_does_not_name(left, right):
    merged = deep_merge(left, right)
    if isinstance(left, dict) and isinstance(right, dict):
        assert set(merged) == {*left, *right}
        assert all(merged[name] == left[name] for name in left.keys() - right.keys())
        assert all(merged[name] == deep_merge(left.get(name), right[name]) for name in right)
    else:
        assert merged == right


class TestView:
    def test_the_upper_layer_hides_the_lower(self):
        view = ContextView([{'a': 1}, {'a': 2, 'b': 3}])
        assert dict(view) == {'a': 1, 'b': 3}
        assert (len(view), 'b' in view, 'c' in view) == (2, True, False)

    def test_layers_are_merged_if_so_configured(self):
        view = ContextView([{'m': {'a': 1}}, {'m': {'a': 2, 'b': 3}}], merge=True)
        assert view['m'] == {'a': 1, 'b': 3}

    def test_an_unknown_name_is_a_key_error(self):
        for merge in (False, True):
            with pytest.raises(KeyError):
                ContextView([{}], merge=merge)['x']

    def test_its_values_are_not_shown(self):
        assert 'secret' not in repr(ContextView([{'password': 'secret'}]))
