CREATE OR REPLACE FUNCTION portal_sort_in(index regclass) RETURNS void LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Only the owner of an index may; the role that imports owns none.
    PERFORM gin_clean_pending_list(index);
END
$$;
