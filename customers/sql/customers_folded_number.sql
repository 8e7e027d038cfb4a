CREATE OR REPLACE FUNCTION customers_folded_number(number text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT regexp_replace(lower(number), '[^[:alnum:]]+', '', 'g')
$$;
