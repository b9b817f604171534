"""A seeded machine model with known truth, and OPC UA and Modbus servers over it."""
