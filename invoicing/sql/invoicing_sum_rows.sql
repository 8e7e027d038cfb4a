CREATE OR REPLACE FUNCTION invoicing_sum_rows() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    wanted text := TG_ARGV[0];
BEGIN
    -- old_rows is empty for INSERT and new_rows for DELETE: both are given by the trigger's definition.
    IF TG_OP = 'INSERT' THEN
        EXECUTE format('UPDATE invoicing_chargeline l SET %1$I = l.%1$I + d.amount
            FROM (SELECT line_id, sum(amount) AS amount FROM new_rows GROUP BY 1 ORDER BY 1) d
            WHERE l.id = d.line_id', wanted);
    ELSIF TG_OP = 'DELETE' THEN
        EXECUTE format('UPDATE invoicing_chargeline l SET %1$I = l.%1$I - d.amount
            FROM (SELECT line_id, sum(amount) AS amount FROM old_rows GROUP BY 1 ORDER BY 1) d
            WHERE l.id = d.line_id', wanted);
    ELSE
        EXECUTE format('UPDATE invoicing_chargeline l SET %1$I = l.%1$I + d.amount
            FROM (SELECT line_id, sum(amount) AS amount FROM
                    (SELECT line_id, amount FROM new_rows UNION ALL SELECT line_id, -amount FROM old_rows) b
                  GROUP BY 1 HAVING sum(amount) <> 0) d
            WHERE l.id = d.line_id', wanted);
    END IF;
    RETURN NULL;
END $$;
