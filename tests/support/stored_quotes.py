"""Quotes as they were stored, one of each schema."""

import copy
from typing import Any

CHARGED_BEFORE = {
    "line_id": 7,
    "invoice": "IN-0000007",
    "charged": "11.00",
    "paid": "11.00",
    "credited": "0.00",
    "value": "7.34",
    "left": "7.34",
    "waived": "0.00",
    "net": "6.67",
    "tax": "0.67",
    "refund": "7.34",
    "owed": "0.00",
}
LINE: dict[str, Any] = {
    "starts_on": "2026-01-10",
    "ends_on": "2026-04-09",
    "charged": "11.00",
    "paid": "11.00",
    "credited": "0.00",
    "waived": "0.00",
    "net": "6.67",
    "tax": "0.67",
    "refund": "7.34",
    "owed": "0.00",
    "reason": "remaining",
}
# As it was stored until 28 November 2026.
SCHEMA_0: dict[str, Any] = {
    "subscription": "a0000000-0000-4000-8000-000000000002",
    "organisation": "b0000000-0000-4000-8000-000000000002",
    "on": "2026-02-01",
    "case": "customer_request",
    "currency": "SGD",
    "anchor": 10,
    "is_postpaid": False,
    "terms": {
        "version": 1,
        "termination_method": "credit_note",
        "allow_refund": True,
        "refund_method": "remaining_months",
        "full_refund_days": 14,
        "reactivation_days": 28,
        "fee": None,
    },
    "lines": [{**LINE, "charges": [CHARGED_BEFORE]}],
    "waived": "0.00",
    "left": "7.34",
    "refunds": "7.34",
    "fee": "0.00",
    "total": "7.34",
    "to_credits": "7.34",
    "notes": [
        {
            "number": "CN-0000003",
            "status": "sent",
            "total": "5.00",
            "names_this": True,
            "named": "0.00",
            "expected": "7.34",
            "is_choosable": True,
            "is_taken_off": False,
        }
    ],
}
SCHEMA_1: dict[str, Any] = {
    **copy.deepcopy(SCHEMA_0),
    "schema": 1,
    "notes": [
        {
            **SCHEMA_0["notes"][0],
            "counting": "0.00",
            "unnamed": "5.00",
            "candidate": "",
            "about": "",
        }
    ],
    "further_candidates": 0,
    "lines": [
        {
            **LINE,
            "charges": [
                {
                    **CHARGED_BEFORE,
                    "kind": "plan",
                    "description": "SIP Trunk, 10 January 2026 to 9 April 2026",
                    "reason": "remaining",
                    "months": 3,
                    "months_left": 2,
                    "days": 90,
                    "days_left": 67,
                    "charged_net": "10.00",
                    "charged_tax": "1.00",
                }
            ],
        }
    ],
}
