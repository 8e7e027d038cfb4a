"""The places where `./test mutations` breaks the product, each with the test that has to notice."""

from bench.mutants import (
    clean_up,
    customers,
    documents,
    forms,
    importing,
    lists,
    logging_in,
    money,
    navigation,
    never_twice,
    nights,
    outbox,
    previews,
    records,
    renewals,
    requests,
    settings,
    sidebar,
    verified,
)
from bench.mutants.mutation import Mutation

MUTATIONS = (
    *never_twice.MUTATIONS,
    *money.MUTATIONS,
    *clean_up.MUTATIONS,
    *renewals.MUTATIONS,
    *requests.MUTATIONS,
    *nights.MUTATIONS,
    *verified.MUTATIONS,
    *sidebar.MUTATIONS,
    *previews.MUTATIONS,
    *records.MUTATIONS,
    *customers.MUTATIONS,
    *forms.MUTATIONS,
    *documents.MUTATIONS,
    *importing.MUTATIONS,
    *outbox.MUTATIONS,
    *settings.MUTATIONS,
    *logging_in.MUTATIONS,
    *navigation.MUTATIONS,
    *lists.MUTATIONS,
)

__all__ = ["MUTATIONS", "Mutation"]
