"""Modbus TCP: `address`, `plan` and `decode` are pure, `client` holds the connection."""
