CREATE OR REPLACE FUNCTION customers_take_account_along() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE 'UPDATE customers_creditaccount a SET last_seq = d.seq, balance = d.after, head = d.sha256
        FROM (SELECT DISTINCT ON (account_id) account_id, seq, after, sha256 FROM new_rows
              ORDER BY account_id, seq DESC) d
        WHERE a.id = d.account_id AND (a.last_seq IS NULL OR a.last_seq < d.seq)';
    RETURN NULL;
END $$;
