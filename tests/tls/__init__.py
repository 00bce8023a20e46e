"""A certificate for localhost, 127.0.0.1 and ::1, its own authority, valid for a hundred years; for tests alone.

Made by `openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 36500 -subj
/CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1`.
"""

from __future__ import annotations

from pathlib import Path

CERTIFICATE = Path(__file__).with_name("localhost.crt")
KEY = Path(__file__).with_name("localhost.key")
