-- Orders are looked up by their own id, and their events by line and time at every interpretation.

CREATE INDEX entry_order ON entry ((said->>'order'), entry_id) WHERE kind IN ('order', 'order_event');
CREATE INDEX entry_order_event ON entry (line_id, from_ts) WHERE kind = 'order_event';
