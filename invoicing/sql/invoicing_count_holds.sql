CREATE OR REPLACE FUNCTION invoicing_count_holds() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'UPDATE invoicing_creditnote n SET holds = n.holds + d.held
        FROM (SELECT credit_note_id, count(*) AS held FROM new_rows GROUP BY 1) d
        WHERE n.id = d.credit_note_id';
    RETURN NULL;
END $$;
