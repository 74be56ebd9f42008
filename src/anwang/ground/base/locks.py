"""Secrets that lie in the database encrypted: a copy of the database alone opens none of them."""

import base64
import hashlib

from cryptography.fernet import Fernet
from django.conf import settings


def lock(purpose: str) -> Fernet:
    """The lock of one purpose (``room.what``), made from the installation's secret.

    What it closed opens only with the same secret: InvalidToken anywhere else.
    """
    key = hashlib.sha256(purpose.encode() + b"\x00" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))
