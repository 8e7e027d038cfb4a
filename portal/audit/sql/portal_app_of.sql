CREATE OR REPLACE FUNCTION portal_app_of(table_name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE split_part(table_name, '_', 1)
        WHEN 'customers' THEN 'Customers'
        WHEN 'subscriptions' THEN 'Subscriptions'
        WHEN 'invoicing' THEN 'Invoices'
        WHEN 'settings' THEN 'Portal Settings'
        WHEN 'outbox' THEN 'Notifications'
        ELSE 'Portal'
    END
$$;
