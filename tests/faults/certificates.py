"""Certificates, good and bad, of servers behind TLS."""

from __future__ import annotations

import datetime
import functools
import ssl

import trustme

from tests.faults.peer import Peer, Step

NAME = "server.example"


@functools.cache
def _authority() -> trustme.CA:
    return trustme.CA()


@functools.cache
def contexts() -> dict[str, ssl.SSLContext]:
    """The contexts of servers, by what is the matter with them."""
    long_ago = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
    authority = _authority()
    found = {
        "good": _of(authority.issue_cert(NAME)),
        "of another name": _of(authority.issue_cert("other.example")),
        "expired": _of(authority.issue_cert(NAME, not_before=long_ago, not_after=long_ago)),
        "of an unknown issuer": _of(trustme.CA().issue_cert(NAME)),
        "asks for a certificate": _of(authority.issue_cert(NAME)),
    }
    authority.configure_trust(found["asks for a certificate"])
    found["asks for a certificate"].verify_mode = ssl.CERT_REQUIRED
    return found


def _of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


@functools.cache
def trusting() -> ssl.SSLContext:
    """The context of a client that trusts the authority."""
    context = ssl.create_default_context()
    _authority().configure_trust(context)
    return context


def shakes_hands(what: str) -> Step:
    """Makes the TLS handshake with one of the contexts."""

    def shake(peer: Peer) -> None:
        peer.client = contexts()[what].wrap_socket(peer.client, server_side=True)

    return shake
