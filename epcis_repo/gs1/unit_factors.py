"""
How units of measure convert into each other: what one of each is in the first of its kind.

Codes are those of UN/CEFACT Recommendation 20; `units.py` says what kind of quantity each is of.
Left out is what has no one value: a month, a pint of no country, an acre of two surveys. A factor
is exact where the unit is defined by one; whoever compares equals after a conversion relies on it.
"""

from __future__ import annotations

from fractions import Fraction

# By what is measured. Where the scales of temperature begin stands below.
_FACTORS: dict[str, str] = {
    "length": (
        "MTR=1 KMT=1000 HMT=100 A45=10 DMT=0.1 CMT=0.01 MMT=0.001 4H=1e-6 C45=1e-9 C52=1e-12 "
        "A71=1e-15 INH=0.0254 FOT=0.3048 YRD=0.9144 SMI=1609.344 NMI=1852 AK=1.8288 77=2.54e-5 "
        "M7=2.54e-8 A11=1e-10 A12=149597870700"
    ),
    "area": (
        "MTK=1 KMK=1e6 H16=100 H18=1e4 DMK=0.01 CMK=1e-4 MMK=1e-6 HAR=1e4 ARE=100 INK=0.00064516 "
        "FTK=0.09290304 YDK=0.83612736 MIK=2589988.110336"
    ),
    "volume": (
        "MTQ=1 H20=1000 H19=1e6 DMA=1000 DMQ=0.001 CMQ=1e-6 MMQ=1e-9 LTR=0.001 HLT=0.1 A44=0.01 "
        "DLT=1e-4 CLT=1e-5 MLT=1e-6 4G=1e-9 Q34=1e-12 K6=1 MAL=1000 INQ=1.6387064e-5 "
        "FTQ=0.028316846592 YDQ=0.764554857984 GLL=0.003785411784 GLI=0.00454609 "
        "OZA=2.95735295625e-5 OZI=2.84130625e-5 PTL=0.000473176473 PTI=0.00056826125 "
        "QTL=0.000946352946 QTI=0.0011365225 BLL=0.158987294928 BUI=0.03636872 "
        "GIA=0.00011829411825 GII=0.0001420653125"
    ),
    "mass": (
        "KGM=1 TNE=1000 KTN=1e6 DTN=100 HGM=0.1 DJ=0.01 GRM=0.001 DG=1e-4 CGM=1e-5 MGM=1e-6 "
        "MC=1e-9 2U=1000 LBR=0.45359237 ONZ=0.028349523125 STI=6.35029318 STN=907.18474 "
        "LTN=1016.0469088 CWA=45.359237 CWI=50.80234544 GRN=6.479891e-5 APZ=0.0311034768 "
        "LBT=0.3732417216 DWT=0.00155517384 CTM=0.0002"
    ),
    "temperature": "KEL=1 CEL=1 FAH=5/9 A48=5/9",
    "pressure": (
        "PAL=1 A97=100 KPA=1000 MPA=1e6 A89=1e9 BAR=1e5 MBR=100 ATM=101325 ATT=98066.5 "
        "HN=133.322387415 F79=3386.388640341 74=0.001 B96=1e-6"
    ),
    "time": "SEC=1 MIN=60 HUR=3600 DAY=86400 WEE=604800 C26=0.001 B98=1e-6 C47=1e-9",
    "speed": "MTS=1 KMH=5/18 2M=0.01 FS=0.3048 HM=0.44704 KNT=1852/3600",
    "acceleration": "MSK=1 K40=9.80665 A73=0.3048 A76=0.01",
    "angle in degrees": "DD=1 D61=1/60 D62=1/3600 A91=0.9",
    "angle in radians": "C81=1 C25=0.001 B97=1e-6",
    "frequency": "HTZ=1 KHZ=1000 MHZ=1e6 A86=1e9 D29=1e12",
    "power": "WTT=1 KWT=1000 MAW=1e6 A90=1e9 C31=0.001 D80=1e-6",
    "energy": (
        "JOU=1 KJO=1000 3B=1e6 GV=1e9 C15=0.001 WHR=3600 KWH=3.6e6 MWH=3.6e9 GWH=3.6e12 "
        "A53=1.602176634e-19"
    ),
    "electric current": "AMP=1 4K=0.001 B84=1e-6 C39=1e-9 B22=1000",
    "voltage": "VLT=1 2Z=0.001 KVT=1000 D82=1e-6 B78=1e6",
    "resistance": "OHM=1 B49=1000 B75=1e6 A87=1e9 E45=0.001",
    "capacitance": "FAR=1 4O=1e-6 C10=0.001 C41=1e-9 4T=1e-12",
    "illuminance": "LUX=1 KLX=1000",
    "force": "NEW=1 B47=1000 B73=1e6 DU=1e-5",
    "mass by volume": "KMQ=1 23=1000 GL=1 A93=0.001 GP=1e-6 GQ=1e-9 M1=0.001",
    "number": "C62=1 EA=1 H87=1 P1=0.01 NX=0.001 59=1e-6 61=1e-9",
    "radioactivity": "BQL=1 2Q=1000 4N=1e6 GBQ=1e9 CUR=3.7e10 MCU=3.7e7 M5=3.7e4",
    "absorbed dose": "A95=1 C13=0.001 C80=0.01",
    "dose equivalent": "D13=1 C28=0.001 D91=0.01",
    "amount of substance": "C34=1 C18=0.001 B45=1000 FH=1e-6",
    "memory capacity": "AD=1 A99=1/8 2P=1000 4L=1e6 E34=1e9 E35=1e12",
    "magnetic flux density": "D33=1 C29=0.001 D81=1e-6",
    "dynamic viscosity": "C65=1 C24=0.001 89=0.1 C7=0.001",
    "kinematic viscosity": "S4=1 4C=1e-6 91=1e-4",
}
# What zero of a scale is in kelvins.
_ZEROS = {"CEL": Fraction("273.15"), "FAH": Fraction("459.67") * Fraction(5, 9)}

_UNITS = {
    code: (kind, Fraction(factor))
    for kind, factors in _FACTORS.items()
    for code, factor in (unit.split("=") for unit in factors.split())
}
UNITS = frozenset(_UNITS)
"""The units that convert into others."""


def converted(
    value: Fraction, unit: str, into: str, *, is_difference: bool = False
) -> Fraction | None:
    """
    Return what `value` is in another unit, None where the two do not convert.

    A difference, such as a standard deviation, is the same on scales that begin elsewhere.
    """
    if unit == into:
        return value
    kind, factor = _UNITS.get(unit, (None, _NONE))
    other_kind, other_factor = _UNITS.get(into, (None, _NONE))
    if kind is None or kind != other_kind:
        return None
    zero, other_zero = _ZEROS.get(unit, _NONE), _ZEROS.get(into, _NONE)
    if is_difference:
        zero = other_zero = _NONE
    return (value * factor + zero - other_zero) / other_factor


_NONE = Fraction(0)
