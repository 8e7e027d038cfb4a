"""Made-up companies with their people and addresses: the first ones alike for any number."""

from __future__ import annotations

import random
import uuid
from collections.abc import Iterator

from portal.demo import names
from portal.lib import money, text

# Made-up words, as companies like to be called: rare words are what people search for.
_WRITTEN = {
    "latin": (
        "ba be bi bo bra cor da del di do dra fen fi flo ga gen gra ha hel jo ka kel ki kra la len li lo "
        "lu ma mar mi mon na nel ni no nor o pa pel pi pra qua ra ren ri ro sa sel si sol sta ta tel ti "
        "tor tra u va vel vi vo wa wen xa ya zel zi zo"
    ),
    "cyrillic": (
        "ба бел ви во га гор да ден до жи за зор ка кра ла ле лу ма мир на но о па пол ра рус са свет се "
        "ста та тор у фа хо ча ше ю я"
    ),
    "greek": "α βα γε δη ελ ζη θα ι κα κρι λα με νι ξε ο πα ρο σα τη υ φι χα ψι ω",
    "arabic": "با تا ثم جا حس خل دا را زه سم شا صف طي عا غد فا قم كا لو ما نو ها ور يا",
    "cjk": (
        "永 和 新 华 东 方 金 龙 天 海 大 信 达 盛 隆 昌 泰 安 康 福 瑞 星 辰 云 山 川 森 林 水 火 "
        "光 明 春 秋 百 千 万 里 风 雷 宝 玉"
    ),
    "kana": "ア イ ウ エ カ キ ク サ シ タ チ ナ ニ ハ ヒ マ ミ ヤ ユ ラ リ ル ワ",
    "hangul": "가 나 다 라 마 바 사 아 자 차 하 강 민 서 우 진 현 대 동 한 국 신 일 세 성 정 유 경 태",
}
_SYLLABLES = {script: written.split() for script, written in _WRITTEN.items()}
_SCRIPTS = {
    "UA": "cyrillic",
    "KZ": "cyrillic",
    "GR": "greek",
    "KW": "arabic",
    "BH": "arabic",
    "SA": "arabic",
    "CN": "cjk",
    "TW": "cjk",
    "HK": "cjk",
    "JP": "kana",
    "KR": "hangul",
}
_SHARED_DOMAINS = ("mail.example", "post.example", "office.example", "inbox.example")


def named(rows: int) -> Iterator[tuple[object, ...]]:
    """Make the organisations that have names, addresses and references: the first ones alike for any number."""
    rng = random.Random(20)
    # Most customers of a portal are around its home: some countries have many.
    weights = [4 if place < 6 else 1 for place in range(len(names.LOCALES))]
    for number in range(1, rows + 1):
        locale = rng.choices(names.LOCALES, weights)[0]
        core, slug = _core(locale, rng)
        name = rng.choice(locale.forms).format(core)
        given, family = rng.choice(locale.given), rng.choice(locale.family)
        owner = f"{family} {given}" if locale.family_first else f"{given} {family}"
        person = text.fold(f"{given}.{family}").replace(" ", "")
        domain = rng.choice(_SHARED_DOMAINS) if rng.random() < 0.25 else f"{slug}.{locale.country.lower()}.example"
        reference = f"{locale.country}-{number:06d}" if rng.random() < 0.9 else ""
        second = rng.random() < 0.4
        other = rng.choice(locale.given)
        yield (
            number,
            uuid.UUID(int=rng.getrandbits(128), version=4),
            name,
            text.fold(name),
            locale.country,
            locale.currency,
            money.minor_digits(locale.currency),
            _UNITS.get(money.minor_digits(locale.currency), 1),
            rng.choice(locale.timezones),
            locale.tax_rate,
            locale.calling_code,
            owner,
            f"{person}{number % 97}@{domain}",
            f"billing@{domain}" if rng.random() < 0.6 else "",
            reference,
            text.fold(reference),
            f"{other} {family}" if second else None,
            f"{text.fold(other).replace(' ', '')}{number}@{domain}" if second else None,
        )


# What a price of 1 is in a currency without decimals, and with three.
_UNITS = {0: 100, 3: "0.3"}


def _core(locale: names.Locale, rng: random.Random) -> tuple[str, str]:
    """Make the middle of a company's name, and the part of its domain."""
    brand = _brand(_SCRIPTS.get(locale.country, "latin"), rng)
    kind = rng.random()
    if kind < 0.5:
        core = brand
    elif kind < 0.7:
        core = f"{rng.choice(locale.stems)} {brand}"
    elif kind < 0.85:
        core = f"{rng.choice(locale.family)} & {brand}"
    elif kind < 0.95:
        core = f"{rng.choice(locale.stems)} {rng.choice(locale.family)}"
    else:
        core = f"{rng.choice(locale.family)} & {rng.choice(locale.family)}"
    slug = "".join(c for c in text.fold(brand) if c.isalnum())
    return core, slug


def _brand(script: str, rng: random.Random) -> str:
    made = "".join(rng.choices(_SYLLABLES[script], k=rng.choice((2, 3)) if script != "arabic" else 3))
    return made.capitalize()
