"""
Units of measure by the common codes of UN/CEFACT Recommendation 20, and what they measure.

The table has what is met in supply chains, not all of the 1,800 codes: what is not in it is
unknown here, never wrong. Measurement types are those of the GS1 Web Vocabulary, which EPCIS
2.0, §7.3.7.1.2 names.
"""

from __future__ import annotations

import re

# The codes by the kind of quantity, and the measurement types that are of that kind.
_UNITS: dict[str, tuple[str, str]] = {
    "length": (
        "MTR KMT HMT A45 DMT CMT MMT 4H C45 C52 A71 INH FOT YRD SMI NMI AK 77 M7 X1 A11 A12 B57",
        "Length Altitude",
    ),
    "area": ("MTK KMK H16 H18 DMK CMK MMK HAR ARE ACR INK FTK YDK MIK", "Area"),
    "volume": (
        """
        MTQ H20 H19 DMA DMQ CMQ MMQ LTR HLT A44 DLT CLT MLT 4G Q34 K6 MAL INQ FTQ YDQ GLL GLI GLD
        OZA OZI PT PTL PTI PTD QT QTL QTI QTD BLL BLD BUA BUI GII GIA G21 G24 G25
        """,
        "Volume",
    ),
    "mass": (
        """
        KGM TNE KTN DTN HGM DJ GRM DG CGM MGM MC 2U LBR ONZ STI STN LTN CWA CWI GRN DRA DRI APZ
        LBT DWT CTM F13 D43
        """,
        "Mass",
    ),
    "temperature": ("CEL FAH KEL A48", "Temperature"),
    "pressure": ("PAL A97 KPA MPA A89 BAR MBR ATM ATT PS HN F79 74 B96", "Pressure"),
    "time": ("SEC MIN HUR DAY WEE MON ANN C26 B98 C47", "Time"),
    "speed": ("MTS KMH 2M FS HM KNT", "Speed"),
    "acceleration": ("MSK K40 A73 A76", "Acceleration"),
    "angle": ("DD C81 D61 D62 A91 C25 B97", "Angle"),
    "frequency": ("HTZ KHZ MHZ A86 D29", "Frequency"),
    "power": ("WTT KWT MAW A90 C31 D80 BHP", "Power RadiantFlux"),
    "energy": ("JOU KJO 3B GV C15 WHR KWH MWH GWH A53 BTU", "Energy"),
    "electric current": ("AMP 4K B84 C39 B22", "ElectricCurrent"),
    "voltage": ("VLT 2Z KVT D82 B78", "Voltage"),
    "resistance": ("OHM B49 B75 A87 E45", "Resistance"),
    "capacitance": ("FAR 4O C10 C41 4T", "Capacitance"),
    "illuminance": ("LUX KLX", "Illuminance"),
    "luminous flux": ("LUM", "LuminousFlux"),
    "luminous intensity": ("CDL", "LuminousIntensity"),
    "luminance": ("A24", "Luminance"),
    "force": ("NEW B47 B73 DU", "Force"),
    "mass by volume": (
        "KMQ 23 GL A93 GP GQ M1",
        "Density MassConcentration AbsoluteHumidity",
    ),
    "number": ("C62 P1 59 61 NX EA H87", "Count Dimensionless RelativeHumidity VolumeFraction"),
    "radioactivity": ("BQL 2Q 4N GBQ CUR MCU M5", "Radioactivity"),
    "absorbed dose": ("A95 C13 C80", "AbsorbedDose"),
    "dose equivalent": ("D13 C28 D91", "DoseEquivalent"),
    "amount of substance": ("C34 C18 B45 FH", "AmountOfSubstance"),
    "memory capacity": ("AD A99 2P 4L E34 E35", "MemoryCapacity"),
    "magnetic flux density": ("D33 C29 D81", "MagneticFluxDensity"),
    "dynamic viscosity": ("C65 C24 89 C7", "DynamicViscosity"),
    "kinematic viscosity": ("S4 4C 91", "KinematicViscosity"),
}
_KINDS_OF_UNITS = {unit: kind for kind, (units, _) in _UNITS.items() for unit in units.split()}
_KINDS_OF_TYPES = {name: kind for kind, (_, types) in _UNITS.items() for name in types.split()}

# EPCIS 2.0, §7.3.3.3: what a quantity that is no count may be of.
QUANTITY_KINDS = frozenset({"length", "area", "volume", "mass"})


def kind_of_unit(code: str) -> str | None:
    """Return what a unit measures, such as length; None for a code that is not in the table."""
    return _KINDS_OF_UNITS.get(code)


def kind_of_measurement(measurement_type: str) -> str | None:
    """Return what a measurement type is of, whatever its spelling; None where it may be any."""
    return _KINDS_OF_TYPES.get(_VOCABULARY.sub("", measurement_type))


_VOCABULARY = re.compile(r"gs1:|https?://(?:ref\.)?gs1\.org/voc/")
