CREATE OR REPLACE FUNCTION invoicing_sum_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'UPDATE invoicing_invoice i
        SET paid = i.paid + d.paid,
            waived = i.waived + d.waived,
            status = CASE WHEN i.status NOT IN (''awaiting_payment'', ''paid'') THEN i.status
                          WHEN i.charged = i.paid + d.paid + i.waived + d.waived THEN ''paid''
                          ELSE ''awaiting_payment'' END
        FROM (SELECT invoice_id, sum(paid) AS paid, sum(waived) AS waived
              FROM (SELECT invoice_id, paid, waived FROM new_rows
                    UNION ALL SELECT invoice_id, -paid, -waived FROM old_rows) b
              GROUP BY 1 HAVING sum(paid) <> 0 OR sum(waived) <> 0) d
        WHERE i.id = d.invoice_id';
    RETURN NULL;
END $$;
