"""The portal's tables: a row of the world for each, who writes there, and the names that are ours."""

TABLES = {
    "organisation": "customers_organisation",
    "member": "customers_member",
    "search_key": "customers_searchkey",
    "account": "customers_creditaccount",
    "opening": "customers_ledgerentry",
    "entry": "customers_ledgerentry",
    "invoice": "invoicing_invoice",
    "own_invoice": "invoicing_invoice",
    "line": "invoicing_chargeline",
    "refund_line": "invoicing_chargeline",
    "payment": "invoicing_payment",
    "payment_line": "invoicing_paymentline",
    "note": "invoicing_creditnote",
    "own_note": "invoicing_creditnote",
    "linked": "invoicing_creditnote",
    "linked_line": "invoicing_creditnoteline",
    "sent_note": "invoicing_creditnote",
    "void_note": "invoicing_creditnote",
    "note_line": "invoicing_creditnoteline",
    "allocation": "invoicing_creditnoteallocation",
    "hold": "invoicing_creditnotehold",
    "waiver": "invoicing_chargewaiver",
    "charge_refund": "invoicing_chargerefund",
    "stand": "invoicing_creditnotestand",
    "top_up": "customers_topup",
    "take_back": "invoicing_takeback",
    "take_back_line": "invoicing_takebackline",
    "put_in": "invoicing_creditnoteputin",
    "put_in_line": "invoicing_creditnoteputinline",
    "series": "invoicing_numberseries",
    "plan": "subscriptions_plan",
    "product": "subscriptions_product",
    "contract": "subscriptions_contract",
    "contract_item": "subscriptions_contractitem",
    "running": "subscriptions_subscription",
    "refunded": "subscriptions_subscription",
    "add_on": "subscriptions_addon",
    "cycle": "subscriptions_cycle",
    "cycle_charge": "subscriptions_cyclecharge",
    "number": "subscriptions_phonenumber",
    "assignment": "subscriptions_assignment",
    "history": "subscriptions_historyentry",
    "termination": "subscriptions_termination",
    "by_note": "subscriptions_termination",
    "version": "settings_app_portalconfigversion",
    "fee": "settings_app_administrativefee",
    "head": "settings_app_confighead",
    "reason": "settings_app_terminationreason",
    "run": "jobs_run",
    "finished_run": "jobs_run",
    "part": "jobs_runpart",
    "finished_part": "jobs_runpart",
    "failure": "jobs_runitem",
    "delivery": "outbox_delivery",
    "audit": "audit_auditentry",
    "position": "audit_position",
}
# Those whose key is not called id.
KEYS = {"audit_position": "position"}
# What is added to the audit is no change that the audit tells of.
OF_THE_AUDIT = {"audit_auditentry", "audit_position"}
# Nobody writes there but triggers: of search keys, whose writers are noticed, of marked transactions and of events.
MADE_BY_TRIGGERS = {"customers_searchtext", "customers_searchword", "audit_openmark", "audit_unnumbered"}
# The frame of writes itself: a key comes with its operation, and is no business of anybody.
OF_THE_FRAME = {"frame_idempotencykey"}
OURS = r"^(frame|audit|outbox|jobs|customers|invoicing|subscriptions|settings_app)_"
