"""The places where `./test mutations` breaks the product, each with the test that has to notice."""

from bench.mutants import clean_up, money, never_twice, verified
from bench.mutants.mutation import Mutation

MUTATIONS = (*never_twice.MUTATIONS, *money.MUTATIONS, *clean_up.MUTATIONS, *verified.MUTATIONS)

__all__ = ["MUTATIONS", "Mutation"]
