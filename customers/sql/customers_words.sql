CREATE OR REPLACE FUNCTION customers_words(keys text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT coalesce(array_agg(DISTINCT word COLLATE "C"), '{}')
    FROM string_to_table(translate(keys, '@.+-/', '     '), ' ') word
    WHERE length(word) >= 3 AND word ~ '[a-z]'
$$;
