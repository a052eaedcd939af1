"""Hypothesis strategies: valid identifiers of every scheme, made from the table."""

from __future__ import annotations

import string
from urllib.parse import quote

from hypothesis import strategies as st

from epcis_repo.gs1 import Identifier, check_digit, parse_urn
from epcis_repo.gs1.schemes import SCHEMES, N, Scheme, X, Y

CSET82 = "!\"%&'()*+,-./0123456789:;<=>?_" + string.ascii_letters
CSET39 = "#-/0123456789" + string.ascii_uppercase
ALPHABETS = {N: string.digits, X: CSET82, Y: CSET39}

# Company prefixes that GS1 has published, of several lengths.
COMPANY_PREFIXES = ("030001", "0614141", "50062748", "777396449", "9524000000")

WITH_GS1_KEY = [row for row in SCHEMES.values() if row.ai is not None]
BY_URN_ALONE = {
    "imovn": st.just("9176187"),
    "gid": st.just("95100000.12345.400"),
    "usdod": st.sampled_from(["2S194.12345678901", "CAGEXX.0"]),
    "adi": st.sampled_from(["35962.PQ7VZ4.M37GXB92", "W81X9C..%23A%2F-9"]),
    "bic": st.just("CSQU3054383"),
}


def escaped(text: str) -> str:
    """`text` as a component of a URN."""
    return quote(text, safe="!'()*+,:;=")


def digits(length: int) -> st.SearchStrategy[str]:
    """Numbers of just `length` digits, leading zeros and all."""
    return st.text(string.digits, min_size=length, max_size=length)


def text(characters: str, length_max: int) -> st.SearchStrategy[str]:
    """Raw values of up to `length_max` of the `characters` of a scheme."""
    return st.text(ALPHABETS[characters], min_size=1, max_size=length_max)


@st.composite
def urns(draw: st.DrawFn, scheme: Scheme, *, prefixes: st.SearchStrategy[str]) -> str:
    """EPC URNs of `scheme`, of instances and, where it has them, of classes."""
    if scheme.ai is None:
        return scheme.urn_prefix + draw(BY_URN_ALONE[scheme.name])
    prefix = draw(prefixes)
    if scheme.digits:
        reference = digits(scheme.digits - len(prefix))
    else:
        reference = text(scheme.characters, scheme.length_max - len(prefix)).map(escaped)
    components = [prefix, draw(reference), *(draw(digits(count)) for count in scheme.counts)]
    if scheme.serial is None:
        return scheme.urn_prefix + ".".join(components)
    serial = text(scheme.serial.characters, scheme.serial.length_max).map(escaped)
    if scheme.has_pattern and draw(st.booleans()):
        return scheme.pattern_prefix + ".".join([*components, "*"])
    if scheme.serial.blank:
        serial |= st.just(scheme.serial.blank)
    return scheme.urn_prefix + ".".join([*components, draw(serial)])


ANY_PREFIX = st.integers(6, 12).flatmap(digits)
PUBLISHED_PREFIX = st.sampled_from(COMPANY_PREFIXES)

# Whatever an event may hold as an EPC or a class of EPCs.
epc_urns: st.SearchStrategy[str] = st.sampled_from(list(SCHEMES.values())).flatmap(
    lambda scheme: urns(scheme, prefixes=ANY_PREFIX)
)
identifiers: st.SearchStrategy[Identifier] = epc_urns.map(parse_urn)
identifiers_with_gs1_key: st.SearchStrategy[Identifier] = st.sampled_from(WITH_GS1_KEY).flatmap(
    lambda scheme: urns(scheme, prefixes=ANY_PREFIX).map(parse_urn)
)

serials = text(X, 20)
gtins = digits(13).map(lambda payload: payload + check_digit.compute(payload))
