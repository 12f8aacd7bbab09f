"""Sideroom for signaling servers: rooms, participants, breakouts, events."""

from . import errors, types
from .aio import AsyncClient
from .aio_watch import AsyncWatch
from .client import Client
from .errors import NoAnswer, SideroomError
from .reasons import Reason
from .tokens import Key
from .watch import Watch

__version__ = "0.1.0"
__all__ = ["AsyncClient", "AsyncWatch", "Client", "Key", "NoAnswer", "Reason", "SideroomError", "Watch", "errors", "types"]
