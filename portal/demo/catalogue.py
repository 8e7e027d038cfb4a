"""What the demo provider sells, and for how much in each currency."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from portal.lib import money


@dataclass(frozen=True)
class Offer:
    """Hold one plan or add-on. *Units*: price of one month in SGD, net."""

    code: str
    product: str
    name: str
    price: Decimal


PLANS: tuple[Offer, ...] = (
    Offer("SIP-10", "SIP Trunk", "SIP Trunk, 10 channels", Decimal("50")),
    Offer("SIP-30", "SIP Trunk", "SIP Trunk, 30 channels", Decimal("129.90")),
    Offer("PBX-S", "Cloud PBX", "Cloud PBX, small office", Decimal("35.50")),
    Offer("PBX-L", "Cloud PBX", "Cloud PBX, unlimited users", Decimal("219")),
    Offer("CC-AGENT", "Contact Centre", "Contact Centre, per agent", Decimal("89.95")),
    Offer("SMS-5K", "SMS Gateway", "SMS Gateway, 5,000 messages", Decimal("66.67")),
    Offer("REC-1Y", "Call Recording", "Call Recording, kept one year", Decimal("12.30")),
    Offer("FIBRE-1G", "Fibre Access", "Fibre Access, 1 Gbit/s", Decimal("149")),
    Offer("TOLLFREE", "Toll-Free Number", "Toll-Free Number", Decimal("20.75")),
)

ADD_ONS: tuple[Offer, ...] = (
    Offer("", "", "Extra channel", Decimal("5")),
    Offer("", "", "Voicemail to e-mail", Decimal("3.33")),
    Offer("", "", "Call recording", Decimal("9.90")),
    Offer("", "", "Premium support", Decimal("24.15")),
    Offer("", "", "Fax to e-mail", Decimal("4.45")),
)

NUMBER_PRICE = Decimal("7.50")
ACTIVATION_FEE = Decimal("25")

# Not rates of exchange: they keep prices in a likely range, no more.
_PER_SGD: dict[str, Decimal] = {
    "SGD": Decimal(1),
    "MYR": Decimal("3.3"),
    "HKD": Decimal("5.9"),
    "AUD": Decimal("1.1"),
    "NZD": Decimal("1.2"),
    "USD": Decimal("0.75"),
    "GBP": Decimal("0.6"),
    "EUR": Decimal("0.69"),
    "CHF": Decimal("0.66"),
    "BRL": Decimal("4.1"),
    "PLN": Decimal("2.9"),
    "CZK": Decimal("17"),
    "SEK": Decimal("7.7"),
    "ISK": Decimal(100),
    "TRY": Decimal(28),
    "VND": Decimal(19000),
    "JPY": Decimal(113),
    "KRW": Decimal(1050),
    "CNY": Decimal("5.4"),
    "TWD": Decimal(24),
    "KWD": Decimal("0.2317"),
    "BHD": Decimal("0.2829"),
    "SAR": Decimal("2.8"),
    "ILS": Decimal("2.7"),
    "UAH": Decimal(31),
    "KZT": Decimal(370),
    "GEL": Decimal(2),
    "THB": Decimal(26),
    "INR": Decimal(64),
    "NPR": Decimal(102),
}


def price(of: Decimal, *, currency: str) -> Decimal:
    """Give a price in another currency, in whole minor units."""
    return money.round_half_up(of * _PER_SGD[currency], currency=currency)


def share_of_month(price_per_month: Decimal, days: int, *, currency: str) -> Decimal:
    """Give the price of some days of a month, which counts as 30 of them."""
    return money.round_half_up(Fraction(price_per_month) * days / 30, currency=currency)
