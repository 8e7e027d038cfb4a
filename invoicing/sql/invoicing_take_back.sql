CREATE OR REPLACE FUNCTION invoicing_take_back() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stranger bigint;
BEGIN
    EXECUTE 'SELECT r.id FROM new_rows r JOIN invoicing_takeback t ON t.id = r.take_back_id
        LEFT JOIN invoicing_paymentline p ON p.id = r.payment_line_id
        LEFT JOIN invoicing_creditnoteallocation a ON a.id = r.allocation_id
        LEFT JOIN invoicing_creditnoteputinline i ON i.id = r.put_in_line_id
        LEFT JOIN invoicing_creditnoteputin u ON u.id = i.put_in_id
        WHERE (p.id IS NOT NULL AND p.payment_id IS DISTINCT FROM t.payment_id)
           OR (a.id IS NOT NULL AND a.credit_note_id IS DISTINCT FROM t.credit_note_id)
           OR (u.id IS NOT NULL AND u.credit_note_id IS DISTINCT FROM t.credit_note_id)
        LIMIT 1' INTO stranger;
    IF stranger IS NOT NULL THEN
        RAISE EXCEPTION 'refused: a part is taken back of its own payment or note'
            USING ERRCODE = 'restrict_violation', CONSTRAINT = 'a_part_is_taken_back_of_its_own_payment_or_note',
                  TABLE = TG_TABLE_NAME;
    END IF;
    EXECUTE 'UPDATE invoicing_paymentline p SET taken_back = p.taken_back + d.amount
        FROM (SELECT payment_line_id AS id, sum(amount) AS amount FROM new_rows GROUP BY 1) d WHERE p.id = d.id';
    EXECUTE 'UPDATE invoicing_creditnoteallocation a SET taken_back = a.taken_back + d.amount
        FROM (SELECT allocation_id AS id, sum(amount) AS amount FROM new_rows GROUP BY 1) d WHERE a.id = d.id';
    EXECUTE 'UPDATE invoicing_creditnoteputinline i SET taken_back = i.taken_back + d.amount
        FROM (SELECT put_in_line_id AS id, sum(amount) AS amount FROM new_rows GROUP BY 1) d WHERE i.id = d.id';
    EXECUTE 'UPDATE invoicing_chargeline l SET paid = l.paid - d.paid, put_in = l.put_in - d.put_in
        FROM (SELECT coalesce(p.line_id, a.line_id, i.line_id) AS line_id,
                     coalesce(sum(r.amount) FILTER (WHERE r.put_in_line_id IS NULL), 0) AS paid,
                     coalesce(sum(r.amount) FILTER (WHERE r.put_in_line_id IS NOT NULL), 0) AS put_in
              FROM new_rows r
              LEFT JOIN invoicing_paymentline p ON p.id = r.payment_line_id
              LEFT JOIN invoicing_creditnoteallocation a ON a.id = r.allocation_id
              LEFT JOIN invoicing_creditnoteputinline i ON i.id = r.put_in_line_id
              GROUP BY 1 ORDER BY 1) d
        WHERE l.id = d.line_id';
    EXECUTE 'UPDATE invoicing_creditnote n
        SET allocated = n.allocated - d.amount,
            status = CASE WHEN n.status NOT IN (''sent'', ''partly_applied'', ''applied'') THEN n.status
                          WHEN n.allocated - d.amount = n.net + n.tax THEN ''applied''
                          WHEN n.allocated - d.amount = 0 THEN ''sent''
                          ELSE ''partly_applied'' END
        FROM (SELECT t.credit_note_id, sum(r.amount) AS amount
              FROM new_rows r JOIN invoicing_takeback t ON t.id = r.take_back_id GROUP BY 1) d
        WHERE n.id = d.credit_note_id';
    RETURN NULL;
END $$;
