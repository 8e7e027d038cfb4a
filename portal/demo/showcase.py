"""A handful of organisations that each tell one story, by name, for somebody who sees the portal first.

Each function adds one organisation and returns what to look at there, to be read after its name and a colon.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from portal.demo import catalogue, documents, purchases, sales, story
from portal.demo.book import Book, Ending
from portal.lib import days


def _zurich(book: Book) -> str:
    made = story.organisation(book, "CH", "Zürich Telecom AG", opening=Decimal("412.345678"))
    sale = sales.sell(
        book,
        made,
        "SIP-10",
        sales.running_since(story.ago(book, 5), months=1, earlier=6),
        activation_fee=True,
        numbers=1,
    )
    sales.pay_all(book, sale.billed)
    purchases.assign(book, sale.subscription, book.members[made.uuid][1])
    return "a monthly SIP trunk, five days into its cycle: everything of the cycle comes back."


def _cafe_muller(book: Book) -> str:
    made = story.organisation(book, "SG", "Café Müller", opening=Decimal("35.5"))
    begun = days.add_months(day := story.plain_day(book, least=3), -5, anchor=day.day)
    rhythm = sales.running_since(begun, months=12)
    sale = sales.sell(book, made, "SMS-5K", rhythm, price=Decimal("20.75"))
    documents.pay(book, sale.billed[0].invoice, on=begun, amount=Decimal("124.50"))
    return "yearly, 271.41 charged and 124.50 paid, six months not begun: 135.71 is waived, 11.20 stays owed."


def _tokyo(book: Book) -> str:
    made = story.organisation(book, "JP", "Tōkyō Denwa 東京電話", opening=Decimal(90000))
    begun = days.add_months(day := story.plain_day(book, least=5), -3, anchor=day.day)
    sale = sales.sell(book, made, "PBX-L", sales.running_since(begun, months=12, earlier=1), numbers=2, ported_in=1)
    sales.pay_all(book, sale.billed)
    return "yearly in yen, which have no cents; two numbers, one of them ported in."


def _kuwait(book: Book) -> str:
    made = story.organisation(book, "KW", "Kuwait Fibre الكويت للألياف", opening=Decimal("61.0505"))
    sale = sales.sell(
        book,
        made,
        "FIBRE-1G",
        sales.running_since(story.ago(book, 40), months=3, earlier=2),
        add_ons=("Premium support",),
    )
    sales.pay_all(book, sale.billed)
    return "quarterly in dinars of 1,000 fils; one month has not begun, so a third comes back."


def _lumiere(book: Book) -> str:
    made = story.organisation(book, "FR", "Lumière Télécom SARL", opening=Decimal(120))
    sale = sales.sell(book, made, "SIP-10", sales.running_since(story.ago(book, 8), months=1, earlier=3))
    sales.pay_all(book, sale.billed)
    line = sales.charge_line(sale.billed[-1])
    documents.add_note(
        book,
        made,
        on=story.ago(book, 2),
        status="sent",
        net=line.net,
        tax=line.tax,
        line=line,
        reason="Cancelled by telephone",
    )
    return "a sent credit note names the running cycle: it is already preselected as the refund."


def _harbour(book: Book) -> str:
    made = story.organisation(book, "SG", "Harbour Lines Pte. Ltd.", opening=Decimal(900))
    sale = sales.sell(book, made, "PBX-S", sales.running_since(story.ago(book, 45), months=3))
    sales.pay_all(book, sale.billed)
    documents.add_note(
        book, made, on=story.ago(book, 6), status="sent", net=Decimal(35), reason="Goodwill after the outage"
    )
    documents.add_note(
        book, made, on=story.ago(book, 1), status="draft", net=Decimal("10.01"), reason="To be looked at"
    )
    return "a sent credit note that names no cycle, and a draft; either may turn out to be the refund."


def _northwind(book: Book) -> str:
    made = story.organisation(book, "US", "Northwind Contact Center Inc.", opening=Decimal(2500))
    for first_day, seats in ((story.ago(book, 4), ("Extra channel",)), (story.ago(book, 100), ())):
        sale = sales.sell(book, made, "CC-AGENT", sales.running_since(first_day, months=12), add_ons=seats)
        purchases.add_contract(book, sale.subscription, billing_plan="as_incurred")
        sales.pay_all(book, sale.billed)
    return "two subscriptions on as-incurred contracts: one comes back in full, one too late for anything."


def _akropolis(book: Book) -> str:
    made = story.organisation(book, "GR", "Ακρόπολις Τηλεφωνία Α.Ε.", opening=Decimal(1500))
    sale = sales.sell(book, made, "SIP-30", sales.running_since(story.ago(book, 3), months=12))
    purchases.add_contract(book, sale.subscription, billing_plan="milestone")
    sales.pay_all(book, sale.billed)
    return "a milestone contract: nothing comes back, whatever the day."


def _wien(book: Book) -> str:
    made = story.organisation(book, "AT", "Wien Netz GmbH", opening=Decimal(80))
    sale = sales.sell(
        book, made, "PBX-S", sales.ending_on(story.ago(book, 10), months=1, earlier=4), auto_renew=False
    )
    sales.pay_all(book, sale.billed)
    return "expired ten days ago: can't be terminated yet."


def _lodz(book: Book) -> str:
    made = story.organisation(book, "PL", "Łódź Połączenia sp. z o.o.", opening=Decimal(44))
    sale = sales.sell(
        book, made, "REC-1Y", sales.ending_on(story.ago(book, 28), months=1, earlier=3), auto_renew=False
    )
    sales.pay_all(book, sale.billed)
    return "expired 28 days ago: the last day on which it can't be terminated."


def _akerlund(book: Book) -> str:
    made = story.organisation(book, "SE", "Åkerlund Växel AB", opening=Decimal(310))
    for gone in (29, 60):
        sale = sales.sell(
            book,
            made,
            "SIP-10",
            sales.ending_on(story.ago(book, gone), months=1, earlier=2),
            auto_renew=False,
            numbers=1,
        )
        sales.pay_all(book, sale.billed)
    return "expired 29 and 60 days ago: may be terminated, and the nightly clean-up will."


def _kiritimati(book: Book) -> str:
    made = story.organisation(book, "KI", "Kiritimati Lagoon Radio", opening=Decimal(260))
    sale = sales.sell(
        book, made, "SIP-10", sales.running_since(story.ago(book, 20), months=1, earlier=2, advance=1)
    )
    sales.pay_all(book, sale.billed)
    return "where every day begins first; the next cycle is charged in advance and comes back whole."


def _sao_paulo(book: Book) -> str:
    made = story.organisation(book, "BR", "São Paulo Voz Ltda.", opening=Decimal("5000.000001"))
    begun = days.add_months(day := story.plain_day(book, least=9), -7, anchor=day.day)
    sale = sales.sell(
        book,
        made,
        "PBX-L",
        sales.running_since(begun, months=12),
        numbers=2,
        ported_in=1,
        add_ons=("Call recording", "Voicemail to e-mail"),
        activation_fee=True,
    )
    sales.pay_all(book, sale.billed)
    added_on = days.add_months(begun, 4, anchor=begun.day) + timedelta(days=11)
    item = purchases.add_on(book, sale.subscription, "Extra channel")
    invoice = sales.extend_in_mid_cycle(book, sale, item, on=added_on)
    documents.pay(book, invoice, on=added_on)
    purchases.add_history(book, sale.subscription, on=added_on, event="Add-on added", description="Extra channel.")
    return "many charges for one cycle: plan, add-ons, numbers, and an addition in mid-cycle."


def _molniya(book: Book) -> str:
    made = story.organisation(
        book,
        "UA",
        "Молнія Зв'язок",
        opening=Decimal("-1234.567891"),
        payment_mode="postpaid",
        credit_limit=Decimal(5000),
        status="suspended",
    )
    sale = sales.sell(book, made, "SIP-30", sales.running_since(story.ago(book, 11), months=1, earlier=3))
    sales.pay_all(book, sale.billed[:-1])
    return "suspended, postpaid and in debt within its credit limit; the running cycle is unpaid."


def _new_york(book: Book) -> str:
    made = story.organisation(
        book, "US", "New York Dial Tone LLC", opening=Decimal(15), timezone="America/New_York"
    )
    trial = sales.running_since(story.ago(book, 9), months=1)
    sales.sell(book, made, "CC-AGENT", trial, is_trial=True, auto_renew=False)
    external = sales.running_since(story.ago(book, 6), months=1, earlier=2)
    sale = sales.sell(book, made, "TOLLFREE", external, is_external=True)
    sales.pay_all(book, sale.billed)
    return "a trial, and a subscription invoiced elsewhere: neither gives anything back."


def _seoul(book: Book) -> str:
    made = story.organisation(book, "KR", "서울 텔레콤 주식회사", opening=Decimal(250000))
    for anchor, months in ((31, 1), (30, 2)):
        sale = sales.sell(book, made, "SIP-10", sales.anchored(anchor, today=book.today, months=months, earlier=2))
        sales.pay_all(book, sale.billed)
    return "cycles that begin on the 31st and the 30th, and on the last day of shorter months."


def _chatham(book: Book) -> str:
    made = story.organisation(
        book,
        "NZ",
        "Rēkohu Wireless Ltd",
        opening=Decimal(75),
        timezone="Pacific/Chatham",
        credit_limit=Decimal(100),
    )
    begun = days.add_months(day := story.plain_day(book, least=2), -9, anchor=day.day)
    sale = sales.sell(book, made, "FIBRE-1G", sales.running_since(begun, months=24))
    sales.pay_all(book, sale.billed)
    return "two years at once, 12 hours and 45 minutes ahead of Greenwich; 14 months come back."


def _kowloon(book: Book) -> str:
    made = story.organisation(
        book,
        "HK",
        "九龍電話有限公司",
        payment_mode="postpaid",
        credit_limit=Decimal(2000),
        opening=Decimal("-80.5"),
    )
    sale = sales.sell(book, made, "PBX-S", sales.running_since(story.ago(book, 12), months=1, earlier=3))
    *past, before, running = sale.billed
    sales.pay_all(book, past)
    line = sales.charge_line(before)
    note = documents.add_note(
        book, made, on=story.ago(book, 10), status="sent", net=line.net, tax=line.tax, line=line, reason="Outage"
    )
    documents.allocate(book, note, line, catalogue.price(Decimal(15), currency=made.currency))
    full = documents.add_note(book, made, on=story.ago(book, 4), status="sent", net=Decimal(50), reason="Goodwill")
    documents.allocate(book, full, sales.charge_line(running), full.net + full.tax)
    return "unpaid cycles, one credit note applied in part and one in full."


def _bangalore(book: Book) -> str:
    made = story.organisation(book, "IN", "गंगा संचार प्राइवेट लिमिटेड", opening=Decimal("9000.25"))
    sale = sales.sell(
        book, made, "SIP-10", sales.running_since(story.ago(book, 7), months=1, earlier=2), numbers=2, ported_in=1
    )
    sales.pay_all(book, sale.billed)
    book.endings.append(Ending(sale.subscription, "Closes the branch; asked on the telephone."))
    return "terminated by request in the full-refund window; its numbers are reserved."


def _bangkok(book: Book) -> str:
    made = story.organisation(book, "TH", "บริษัท สยามโทรศัพท์ จำกัด", opening=Decimal(1800))
    sale = sales.sell(book, made, "SMS-5K", sales.running_since(story.ago(book, 6), months=1, earlier=1))
    sales.pay_all(book, sale.billed)
    line = sales.charge_line(sale.billed[-1])
    note = documents.add_note(
        book,
        made,
        on=story.ago(book, 3),
        status="sent",
        net=line.net,
        tax=line.tax,
        line=line,
        reason="Cancelled by letter",
    )
    book.endings.append(Ending(sale.subscription, "The letter came last week.", note=note))
    return "terminated with a credit note as its refund."


def _saigon(book: Book) -> str:
    made = story.organisation(
        book, "VN", "Công ty TNHH Hoa Sen Viễn Thông", payment_mode="postpaid", credit_limit=Decimal(9000000)
    )
    sale = sales.sell(book, made, "PBX-S", sales.running_since(story.ago(book, 10), months=1, earlier=2))
    sales.pay_all(book, sale.billed[:-1])
    book.endings.append(Ending(sale.subscription, "Never used it and never paid for the last month."))
    return "terminated before it was paid: nothing comes back, what was open is waived."


def _lisboa(book: Book) -> str:
    made = story.organisation(book, "PT", "Lisboa Voz e Dados, Lda.", opening=Decimal(75))
    rhythm = sales.running_since(story.ago(book, 6), months=1, earlier=1)
    sale = sales.sell(book, made, "SIP-10", rhythm, numbers=1, renewed_early=False)
    twin = sales.sell(book, made, "SIP-10", rhythm, numbers=1, renewed_early=False, onto=sale)
    sales.pay_all(book, sale.billed)
    line = sales.charge_line(twin.billed[-1])
    documents.add_note(
        book, made, on=story.ago(book, 1), status="sent", net=line.net, tax=line.tax, line=line, reason="Cancelled"
    )
    return (
        "two equal trunks on one invoice, told apart by their numbers; a sent credit note names one of them only."
    )


def _donau(book: Book) -> str:
    made = story.organisation(book, "AT", "Donau Sprachdienste GmbH", opening=Decimal(210))
    sale = sales.sell(book, made, "PBX-S", sales.running_since(story.ago(book, 9), months=1, earlier=3))
    sales.pay_all(book, sale.billed)
    *_, before, running = sale.billed
    goodwill, due = sales.charge_line(before), sales.charge_line(running)
    documents.add_note(
        book,
        made,
        on=story.ago(book, 20),
        status="sent",
        net=goodwill.net,
        tax=goodwill.tax,
        line=goodwill,
        reason="Goodwill",
    )
    documents.add_note(
        book, made, on=story.ago(book, 2), status="sent", net=due.net, tax=due.tax, reason="As agreed"
    )
    return (
        "a goodwill note of the month before, and a free one with the sum of the refund: neither is taken for it "
        "without being asked."
    )


STORIES: tuple[Callable[[Book], str], ...] = (
    _zurich,
    _cafe_muller,
    _tokyo,
    _kuwait,
    _lumiere,
    _harbour,
    _northwind,
    _akropolis,
    _wien,
    _lodz,
    _akerlund,
    _kiritimati,
    _sao_paulo,
    _molniya,
    _new_york,
    _seoul,
    _chatham,
    _kowloon,
    _bangalore,
    _bangkok,
    _saigon,
    _lisboa,
    _donau,
)
