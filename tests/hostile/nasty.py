"""Values that break programs, and ways to send them. Everything is drawn from a seeded generator."""

from __future__ import annotations

import random
import uuid
from urllib.parse import quote_from_bytes

# Sent wherever text can be; in a page neither may come back as markup.
MARKUP = "canary\"'><x-canary onfocus=1 autofocus>"
BROKEN_OUT = ("<x-canary", "canary\"'>", 'canary">')
HEADER = "line\r\nX-Canary: 1\r\n\r\n<x-canary>"

TEXTS = (
    "",
    " ",
    "\0",
    "a\0b",
    "\ud800",  # half a pair: cannot be UTF-8, and is sent all the same
    b"\xff\xfe\x80",
    "\u202egnp.exe\u202c \u2066x",
    "\u200b\u200f\ufeff",
    "\u2028\u2029\x85",
    "\x1b[31mred\x07\x08\x7f",
    "'; DROP TABLE subscriptions_subscription; --",
    "' OR '1'='1",
    "\\",
    "%",
    "_%_%",
    "%s%n%(x)s%00",
    "{{ 7|add:7 }}{% debug %}{0.__class__}",
    "${jndi:ldap://x}",
    "../../../../etc/passwd",
    "//evil.example/",
    "javascript:alert(1)",
    '=HYPERLINK("http://x")',
    HEADER,
    MARKUP,
    "<script>alert(1)</script><x-canary>",
    "🙂" * 300,
    "e" + "\u0301" * 500,
    "ﷺ" * 200,
    "İıſß",
    "A" * 2_001,
    "A" * 100_000,
    " ".join(["word"] * 5_000),
    "null",
    "[]",
    '{"a": 1}',
    "[" * 3_000,
    "True",
)
NUMBERS = (
    "NaN",
    "nan",
    "sNaN",
    "-NaN123",
    "Infinity",
    "-Infinity",
    "inf",
    "1e400",
    "1E+999999999",
    "1e-400",
    "-1",
    "-0",
    "-0.01",
    "0",
    "0.00000000001",
    "999999999999999999999999999999",
    "9223372036854775808",
    "2147483648",
    "32768",
    "1_000",
    "1_0",
    "2_8",
    "1e1",
    "1E3",
    "1,5",
    "1,23",
    "0,123",
    "1.234,50",
    "12,34,567",
    "1,234.50",
    "SGD 1,234.50",
    "XYZ 1.00",
    "\u22121.00",
    "1\u00a0000",
    "\u00a01\u200b",
    "\u202a1.00\u202c",
    "1\u200b0",
    "0x10",
    "１２",
    "２８",
    "٣",
    "٢٨",
    "1٣",
    "²",
    "½",
    "--1",
    "+1",
    ".",
    "1.",
    "1" * 5_000,
    "0." + "1" * 5_000,
    " 1 ",
    "\t1",
)
# What only a form understands: copied from a page of the portal, with what nobody sees around it.
SHOWN = {"1,234.50", "SGD 1,234.50", "\u00a01\u200b", "\u202a1.00\u202c", " 1 ", "\t1"}
# No amount, and no number of anything, is one of these.
NO_NUMBERS = {text for text in NUMBERS if text.strip().lower().lstrip("+-").startswith(("nan", "snan", "inf"))} | {
    "1e400",
    "1E+999999999",
    "1E3",
    "1e1",
    "1e-400",
    "1_000",
    "1_0",
    "2_8",
    "1,5",
    "1,23",
    "0,123",
    "1.234,50",
    "12,34,567",
    "XYZ 1.00",
    "\u22121.00",
    "1\u00a0000",
    "1\u200b0",
    "-1",
    "-0.01",
    "999999999999999999999999999999",
    "0x10",
    "１２",
    "２８",
    "٣",
    "٢٨",
    "1٣",
    "²",
    "½",
    "--1",
    "+1",
    ".",
    "1.",
}
# No mail could be sent to one of these; to the others there could.
NO_ADDRESSES = (
    "a@x.example;",
    "mailto:a@x.example",
    "MAILTO:a@x.example?subject=x",
    "A <a@x.example>",
    "a@x.example,b@x.example",
    "a@x.example\nBcc: b@x.example",
    "a@@x.example",
    "a b@x.example",
    "a@x",
    "a@x.example.",
    "@x.example",
    "ä@x.example",
    "a@x_y.example",
    "a@fußball.example",
    "a@" + "x" * 300 + ".example",
    "a" * 300 + "@x.example",
    "<x-canary>@x.example",
    "a@\u202ex.example\u202c;",
)
ADDRESSES = (*NO_ADDRESSES, "o'brien+x@x.example", '"a,b"@x.example', "a@bücher.example", "a@[192.0.2.1]")
DATES = (
    "0000-00-00",
    "0001-01-01",
    "9999-12-31",
    "10000-01-01",
    "2026-02-30",
    "2026-13-01",
    "2026-3-1",
    "２０２６-０３-１０",
    "٢٠٢٦-٠٣-١٠",
    "2026-W10-2",
    "2026-03-10T00:00:00",
    "10/03/2026",
    "-2026-03-10",
    "today",
    "1e3",
)
IDS = (
    "-1",
    "0",
    "00",
    "9223372036854775807",
    "9223372036854775808",
    "99999999999999999999",
    "1" * 300,
    "1e3",
    "None",
    "1;2",
    "٣",
    "²",
)
UUIDS = (
    "00000000-0000-0000-0000-000000000000",
    "ffffffff-ffff-ffff-ffff-ffffffffffff",
    "FFFFFFFF-FFFF-4FFF-8FFF-FFFFFFFFFFFF",
    "{00000000-0000-0000-0000-000000000000}",
    "urn:uuid:00000000-0000-0000-0000-000000000000",
    "00000000000000000000000000000000",
    "00000000-0000-0000-0000-00000000000",
    "0000000０-0000-0000-0000-000000000000",
    "g0000000-0000-0000-0000-000000000000",
    "00000000-0000-0000-0000-000000000000" * 20,
)
ALL = (*TEXTS, *NUMBERS, *ADDRESSES, *DATES, *IDS, *UUIDS)

METHODS = (
    *("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"),
    *("get", "X" * 50),
)
CONTENT_TYPES = (
    "",
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-7",
    "application/x-www-form-urlencoded; charset=no-such-charset",
    "application/x-www-form-urlencoded; charset=utf-16",
    "application/json",
    "application/json; charset=utf-16",
    "text/plain",
    "text/xml",
    "image/png",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=x",
    "multipart/form-data; boundary=" + "x" * 300,
    "multipart/form-data; boundary=\xff",
    "multipart/mixed; boundary=x",
    ";;;",
    "\xff/\xff",
    "a" * 5_000,
)
BODIES = (
    b"",
    b"\x00\x01\x02\xff",
    b"--x\r\n",
    b'--x\r\nContent-Disposition: form-data; name="reason"\r\n\r\n',
    b"--x\r\nContent-Disposition: form-data\r\n\r\nx\r\n--x--",
    b'--x\r\nContent-Disposition: form-data; name="reason"; filename="../../a\x00b"\r\n'
    b"Content-Type: text/plain; charset=nope\r\nContent-Transfer-Encoding: base64\r\n\r\n!!!\r\n--x--\r\n",
    b"--x\r\nContent-Disposition: form-data; name=\"reason\"; filename*=utf-8''%ff%00\r\n\r\nx\r\n--x--\r\n",
    b"--x\r\n" * 500,
    b'{"reason": ',
    b'{"reason": "x", "reason": NaN}',
    b"[" * 20_000,
    b"=&=&=&&&==%%%zz",
    b"a=1;b=2",
    b"&".join(b"f%d=1" % n for n in range(3_000)),
    b"a=" + b"A" * 1_100_000,
    b"\xef\xbb\xbf<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><a>&b;</a>",
)
HEADERS: tuple[dict[str, str], ...] = (
    {"HX-Request": "true"},
    {"HX-Request": "false"},
    {"HX-Request": MARKUP},
    {"HX-Request": "true", "HX-History-Restore-Request": "true"},
    {"HX-Request": "true", "HX-Current-URL": "http://evil.example/x"},
    {"HX-Request": "true", "HX-Current-URL": "http://["},
    {"HX-Request": "true", "HX-Current-URL": "%ff%00", "HX-Current-URL-URI-AutoEncoded": "true"},
    {"HX-Request": "true", "HX-Target": MARKUP, "HX-Trigger": MARKUP, "HX-Trigger-Name": MARKUP},
    {"HX-Request": "true", "HX-Prompt": "\x00", "HX-Boosted": "true"},
    {"HX-Request": "true", "Triggering-Event": "{", "Triggering-Event-URI-AutoEncoded": "true"},
    {"Accept": MARKUP, "Accept-Language": "x" * 5_000},
    {"Accept-Language": ",,;q=x, *;q=NaN, zz-ZZ-ZZ"},
    {"Accept-Encoding": "gzip;q=nan, \x00"},
    {"Host": "evil.example"},
    {"Host": "127.0.0.1:99999999"},
    {"Host": MARKUP},
    {"Host": ""},
    {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-For": MARKUP},
    {"X-Forwarded-For": "\x00"},
    {"Referer": MARKUP},
    {"Referer": "http://[::"},
    {"Origin": "null"},
    {"Origin": "http://[::"},
    {"User-Agent": "\x00" + MARKUP + "A" * 5_000},
    {"If-Modified-Since": "x", "If-None-Match": "*", "Range": "bytes=9-1,-", "If-Match": '"'},
    {"Content-Length": "-1"},
    {"Content-Length": "x"},
    {"Content-Encoding": "gzip", "Transfer-Encoding": "chunked"},
    {"Cookie": "sessionid=\x00; csrftoken=" + "x" * 5_000},
    {"Cookie": "sessionid=" + "A" * 400 + "; messages=\x00:" + MARKUP},
    {"Cookie": 'messages="[[\\"__json_message\\",0,25,\\"<x-canary>\\"]]:1:x"'},
    {"Cookie": ";;;===\xff"},
    {"Authorization": "Basic \xff"},
    {"X-Http-Method-Override": "DELETE"},
    {"X-Csrftoken": "\x00"},
)


def encoded(value: object) -> bytes:
    """The bytes of a value as they are sent, also where they are no UTF-8."""
    if isinstance(value, bytes):
        return value
    return str(value).encode("utf-8", "surrogatepass")


def quoted(value: object) -> str:
    return quote_from_bytes(encoded(value), safe="")


def form_body(pairs: list[tuple[object, object]]) -> bytes:
    return "&".join(f"{quoted(name)}={quoted(value)}" for name, value in pairs).encode()


def multipart_body(pairs: list[tuple[object, object]], *, as_files: set[str]) -> bytes:
    """The same fields in parts; those of `as_files` come as files."""
    parts = []
    for name, value in pairs:
        disposition = b'form-data; name="' + encoded(name).replace(b'"', b"%22") + b'"'
        if name in as_files:
            disposition += b'; filename="a.txt"'
        parts.append(b"--x\r\nContent-Disposition: " + disposition + b"\r\n\r\n" + encoded(value) + b"\r\n")
    return b"".join(parts) + b"--x--\r\n"


def value_for(name: str, draw: random.Random) -> object:
    """A nasty value, more often than not of the kind that the field is about."""
    kinds: tuple[tuple[str, tuple[object, ...]], ...] = (
        ("amount net tax fee days position length credit", NUMBERS),
        ("email address", ADDRESSES),
        ("on date from to year month day", DATES),
        ("uuid line note request_id quote", UUIDS),
        ("id pk before after page p", IDS),
    )
    if draw.random() < 0.6:
        for words, values in kinds:
            if any(word in name.lower().replace("-", "_").split("_") for word in words.split()):
                return draw.choice(values)
    if draw.random() < 0.05:
        return uuid.UUID(int=draw.getrandbits(128), version=4)
    if draw.random() < 0.1:
        return "".join(chr(draw.choice((draw.randrange(1, 0xD7FF), draw.randrange(0x20)))) for _ in range(30))
    return draw.choice(ALL)
