"""Values that readers take differently, for the mutations: as texts of parameters, as JSON, and as bytes of a body."""

import json
from random import Random
from typing import Any, cast

TEXTS = (
    *("", " ", "0", "1", "-1", "+1", "01", "1.0", "1e0", "1E2", "-0", "0x1", "1_0", " 1", "1 ", "1\n", "\u0661"),
    *("100", "101", "2147483647", "2147483648", "9223372036854775808", "9" * 99, "9" * 101, "9" * 5000, "1e400"),
    *("NaN", "Infinity", "-inf", "null", "None", "true", "false", "True", "1.5", "0.1e1", "[]", "{}", '"1"'),
    *("a", "A", "ab", "abc", "ä", "\x00", "a\x00b", "\x7f", "\u2028", "😀", "e\u0301", "x" * 51, "x" * 501, "x" * 1300),
    *("published", "-published_at", "PUBLISHED", "published ", "content_html", "title", "draft"),
    *(
        "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11",
        "01936B2E-5F8C-7C3A-9D40-2F6F0C1F7A11",
        "01936b2e5f8c7c3a9d402f6f0c1f7a11",
    ),
    *("{01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11}", "urn:uuid:01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a11"),
    *("00000000-0000-0000-0000-000000000000", "01936b2e-5f8c-7c3a-9d40-2f6f0c1f7a1g"),
    *("2026-11-20T09:30:00Z", "2026-11-20t09:30:00z", "2026-11-20T09:30:00", "2026-11-20 09:30:00Z", "2026-11-20"),
    *("2026-11-20T09:30:00+02:00", "2026-11-20T09:30:00.123456789Z", "0001-01-01T00:00:00+14:00", "1795167000"),
    *(
        "2026-02-30",
        "2026-02-30T00:00:00Z",
        "2026-11-20T24:00:00Z",
        "2026-11-20T09:30:60Z",
        "2026-11-20T09:30:00+25:00",
    ),
    *("0000-01-01", "9999-12-31T23:59:59-12:00", '"7-0123abcd"', 'W/"7"', "*", "bytes=0-1", "a,b", "a;b", "a&b", "a=b"),
    *(
        "../x",
        "%2e%2e",
        "a/b",
        "%",
        "%zz",
        "ada_l",
        "Ada_L",
        "engines",
        "the-engine-weaves",
        "a--b",
        "-a",
        "a@b.example",
    ),
)
_CHARACTERS = "\x00\x01\x7f\t\n \"'\\/%+&=#?;,.-_~\u00e9\U0001f600\u0661\u00a0\u20280aA"
# As they stand in JSON; not all are JSON.
JSON = (
    *("null", "true", "false", "0", "1", "-1", "1.0", "1.5", "1e0", "1E400", "-1e400", "NaN", "Infinity", "-0", "-0.0"),
    *(
        "2147483648",
        "9223372036854775808",
        "9" * 99,
        "9" * 400,
        "9" * 5000,
        "0.1e1",
        "01",
        "+1",
        ".5",
        "1.",
        "0x1",
        "1e3",
    ),
    *('""', '" "', '"a"', '"ab"', '" ab "', '"\\u0000"', '"\\ud800"', '"\\udfff\\ud800"', '"\\ud83d\\ude00"', '"\x00"'),
    *(
        '"\t"',
        '"1"',
        '"true"',
        '"null"',
        "'a'",
        '"\\x"',
        '"a',
        "[]",
        "{}",
        "[null]",
        '[""]',
        '{"a":1}',
        "[[[]]]",
        '["a","a"]',
    ),
    *("[" * 200 + "]" * 200, "[" * 1500 + "]" * 1500, '{"a":' * 300 + "1" + "}" * 300, "[1,]", '{"a":1,}', "undefined"),
    *(json.dumps(text) for text in TEXTS if len(text) < 600),
    *(json.dumps("x" * length) for length in (3, 50, 51, 100, 101, 200, 201, 255, 256, 2000, 5001, 10_001)),
    *("[" + ",".join(['"a"'] * count) + "]" for count in (10, 11, 20, 21, 100, 101)),
)
# Whole bodies.
BODIES = (
    *(b"", b" ", b"\n", b"null", b"[]", b"{}", b"0", b'""', b"true", b"{", b"}", b"\xff", b"\x00", b"\xef\xbb\xbf{}"),
    *(
        b"{}{}",
        b"{} x",
        b"// x\n{}",
        b"a=1",
        b"&",
        b"=",
        b"username=ada_l&password=Weaves4lgebra",
        b"username",
        b"%zz=1",
    ),
    *(
        b"username=ada_l&username=ada_l&password=Weaves4lgebra",
        b"username=ada%00_l&password=x",
        b"username=%C3%28&password=x",
    ),
    *(b"username=ada_l;password=x", b"username=ada_l&password=a+b&scope=", b"a" * 19_999, b"a" * 20_001, b" " * 40_001),
    *(b'{"a":1,"a":2}', b"{" + b'"a":{' * 400 + b"}" * 400 + b"}", b'{"\\u0000":1}', b'{"\\ud800":1}'),
)
CONTENT_TYPES = (
    *("application/json", "APPLICATION/JSON", "application/json; charset=utf-8", "application/json;charset=utf-16"),
    *(
        "application/json;",
        " application/json ",
        "application/json ; x=y",
        "application/json;x",
        "application/json, text/plain",
    ),
    *(
        "application/merge-patch+json",
        "application/problem+json",
        "application/vnd.api+json",
        "text/json",
        "text/plain",
        "",
    ),
    *("application/x-www-form-urlencoded", "application/x-www-form-urlencoded; charset=latin-1", "multipart/form-data"),
    *(
        "multipart/form-data; boundary=loom",
        "application/x-ndjson",
        "application/*",
        "*/*",
        "json",
        "application/jsonx",
        "é",
    ),
    *(
        "application/x-www-form-urlencoded;",
        'application/json; a="b',
        "application/json;;",
        "application/json; charset=x",
    ),
)
AFTER_MEDIA_TYPE = (
    b";",
    b";;",
    b"; charset=utf-8",
    b";charset=latin-1",
    b"; x",
    b'; a="b',
    b" ; x=y",
    b", text/plain",
    b"x",
)


def paths_of(document: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Return the places of all members and entries of a document."""
    entries: Any = (
        cast("dict[str, Any]", document).items()
        if isinstance(document, dict)
        else enumerate(cast("list[Any]", document))
        if isinstance(document, list)
        else ()
    )
    found: list[tuple[str | int, ...]] = []
    for key, value in entries:
        found += [(*path, key), *paths_of(value, (*path, key))]
    return found


# Stands in a document for what is put there as text.
_HERE = "\ue000here\ue000"


def _holder(document: Any, path: tuple[str | int, ...]) -> Any:
    for part in path[:-1]:
        document = document[part]
    return document


def changed(document: Any, random: Random) -> bytes:
    """Return a JSON object with one of its values changed, dropped, doubled, renamed or added."""
    copy = json.loads(json.dumps(document))
    places = paths_of(copy)
    text = random.choice(JSON)
    if not places or random.random() < 0.1:
        if isinstance(copy, dict):
            copy[random.choice(["extra", "", "id", "a/b", "~", "title", "body", "\x00", "é"])] = _HERE
    else:
        path = random.choice(places)
        holder, key = _holder(copy, path), path[-1]
        match random.randrange(8):
            case 0:
                del holder[key]
            case 1 if isinstance(key, str):
                holder[random.choice([key.upper(), f"{key} ", key[:-1], f"{key}\x00"])] = holder.pop(key)
            case 2 if isinstance(holder[key], str):
                text = json.dumps(edited(holder[key], random), ensure_ascii=random.random() < 0.5)
                holder[key] = _HERE
            case 3 if isinstance(holder[key], list):
                holder[key] = [*holder[key], *holder[key], _HERE]
            case _:
                holder[key] = _HERE
    body = json.dumps(copy, ensure_ascii=False).replace(json.dumps(_HERE, ensure_ascii=False), text)
    if random.random() < 0.05 and places:
        name = json.dumps(str(places[0][0]))
        body = body[:-1] + f",{name}:{random.choice(JSON)}}}"
    return body.encode("utf-8", "surrogatepass")


def edited(text: str, random: Random) -> str:
    """Return a text with a character changed, dropped, doubled or added, or with its bounds tried."""
    at = random.randrange(len(text) + 1)
    forms = [
        text[:at] + text[at + 1 :],
        text[:at] + random.choice(_CHARACTERS) + text[at:],
        text * random.choice([2, 10, 100]),
        f" {text} ",
        random.choice([text.upper(), text.title(), text.swapcase()]),
        text[:1],
        f"{text}\n",
        random.choice(TEXTS),
    ]
    return random.choice(forms)
