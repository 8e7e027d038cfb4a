CREATE OR REPLACE FUNCTION invoicing_note_status_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'UPDATE invoicing_chargeline l SET noted = l.noted + d.amount
        FROM (SELECT r.line_id, sum((r.net + r.tax) * n.counts) AS amount
              FROM (SELECT id, sum(counts) AS counts FROM (
                        SELECT id, (status IN (''sent'', ''partly_applied'', ''applied''))::integer AS counts
                        FROM new_rows
                        UNION ALL
                        SELECT id, -(status IN (''sent'', ''partly_applied'', ''applied''))::integer FROM old_rows) b
                    GROUP BY 1 HAVING sum(counts) <> 0) n
              JOIN invoicing_creditnoteline r ON r.credit_note_id = n.id
              WHERE r.line_id IS NOT NULL
              GROUP BY 1) d
        WHERE l.id = d.line_id AND d.amount <> 0';
    RETURN NULL;
END $$;
