CREATE OR REPLACE FUNCTION invoicing_sum_paid() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- An import writes the sum with the charge, and writing each charge again would cost as much once more. A sum
    -- that counts the new rows already can only be this transaction's own: nobody else has seen these rows.
    EXECUTE 'UPDATE invoicing_chargeline l SET paid = l.paid + d.amount
        FROM (SELECT n.line_id, n.amount
              FROM (SELECT line_id, sum(amount) AS amount FROM new_rows GROUP BY 1 ORDER BY 1) n
              JOIN invoicing_chargeline c ON c.id = n.line_id
              WHERE c.paid <> coalesce((SELECT sum(p.amount) FROM invoicing_paymentline p WHERE p.line_id = c.id), 0)
                + coalesce((SELECT sum(a.amount) FROM invoicing_creditnoteallocation a WHERE a.line_id = c.id), 0)) d
        WHERE l.id = d.line_id';
    RETURN NULL;
END $$;
