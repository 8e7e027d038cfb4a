CREATE OR REPLACE FUNCTION invoicing_take_back_surplus() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'UPDATE invoicing_payment p SET surplus_taken_back = p.surplus_taken_back + d.amount
        FROM (SELECT payment_id, sum(surplus) AS amount FROM new_rows GROUP BY 1 HAVING sum(surplus) <> 0) d
        WHERE p.id = d.payment_id';
    RETURN NULL;
END $$;
