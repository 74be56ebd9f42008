"""Where a channel leads: its URL, kept encrypted, filled in for one person, and shown to nobody whole."""

import os
import re
from urllib.parse import quote

from cryptography.fernet import InvalidToken

from anwang.ground.accounts.models import User
from anwang.ground.base.locks import lock
from anwang.ground.notices.models import Channel


class NoAddressError(Exception):
    """The channel's URL cannot be had: not entered, not in the environment, or encrypted by another installation."""


LOCK = "notices.channel"


def encrypted(url: str) -> str:
    return lock(LOCK).encrypt(url.encode()).decode()


def of(channel: Channel) -> str:
    """The channel's URL. Raises NoAddressError, whose words hold no part of it."""
    if channel.env:
        url = os.environ.get(channel.env, "")
        if not url:
            raise NoAddressError(f"the environment variable {channel.env} is not set")
        return url
    try:
        return lock(LOCK).decrypt(channel.secret.encode()).decode()
    except InvalidToken:
        raise NoAddressError("the URL was encrypted with another installation's secret: enter it again") from None


def shown(channel: Channel) -> str:
    """What a page may say of it: the kind of gateway and that there is more."""
    if channel.env:
        return f"${channel.env}"
    try:
        return f"{of(channel).partition(':')[0]}://****"
    except NoAddressError:
        return "****"


def filled(url: str, user: User | None) -> str:
    """With the person's number and mail in their places."""
    if user is None:
        return url
    return url.replace("{phone}", quote(user.phone, safe="")).replace("{email}", quote(user.email, safe=""))


def masked_phone(phone: str) -> str:
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 11 else "****"


def masked_mail(mail: str) -> str:
    name, _, host = mail.partition("@")
    return f"{name[:1]}***@{host}" if host else ""


def without_secrets(words: str, url: str) -> str:
    """A gateway's complaint without the parts of the URL that nobody should read in a list."""
    words = words.replace(url, "****")
    for part in re.split(r"[:/@?&=]+", url):
        if len(part) >= 4:
            words = words.replace(part, "****")
    return words
