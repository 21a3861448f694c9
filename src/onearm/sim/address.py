"""Whether a Ray cluster answers at an address, found in seconds.

Ray itself tries for a minute and a half where something else listens. Here the
first question that each Ray process asks of a cluster, for its id, is asked
over a plain connection: gRPC over HTTP/2 (RFC 9113, header fields by RFC 7541),
with no library. Knows nothing of simulations.
"""

from __future__ import annotations

import os
import socket
import ssl
import threading
import time

from onearm.errors import InputError

ANSWER_WITHIN = 6.0
"""Seconds for the name to be found, the port to open and the cluster to answer."""
QUESTION = "/ray.rpc.NodeInfoGcsService/GetClusterId"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, SETTINGS, GOAWAY = 0, 1, 4, 7
END_STREAM, END_HEADERS, ACK = 0x1, 0x4, 0x1
STATUS_200 = b"\x88"
"""The field :status 200 by its place in HPACK's static table."""
UNKNOWN_METHOD, UNAUTHENTICATED = b"\x0212", b"\x0216"
"""Values of the field grpc-status with their length: no such method; a token is missing."""


class _NoClusterError(Exception):
    """Why no Ray cluster is behind an address."""


def check_address(address: str) -> None:
    """Raise an error where no Ray cluster answers within some seconds.

    Raises
    ------
    InputError
        If the address is none, or no cluster is behind it: why.
    """
    host, _, port = address.rpartition(":")
    if "/" in address or not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise InputError(
            f"--address must be HOST:PORT of the cluster's head, such as 10.0.0.5:6379; "
            f"got {address!r}"
        )
    found: list[str | None] = []

    def ask() -> None:
        try:
            _ask(host.strip("[]"), int(port))
        except _NoClusterError as error:
            found.append(str(error))
        except OSError as error:
            found.append(str(error.strerror or error))
        except UnicodeError:
            found.append("it is no host name")
        else:
            found.append(None)

    asking = threading.Thread(target=ask, daemon=True)  # finding a name has no time limit
    asking.start()
    asking.join(ANSWER_WITHIN + 0.5)
    why = found[0] if found else "timed out"
    if why is not None:
        raise InputError(f"--address {address}: no cluster answers there ({why})")


def _ask(host: str, port: int) -> None:
    until = time.monotonic() + ANSWER_WITHIN
    plain = socket.create_connection((host, port), timeout=ANSWER_WITHIN)
    with _secured(plain, host) as line:
        line.sendall(PREFACE + _frame(SETTINGS, 0, 0, b"") + _question(f"{host}:{port}"))
        _answer(line, until)


def _secured(line: socket.socket, host: str) -> socket.socket:
    """Return the connection, with TLS where Ray is told to use it; Ray itself verifies."""
    if os.environ.get("RAY_USE_TLS", "0").lower() not in ("1", "true"):
        return line
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    certificate, key = (os.environ.get(f"RAY_TLS_SERVER_{part}") for part in ("CERT", "KEY"))
    if certificate and key:
        context.load_cert_chain(certificate, key)
    try:
        return context.wrap_socket(line, server_hostname=host)
    except BaseException:
        line.close()
        raise


def _frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    size = len(payload).to_bytes(3, "big")
    return size + bytes((kind, flags)) + stream.to_bytes(4, "big") + payload


def _question(authority: str) -> bytes:
    """Return a call with an empty message; field names by their place in HPACK's static table."""

    def text(value: str) -> bytes:
        return bytes((len(value),)) + value.encode()

    fields = [
        b"\x83\x86",  # :method POST, :scheme http
        b"\x04" + text(QUESTION),  # :path
        b"\x01" + text(authority[:126]),
        b"\x0f\x10" + text("application/grpc"),  # content-type
        b"\x00" + text("te") + text("trailers"),
    ]
    return _frame(HEADERS, END_HEADERS, 1, b"".join(fields)) + _frame(DATA, END_STREAM, 1, bytes(5))


def _answer(line: socket.socket, until: float) -> None:
    """Return when a cluster answered, whatever it said; raise where none does."""
    is_http2 = False
    while True:
        head = _read(line, 9, until)
        kind, flags = head[3], head[4]
        if not is_http2 and (kind != SETTINGS or head[5:] != bytes(4)):
            raise _NoClusterError("it does not speak gRPC")
        is_http2 = True
        payload = _read(line, int.from_bytes(head[:3], "big"), until)
        if kind == SETTINGS and not flags & ACK:
            line.sendall(_frame(SETTINGS, ACK, 0, b""))
        if kind == GOAWAY or not _is_of_ray(kind, payload):
            raise _NoClusterError("it is not Ray")
        if kind == HEADERS and UNAUTHENTICATED in payload:
            if os.environ.get("RAY_AUTH_MODE") == "disabled":
                raise _NoClusterError("it asks for a token, and RAY_AUTH_MODE is disabled")
            return
        if kind == DATA or (kind == HEADERS and flags & END_STREAM):
            return


def _is_of_ray(kind: int, payload: bytes) -> bool:
    """Return whether a frame may be Ray's: one message, or fields with status 200.

    Every gRPC answer has this status; an unknown method is one of another server.
    """
    if kind == DATA:
        return int.from_bytes(payload[:5], "big") == len(payload) - 5
    after_resizing = payload.lstrip(bytes(range(0x20, 0x40)))
    is_fine = after_resizing[:1] == STATUS_200 and UNKNOWN_METHOD not in payload
    return kind != HEADERS or is_fine


def _read(line: socket.socket, size: int, until: float) -> bytes:
    found = b""
    while len(found) < size:
        left = until - time.monotonic()
        if left <= 0:
            raise _NoClusterError("timed out")
        line.settimeout(left)
        part = line.recv(size - len(found))
        if not part:
            raise _NoClusterError("it closes the connection")
        found += part
    return found
