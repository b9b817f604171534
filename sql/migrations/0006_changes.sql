-- Who listens asks what was published lately, and a report for the shift of the same name before it.

CREATE INDEX result_status_at ON result_status (at);
CREATE INDEX shift_instance_named ON shift_instance (line_id, name, start_ts) WHERE NOT retired;
