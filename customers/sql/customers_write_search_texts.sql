CREATE OR REPLACE FUNCTION customers_write_search_texts(organisations bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- Two who change keys of one organisation wait for each other; the statements below see what the first wrote.
    PERFORM FROM customers_searchtext WHERE organisation_id = ANY(organisations)
        ORDER BY organisation_id FOR NO KEY UPDATE;
    DELETE FROM customers_searchtext t WHERE organisation_id = ANY(organisations)
        AND NOT EXISTS (SELECT FROM customers_searchkey k WHERE k.organisation_id = t.organisation_id);
    INSERT INTO customers_searchtext AS t (organisation_id, name, text, words)
        SELECT organisation_id, name, text, words FROM customers_searchtext_made
        WHERE organisation_id = ANY(organisations) ORDER BY organisation_id
        ON CONFLICT (organisation_id) DO UPDATE
            SET name = EXCLUDED.name, text = EXCLUDED.text, words = EXCLUDED.words
            WHERE t.text <> EXCLUDED.text;
    -- A word stays when the last text that had it is gone: then it leads to nobody.
    INSERT INTO customers_searchword (word)
        SELECT DISTINCT unnest(words) AS word FROM customers_searchtext WHERE organisation_id = ANY(organisations)
        ORDER BY word ON CONFLICT DO NOTHING;
END $$;
