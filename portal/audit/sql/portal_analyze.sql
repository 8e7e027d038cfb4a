CREATE OR REPLACE FUNCTION portal_analyze(one regclass DEFAULT NULL) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Only the owner of a table may; the role that imports owns none.
    IF one IS NULL THEN
        ANALYZE;
    ELSE
        EXECUTE format('ANALYZE %s', one);
    END IF;
END
$$;
