"""Every mutation finds the place it breaks and the test that has to notice, before `./test mutations` is run."""

import pytest

from bench.mutants import MUTATIONS, Mutation
from portal import embedded


@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda one: one.name)
def test_a_mutation_finds_its_place_and_its_test(mutation: Mutation) -> None:
    assert (embedded.ROOT / mutation.file).read_text().count(mutation.old) == 1
    module, _, name = mutation.test.partition("::")
    assert f"def {name.partition('[')[0]}(" in (embedded.ROOT / module).read_text()
