"""OPC UA: `address` is pure, `client` holds the connection."""
