CREATE OR REPLACE FUNCTION customers_search_keys_changed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    organisations bigint[];
BEGIN
    IF TG_OP = 'UPDATE' THEN
        organisations := ARRAY(SELECT organisation_id FROM new_rows UNION SELECT organisation_id FROM old_rows);
    ELSE
        organisations := ARRAY(SELECT DISTINCT organisation_id FROM changed_rows);
    END IF;
    IF cardinality(organisations) > 0 THEN
        PERFORM customers_write_search_texts(organisations);
    END IF;
    RETURN NULL;
END $$;
