"""An event-sourced EPCIS repository."""

__version__ = "0.1.0"
