"""What is refused of the settings: copies of legal rows, as in `illegal_additions`."""

SETTINGS: list[tuple[str, str, dict[str, str]]] = [
    ("a_config_has_a_known_termination_method", "version", {"number": "99", "termination_method": "'duel'"}),
    ("a_config_names_its_refund_method", "version", {"number": "99", "refund_method": "''"}),
    ("a_currency_has_one_fee", "fee", {}),
    ("an_administrative_fee_is_not_negative", "fee", {"currency": "'XXX'", "amount": "-1"}),
    ("a_product_is_renewed_in_one_place", "renewal", {}),
    ("a_renewal_names_its_product", "renewal", {"product": "''"}),
    ("a_kind_of_message_has_one_addressee", "message_setting", {}),
    ("a_kind_of_message_has_a_known_addressee", "message_setting", {"kind": "'another'", "addressee": "'friend'"}),
    ("a_message_setting_names_its_kind", "message_setting", {"kind": "''"}),
    ("a_reason_has_its_own_label", "reason", {"code": "'another_code'"}),
    ("a_country_has_one_tax_rate_from_a_day_on", "tax_rate", {}),
    ("a_tax_rate_is_of_a_country", "tax_rate", {"country": "'sg'"}),
    ("a_tax_rate_has_a_name", "tax_rate", {"begins_on": "'2025-01-01'", "name": "''"}),
    ("a_tax_rate_is_from_0_to_100", "tax_rate", {"begins_on": "'2025-01-01'", "per_cent": "100.0001"}),
    ("a_tax_rate_is_from_0_to_100", "tax_rate", {"begins_on": "'2025-01-01'", "per_cent": "-0.0001"}),
]
