-- Who listens asks what was published lately; a report asks for the shift of the same name before it; an overview
-- reads what a tile shows of a live result as one short text, so that a hundred lines stay cheap.

CREATE INDEX result_status_at ON result_status (at);
CREATE INDEX shift_instance_named ON shift_instance (line_id, name, start_ts) WHERE NOT retired;
ALTER TABLE result_live ADD COLUMN glance text;
