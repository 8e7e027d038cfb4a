"""Invoices on which something is open."""

import pytest

from tests.support import factories


@pytest.fixture
def unpaid():
    """Two charges, 271.41 and 50, nothing paid."""
    return factories.invoice(
        factories.OrganisationFactory.create(name="Ümlaut & Sons"),
        amounts=[("249.00", "22.41"), ("50", "0")],
        paid=["0", "0"],
    )


@pytest.fixture
def partly_paid():
    """Two charges, 271.41 and 50, of the first 124.50 paid."""
    return factories.invoice(
        factories.OrganisationFactory.create(name="Ümlaut & Sons"),
        amounts=[("249.00", "22.41"), ("50", "0")],
        paid=["124.50", "0"],
    )


@pytest.fixture
def billing(client_of):
    return client_of("billing")


@pytest.fixture
def unpaid_150():
    """Two charges, 100 and 50, nothing paid; 10 in Available Credits."""
    return factories.invoice(
        factories.OrganisationFactory.create(account="10"), amounts=[("100", "0"), ("50", "0")], paid=["0", "0"]
    )
