CREATE OR REPLACE FUNCTION invoicing_sum_note_lines() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- Lines of a note that already counts; the lines of a draft are summed when it is sent.
    IF TG_OP IN ('INSERT', 'UPDATE') THEN
        EXECUTE 'UPDATE invoicing_chargeline l SET noted = l.noted + d.amount
            FROM (SELECT r.line_id, sum(r.net + r.tax) AS amount FROM new_rows r
                  JOIN invoicing_creditnote n ON n.id = r.credit_note_id
                  WHERE n.status IN (''sent'', ''partly_applied'', ''applied'') AND r.line_id IS NOT NULL
                  GROUP BY 1) d
            WHERE l.id = d.line_id';
    END IF;
    IF TG_OP IN ('DELETE', 'UPDATE') THEN
        EXECUTE 'UPDATE invoicing_chargeline l SET noted = l.noted - d.amount
            FROM (SELECT r.line_id, sum(r.net + r.tax) AS amount FROM old_rows r
                  JOIN invoicing_creditnote n ON n.id = r.credit_note_id
                  WHERE n.status IN (''sent'', ''partly_applied'', ''applied'') AND r.line_id IS NOT NULL
                  GROUP BY 1) d
            WHERE l.id = d.line_id';
    END IF;
    RETURN NULL;
END $$;
