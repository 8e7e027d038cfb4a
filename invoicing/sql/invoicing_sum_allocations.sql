CREATE OR REPLACE FUNCTION invoicing_sum_allocations() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'UPDATE invoicing_creditnote n
        SET allocated = n.allocated + d.amount,
            status = CASE WHEN n.status NOT IN (''sent'', ''partly_applied'', ''applied'') THEN n.status
                          WHEN n.allocated + d.amount = n.net + n.tax THEN ''applied''
                          WHEN n.allocated + d.amount = 0 THEN ''sent''
                          ELSE ''partly_applied'' END
        FROM (SELECT credit_note_id, sum(amount) AS amount FROM new_rows GROUP BY 1) d
        WHERE n.id = d.credit_note_id';
    RETURN NULL;
END $$;
